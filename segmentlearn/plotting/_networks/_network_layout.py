"""Where the boxes of a graph stand: in rows by depth, with few crossing arrows."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import nnls

_SWEEPS = 12
_LANE = 0.35  # width of what keeps the way of a long arrow free
# of an arrow between two boxes, a box and a lane, two lanes of a long arrow
_STRAIGHTNESS = (4.0, 1.0, 8.0)


@dataclass
class Layout:
    """Places of boxes and ways of arrows.

    Attributes
    ----------
    x : ndarray of float of shape (n_nodes,)
        Middles of the boxes.
    rows : ndarray of int of shape (n_nodes,)
        Their rows, from the top.
    arrows : list of tuple of (int, int, list of (float, int))
        From node, to node, and the points in the rows between.
    """

    x: np.ndarray
    rows: np.ndarray
    arrows: list


def lay_out(sources, width, gap):
    """Place the nodes of an acyclic graph."""
    rows = _rows(sources)
    columns, links, widths, ways = _with_lanes(sources, rows, width)
    members = [[] for _ in range(max(columns) + 1)]
    for at, row in enumerate(columns):
        members[row].append(at)
    before, after = [[] for _ in columns], [[] for _ in columns]
    for source, target in links:
        before[target].append(source)
        after[source].append(target)
    _order(members, before, after)
    x = _positions(members, links, widths, gap, len(sources))
    n_nodes = len(sources)
    x -= (x[:n_nodes].min() + x[:n_nodes].max()) / 2
    arrows = [
        (source, target, [(float(x[at]), columns[at]) for at in lanes])
        for source, target, lanes in ways
    ]
    return Layout(x=x[:n_nodes], rows=np.asarray(rows), arrows=arrows)


def _rows(sources):
    """Return how deep each node is; a start stands right above what it leads to."""
    rows = []
    for own in sources:
        rows.append(1 + max((rows[at] for at in own), default=-1))
    for at in range(len(sources)):
        if not sources[at]:
            nexts = [rows[to] for to, own in enumerate(sources) if at in own]
            rows[at] = min(nexts) - 1 if nexts else rows[at]
    return rows


def _with_lanes(sources, rows, width):
    """Put a lane into each row that an arrow passes."""
    columns, widths, links, ways = list(rows), [width] * len(rows), [], []
    for target, own in enumerate(sources):
        for source in own:
            lanes, last = [], source
            for row in range(rows[source] + 1, rows[target]):
                columns.append(row)
                widths.append(_LANE)
                lanes.append(len(columns) - 1)
                links.append((last, lanes[-1]))
                last = lanes[-1]
            links.append((last, target))
            ways.append((source, target, lanes))
    return columns, links, widths, ways


def _order(members, before, after):
    """Sort each row by the middle of what it is connected with, to and fro."""
    place = {at: float(i) for row in members for i, at in enumerate(row)}
    best, fewest = [list(row) for row in members], _n_crossings(members, after, place)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        near = before if down else after
        for row in members if down else members[::-1]:
            row.sort(
                key=lambda at: (
                    np.mean([place[one] for one in near[at]]) if near[at] else place[at]
                )
            )
            for i, at in enumerate(row):
                place[at] = i - len(row) / 2
        crossings = _n_crossings(members, after, place)
        if crossings < fewest:
            best, fewest = [list(row) for row in members], crossings
    for row, kept in zip(members, best, strict=True):
        row[:] = kept


def _n_crossings(members, after, place):
    """Count pairs of arrows between two rows that cross."""
    crossings = 0
    for row in members:
        ends = [(place[at], place[to]) for at in row for to in after[at]]
        starts, stops = np.asarray(ends).reshape(-1, 2).T
        opposite = np.subtract.outer(starts, starts) * np.subtract.outer(stops, stops)
        crossings += int((opposite < 0).sum()) // 2
    return crossings


def _positions(members, links, widths, gap, n_nodes):
    """Return places in which arrows are as straight as the widths of boxes allow.

    The squares of what arrows go sideways are least, those of long arrows weigh most
    [1]_. With the distances as constraints this is a least-distance problem, which
    non-negative least squares solve exactly [2]_.

    References
    ----------
    .. [1] E. Gansner et al., "A technique for drawing directed graphs", IEEE
       Transactions on Software Engineering 19 (1993).
    .. [2] C. Lawson and R. Hanson, "Solving least squares problems", 1974, chapter 23.
    """
    n = len(widths)
    pulls = 1e-4 * np.eye(n)  # to the middle, where nothing else decides
    for source, target in links:
        n_lanes = (source >= n_nodes) + (target >= n_nodes)
        for one, other in ((source, target), (target, source)):
            pulls[one, one] += _STRAIGHTNESS[n_lanes]
            pulls[one, other] -= _STRAIGHTNESS[n_lanes]
    pairs = [pair for row in members for pair in pairwise(row)]
    if not pairs:
        return np.zeros(n)
    apart, least = np.zeros((len(pairs), n)), np.zeros(len(pairs))
    for at, (left, right) in enumerate(pairs):
        apart[at, [left, right]] = -1.0, 1.0
        least[at] = (widths[left] + widths[right]) / 2 + gap
    root = np.linalg.cholesky(pulls)
    turned = np.linalg.solve(root, apart.T)  # the constraints on root.T @ x
    stacked = np.vstack([turned, least])
    goal = np.append(np.zeros(n), 1.0)
    residual = stacked @ nnls(stacked, goal)[0] - goal
    return np.linalg.solve(root.T, -residual[:-1] / residual[-1])
