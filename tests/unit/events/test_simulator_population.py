"""Who is simulated and what they come for: shares and distributions of DOMAIN section 5, within tolerance."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from playhead.contracts.model import field_dictionary
from playhead.events.simulator import places
from playhead.events.simulator.audience import first_audience
from playhead.events.simulator.catalogue import CONTENT_TYPES, build_catalogue, write_catalogue
from playhead.events.simulator.options import SimulationOptions, Stream, generator
from playhead.events.simulator.population import build_population
from playhead.events.simulator.visits import Start, draw_plays, draw_visits, season

ANCHOR = date(2026, 11, 23)
OPTIONS = SimulationOptions(users=6000, titles=2000)
CATALOGUE = build_catalogue(OPTIONS.titles, OPTIONS.seed)
POPULATION = build_population(OPTIONS, CATALOGUE.genres_count, ANCHOR)


def test_population__tiers_and_devices_have_their_shares() -> None:
    tiers = np.bincount(POPULATION.tier) / POPULATION.count
    assert tiers == pytest.approx(np.array([0.60, 0.25, 0.13, 0.02]), abs=0.02)
    kinds = np.bincount(POPULATION.device_kind) / len(POPULATION.device_kind)
    assert [device.device_type for device in places.DEVICES] == ["mobile", "desktop", "tv", "tablet", "gaming_console"]
    assert kinds == pytest.approx(np.array([0.45, 0.25, 0.20, 0.08, 0.02]), abs=0.02)


def test_population__watch_time_is_gamma_and_engagement_beta() -> None:
    hours = POPULATION.watch_ms / 3_600_000
    assert hours.mean() == pytest.approx(2 * 0.5, rel=0.05)  # gamma: shape x scale
    assert hours.var() == pytest.approx(2 * 0.5**2, rel=0.15)  # shape x scale^2
    assert POPULATION.engagement.mean() == pytest.approx(2 / 7, abs=0.01)  # beta(2, 5)


def test_vocabularies__are_those_of_the_contracts() -> None:
    fields = field_dictionary()
    assert {device.device_type for device in places.DEVICES} <= set(fields["device_type"].enum)
    assert {platform for device in places.DEVICES for platform, _, _ in device.platforms} <= set(fields["platform"].enum)
    assert {rung.video_quality for rung in places.LADDER} <= set(fields["video_quality"].enum)
    assert set(places.TIERS) == set(fields["subscription_tier"].enum)
    assert set(CONTENT_TYPES) <= set(fields["content_type"].enum)


def test_catalogue__types_and_lengths() -> None:
    entries = list(CATALOGUE.entries.values())
    by_type = {name: [e["content_duration"] for e in entries if e["content_type"] == name] for name in CONTENT_TYPES}
    shares = [len(by_type[name]) / len(entries) for name in ("tv_show", "movie", "short_form", "documentary", "live_stream", "trailer")]
    assert shares == pytest.approx([0.35, 0.30, 0.20, 0.08, 0.05, 0.02], abs=0.03)
    assert np.mean(by_type["movie"]) == pytest.approx(6600, rel=0.05)
    assert np.mean(by_type["tv_show"]) == pytest.approx(2700, rel=0.05)
    assert np.mean(by_type["short_form"]) == pytest.approx(300, rel=0.2)
    assert len({e["content_title"] for e in entries}) == len(entries)


@pytest.mark.parametrize("titles", [1, 3, 50])
def test_catalogue__works_with_few_titles(titles: int) -> None:
    catalogue = build_catalogue(titles, 1)
    random = np.random.default_rng(0)
    chosen = catalogue.choose(random.integers(0, catalogue.genres_count, 1000), random.random(1000))
    assert set(chosen.tolist()) <= set(range(titles))
    assert len(set(chosen.tolist())) > titles // 2


def test_catalogue__file_keeps_titles_that_are_not_simulated(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    real = {"content_title": "Test picture", "content_type": "movie", "content_duration": 20}
    path.write_text(json.dumps({"title-42": real, "sim-title-99999": {"content_title": "of an earlier simulation"}}), encoding="utf-8")
    catalogue = build_catalogue(5, 1)

    write_catalogue(path, catalogue)
    write_catalogue(path, catalogue)

    written = json.loads(path.read_text(encoding="utf-8"))
    assert set(written) == {"title-42", *(f"sim-title-{i:05d}" for i in range(5))}
    assert written["title-42"] == real
    assert set(written["sim-title-00000"]) == {
        "content_title", "content_type", "content_duration", "content_genre", "content_rating", "content_language", "content_creator_id",
    }  # fmt: skip


def test_visits__three_sessions_on_an_active_day_and_startup_around_a_second() -> None:
    random = generator(OPTIONS, ANCHOR, Stream.VISITS)
    audience = first_audience(POPULATION, random)
    everyone = np.full(POPULATION.count, 0.999)
    visits = draw_visits(POPULATION, audience, everyone, ANCHOR, 1.0, 0.0, random)
    plays = draw_plays(visits, POPULATION, audience, CATALOGUE, random)

    # at least one session each: mean of max(1, Poisson(3)) = 3 + e^-3 = 3.05
    assert len(visits.user) / POPULATION.count == pytest.approx(3.05, abs=0.1)
    started = plays.startup_ms[plays.start == Start.STARTED]
    assert 600 < np.median(started) < 1300
    assert 0.03 < (started > 2000).mean() < 0.25
    assert 0.005 < (plays.start == Start.ABANDONED).mean() < 0.05
    assert 0.002 < (plays.start == Start.FAILED).mean() < 0.03


def test_season__weekends_and_holidays_are_busier_and_the_anchor_month_is_the_measure() -> None:
    monday, saturday, christmas = date(2026, 11, 23), date(2026, 11, 21), date(2026, 12, 25)
    assert season(monday, monday) == pytest.approx(0.9)
    assert season(saturday, monday) == pytest.approx(1.3)
    assert season(christmas, christmas) == pytest.approx(1.12 * 1.5)  # a Friday
    assert season(date(2026, 10, 26), monday) == pytest.approx(0.9 * 1.05 / 1.2)  # October against November
