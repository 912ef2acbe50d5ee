"""Drill-down over a lake made by hand: each number comes from rows that can be counted, and each row from events that can be named."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from playhead.contracts.derive import arrow_schema
from playhead.contracts.model import load_contract
from playhead.errors import SettingsError
from playhead.io.delta_table import append_rows
from playhead.warehouse import explain as explained
from playhead.warehouse.explain import explain
from playhead.warehouse.lineage import LINEAGE, chosen_keys, lineage_of
from playhead.warehouse.schema import view_names, view_statement

AS_OF = date(2026, 11, 24)
BERLIN = {"country": "DE", "region": "Berlin"}
TABLES = ("playbacks", "sessions", "video_events", "session_events", "interactions", "ad_events")


def at(day: int, hour: int = 5, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def row(table: str, moment: datetime, **told: Any) -> dict[str, Any]:
    who = {"viewer_id": "u1", "session_id": "s1", "platform": "web", "device_type": "tv", "content_id": "c1", **BERLIN}
    times = {"event_date": moment.date(), "event_hour": moment.replace(minute=0), "started_at": moment, "event_timestamp": moment}
    names = set(load_contract(table).column_names)
    return {name: value for name, value in (who | times | told).items() if name in names}


def play(playback_id: str, moment: datetime, events: int, **told: Any) -> dict[str, list[dict[str, Any]]]:
    """A play and its events, a minute from each other."""
    times = [moment + timedelta(minutes=n) for n in range(events)]
    videos = [
        row("silver.video_events", each, playback_id=playback_id, event_id=f"{playback_id}-{n}", **told) for n, each in enumerate(times)
    ]
    return {"playbacks": [row("silver.playbacks", moment, playback_id=playback_id, **told)], "video_events": videos}


@pytest.fixture
def filled(lake: str) -> str:
    tables: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
    plays = [
        play("new", at(24), 3, is_started=True),
        play("midnight", at(23, 23, 59), 2, is_started=False),
        play("paris", at(24), 1, country="FR", region=None),
        play("old", at(24) - timedelta(days=30), 5),
    ]
    for each in plays:
        for table, rows in each.items():
            tables[table] += rows
    # The same id again, two days later, is another play.
    tables["video_events"].append(row("silver.video_events", at(26), playback_id="new", event_id="again"))
    tables["sessions"].append(row("silver.sessions", at(24, 4)))
    tables["session_events"] += [row("silver.session_events", at(24, 4, n), event_id=f"visit-{n}") for n in range(2)]
    tables["interactions"].append(row("silver.interactions", at(24), event_id="like"))
    tables["ad_events"] += [
        row("silver.ad_events", at(24), event_id=kind, event_type=kind, ad_id="a", ad_type="pre_roll", ad_position_ms=601_000)
        for kind in ("ad_impression", "ad_click")
    ]
    for table, rows in tables.items():
        shape = arrow_schema(load_contract(f"silver.{table}"))
        append_rows(lake, f"silver.{table}", [dict.fromkeys(shape.names) | each for each in rows])
    build = {"run_id": "b", "finished_at": at(25), "published": {f"silver.{table}": 1 for table in TABLES}}
    append_rows(lake, "ops.build_log", [build])
    return lake


def counted(lake: str, view: str, *told: str) -> tuple[dict[str, int], int, set[str]]:
    found = explain(lake, lineage_of(view), chosen_keys(view, list(told)), AS_OF)
    return {source.table.removeprefix("silver."): source.rows for source in found.sources}, found.events, set(found.event_ids)


def test_a_title_counts_plays_interactions_and_ads_of_thirty_days(filled: str) -> None:
    rows, events, ids = counted(filled, "V_TOP_CONTENT", "CONTENT_ID=c1")
    assert rows == {"playbacks": 3, "interactions": 1, "ad_events": 2}
    assert ids == {"new-0", "new-1", "new-2", "midnight-0", "midnight-1", "paris-0", "like", "ad_impression", "ad_click"}
    assert events == len(ids), "neither the play of the 31st day nor the later play of the same id"


def test_a_day_is_the_day_that_was_asked_for_and_a_play_belongs_to_the_day_it_began(filled: str) -> None:
    rows, _, ids = counted(filled, "V_DAILY_ACTIVE_USERS", "EVENT_DATE=2026-11-23")
    assert rows == {"playbacks": 1, "sessions": 0, "interactions": 0, "ad_events": 0}
    assert ids == {"midnight-0", "midnight-1"}, "the second of them on the day after"


def test_places_that_nobody_told_are_unknown(filled: str) -> None:
    rows, _, ids = counted(filled, "V_GEOGRAPHIC_ANALYTICS", "COUNTRY=FR", "REGION=unknown")
    assert (rows, ids) == ({"playbacks": 1, "sessions": 0, "ad_events": 0}, {"paris-0"})
    rows, _, ids = counted(filled, "V_GEOGRAPHIC_ANALYTICS", "country=DE")
    assert rows == {"playbacks": 2, "sessions": 1, "ad_events": 2}
    assert {"visit-0", "visit-1"} <= ids, "what a visit is made of, the plays in it too"


def test_only_rows_that_the_number_counts(filled: str) -> None:
    assert counted(filled, "V_CONTENT_DROPOFF", "CONTENT_ID=c1")[0] == {"playbacks": 1}, "of three plays one showed a frame"
    place = ("AD_ID=a", "AD_TYPE=pre_roll", "AD_POSITION_FROM_MIN=10", "AD_CAMPAIGN_ID=unknown")
    assert counted(filled, "V_AD_PERFORMANCE", *place) == ({"ad_events": 1}, 1, {"ad_impression"})
    assert counted(filled, "V_AD_PERFORMANCE", "AD_POSITION_FROM_MIN=20")[0] == {"ad_events": 0}


def test_a_root_cause_is_explained_by_the_plays_of_its_breakdown(filled: str) -> None:
    keys = ("METRIC=playback_failure_pct", "BREAKDOWN=country", "BREAKDOWN_VALUE=DE")
    assert counted(filled, "V_ROOT_CAUSES", *keys)[0] == {"playbacks": 2}, "of seven days; another breakdown has other plays"
    assert counted(filled, "V_ROOT_CAUSES", "BREAKDOWN=cdn", "BREAKDOWN_VALUE=unknown")[0] == {"playbacks": 3}
    (source,) = explain(filled, lineage_of("V_ROOT_CAUSES"), chosen_keys("V_ROOT_CAUSES", list(keys)), AS_OF).sources
    assert source.predicate == "event_date BETWEEN '2026-11-18' AND '2026-11-24' AND coalesce(country, 'unknown') = 'DE'"


def test_one_thing_that_plays_or_ads_are_told_apart_by(filled: str) -> None:
    assert counted(filled, "V_QUALITY_BREAKDOWN", "BREAKDOWN=region", "BREAKDOWN_VALUE=DE, Berlin")[0] == {"playbacks": 2}
    assert counted(filled, "V_QUALITY_BREAKDOWN", "BREAKDOWN=content_id", "BREAKDOWN_VALUE=c1")[0] == {"playbacks": 3}
    assert counted(filled, "V_AD_REACH", "BREAKDOWN=ad_id", "BREAKDOWN_VALUE=a") == ({"ad_events": 1}, 1, {"ad_impression"})


def test_the_version_of_the_newest_build_is_read_and_told(filled: str) -> None:
    append_rows(filled, "silver.interactions", [row("silver.interactions", at(24), event_id="not built from yet")])
    found = explain(filled, lineage_of("V_TOP_CONTENT"), {"CONTENT_ID": "c1"}, AS_OF)
    assert {source.version for source in found.sources} == {1}
    assert "not built from yet" not in found.event_ids


def test_the_predicate_is_told_as_a_person_would_write_it(filled: str) -> None:
    (first, *_) = explain(filled, lineage_of("V_TOP_CONTENT"), {"CONTENT_ID": "it's"}, AS_OF).sources
    assert first.predicate == "event_date BETWEEN '2026-10-26' AND '2026-11-24' AND content_id = 'it''s'"
    assert first.rows == 0


def test_no_more_ids_than_can_be_read(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explained, "MOST_IDS", 2)
    found = explain(filled, lineage_of("V_CONTENT_DROPOFF"), {"CONTENT_ID": "c1"}, AS_OF)
    assert (found.events, found.event_ids) == (3, ["new-0", "new-1"])


def test_before_the_first_build_there_is_nothing_to_explain(lake: str) -> None:
    with pytest.raises(SettingsError, match="nothing has been built yet"):
        explain(lake, lineage_of("V_TOP_CONTENT"), {"CONTENT_ID": "c1"}, AS_OF)


@pytest.mark.parametrize(
    ("view", "told", "why"),
    [
        ("V_MRR_ANALYSIS", ["MONTH=1"], "cannot be explained; these can: V_AD_PERFORMANCE"),
        ("V_TOP_CONTENT", ["TITLE=x"], "is no key of V_TOP_CONTENT; write one of CONTENT_ID=…"),
        ("V_TOP_CONTENT", ["CONTENT_ID"], "is no key"),
        ("V_TOP_CONTENT", [], "say which row"),
        ("V_ROOT_CAUSES", ["BREAKDOWN=cdn"], "say which row of V_ROOT_CAUSES: --key BREAKDOWN=… --key BREAKDOWN_VALUE=…"),
        ("V_AD_REACH", ["BREAKDOWN=cdn", "BREAKDOWN_VALUE=x"], "with one of advertiser_id, ad_campaign_id"),
        ("V_ROOT_CAUSES", ["BREAKDOWN=viewer_id", "BREAKDOWN_VALUE=x"], "with one of platform, device_type, cdn"),
    ],
)
def test_what_cannot_be_explained_says_what_can(view: str, told: list[str], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        chosen_keys(view, told)


def test_a_day_that_is_none_is_told(filled: str) -> None:
    with pytest.raises(SettingsError, match="write it as 2026-11-24"):
        counted(filled, "V_EXECUTIVE_KPIS", "KPI_DATE=yesterday")


@pytest.mark.parametrize("view", LINEAGE)
def test_keys_and_counts_are_columns_of_the_view(view: str) -> None:
    assert f"BI.{view}" in view_names()
    statement = view_statement(view.lower())
    assert all(column in statement for column in (*LINEAGE[view].keys, *LINEAGE[view].counted.values()))
    days = LINEAGE[view].days
    assert days is None or f"DATEADD(DAY, -{days}," in statement
