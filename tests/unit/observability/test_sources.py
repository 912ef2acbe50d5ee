"""What the exporter reads: a heartbeat, the new versions of bronze, the ops logs, and the record of the last load."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from playhead.bronze.events import RECORD_SCHEMA, Landing, build_events
from playhead.errors import StackError
from playhead.io.delta_append import write_data_file
from playhead.io.delta_table import append_rows, table_path
from playhead.io.load_record import record_load
from playhead.jobs.ingest import bronze_layout, open_bronze
from playhead.observability import metrics as m
from playhead.observability.heartbeat import Heartbeat, heartbeat_path, write_heartbeat
from playhead.observability.sources import bronze as bronze_source
from playhead.observability.sources.bronze import BronzeChanges
from playhead.observability.sources.builds import Builds
from playhead.observability.sources.loads import read_loads
from playhead.observability.sources.stream import read_stream
from playhead.observability.stream_life import StreamLife, note_refusal

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Land = Callable[..., None]


@pytest.fixture
def land(lake: str) -> Land:
    """Lands one commit of unreadable records, each appended to Kafka `ages` seconds ago."""
    batches = iter(range(1000))

    def land(*ages: float, values: tuple[bytes, ...] = ()) -> None:
        now, bronze = datetime.now(UTC), open_bronze(lake)
        records = [
            {"value": value, "topic": "video_events", "partition": 0, "offset": at, "kafka_timestamp": now - timedelta(seconds=age)}
            for at, (age, value) in enumerate(zip(ages, values or (b"no json",) * len(ages), strict=True))
        ]
        rows = build_events(pa.Table.from_pylist(records, RECORD_SCHEMA), Landing(now, timedelta(days=7)))
        file = write_data_file(iter([rows]), bronze_layout(lake), now.date())
        bronze.commit([file] if file else [], now.date(), "test", next(batches))

    return land


def value(readings: m.Readings, metric: m.Metric, *labels: str) -> float:
    found = readings[metric][labels]
    assert not isinstance(found, m.Distribution)
    return found


def some(values: m.Values) -> m.Values:
    """The values that are not zero."""
    return {labels: found for labels, found in values.items() if found}


def buckets(readings: m.Readings) -> dict[str, float]:
    found = readings[m.VISIBLE_AFTER][()]
    assert isinstance(found, m.Distribution)
    return dict(found.buckets())


def test_read_stream__the_last_batch_and_the_totals_of_the_process(tmp_path: Path) -> None:
    beat = Heartbeat(NOON.isoformat(), NOON.isoformat(), 3, 10, 500, 20.0, NOON.isoformat(), 70, 4, 2500)
    write_heartbeat(heartbeat_path(tmp_path), beat)
    told = read_stream(tmp_path, NOON + timedelta(seconds=7))
    assert {metric.name.removeprefix("playhead_stream_"): value(told, metric) for metric in told if not metric.labels} == {
        "heartbeat_age_seconds": 7.0,
        "started_timestamp_seconds": NOON.timestamp(),
        "rows_total": 70,
        "batches_total": 4,
        "batch_seconds_total": 2.5,
        "last_batch_rows": 10,
        "last_batch_seconds": 0.5,
        "last_batch_events_per_second": 20.0,
        "refusals_total": 0,
    }
    assert set(told[m.STREAM_STOPS].values()) == set(told[m.STREAM_FAILURES].values()) == {0}, "counted from zero on"


def test_read_stream__how_apps_ended_and_what_failed_beside_them(tmp_path: Path) -> None:
    life = StreamLife(tmp_path)
    life.work_failed("live")
    with pytest.raises(OSError, match="No space"), life:
        raise OSError(errno.ENOSPC, "No space left on device")
    note_refusal(tmp_path)
    told = read_stream(tmp_path, NOON)
    assert some(told[m.STREAM_STOPS]) == {("disk_full",): 1}
    assert some(told[m.STREAM_FAILURES]) == {("live",): 1}
    assert value(told, m.STREAM_REFUSALS) == 1


def test_read_stream__of_an_app_that_never_ran_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="playhead up stream"):
        read_stream(tmp_path)


def test_bronze__counts_what_lands_after_the_first_look_once(lake: str, land: Land) -> None:
    land(1, 1)
    bronze = BronzeChanges(lake)
    assert value(bronze.read(), m.RECORDS_REJECTED) == 0
    land(0.2, 40)
    land(90)
    told = bronze.read()
    assert value(told, m.RECORDS_REJECTED) == 3
    assert value(told, m.REJECTIONS, "malformed_json") == 3
    # 0.2 s and the commit's own time, 40 s, 90 s
    assert (buckets(told)["30.0"], buckets(told)["60.0"], buckets(told)["120.0"], buckets(told)["+Inf"]) == (1, 2, 3, 3)
    assert value(bronze.read(), m.RECORDS_REJECTED) == 3


def test_bronze__a_record_with_two_reasons_is_one_record(lake: str, land: Land) -> None:
    bronze = BronzeChanges(lake)
    with pytest.raises(StackError, match=r"no bronze\.events yet"):
        bronze.read()
    land(1, values=(b'{"event_type": "video_play"}',))
    told = bronze.read()
    assert value(told, m.RECORDS_REJECTED) == 1
    assert len(told[m.REJECTIONS]) > 1


def test_bronze__merged_files_are_no_news(lake: str, land: Land) -> None:
    land(1)
    bronze = BronzeChanges(lake)
    bronze.read()
    for _ in range(6):
        land(1)
    day = datetime.now(UTC).date()
    assert open_bronze(lake).merge_files(day - timedelta(days=1), day) == 1
    assert buckets(bronze.read())["+Inf"] == 6


def test_bronze__ages_are_of_the_newest_commit_and_the_newest_record(lake: str, land: Land) -> None:
    land(1)
    bronze = BronzeChanges(lake)
    assert m.NEWEST_RECORD_AGE not in bronze.read(), "what lay there before was not read"
    land(500, 300)
    told = bronze.read()
    assert 0 <= value(told, m.COMMIT_AGE) < 60
    assert 300 <= value(told, m.NEWEST_RECORD_AGE) < 360


def test_bronze__of_many_versions_only_the_newest_are_read(lake: str, land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of a scrape is bounded, however long nobody scraped; what was passed over is told."""
    monkeypatch.setattr(bronze_source, "MOST_VERSIONS", 2)
    land(1)
    bronze = BronzeChanges(lake)
    bronze.read()
    for _ in range(5):
        land(1)
    told = bronze.read()
    assert buckets(told)["+Inf"] == 2
    assert value(told, m.VERSIONS_PASSED_OVER) == 3


def test_bronze__versions_that_cannot_be_read_are_passed_over_and_told(lake: str, land: Land) -> None:
    land(1)
    bronze = BronzeChanges(lake)
    bronze.read()
    land(1)
    lost = DeltaTable(table_path(lake, "bronze.events")).file_uris()
    for file in lost:
        Path(file).rename(f"{file}.away")
    with pytest.raises(Exception, match="not found"):
        bronze.read()
    land(1, 1)
    told = bronze.read()
    assert (value(told, m.RECORDS_REJECTED), value(told, m.VERSIONS_PASSED_OVER)) == (2, 1)


def test_tally__past_its_limit_the_rest_is_other() -> None:
    tally = m.Tally(limit=2)
    for reason in ("a", "b", "c", "d", "a"):
        tally.add(reason, 1)
    assert tally.counts == {("a",): 2, ("b",): 1, ("other",): 2}


def build(run_id: str, **change: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"run_id": run_id, "dag_id": "build_daily", "run_kind": "pull", "bronze_version": 1, "published": {}}
    row |= {"touched_hours": [NOON], "pending_hours": [], "failed_partitions": [], "planned_at": NOON, "finished_at": NOON}
    return row | change


def publish(run_id: str, table: str, key: str) -> dict[str, Any]:
    row = {"run_id": run_id, "table_name": table, "partition_key": key, "dag_id": "build_daily", "bronze_version": 1, "table_version": 1}
    return row | {"inputs": {}, "rows_count": 1, "content_hash": "h", "published_at": NOON}


def test_builds__the_last_pull_build_of_each_dag(lake: str) -> None:
    later = NOON + timedelta(hours=1)
    rows = [
        build("a", touched_hours=[NOON] * 5),
        build("b", planned_at=later - timedelta(seconds=30), finished_at=later, pending_hours=[NOON, NOON]),
        build("c", dag_id="build_hourly", planned_at=None),
        build("d", run_kind="backfill", finished_at=later + timedelta(hours=1), touched_hours=[]),
    ]
    append_rows(lake, "ops.build_log", rows)
    told = Builds(lake).read()
    assert told[m.BUILD_FINISHED] == {("build_daily",): later.timestamp(), ("build_hourly",): NOON.timestamp()}
    assert told[m.BUILD_SECONDS] == {("build_daily",): 30}, "a build recorded before plans told their time has none"
    assert told[m.TOUCHED_HOURS] == {("build_daily",): 1, ("build_hourly",): 1}
    assert told[m.PENDING_HOURS] == {("build_daily",): 2, ("build_hourly",): 0}
    assert told[m.BUILDS] == {("build_daily", "pull"): 2, ("build_daily", "backfill"): 1, ("build_hourly", "pull"): 1}


def test_builds__published_and_refused_partitions_by_table(lake: str) -> None:
    append_rows(lake, "ops.build_log", [build("a", failed_partitions=["silver.sessions/2026-03-01T12", "gold.user_daily/2026-03-01"])])
    append_rows(lake, "ops.build_log", [build("b", failed_partitions=["gold.user_daily/2026-03-01"])])
    append_rows(lake, "ops.publish_log", [publish("a", "gold.user_daily", "2026-03-01"), publish("a", "gold.user_daily", "2026-03-02")])
    told = Builds(lake).read()
    assert some(told[m.REFUSED]) == {("silver.sessions",): 1, ("gold.user_daily",): 2}
    assert some(told[m.PUBLISHED]) == {("gold.user_daily",): 2}


def test_builds__restated_partitions_by_table(lake: str) -> None:
    told = {
        "run_id": "b", "table_name": "gold.user_daily", "dag_id": "build_daily", "cause": "late_data",
        "new_value": 1, "published_at": NOON, "restated_at": NOON,
    }  # fmt: skip
    measures = [("2026-03-01", "rows_count"), ("2026-03-01", "plays_count"), ("2026-03-02", "rows_count")]
    append_rows(lake, "ops.restatements", [told | {"partition_key": key, "measure_name": name} for key, name in measures])
    told_of = Builds(lake).read()[m.RESTATED]
    assert some(told_of) == {("gold.user_daily",): 2}
    assert told_of[("gold.content_daily",)] == 0


def score(run_id: str, key: str, **change: Any) -> dict[str, Any]:
    names = ("completeness_score", "validity_score", "uniqueness_score", "consistency_score", "total_score")
    row: dict[str, Any] = {"run_id": run_id, "table_name": "silver.sessions", "partition_key": key, "dag_id": "build_daily"}
    return row | dict.fromkeys(names, 100.0) | {"judged_at": NOON, "anomalies": {}, **change}


def test_builds__lowest_scores_of_the_last_run_and_unusual_partitions_once(lake: str) -> None:
    unusual = {"anomalies": {"rows_count": 0.5}}
    append_rows(lake, "ops.quality_scores", [score("a", "2026-03-01T10", total_score=3.0), score("a", "2026-03-01T11", **unusual)])
    later = {"judged_at": NOON + timedelta(hours=1)}
    low = {"completeness_score": 80.0, "total_score": 80.0}
    append_rows(lake, "ops.quality_scores", [score("b", "2026-03-01T11", **later, **unusual), score("b", "2026-03-01T12", **later, **low)])
    told = Builds(lake).read()
    by_dimension = {"completeness": 80, "validity": 100, "uniqueness": 100, "consistency": 100, "total": 80}
    assert told[m.QUALITY] == {("silver.sessions", name): low for name, low in by_dimension.items()}, "timeliness is not told"
    assert some(told[m.UNUSUAL]) == {("silver.sessions",): 1}, "built again it is the same partition"
    assert value(told, m.UNUSUAL, "gold.user_daily") == 0


def test_builds__a_log_is_read_again_only_at_a_new_version(lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    append_rows(lake, "ops.build_log", [build("a")])
    builds = Builds(lake)
    before = builds.read()
    for file in DeltaTable(table_path(lake, "ops.build_log")).file_uris():
        Path(file).rename(f"{file}.away")
    assert builds.read() == before
    for file in (Path(lake) / "ops" / "build_log").glob("*.away"):
        file.rename(file.with_suffix(""))
    append_rows(lake, "ops.build_log", [build("b")])
    assert builds.read()[m.BUILDS] == {("build_daily", "pull"): 2}


def test_builds__a_lake_that_never_built_counts_from_zero_and_has_no_last_build(lake: str) -> None:
    """A counter that first appears at one hides its first step from Prometheus' increase()."""
    told = Builds(lake).read()
    assert value(told, m.REFUSED, "gold.user_daily") == value(told, m.PUBLISHED, "silver.sessions") == 0
    assert some(told[m.REFUSED]) == told[m.BUILD_FINISHED] == {}


def test_loads__outcomes_and_the_last_good_load(lake: str) -> None:
    never: dict[tuple[str, ...], float] = {("loaded",): 0, ("unchanged",): 0, ("mismatched",): 0, ("failed",): 0}
    assert read_loads(lake) == {m.LOADS: never}, "counts from zero, and no last load"
    record_load(lake, "loaded", at=100.0, seconds=5.0, rows={"gold.user_daily": 7})
    record_load(lake, "unchanged", at=200.0, seconds=0.1, rows={})
    record_load(lake, "mismatched", at=300.0, seconds=2.0, rows={})
    assert read_loads(lake) == {
        m.LOADS: never | {("loaded",): 1, ("unchanged",): 1, ("mismatched",): 1},
        m.LOAD_FINISHED: {(): 200.0},
        m.LOAD_SECONDS: {(): 5.0},
        m.LOAD_ROWS: {("gold.user_daily",): 7},
    }


def test_heartbeat__one_that_an_older_app_wrote_is_read(tmp_path: Path) -> None:
    """An app that runs on while the exporter is updated."""
    beat = asdict(Heartbeat(NOON.isoformat(), NOON.isoformat(), 3, 10, 500, 20.0, None))
    older = {name: told for name, told in beat.items() if not name.endswith("_total")}
    heartbeat_path(tmp_path).parent.mkdir()
    heartbeat_path(tmp_path).write_text(json.dumps(older))
    assert value(read_stream(tmp_path, NOON), m.STREAM_ROWS) == 0
