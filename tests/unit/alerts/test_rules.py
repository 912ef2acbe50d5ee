"""Rules: a sound file becomes a table; a bad rule is named, with what is wrong and what would be right."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
import yaml

from playhead.alerts.measures import measures_of, numeric_fields
from playhead.alerts.rules import parse_rules, rules_table
from playhead.contracts.model import event_types
from playhead.errors import SettingsError

STALL: dict[str, Any] = {
    "rule_id": "long_stall", "event_type": "video_buffer", "measure": "buffer_duration", "comparison": ">", "threshold": 10,
    "severity": "warning", "description": "A long stall.",
}  # fmt: skip


def _parse(*changes: dict[str, Any]) -> Any:
    return parse_rules(yaml.safe_dump([STALL | change for change in changes]), "rules.yaml")


def test_rules__the_shipped_ones_are_sound_and_enabled() -> None:
    rules = parse_rules(files("playhead.alerts").joinpath("rules.yaml").read_text(encoding="utf-8"), "rules.yaml")
    assert {"playback_failure", "startup_failure", "long_startup", "long_stall", "ad_failure"} <= {rule.rule_id for rule in rules}
    assert all(rule.enabled for rule in rules)


def test_rules_table__has_a_row_for_each_type_that_has_the_measure_and_none_for_a_disabled_rule() -> None:
    rules = _parse({}, {"rule_id": "big", "event_type": "any", "measure": "record_bytes"}, {"rule_id": "off", "enabled": False})
    rows = rules_table(rules).to_pylist()
    assert [row["event_type"] for row in rows if row["rule_id"] == "long_stall"] == ["video_buffer"]
    assert {row["event_type"] for row in rows if row["rule_id"] == "big"} == set(event_types())
    assert len(rows) == 1 + len(event_types())


def test_rules__any_means_the_types_that_carry_the_measure() -> None:
    (rule,) = _parse({"event_type": "any"})
    assert {event_types()[name].family for name in rule.event_types} == {"video"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"comparison": "~"}, r"rule 1 \(long_stall\): comparison: .*got '~'"),
        ({"threshold": "long"}, r"threshold: .*got 'long'"),
        ({"threshold": float("nan")}, "threshold is nan"),
        ({"severity": "fatal"}, "severity: "),
        ({"rule_id": "Long Stall"}, "rule_id: "),
        ({"surplus": 1}, "surplus: "),
        ({"event_type": "video_stall"}, "event_type video_stall does not exist; use `any` or one of video_play"),
        ({"event_type": "ad_click"}, "measure buffer_duration is not one of ad_click events; they have ad_duration"),
        ({"event_type": "any", "measure": "mood"}, "measure mood is not one of any events"),
    ],
)
def test_rules__a_bad_rule_is_named(change: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        _parse(change)


@pytest.mark.parametrize(("text", "told"), [("a: b: c", "is no YAML"), ("rules: []", "must be a list"), ("- 1", r"rule 1: the rule: ")])
def test_rules__a_file_that_holds_no_rules_is_told(text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        parse_rules(text, "rules.yaml")


def test_rules__one_name_is_one_rule() -> None:
    with pytest.raises(SettingsError, match="more than one rule long_stall"):
        _parse({}, {})


def test_measures__no_personal_data_can_get_into_an_alert() -> None:
    assert not {"latitude", "longitude"} & set(numeric_fields())
    assert "latitude" not in measures_of("video_play")
