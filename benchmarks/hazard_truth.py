"""The score that knows the truth: what nobody could beat who sees, of a simulated viewer's staying away, only days without activity.

The simulator lets a viewer come on a day with a probability, and leave for good that evening with a hazard; both follow from a motivation
that no event tells. Who knows both, and the law, still cannot see whether somebody silent has left. So it is worked out by Bayes' rule:

    present today            1 on the last active day; each evening x (1 - hazard)
    given one silent day     present x (1 - comes) / (present x (1 - comes) + 1 - present)
    no activity in H days    1 - present + present x silent(H),  silent(n) = (1 - comes) x (hazard + (1 - hazard) x silent(n - 1))

with the probability and hazard of the day of asking for all days to come, and those of the last day present for whoever has left.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]


def knowing_score(truth: pd.DataFrame, users: pd.DataFrame, cutoff: date, horizon_days: int) -> Numbers:
    """The probability of no activity in the horizon after a cut-off, for users known then.

    Args:
        truth: the simulator's, a row per day and viewer present on it: user_id, day, activity_probability, hazard.
        users: user_id and days_since_last_active at the cut-off.
        cutoff: the last day that is looked at.
        horizon_days: H of the label.
    """
    silent_days = users["days_since_last_active"].to_numpy(dtype="int64")
    most_ago = int(silent_days.max(initial=0))
    comes, hazard = _known(truth, users["user_id"], cutoff, most_ago)
    present = np.ones(len(users))
    for ago in range(most_ago, 0, -1):
        is_silent = silent_days >= ago
        stayed = present * (1 - hazard[ago])
        seen = stayed * (1 - comes[ago - 1])
        present = np.where(is_silent, seen / np.maximum(seen + 1 - stayed, 1e-300), present)
    present = present * (1 - hazard[0])
    return np.asarray(1 - present + present * silent(comes[0], hazard[0], horizon_days))


def silent(comes: Numbers, hazard: Numbers, days: int) -> Numbers:
    """The probability that somebody who is present shows no activity on so many days."""
    never = np.ones_like(comes)
    for _ in range(days):
        never = (1 - comes) * (hazard + (1 - hazard) * never)
    return never


def _known(truth: pd.DataFrame, user_ids: Any, cutoff: date, most_ago: int) -> tuple[Numbers, Numbers]:
    """Probability of coming, and hazard, of each user so many days before the cut-off; of days after the last one present, that day's."""
    import pandas as pd

    dated = truth.assign(day=pd.to_datetime(truth["day"]))
    days = pd.date_range(dated["day"].min(), pd.Timestamp(cutoff))
    of_users = (dated.pivot(index="day", columns="user_id", values=name) for name in ("activity_probability", "hazard"))
    comes, hazard = (table.reindex(index=days, columns=user_ids).ffill().to_numpy(dtype="float64")[::-1] for table in of_users)
    return comes[: most_ago + 1], hazard[: most_ago + 1]
