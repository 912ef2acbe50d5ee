"""What is unusual about a partition, beside the same hour of the week (or day) of weeks before: docs/quality.md says how it is decided.

Usual is the median of those weeks. How far from it is too far follows from how much the table changes from any week to the next, so that
the weekly wave is no anomaly, and neither is the chance that moves small counts more than large ones. Nothing here reads or writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from statistics import median

LEAST_WEEKS = 4  # of which the median withstands one that was unusual itself
MOST_WEEKS = 8  # further back, a growing audience was another one
VOLUME = "rows_count"
_USUAL_CHANGES = 3.0
_LEAST_CHANGE = 0.2  # of the usual: less is nothing that anybody would act on, however steady a table is
_SIGMA = 1.4826  # of a normal distribution, in median absolute deviations
_HOUR = timedelta(hours=1)
_WEEK_HOURS = 7 * 24
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sample:
    """A partition's rows and the means of its watched columns."""

    rows_count: int
    means: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """With how many weeks a partition was compared, and what was unusual: the measure, and its value as a multiple of the usual."""

    weeks_count: int = 0
    anomalies: dict[str, float] = field(default_factory=dict)


def compare_with_past_weeks(known: Mapping[str, Sample], judged: Mapping[str, Sample]) -> dict[str, Comparison]:
    """Compare each judged partition of a table with the weeks before it among `known`; fewer than LEAST_WEEKS flag nothing."""
    by_hour = {_hour(key): sample for key, sample in known.items()}
    compared: dict[str, Comparison] = {}
    changes: dict[str, float] = {}
    for key, sample in judged.items():
        now = _hour(key)
        past = [by_hour[then] for weeks in range(1, MOST_WEEKS + 1) if (then := now - weeks * _WEEK_HOURS) in by_hour]
        if len(past) < LEAST_WEEKS:
            compared[key] = Comparison()
            continue
        anomalies: dict[str, float] = {}
        for measure, value in {VOLUME: float(sample.rows_count), **sample.means}.items():
            weeks = [told for each in past if (told := _value(each, measure)) is not None]
            usual = median(weeks) if len(weeks) >= LEAST_WEEKS else 0.0
            if usual <= 0:
                continue
            if measure not in changes:
                changes[measure] = _usual_change(by_hour, measure)
            chance = _chance(measure, usual if measure == VOLUME else sample.rows_count)
            if abs(value - usual) > max(_USUAL_CHANGES * changes[measure] * chance, _LEAST_CHANGE * usual):
                anomalies[measure] = value / usual
        compared[key] = Comparison(len(past), anomalies)
    return compared


def _usual_change(by_hour: Mapping[int, Sample], measure: str) -> float:
    """How much the measure usually changes from a week to the next, in units of what chance does to partitions of their size.

    Where no two weeks in a row are known, any change may be usual.
    """
    changes = list(_changes(by_hour, measure))
    return _SIGMA * median(changes) if changes else inf


def _changes(by_hour: Mapping[int, Sample], measure: str) -> Iterator[float]:
    for hour, sample in by_hour.items():
        later = by_hour.get(hour + _WEEK_HOURS)
        first, second = _value(sample, measure), None if later is None else _value(later, measure)
        if later is not None and first is not None and second is not None:
            size = (first + second) / 2 if measure == VOLUME else min(sample.rows_count, later.rows_count)
            yield abs(second - first) / _chance(measure, size)


def _chance(measure: str, size: float) -> float:
    """How chance moves a count of this size, and a mean of so many rows."""
    return float(max(size, 1) ** (0.5 if measure == VOLUME else -0.5))


def _value(sample: Sample, measure: str) -> float | None:
    return sample.rows_count if measure == VOLUME else sample.means.get(measure)


def _hour(key: str) -> int:
    return (datetime.fromisoformat(key).replace(tzinfo=UTC) - _EPOCH) // _HOUR
