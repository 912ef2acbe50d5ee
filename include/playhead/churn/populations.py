"""How the users of a day are spread over the bins of each feature: those that a model was trained for, and those of a later day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from playhead.churn.feature_list import FEATURE_NAMES
from playhead.churn.reference import FeatureBins, Reference, tenths

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame

_COUNTED = "feature string, bin bigint, rows_count bigint"


def build_reference(train: pd.DataFrame, users: DataFrame, as_of: date) -> Reference:
    """Bins that are tenths of the training rows, and how the users of the day of training fall in them.

    Args:
        train: rows that a model learnt from.
        users: feature rows of the users to score on that day.
        as_of: that day.
    """
    bins = [tenths(name, train[name].to_numpy(dtype="float64")) for name in FEATURE_NAMES]
    counts = count_bins(users, bins)
    return Reference(as_of, tuple(replace(each, counts=tuple(counts[each.name])) for each in bins))


def count_bins(users: DataFrame, bins: Sequence[FeatureBins]) -> dict[str, list[int]]:
    """How many users fall in each bin of each feature."""

    def count(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        import pandas as pd

        for batch in batches:
            counts = ((each.name, each.count(batch[each.name].to_numpy(dtype="float64"))) for each in bins)
            told = [(name, number, rows) for name, by_bin in counts for number, rows in enumerate(by_bin)]
            yield pd.DataFrame(told, columns=["feature", "bin", "rows_count"])

    counted = users.select(*(each.name for each in bins)).mapInPandas(count, _COUNTED)
    found = {each.name: [0] * each.bins_count for each in bins}
    for row in counted.groupBy("feature", "bin").agg(F.sum("rows_count").alias("rows_count")).collect():
        found[row.feature][row.bin] = row.rows_count
    return found
