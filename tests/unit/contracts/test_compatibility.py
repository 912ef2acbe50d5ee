"""Which changes of a contract the seven modes of Confluent's Schema Registry let pass, and what is said of the others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.contracts.compatibility import Mode, breaks
from playhead.contracts.shapes import Column

ID = Column("event_id", "string", "", required=True, is_key=True)
POSITION = Column("position", "bigint", "", required=True, minimum=0, maximum=100)
STATE = Column("state", "string", "", enum=("playing", "paused"), max_length=10)
OLD = (ID, POSITION, STATE)


def with_(column: Column) -> tuple[Column, ...]:
    """The old columns with one of them replaced, or added."""
    return (*(each for each in OLD if each.name != column.name), column)


def without(name: str) -> tuple[Column, ...]:
    return tuple(each for each in OLD if each.name != name)


# Change -> may readers of the new version read older data, and readers of the older version new data: the rules of Confluent's
# documentation ("delete fields, add optional fields" is backward; "add fields, delete optional fields" is forward), Avro's promotions.
CHANGES = {
    "an optional field is added": (with_(Column("speed", "double", "")), True, True),
    "a required field is added": (with_(Column("speed", "double", "", required=True)), False, True),
    "an optional field is left out": (without("state"), True, True),
    "a required field is left out": (without("position"), True, False),
    "an optional field becomes required": (with_(replace(STATE, required=True)), False, True),
    "a required field becomes optional": (with_(replace(POSITION, required=False)), True, False),
    "a type gets more room": (with_(replace(POSITION, type="double")), True, False),
    "a type gets less room": (with_(replace(POSITION, type="int")), False, True),
    "a type becomes another": (with_(replace(POSITION, type="string")), False, False),
    "a value is added": (with_(replace(STATE, enum=("playing", "paused", "seeking"))), True, False),
    "a value is left out": (with_(replace(STATE, enum=("playing",))), False, True),
    "a list of values is given up": (with_(replace(STATE, enum=())), True, False),
    "a range gets wider": (with_(replace(POSITION, maximum=200)), True, False),
    "a range gets narrower": (with_(replace(POSITION, minimum=1)), False, True),
    "the least value is no longer allowed": (with_(replace(POSITION, minimum=None, exclusive_minimum=0)), False, True),
    "texts may be longer": (with_(replace(STATE, max_length=20)), True, False),
    "texts must be longer": (with_(replace(STATE, min_length=1)), False, True),
    "a pattern is demanded": (with_(replace(STATE, pattern="^p")), False, True),
    "a pattern becomes another": (with_(replace(ID, pattern="^[0-9a-f]+$")), False, True),
    "the key becomes another": (with_(replace(POSITION, is_key=True)), False, False),
    "only a description changes": (with_(replace(POSITION, description="Where it is.")), True, True),
    "nothing changes": (OLD, True, True),
}


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("change", list(CHANGES))
def test_breaks__each_change_in_each_mode(change: str, mode: Mode) -> None:
    new, is_backward, is_forward = CHANGES[change]
    wanted = {
        Mode.NONE: True,
        Mode.BACKWARD: is_backward,
        Mode.BACKWARD_TRANSITIVE: is_backward,
        Mode.FORWARD: is_forward,
        Mode.FORWARD_TRANSITIVE: is_forward,
        Mode.FULL: is_backward and is_forward,
        Mode.FULL_TRANSITIVE: is_backward and is_forward,
    }[mode]
    assert (breaks(OLD, new, mode) == []) is wanted


def test_breaks__decimals_need_room_on_both_sides_of_the_point() -> None:
    def is_backward(old: str, new: str) -> bool:
        return breaks([Column("price", old, "")], [Column("price", new, "")], Mode.BACKWARD) == []

    assert is_backward("decimal(10,2)", "decimal(12,4)")
    assert not is_backward("decimal(10,2)", "decimal(11,4)")


def test_breaks__names_the_field_and_what_is_wrong() -> None:
    new = with_(replace(STATE, required=True, enum=("playing",)))
    assert [str(each) for each in breaks(OLD, new, Mode.FULL)] == [
        "state is required now, and need not be there in older data",
        "state may not be paused now",
    ]


COLUMNS = st.builds(
    Column,
    name=st.sampled_from(["a", "b", "c"]),
    type=st.sampled_from(["int", "bigint", "double", "string", "decimal(9,2)", "decimal(12,4)"]),
    description=st.just(""),
    required=st.booleans(),
    is_key=st.booleans(),
    enum=st.sampled_from([(), ("x",), ("x", "y")]),
    minimum=st.none() | st.integers(0, 2),
    maximum=st.none() | st.integers(3, 5),
    max_length=st.none() | st.integers(1, 3),
    pattern=st.sampled_from([None, "^a$", "^b$"]),
)
VERSIONS = st.lists(COLUMNS, max_size=3, unique_by=lambda column: column.name)


@given(VERSIONS, VERSIONS)
def test_a_version_never_breaks_with_itself_and_what_is_forward_is_backward_the_other_way(old: list[Column], new: list[Column]) -> None:
    assert breaks(old, old, Mode.FULL) == []
    forward, backward = (
        {each.field for each in breaks(*versions, mode)} for versions, mode in [((old, new), Mode.FORWARD), ((new, old), Mode.BACKWARD)]
    )
    assert forward == backward


@given(VERSIONS, VERSIONS)
def test_full_is_backward_and_forward(old: list[Column], new: list[Column]) -> None:
    full, backward, forward = (set(breaks(old, new, mode)) for mode in (Mode.FULL, Mode.BACKWARD, Mode.FORWARD))
    assert full == backward | forward
    assert breaks(old, new, Mode.NONE) == []


@given(VERSIONS, COLUMNS)
def test_an_optional_column_that_is_added_breaks_with_nobody(old: list[Column], added: Column) -> None:
    new = [*old, replace(added, name="added", required=False, is_key=False)]
    assert breaks(old, new, Mode.FULL_TRANSITIVE) == []
