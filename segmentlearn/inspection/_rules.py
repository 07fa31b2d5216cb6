"""The ways from a decision tree's root to its leaves, as conditions in words."""

import dataclasses

import numpy as np

from segmentlearn._formatting import level_text, number_text


@dataclasses.dataclass(frozen=True)
class TreeFeature:
    """What a feature of the tree stands for.

    Attributes
    ----------
    column : str
        Name of the raw column.
    kind : {"number", "datetime", "timedelta", "ordered", "level"}
        A number, the position of an ordered level, or whether a cell is of one level.
    level : object
        The level; None stands for a missing cell.
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
        Position of the segment that it stands for.
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
    """What the conditions on one number amount to."""

    feature: TreeFeature
    low: float = -np.inf
    high: float = np.inf
    takes_missing: bool = True


def leaf_rules(tree, features, matrix, codes, weights):
    """Return one rule for each leaf, those of most rows first."""
    nodes = tree.tree_
    has_gaps = np.isnan(matrix).any(axis=0)
    leaf_of_row = tree.apply(matrix)
    choice = tree.classes_[np.argmax(nodes.value[:, 0, :], axis=1)]
    totals = np.bincount(codes, weights=weights, minlength=int(codes.max()) + 1)
    leaves, ends = [], _merge_leaves(nodes, choice)

    def walk(node, path):
        if ends[node] is not None:
            leaves.append((node, path))
            return
        for goes_left, child in (
            (True, nodes.children_left[node]),
            (False, nodes.children_right[node]),
        ):
            walk(child, [*path, (node, goes_left)])

    walk(0, [])
    rules = []
    for node, path in leaves:
        inside = np.isin(leaf_of_row, _leaves_below(nodes, node))
        segment = int(ends[node])
        n_rows = weights[inside].sum()
        hits = weights[inside & (codes == segment)].sum()
        text = _in_words(nodes, features, has_gaps, path)
        rules.append(
            Rule(
                segment,
                text,
                float(hits / n_rows),
                float(hits / max(totals[segment], 1)),
                float(n_rows),
            )
        )
    return sorted(rules, key=lambda rule: (rule.segment, -rule.recall))


def _leaves_below(nodes, node):
    """List the leaves of a subtree."""
    if nodes.children_left[node] < 0:
        return [node]
    return _leaves_below(nodes, nodes.children_left[node]) + _leaves_below(
        nodes, nodes.children_right[node]
    )


def _merge_leaves(nodes, choice):
    """Return the segment of each node whose leaves all stand for one, else None."""
    ends = [None] * nodes.node_count
    for node in range(nodes.node_count - 1, -1, -1):
        left, right = nodes.children_left[node], nodes.children_right[node]
        if left < 0:
            ends[node] = choice[node]
        elif ends[left] is not None and ends[left] == ends[right]:
            ends[node] = ends[left]
    return ends


def _in_words(nodes, features, has_gaps, path):
    """Join the conditions of a path, one for each raw column."""
    columns = {}
    for node, goes_left in path:
        at = nodes.feature[node]
        feature = features[at]
        if feature.kind == "level":
            columns.setdefault(feature.column, []).append((feature, not goes_left))
            continue
        bounds = columns.setdefault(
            feature.column, _Bounds(feature, takes_missing=bool(has_gaps[at]))
        )
        if goes_left:
            bounds.high = min(bounds.high, nodes.threshold[node])
        else:
            bounds.low = max(bounds.low, nodes.threshold[node])
        bounds.takes_missing &= bool(nodes.missing_go_to_left[node]) == goes_left
    texts = [
        _bounds_text(name, found)
        if isinstance(found, _Bounds)
        else _levels_text(name, found)
        for name, found in columns.items()
    ]
    return " and ".join(texts) or "every customer"


def _bounds_text(name, bounds):
    """Say between which numbers a column lies."""
    if bounds.low == np.inf:
        return f"{name} is missing"
    if bounds.feature.kind == "ordered":
        return _ordered_text(name, bounds)
    low, high = (
        _threshold_text(value, bounds.feature.kind)
        for value in (bounds.low, bounds.high)
    )
    if np.isfinite(bounds.low) and np.isfinite(bounds.high):
        text = f"{low} < {name} <= {high}"
    elif np.isfinite(bounds.low):
        text = f"{name} > {low}"
    elif np.isfinite(bounds.high):
        text = f"{name} <= {high}"
    else:
        return f"{name} is known"
    return f"({text} or missing)" if bounds.takes_missing else text


def _threshold_text(value, kind):
    """Write a threshold; rounded down where it is large."""
    if kind != "number" or not np.isfinite(value):
        return number_text(np.floor(value) if kind == "datetime" else value, kind)
    if abs(value) >= 1_000:
        return f"{np.floor(value):,.0f}"
    return f"{value:.4g}"


def _ordered_text(name, bounds):
    """Say between which levels an ordered column lies."""
    levels = bounds.feature.levels
    first = 0 if bounds.low == -np.inf else int(np.floor(bounds.low)) + 1
    last = len(levels) - 1 if bounds.high == np.inf else int(np.floor(bounds.high))
    if first == last:
        return f"{name} is {level_text(levels[first], name)}"
    if last == len(levels) - 1:
        return f"{name} is at least {level_text(levels[first], name)}"
    if first == 0:
        return f"{name} is at most {level_text(levels[last], name)}"
    ends = [level_text(levels[at], name) for at in (first, last)]
    return f"{name} is from {ends[0]} to {ends[1]}"


def _levels_text(name, conditions):
    """Say which level a column has, or which ones not."""
    for feature, is_level in conditions:
        if is_level:
            return f"{name} is {_level_or_missing(feature.level, name)}"
        if feature.opposite:
            return f"{name} is {_level_or_missing(feature.opposite[0], name)}"
    excluded = [_level_or_missing(feature.level, name) for feature, _ in conditions]
    return f"{name} is not {' or '.join(excluded)}"


def _level_or_missing(level, name):
    """Write a level; None is a missing cell."""
    return "missing" if level is None else level_text(level, name)
