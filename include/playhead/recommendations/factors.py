"""Factors of titles: implicit-feedback matrix factorisation by Spark's ALS (Hu, Koren, Volinsky, ICDM 2008)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

if TYPE_CHECKING:
    import numpy as np
    from pyspark.sql import DataFrame

# Chosen on simulated viewers: more factors, or stronger regularisation, ranked worse there, and more iterations no better.
RANK = 8
REGULARISATION = 0.05
ALPHA = 1.0
ITERATIONS = 5
_SEED = 20_260_101
# Fixed, so that the same rows give the same factors whatever the engine's parallelism.
_BLOCKS = 4
_VIEWER_NUMBERS = 2_147_483_647


def train_factors(preferences: DataFrame, titles: DataFrame, titles_count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The factors of every title, (titles, RANK), by title_index; all 0 for a title that no row likes.

    Only titles' factors are kept: a viewer's follow from the history, whenever they are asked for. ALS wants viewers as 32-bit numbers;
    a hash is one, and if two viewers share it, training takes them for one with both their tastes and nothing else comes of it.

    Args:
        preferences: as build_preferences makes them; those with plays are learnt from.
        titles: title_index and content_id of the catalogue, which fits one process (viewers need not).
        titles_count: how many there are.
    """
    import numpy as np
    from pyspark.ml.recommendation import ALS

    number = F.pmod(F.xxhash64("viewer_id"), F.lit(_VIEWER_NUMBERS)).cast("int").alias("viewer_number")
    liked = preferences.filter("plays > 0").join(F.broadcast(titles), "content_id")
    rated = liked.select(number, "title_index", F.col("plays").cast("float").alias("plays"))
    ordered = rated.repartition(_BLOCKS, "viewer_number").sortWithinPartitions("viewer_number", "title_index")
    als = ALS(
        userCol="viewer_number", itemCol="title_index", ratingCol="plays", implicitPrefs=True, rank=RANK, regParam=REGULARISATION,
        alpha=ALPHA, maxIter=ITERATIONS, seed=_SEED, numUserBlocks=_BLOCKS, numItemBlocks=_BLOCKS,
    )  # fmt: skip
    learnt = als.fit(ordered).itemFactors.toPandas()
    factors = np.zeros((titles_count, RANK))
    if len(learnt):
        factors[learnt["id"].to_numpy()] = np.stack(learnt["features"].to_list())
    return factors
