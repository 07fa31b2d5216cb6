"""Surrogate tree of the segments: its rules, and their held-out accuracy."""

import dataclasses
from typing import Any

import numpy as np
from sklearn.metrics import balanced_accuracy_score, confusion_matrix
from sklearn.tree import DecisionTreeClassifier

from segmentlearn.inspection._rules import TreeFeature, leaf_rules

_FOLDS = 5


@dataclasses.dataclass
class Surrogate:
    """Rules for segments and how well they find them.

    Attributes
    ----------
    rules : list of Rule
        One for each leaf.
    precision, recall : ndarray of float of shape (n_segments,)
        Of the tree on held-out rows: how many of those it puts in a segment belong
        there, and how many of those that belong there it finds.
    fidelity : dict of str to float
        Of the tree on held-out rows and of naming the largest segment always.
    """

    rules: list
    precision: np.ndarray
    recall: np.ndarray
    fidelity: dict


def grow_surrogate(
    columns: list,
    codes: np.ndarray,
    weights: np.ndarray,
    n_segments: int,
    depth: int | str,
    random_state: Any,
) -> Surrogate | None:
    """Grow a tree on raw columns and measure it on held-out rows."""
    features, matrix = _encode(columns)
    if n_segments < 2 or not features:
        return None
    if depth == "auto":
        depth = int(np.clip(np.ceil(np.log2(n_segments)) + 2, 3, 6))
    tree = DecisionTreeClassifier(
        max_depth=depth,
        max_leaf_nodes=3 * n_segments,
        min_samples_leaf=_smallest_leaf(codes),
        class_weight="balanced",
        random_state=random_state.randint(np.iinfo(np.int32).max),
    )
    predicted = _predict_held_out(tree, matrix, codes, random_state)
    labels = range(n_segments)
    table = confusion_matrix(codes, predicted, labels=labels, sample_weight=weights)
    right = np.diag(table)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = right / table.sum(axis=0)
        recall = right / table.sum(axis=1)
    fidelity = {
        "accuracy": float(right.sum() / table.sum()),
        "accuracy_of_largest": float(table.sum(axis=1).max() / table.sum()),
        "balanced_accuracy": float(balanced_accuracy_score(codes, predicted)),
        "balanced_accuracy_of_largest": 1.0 / n_segments,
    }
    tree.fit(matrix, codes)
    rules = leaf_rules(tree, features, matrix, codes, weights)
    return Surrogate(rules, precision, recall, fidelity)


def _smallest_leaf(codes: np.ndarray) -> int:
    """Return the rows that a rule needs, so that none is made for a splinter."""
    smallest = np.bincount(codes).min()
    return int(np.clip(min(smallest // 4, len(codes) // 40), 1, 50))


def _predict_held_out(
    tree: Any, matrix: np.ndarray, codes: np.ndarray, random_state: Any
) -> np.ndarray:
    """Return for each row the prediction of a tree fitted without it."""
    shuffled = random_state.permutation(len(codes))
    by_segment = shuffled[np.argsort(codes[shuffled], kind="stable")]
    folds = np.empty(len(codes), dtype=np.intp)
    folds[by_segment] = np.arange(len(codes)) % _FOLDS
    predicted = np.empty(len(codes), dtype=np.intp)
    for fold in range(_FOLDS):
        out = folds == fold
        if out.any():
            seen = ~out if not out.all() else out
            predicted[out] = tree.fit(matrix[seen], codes[seen]).predict(matrix[out])
    return predicted


def _encode(columns: list) -> tuple[list[TreeFeature], Any]:
    """Return features and their matrix: numbers as they are, levels as 0 and 1."""
    features, parts = [], []
    for column in columns:
        if column.is_numeric:
            features.append(TreeFeature(column.name, column.kind))
            parts.append(column.numbers)
            continue
        codes, levels, ordered = column.factor
        missing = bool((codes < 0).any())
        if ordered and not missing and len(levels) > 2:
            features.append(TreeFeature(column.name, "ordered", levels=levels))
            parts.append(codes)
            continue
        places = [*enumerate(levels), (-1, None)] if missing else [*enumerate(levels)]
        opposite: tuple = ()
        if len(places) == 2:  # one column is enough
            opposite = (places.pop()[1],)
        for at, level in places:
            features.append(TreeFeature(column.name, "level", level, opposite))
            parts.append(codes == at)
    matrix = np.array(parts, dtype=np.float32).T if parts else None
    return features, matrix
