"""Which rows of silver a row of a BI view counts: what `playhead explain` goes by. Light, because the command line imports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from playhead.errors import SettingsError

_NAME, _VALUE = "BREAKDOWN", "BREAKDOWN_VALUE"
PLAYS, VISITS, INTERACTIONS, ADS = "silver.playbacks", "silver.sessions", "silver.interactions", "silver.ad_events"


@dataclass(frozen=True, slots=True)
class Lineage:
    """A view's rows by their keys.

    Attributes:
        sources: tables of silver whose rows are counted, each with what else must hold of a row.
        keys: columns of the view that tell its rows apart, each with what it is of a row of silver (DuckDB).
        days: how many days that end with AS_OF are counted; None where `day` is a key that tells the one day.
        day: the key that is the day itself.
        counted: columns of the view that count the rows of a source, one each, so that the two can be held against each other.
        breakdowns: what a row counts where the row itself names it, in its key BREAKDOWN: what each name is of a row of silver, which must
            be the key BREAKDOWN_VALUE.
    """

    sources: Mapping[str, str]
    keys: Mapping[str, str]
    days: int | None = 30
    day: str | None = None
    counted: Mapping[str, str] = field(default_factory=dict)
    breakdowns: Mapping[str, str] = field(default_factory=dict)

    def conditions(self, keys: Mapping[str, str]) -> dict[str, str]:
        """What each of the given keys is of a row of silver; those are left out that say nothing of it."""
        told = {column: expression for column, expression in self.keys.items() if column in keys and column != self.day and expression}
        if self.breakdowns:
            told[_VALUE] = self.breakdowns[keys[_NAME]]
        return told


_ALL = dict.fromkeys((PLAYS, VISITS, INTERACTIONS, ADS), "true")
_PLACED = dict.fromkeys((PLAYS, VISITS, ADS), "true")


def _known(*columns: str) -> dict[str, str]:
    return {column.upper(): f"coalesce({column}, 'unknown')" for column in columns}


_OF_PLAYS = {
    name.lower(): expression
    for name, expression in _known(
        *("platform", "device_type", "cdn", "country", "player", "app_version", "connection_type", "content_type", "content_genre"),
        *("content_id", "ab_test_variant"),
    ).items()
} | {"region": "coalesce(country, 'unknown') || ', ' || coalesce(region, 'unknown')"}
_OF_ADS = {name.lower(): expression for name, expression in _known("advertiser_id", "ad_campaign_id", "ad_id", "ad_creative_id").items()}

LINEAGE: dict[str, Lineage] = {
    "V_AD_PERFORMANCE": Lineage(
        {ADS: "event_type = 'ad_impression'"},
        _known("ad_campaign_id") | {"AD_ID": "ad_id", "AD_TYPE": "ad_type", "AD_POSITION_FROM_MIN": "ad_position_ms // 600000 * 10"},
        counted={ADS: "IMPRESSIONS"},
    ),
    "V_AD_REACH": Lineage({ADS: "event_type = 'ad_impression'"}, {_NAME: "", _VALUE: ""}, counted={ADS: "IMPRESSIONS"}, breakdowns=_OF_ADS),
    "V_CONTENT_DROPOFF": Lineage({PLAYS: "is_started"}, {"CONTENT_ID": "content_id"}, counted={PLAYS: "STARTED"}),
    "V_DAILY_ACTIVE_USERS": Lineage(
        _ALL, {"EVENT_DATE": "event_date"}, days=None, day="EVENT_DATE", counted={PLAYS: "PLAYS", VISITS: "SESSIONS"}
    ),
    "V_DEVICE_ANALYTICS": Lineage(_PLACED, _known("platform", "device_type"), counted={PLAYS: "PLAYS", VISITS: "SESSIONS"}),
    "V_EXECUTIVE_KPIS": Lineage(_ALL, {"KPI_DATE": "event_date"}, days=None, day="KPI_DATE"),
    "V_GEOGRAPHIC_ANALYTICS": Lineage(_PLACED, _known("country", "region"), counted={PLAYS: "PLAYS", VISITS: "SESSIONS"}),
    "V_PLATFORM_QUALITY": Lineage({PLAYS: "true"}, _known("platform", "device_type", "player", "cdn"), counted={PLAYS: "PLAYS"}),
    "V_QUALITY_BREAKDOWN": Lineage({PLAYS: "true"}, {_NAME: "", _VALUE: ""}, counted={PLAYS: "PLAYS"}, breakdowns=_OF_PLAYS),
    "V_ROOT_CAUSES": Lineage(
        {PLAYS: "true"},
        {"METRIC": "", _NAME: "", _VALUE: ""},
        days=7,
        counted={PLAYS: "PLAYS"},
        breakdowns=_OF_PLAYS,
    ),
    "V_TOP_CONTENT": Lineage(
        dict.fromkeys((PLAYS, INTERACTIONS, ADS), "true"),
        {"CONTENT_ID": "content_id"},
        counted={PLAYS: "TOTAL_VIEWS_30D", INTERACTIONS: "INTERACTIONS_30D"},
    ),
    "V_USER_SEGMENTS": Lineage(_ALL, {"VIEWER_ID": "viewer_id"}),
}


def lineage_of(view: str) -> Lineage:
    """The lineage of a view, by its name with or without the schema.

    Raises:
        SettingsError: the view is not there, or its numbers are no counts of rows.
    """
    found = LINEAGE.get(view.upper().removeprefix("BI."))
    if found is None:
        raise SettingsError(
            f"{view} cannot be explained; these can: {', '.join(LINEAGE)}. Others follow a viewer's past, the newest description of a "
            "title, or a model, not rows of some days"
        )
    return found


def chosen_keys(view: str, told: list[str]) -> dict[str, str]:
    """`COUNTRY=DE` by column.

    Raises:
        SettingsError: one is malformed or no key of the view, or none is given, or not the day where there has to be one.
    """
    lineage, keys = lineage_of(view), {}
    for each in told:
        column, equals, value = each.partition("=")
        if not equals or column.upper() not in lineage.keys:
            raise SettingsError(f"--key {each} is no key of {view}; write one of {', '.join(f'{key}=…' for key in lineage.keys)}")
        keys[column.upper()] = value
    if lineage.breakdowns and (keys.get(_NAME) not in lineage.breakdowns or _VALUE not in keys):
        raise SettingsError(f"say which row of {view}: --key {_NAME}=… --key {_VALUE}=…, with one of {', '.join(lineage.breakdowns)}")
    if not keys or (lineage.day and lineage.day not in keys):
        raise SettingsError(f"say which row of {view}: --key {lineage.day or next(iter(lineage.keys))}=… (keys: {', '.join(lineage.keys)})")
    return keys
