"""How much each feature raised or lowered each row's margin: LightGBM's SHAP values, without asking it the same thing twice.

A tree of a few leaves cannot tell most rows apart: they are on the same side of all its thresholds. LightGBM works the values out for one
row of each kind, tree by tree, and the others of its kind share them: of ten thousand users a tree of 15 leaves sees some hundred kinds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.float64]]
    Codes = np.ndarray[Any, np.dtype[np.int64]]
    Thresholds = dict[int, Numbers]  # by the position of their feature, ascending


def contributions(booster: Any, matrix: Numbers) -> Numbers:
    """What pred_contrib gives for each row and feature, but for the order of its sums; the expected value is left out.

    Args:
        booster: trees with numeric splits, the only kind that train_model makes.
        matrix: one row per user, features in the booster's order; NaN where unknown.
    """
    import numpy as np

    trees = [_thresholds(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]
    all_thresholds = _united(trees)
    places = {feature: _place(matrix[:, feature], thresholds) for feature, thresholds in all_thresholds.items()}
    total = np.zeros((matrix.shape[1], len(matrix)))
    for number, tree in enumerate(trees):
        kinds, examples = _kinds(tree, all_thresholds, places, len(matrix))
        of_examples = booster.predict(matrix[examples], pred_contrib=True, start_iteration=number, num_iteration=1, num_threads=1)
        for feature in tree:
            total[feature] += of_examples[:, feature][kinds]
    return total.T


def _thresholds(tree: dict[str, Any]) -> Thresholds:
    """The thresholds that a tree compares each of its features with."""
    import numpy as np

    found: dict[int, set[float]] = {}
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        if "split_feature" in node:
            found.setdefault(node["split_feature"], set()).add(node["threshold"])
            nodes += [node["left_child"], node["right_child"]]
    return {feature: np.array(sorted(values)) for feature, values in found.items()}


def _united(trees: list[Thresholds]) -> Thresholds:
    """The thresholds of all trees together."""
    import numpy as np

    return {
        feature: np.unique(np.concatenate([tree[feature] for tree in trees if feature in tree]))
        for feature in sorted({feature for tree in trees for feature in tree})
    }


def _place(values: Numbers, thresholds: Numbers) -> Codes:
    """How many thresholds each value is above; the unknown has a place of its own, after the last."""
    import numpy as np

    return np.searchsorted(np.append(thresholds, np.inf), values)


def _kinds(tree: Thresholds, all_thresholds: Thresholds, places: dict[int, Codes], rows: int) -> tuple[Codes, Codes]:
    """The kind of each row, numbered from 0, and of each kind a row that is an example of it."""
    import numpy as np
    import pandas as pd

    codes, radix = np.zeros(rows, dtype=np.int64), 1
    for feature, thresholds in tree.items():
        among_all = all_thresholds[feature]
        in_tree = np.append(_place(among_all, thresholds), [len(thresholds), len(thresholds) + 1])
        codes += (in_tree * radix)[places[feature]]
        radix *= len(thresholds) + 2
    kinds, found = pd.factorize(codes)
    examples = np.empty(len(found), dtype=np.int64)
    examples[kinds] = np.arange(rows)
    return kinds, examples
