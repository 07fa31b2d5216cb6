"""Decision rules: the paths from a tree's root to its leaves as text."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from segmentlearn._formatting import level_text, number_text


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
class Rule:
    """One leaf.

    Attributes
    ----------
    segment : int
        Position of its segment.
    text : str
        Its conditions.
    precision, recall : float
        Share of the rows in the leaf that are of the segment, and of the segment's rows
        that are in the leaf, where the tree was grown.
    n_rows : float
        Rows of the table in the leaf, estimated where the tree saw a sample.
    """

    segment: int
    text: str
    precision: float
    recall: float
    n_rows: float


@dataclasses.dataclass
class _Bounds:
    """The conditions on one number, joined."""

    feature: TreeFeature
    low: float = -np.inf
    high: float = np.inf
    takes_missing: bool = True


def leaf_rules(
    tree: Any,
    features: list[TreeFeature],
    matrix: np.ndarray,
    codes: np.ndarray,
    weights: np.ndarray,
) -> list[Rule]:
    """Return one rule for each leaf, those that find most of a segment first."""
    nodes = tree.tree_
    choice = tree.classes_[np.argmax(nodes.value[:, 0, :], axis=1)]
    ends = _merge_leaves(nodes, choice)
    passed = tree.decision_path(matrix).tocsc()
    totals = np.bincount(codes, weights=weights, minlength=int(codes.max()) + 1)
    rules = []
    for node, path in _paths(nodes, ends):
        rows, segment = passed[:, [node]].indices, int(ends[node])
        n_rows = weights[rows].sum()
        hits = weights[rows[codes[rows] == segment]].sum()
        rules.append(
            Rule(
                segment,
                _path_text(nodes, features, np.isnan(matrix).any(axis=0), path),
                float(hits / n_rows),
                float(hits / max(totals[segment], 1)),
                float(n_rows),
            )
        )
    return sorted(rules, key=lambda rule: (rule.segment, -rule.recall))


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
        bounds = columns.setdefault(
            feature.column, _Bounds(feature, takes_missing=bool(has_missing[at]))
        )
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
    return (
        f"{name} is at most {high}" if first == 0 else f"{name} is from {low} to {high}"
    )


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
