"""The ledger: durable before it returns, whole lines only, one writer, each row once."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from playhead.errors import LockHeldError, PlayheadError
from playhead.events import ledger as ledger_module
from playhead.events.ledger import SENT_SCHEMA, Ledger, digest, read_ledger

FIRST_ID = "0b2f4f4e-8f0e-4a53-9a5e-3f3f7e0c1a01"


def sent_rows(*sequences: int, value: bytes = b"{}") -> pa.Table:
    rows = [{"sequence": s, "event_id": FIRST_ID, "topic": "video_events", "digest": digest(value)} for s in sequences]
    return pa.Table.from_pylist(rows, schema=SENT_SCHEMA)


def test_digest__is_blake2b_128_of_the_exact_bytes() -> None:
    assert digest(b"") == "cae66941d9efbd404e4d88758ea67670"
    assert digest(b'{"a":1}') != digest(b'{"a": 1}')


def test_ledger__reads_back_what_was_recorded(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "simulator-1")
    ledger.record_sent(sent_rows(0, 1))
    ledger.record_acked(pa.array([1]))
    ledger.close()

    sent, acked = read_ledger(tmp_path)

    assert sent.to_pylist() == [
        {"producer_id": "simulator-1", "sequence": s, "event_id": FIRST_ID, "topic": "video_events", "digest": digest(b"{}")}
        for s in (0, 1)
    ]
    assert acked.to_pylist() == [{"producer_id": "simulator-1", "sequence": 1}]


def test_ledger__goes_on_after_its_last_sequence(tmp_path: Path) -> None:
    first = Ledger(tmp_path, "p")
    assert first.next_sequence == 0
    first.record_sent(sent_rows(0, 1, 2))
    assert first.next_sequence == 3
    first.close()

    second = Ledger(tmp_path, "p")
    assert second.next_sequence == 3
    second.record_sent(sent_rows(3))
    second.close()
    assert sorted(path.name for path in (tmp_path / "p").glob("sent-*.csv")) == ["sent-0.csv", "sent-1.csv"]


def test_ledger__leaves_out_a_line_torn_by_a_crash(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "p")
    ledger.record_sent(sent_rows(0, 1))
    ledger.record_acked(pa.array([0, 1]))
    ledger.close()
    with (tmp_path / "p" / "sent-0.csv").open("ab") as file:
        file.write(b'2,"0b2f4f4e-8f0e')
    with (tmp_path / "p" / "acked-0.csv").open("ab") as file:
        file.write(b"1234")  # the beginning of 12345: a reader that believed it would call 1234 acknowledged

    sent, acked = read_ledger(tmp_path)
    reopened = Ledger(tmp_path, "p")
    reopened.close()

    assert sent["sequence"].to_pylist() == [0, 1]
    assert acked["sequence"].to_pylist() == [0, 1]
    assert reopened.next_sequence == 2


def test_ledger__a_file_with_nothing_but_a_torn_line_is_empty(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "sent-0.csv").write_bytes(b"0,")
    sent, acked = read_ledger(tmp_path)
    assert (sent.num_rows, acked.num_rows) == (0, 0)


def test_ledger__a_row_sent_twice_counts_once_unless_its_bytes_differed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "p")
    ledger.record_sent(sent_rows(7))
    ledger.record_sent(sent_rows(7))
    ledger.record_acked(pa.array([7]))
    ledger.record_acked(pa.array([7]))
    assert read_ledger(tmp_path)[0].num_rows == 1
    ledger.record_sent(sent_rows(7, value=b"other"))
    assert read_ledger(tmp_path)[0].num_rows == 2
    assert ledger.acked_sequences().to_pylist() == [7]
    ledger.close()


def test_ledger__a_second_writer_is_refused(tmp_path: Path) -> None:
    first = Ledger(tmp_path, "p")
    with pytest.raises(LockHeldError, match="another process writes the ledger"):
        Ledger(tmp_path, "p")
    first.close()
    Ledger(tmp_path, "p").close()


@pytest.mark.parametrize("producer_id", ["", "../p", "a/b"])
def test_ledger__a_producer_id_that_is_no_directory_name_is_refused(tmp_path: Path, producer_id: str) -> None:
    with pytest.raises(PlayheadError, match="cannot name a directory"):
        Ledger(tmp_path, producer_id)


def test_ledger__is_synced_before_the_call_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bytes] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").resolve()
        if path.suffix == ".csv":
            synced.append(path.read_bytes())

    monkeypatch.setattr(ledger_module.os, "fsync", fsync)
    ledger = Ledger(tmp_path, "p")
    ledger.record_sent(sent_rows(0))
    assert len(synced) == 1
    assert synced[0].startswith(b'0,"' + FIRST_ID.encode())
    ledger.record_acked(pa.array([0]))
    assert synced[1] == b"0\n"
    ledger.close()


def test_ledger__begins_a_new_segment_when_one_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "_SEGMENT_BYTES", 100)
    ledger = Ledger(tmp_path, "p")
    for sequence in range(12):  # a line is about 90 bytes, so a segment takes two
        ledger.record_sent(sent_rows(sequence))
    ledger.close()
    assert len(list((tmp_path / "p").glob("sent-*.csv"))) == 6
    assert read_ledger(tmp_path)[0]["sequence"].to_pylist() == list(range(12))


def test_ledger__begins_a_new_segment_every_day_and_leaves_older_ones_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days since the epoch 100.0, 100.9 and 101.1: the second is the first segment's, the third is not."""
    ledger = Ledger(tmp_path, "p")
    for sequence, day in enumerate((100.0, 100.9, 101.1)):
        monkeypatch.setattr(ledger_module.time, "time", lambda at=day * 86_400: at)
        ledger.record_sent(sent_rows(sequence))
    ledger.close()
    segments = sorted((tmp_path / "p").glob("sent-*.csv"))
    assert [path.read_bytes().count(b"\n") for path in segments] == [2, 1]
    for path, written in zip(segments, (100.9, 101.1), strict=True):
        os.utime(path, (written * 86_400,) * 2)
    since = datetime.fromtimestamp(101 * 86_400, UTC)
    assert read_ledger(tmp_path, since=since)[0]["sequence"].to_pylist() == [2]
    assert read_ledger(tmp_path, since=since - timedelta(days=0.5))[0]["sequence"].to_pylist() == [0, 1, 2]
