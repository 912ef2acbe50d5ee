"""Memory is kept while a simulation runs, and given back at its end."""

from __future__ import annotations

import pyarrow as pa
import pytest

from playhead.events.simulator import memory
from playhead.events.simulator.memory import kept_memory


class FakeLibrary:
    """A C library that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def mallopt(self, option: int, value: int) -> None:
        self.told.append(("mallopt", option, value))

    def malloc_trim(self, pad: int) -> None:
        self.told.append(("malloc_trim", pad, 0))


def test_memory__is_kept_within_and_given_back_after(monkeypatch: pytest.MonkeyPatch) -> None:
    library = FakeLibrary()
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _name: library)
    usual = pa.default_memory_pool().backend_name
    with kept_memory():
        assert pa.default_memory_pool().backend_name == "system"
        assert library.told == [("mallopt", 1, 0), ("mallopt", -1, 2**30), ("mallopt", -2, 2**26), ("mallopt", -4, 0)]
    assert pa.default_memory_pool().backend_name == usual
    again = [("mallopt", 1, 128), ("mallopt", -1, 131_072), ("mallopt", -2, 131_072), ("mallopt", -4, 65_536)]
    assert library.told[4:] == [*again, ("malloc_trim", 0, 0)]


def test_memory__is_given_back_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    library = FakeLibrary()
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _name: library)
    usual = pa.default_memory_pool().backend_name
    with pytest.raises(KeyError), kept_memory():
        raise KeyError
    assert pa.default_memory_pool().backend_name == usual
    assert library.told[-1] == ("malloc_trim", 0, 0)


def test_memory__another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _name: object())
    with kept_memory():
        assert pa.default_memory_pool().backend_name == "system"
