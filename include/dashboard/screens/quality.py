"""How well it plays: startup, failures, stalls, by platform, kind of device, player and CDN."""

from __future__ import annotations

from functools import partial

from bi import questions
from bi.charts import bars
from bi.numbers import count, megabits, percent, seconds
from bi.page import Number, Page, chart, table
from bi.warehouse import ask

page = Page(
    "Quality of experience",
    "How plays of the 30 days that end with the newest went.",
    *("V_PLATFORM_QUALITY", "V_QUALITY_BREAKDOWN", "V_ROOT_CAUSES"),
)
filters = page.filters(questions.QUALITY_CHOICES)
page.headline(
    questions.QUALITY,
    [
        Number("Plays", "PLAYS", count),
        Number("Startup time", "STARTUP_MEAN_MS", seconds, "Playback request to first frame, mean over plays that tell it (CTA-2066)."),
        Number("Playback failures", "PLAYBACK_FAILURE_PCT", percent, "Plays with a fatal error (CTA-2066)."),
        Number("Exits before start", "EBVS_PCT", percent, "Plays left before the first frame without an error."),
        Number("Rebuffering", "REBUFFERING_PCT", percent, "Stall time of play and stall time."),
        Number("Bitrate", "AVERAGE_BITRATE_KBPS", megabits, "Bits played by media time."),
    ],
    filters,
)
rows = ask(questions.QUALITY_BY_PLATFORM, filters)
for title, column, unit in (
    ("Playback failures", "PLAYBACK_FAILURE_PCT", "Plays with a fatal error (%)"),
    ("Startup time", "STARTUP_MEAN_MS", "Playback request to first frame, mean (ms)"),
    ("Rebuffering", "REBUFFERING_PCT", "Stall time of play and stall time (%)"),
):
    chart(
        f"{title} by platform and CDN",
        rows[["PLATFORM", "CDN", column]],
        partial(bars, category="PLATFORM", value=column, title="Platform", x_title=unit, by="CDN", by_title="CDN"),
    )
table("Platforms, devices, players, CDNs", ask(questions.QUALITY_ROWS, filters), "Medians and 95th percentiles are estimates from buckets.")
table(
    "What made it worse",
    ask(questions.ROOT_CAUSES),
    "Of the newest 7 days, whatever is chosen above: values worse than the mean, by affected plays x distance from it.",
)
table(
    "By title, region, connection and more",
    ask(questions.BREAKDOWN_ROWS, page.filters(questions.BREAKDOWN_CHOICES)),
    "Of the 30 days, whatever is chosen above. A play stands once under each breakdown; two breakdowns do not add up.",
)
