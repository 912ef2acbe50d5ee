"""Ranking: of the titles that a viewer has not played, those that the viewer would like best, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from playhead.recommendations.factors import ALPHA, REGULARISATION

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from scipy.sparse import csr_array

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Indexes = np.ndarray[Any, np.dtype[np.int64]]

# Titles for a viewer, and the length at which rankings are judged.
LIST_LENGTH = 10
NO_TITLE = -1
_SCORE_DECIMALS = 6
# Scores worked out at once: of so many viewers that they take some tens of megabytes, however large the catalogue.
_SCORES_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Ranking:
    """Of each viewer (rows) the best titles first: (viewers, LIST_LENGTH); NO_TITLE where there are fewer.

    `because` is the title of the viewer's history that spoke most for the recommended one, NO_TITLE if the history has no say.
    """

    titles: Indexes
    scores: Floats
    because: Indexes


class Ranker(Protocol):
    """A way to rank titles. It travels to the engine's workers."""

    @property
    def name(self) -> str:
        """What lists say they were ranked by."""

    def rank(self, histories: csr_array) -> Ranking:
        """Rank for viewers by their histories, (viewers, titles): plays, and an explicit 0 for a title seen and not liked."""


@dataclass(frozen=True, slots=True)
class PopularTitles:
    """The same order for everyone, less what each has seen: the baseline that a model has to beat."""

    name: str
    viewers: Floats

    def rank(self, histories: csr_array) -> Ranking:
        """See Ranker. Of equally popular titles the first by index comes first."""
        import numpy as np

        order = np.argsort(-self.viewers, kind="stable")
        place = np.empty(len(order))
        place[order] = np.arange(len(order))
        titles = _best(np.tile(-place, (histories.shape[0], 1)), histories)
        return Ranking(titles, np.where(titles == NO_TITLE, 0.0, self.viewers[titles]), np.full_like(titles, NO_TITLE))


@dataclass(frozen=True, slots=True)
class FactorModel:
    """Titles near a viewer's taste. The taste is worked out from the history and the factors of titles, as ALS itself would:

        A = sum over all titles y y' + sum over liked titles (alpha r y y') + lambda n I,    taste = A^-1 sum over liked (1 + alpha r) y

    so a score is a sum over the titles that the viewer liked, and the largest part of it is the reason.
    """

    name: str
    factors: Floats

    def rank(self, histories: csr_array) -> Ranking:
        """See Ranker."""
        import numpy as np

        systems = self._systems(histories)
        confidence = histories.copy()
        confidence.data = np.where(histories.data > 0, 1.0 + ALPHA * histories.data, 0.0)
        tastes = np.linalg.solve(systems, (confidence @ self.factors)[:, :, None])[:, :, 0]
        scores = np.round(tastes @ self.factors.T, _SCORE_DECIMALS)
        titles = _best(scores, histories)
        told = np.where(titles == NO_TITLE, 0.0, np.take_along_axis(scores, titles, axis=1))
        return Ranking(titles, told, self._because(systems, confidence, titles))

    def _systems(self, histories: csr_array) -> Floats:
        """A of each viewer."""
        import numpy as np

        rank = self.factors.shape[1]
        outer = (self.factors[:, :, None] * self.factors[:, None, :]).reshape(len(self.factors), rank * rank)
        liked = np.diff(np.concatenate([[0], np.cumsum(histories.data > 0)])[histories.indptr])
        own = np.asarray(ALPHA * histories @ outer).reshape(-1, rank, rank)
        # A viewer who likes nothing has no taste: the identity keeps the system solvable, and the answer 0.
        return np.asarray(own + self.factors.T @ self.factors + np.maximum(REGULARISATION * liked, 1e-9)[:, None, None] * np.eye(rank))

    def _because(self, systems: Floats, confidence: csr_array, titles: Indexes) -> Indexes:
        """Of each recommended title the liked one with the largest part in its score, where that part is positive."""
        import numpy as np

        shadows = np.linalg.solve(systems, self.factors[titles].transpose(0, 2, 1))
        because = np.full_like(titles, NO_TITLE)
        for viewer, (begin, end) in enumerate(zip(confidence.indptr, confidence.indptr[1:], strict=False)):
            if end > begin:
                liked = confidence.indices[begin:end]
                parts = confidence.data[begin:end, None] * (self.factors[liked] @ shadows[viewer])
                best = parts.argmax(axis=0)
                is_said = (parts[best, np.arange(parts.shape[1])] > 0) & (titles[viewer] != NO_TITLE)
                because[viewer] = np.where(is_said, liked[best], NO_TITLE)
        return because


def rank_viewers(ranker: Ranker, title_indexes: pd.Series, plays: pd.Series, titles_count: int) -> Ranking:
    """Rank for a batch of viewers, told as two series of arrays side by side.

    How viewers are batched changes nothing.
    """
    import numpy as np

    step = max(1, _SCORES_AT_ONCE // max(1, titles_count))
    parts = []
    for begin in range(0, len(title_indexes), step):
        some = slice(begin, begin + step)
        parts.append(ranker.rank(_histories(title_indexes.iloc[some].to_list(), plays.iloc[some].to_list(), titles_count)))
    return Ranking(*(np.concatenate([getattr(part, field) for part in parts]) for field in ("titles", "scores", "because")))


def _histories(title_indexes: list[Any], plays: list[Any], titles_count: int) -> csr_array:
    import numpy as np
    from scipy.sparse import csr_array

    begins = np.concatenate([[0], np.cumsum([len(each) for each in title_indexes])])
    told = (np.concatenate(plays).astype("float64"), np.concatenate(title_indexes).astype("int64"), begins)
    return csr_array(told, shape=(len(title_indexes), titles_count))


def _best(scores: Floats, histories: csr_array) -> Indexes:
    """The titles of the highest scores that were not seen; of equal ones the first by index."""
    import numpy as np

    viewers = np.repeat(np.arange(histories.shape[0]), np.diff(histories.indptr))
    open_scores = scores.copy()
    open_scores[viewers, histories.indices] = -np.inf
    length = min(LIST_LENGTH, scores.shape[1])
    found = np.argsort(-open_scores, axis=1, kind="stable")[:, :length]
    found = np.where(np.isneginf(np.take_along_axis(open_scores, found, axis=1)), NO_TITLE, found)
    return np.pad(found, ((0, 0), (0, LIST_LENGTH - length)), constant_values=NO_TITLE)
