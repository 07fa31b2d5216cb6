"""Surrogate tree of the segments: its rules as text, and their held-out accuracy."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import balanced_accuracy_score, confusion_matrix
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from segmentlearn._formatting import level_text, number_text

_FOLDS = 5
RULE_COLUMNS = ["segment", "rule", "precision", "recall", "customers"]


@dataclasses.dataclass(frozen=True)
class TreeFeature:
    """What a feature of the tree is made of.

    Attributes
    ----------
    column : str
        Name of the raw column.
    kind : {"number", "datetime", "timedelta", "ordered", "level"}
        A number, the position of an ordered level, or whether a cell is of one level.
    level : object
        The level; None is a missing cell.
    opposite : tuple
        The other level of a column that has two; empty for other columns.
    levels : list
        Of an ordered column.
    """

    column: str
    kind: str
    level: object = None
    opposite: tuple = ()
    levels: object = None


@dataclasses.dataclass
class _Bounds:
    """The conditions on one number, joined."""

    feature: TreeFeature
    low: float = -np.inf
    high: float = np.inf
    takes_missing: bool = True


def _leaf_rules(
    tree: Any, features: list, matrix: np.ndarray, codes: np.ndarray, weights: Any
) -> pd.DataFrame:
    """Return a rule for each leaf, those that find most of a segment first."""
    nodes = tree.tree_
    choice = tree.classes_[np.argmax(nodes.value[:, 0, :], axis=1)]
    ends, has_missing = _merge_leaves(nodes, choice), np.isnan(matrix).any(axis=0)
    passed = tree.decision_path(matrix).tocsc()
    totals = np.bincount(codes, weights=weights, minlength=int(codes.max()) + 1)
    rules = []
    for node, path in _paths(nodes, ends):
        rows, segment = passed[:, [node]].indices, int(ends[node])
        n_rows = float(weights[rows].sum())
        if not n_rows:  # scikit-learn 1.6 splits missing cells off and then moves them
            continue
        hits = float(weights[rows[codes[rows] == segment]].sum())
        text = _path_text(nodes, features, has_missing, path)
        recall = hits / max(totals[segment], 1)
        rules.append((segment, text, hits / n_rows, recall, n_rows))
    rules.sort(key=lambda rule: (rule[0], -rule[3]))
    return pd.DataFrame(rules, columns=RULE_COLUMNS)


def _paths(nodes: Any, ends: list, node: int = 0, path: tuple = ()) -> Iterator[tuple]:
    """Yield the topmost nodes that are of one segment, and the way to each."""
    if ends[node] is not None:
        yield node, path
        return
    yield from _paths(nodes, ends, nodes.children_left[node], (*path, (node, True)))
    yield from _paths(nodes, ends, nodes.children_right[node], (*path, (node, False)))


def _merge_leaves(nodes: Any, choice: np.ndarray) -> list:
    """Return the segment of each node whose leaves are all of one, else None."""
    ends = [None] * nodes.node_count
    for node in range(nodes.node_count - 1, -1, -1):
        left, right = nodes.children_left[node], nodes.children_right[node]
        if left < 0:
            ends[node] = choice[node]
        elif ends[left] is not None and ends[left] == ends[right]:
            ends[node] = ends[left]
    return ends


def _path_text(
    nodes: Any, features: list[TreeFeature], has_missing: np.ndarray, path: tuple
) -> str:
    """Join the conditions of a path, one for each raw column."""
    columns: dict[str, Any] = {}
    for node, goes_left in path:
        at = nodes.feature[node]
        feature = features[at]
        if feature.kind == "level":
            columns.setdefault(feature.column, []).append((feature, not goes_left))
            continue
        new = _Bounds(feature, takes_missing=bool(has_missing[at]))
        bounds = columns.setdefault(feature.column, new)
        if goes_left:
            bounds.high = min(bounds.high, nodes.threshold[node])
        else:
            bounds.low = max(bounds.low, nodes.threshold[node])
        bounds.takes_missing &= bool(nodes.missing_go_to_left[node]) == goes_left
    texts = [
        (_levels_text if isinstance(found, list) else _bounds_text)(name, found)
        for name, found in columns.items()
    ]
    return " and ".join(texts) or "every customer"


def _bounds_text(name: str, bounds: Any) -> str:
    """Return between which numbers a column lies."""
    if bounds.low == np.inf:
        return f"{name} is missing"
    kind, ends = bounds.feature.kind, (bounds.low, bounds.high)
    if kind == "ordered":
        return _ordered_text(name, bounds)
    low, high = (_threshold_text(value, kind) for value in ends)
    if np.isfinite(bounds.low) and np.isfinite(bounds.high):
        text = f"{low} < {name} <= {high}"
    elif np.isfinite(bounds.low):
        text = f"{name} > {low}"
    elif np.isfinite(bounds.high):
        text = f"{name} <= {high}"
    else:
        return f"{name} is known"
    return f"({text} or missing)" if bounds.takes_missing else text


def _threshold_text(value: Any, kind: str) -> str:
    """Return a threshold as text, rounded down where it is large."""
    if kind != "number" or not np.isfinite(value):
        return number_text(np.floor(value) if kind == "datetime" else value, kind)
    if abs(value) >= 1_000:
        return f"{np.floor(value):,.0f}"
    return f"{value:.4g}"


def _ordered_text(name: str, bounds: Any) -> str:
    """Return between which levels an ordered column lies."""
    levels = bounds.feature.levels
    first = 0 if bounds.low == -np.inf else int(np.floor(bounds.low)) + 1
    last = len(levels) - 1 if bounds.high == np.inf else int(np.floor(bounds.high))
    low, high = (level_text(levels[at], name) for at in (first, last))
    if first == last:
        return f"{name} is {low}"
    if last == len(levels) - 1:
        return f"{name} is at least {low}"
    end = f"at most {high}" if first == 0 else f"from {low} to {high}"
    return f"{name} is {end}"


def _levels_text(name: str, conditions: list) -> str:
    """Return which level a column has, or which it has not."""
    for feature, is_level in conditions:
        if is_level or feature.opposite:
            level = feature.level if is_level else feature.opposite[0]
            return f"{name} is {_level_or_missing(level, name)}"
    excluded = [_level_or_missing(feature.level, name) for feature, _ in conditions]
    return f"{name} is not {' or '.join(excluded)}"


def _level_or_missing(level: Any, name: str) -> str:
    """Return a level as text; None is a missing cell."""
    return "missing" if level is None else level_text(level, name)


@dataclasses.dataclass
class Surrogate:
    """Rules for segments and how well they find them.

    Attributes
    ----------
    rules : DataFrame
        A row for each leaf: "segment" (its position), "rule", "precision" and "recall"
        where the tree was grown, and "customers", estimated where it saw a sample.
    precision, recall : ndarray of float of shape (n_segments,)
        Of the tree on held-out rows: how many of those it puts in a segment belong
        there, and how many of those that belong there it finds.
    fidelity : dict of str to float
        Of the tree on held-out rows and of naming the largest segment always.
    """

    rules: pd.DataFrame
    precision: np.ndarray
    recall: np.ndarray
    fidelity: dict


def grow_surrogate(
    columns: list,
    codes: np.ndarray,
    weights: np.ndarray,
    n_segments: int,
    depth: int | str | None,
    random_state: Any,
) -> Surrogate | None:
    """Grow a tree on raw columns and measure it on held-out rows; noise is left out."""
    if depth is None or n_segments < 2:
        return None
    kept = np.flatnonzero(codes < n_segments)
    features, matrix = _encode([column.take(kept) for column in columns])
    codes, weights = codes[kept], weights[kept]
    if depth == "auto":
        depth = int(np.clip(np.ceil(np.log2(n_segments)) + 2, 3, 6))
    # no rule is made for a splinter
    smallest = min(np.bincount(codes).min() // 4, len(codes) // 40)
    tree = DecisionTreeClassifier(
        max_depth=depth,
        max_leaf_nodes=3 * n_segments,
        min_samples_leaf=int(np.clip(smallest, 1, 50)),
        class_weight="balanced",
        random_state=random_state.randint(np.iinfo(np.int32).max),
    )
    shuffled = random_state.permutation(len(codes))
    folds = np.empty(len(codes), dtype=np.intp)
    by_segment = shuffled[np.argsort(codes[shuffled], kind="stable")]
    folds[by_segment] = np.arange(len(codes)) % _FOLDS
    predicted = cross_val_predict(tree, matrix, codes, cv=PredefinedSplit(folds))
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
    rules = _leaf_rules(tree, features, matrix, codes, weights)
    return Surrogate(rules, precision, recall, fidelity)


def _encode(columns: list) -> tuple[list[TreeFeature], np.ndarray]:
    """Return features and their matrix: numbers as they are, levels as 0 and 1."""
    features, parts = [], []
    for column in columns:
        if column.is_numeric:
            features.append(TreeFeature(column.name, column.kind))
            parts.append(column.numbers)
            continue
        codes, levels, ordered, _ = column.factor
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
    return features, np.array(parts, dtype=np.float32).T
