"""The ad family: what viewers on the free and basic plans are shown, and what they do about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from playhead.events.simulator import places as v
from playhead.events.simulator.advertising import AdEnd, AdInventory, AdViews, draw_ad_views
from playhead.events.simulator.catalogue import Catalogue
from playhead.events.simulator.playing import Kind
from playhead.events.simulator.timeline import Timeline
from playhead.events.simulator.tokens import join, member, pick, seconds, tokens
from playhead.events.simulator.typed import TypedEvents, no_hold

Rows = NDArray[np.int64]

_POST_ROLL, _BESIDE = 0.25, 0.04
_BESIDE_TYPES = ("banner", "overlay", "sponsored")
_AD_ERROR_CODES = tokens(code for code, _ in v.AD_ERRORS)
_AD_ERROR_MESSAGES = tokens(message for _, message in v.AD_ERRORS)


def ad_events(
    timeline: Timeline, catalogue: Catalogue, inventory: AdInventory, playback_ids: pa.Array, random: np.random.Generator
) -> list[TypedEvents]:
    """All ads of the day: before, inside, after and beside the plays of viewers on the free and basic plans."""
    plays, log = timeline.plays, timeline.log
    shows_ads = plays.tier <= v.TIERS.index("basic")
    before = timeline.pre_roll_of
    rolls = np.flatnonzero(log.kind == Kind.MID_ROLL)
    after = np.flatnonzero(log.completed & shows_ads & (random.random(len(log.completed)) < _POST_ROLL))
    beside = np.flatnonzero(shows_ads & (random.random(len(log.completed)) < _BESIDE))
    play = np.concatenate([before, log.play[rolls], after, beside])
    at_ms = np.concatenate(
        [
            timeline.request_ms[before] - timeline.pre_rolls.view_ms - 300,
            timeline.request_ms[log.play[rolls]] + log.at_ms[rolls],
            timeline.end_ms[after] + 300,
            timeline.request_ms[beside] + plays.startup_ms[beside] + 100,
        ]
    )
    position_ms = np.concatenate(
        [np.zeros(len(before), np.int64), log.position_ms[rolls], plays.duration_ms[after], np.zeros(len(beside), np.int64)]
    )
    drawn = draw_ad_views(inventory, len(play) - len(before), random)
    views = AdViews(*(np.concatenate([getattr(timeline.pre_rolls, n), getattr(drawn, n)]) for n in ("ad", "end", "view_ms", "click_ms")))
    types = ["pre_roll"] * len(before) + ["mid_roll"] * len(rolls) + ["post_roll"] * len(after)
    kinds = pa.concat_arrays([tokens(types), pick(tokens(_BESIDE_TYPES), len(beside), random)])
    common = (
        join(',"playback_id":"', playback_ids.take(pa.array(play)), '",', catalogue.item_members.take(pa.array(plays.title[play]))),
        join(",", inventory.members.take(pa.array(views.ad))),
        member("ad_type", kinds),
        member("ad_position", seconds(position_ms)),
    )
    session = plays.session[play]
    shown = TypedEvents("ad_impression", session, timeline.envelope_of(session, timeline.request_ms[play]), at_ms, no_hold(at_ms), common)
    return _ad_types(shown.take(np.flatnonzero(timeline.fits[play])), _take_views(views, timeline.fits[play]), inventory, random)


def _take_views(views: AdViews, keep: NDArray[np.bool_]) -> AdViews:
    return AdViews(views.ad[keep], views.end[keep], views.view_ms[keep], views.click_ms[keep])


def _ad_types(shown: TypedEvents, views: AdViews, inventory: AdInventory, random: np.random.Generator) -> list[TypedEvents]:
    """Impression, click, skip, completion and error, as the showing went; the price is on the impression."""
    viewed = member("view_duration", seconds(views.view_ms))
    price = member("ad_price", np.round(inventory.price_micros[views.ad] / 1e6, 6))
    code = pa.array(random.integers(0, len(v.AD_ERRORS), len(views.ad)))
    later = shown.at_ms + views.view_ms
    columns: dict[str, tuple[NDArray[np.bool_], Rows, tuple[pa.Array, ...]]] = {
        "ad_impression": (views.end != AdEnd.FAILED, shown.at_ms, (price, pa.repeat(pa.scalar(',"currency":"USD"'), len(views.ad)))),
        "ad_click": (views.click_ms >= 0, shown.at_ms + views.click_ms, (member("click_position", seconds(views.click_ms)),)),
        "ad_skip": (views.end == AdEnd.SKIPPED, later, (member("skip_position", seconds(views.view_ms)), viewed)),
        "ad_complete": (views.end == AdEnd.COMPLETED, later, (viewed,)),
        "ad_error": (
            views.end == AdEnd.FAILED,
            shown.at_ms,
            (member("error_code", _AD_ERROR_CODES.take(code)), member("error_message", _AD_ERROR_MESSAGES.take(code))),
        ),
    }
    return [
        replace(shown, event_type=event_type, at_ms=at_ms, parts=(*shown.parts, *own)).take(np.flatnonzero(happened))
        for event_type, (happened, at_ms, own) in columns.items()
    ]
