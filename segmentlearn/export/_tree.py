"""A short decision tree on raw columns: grown large, then pruned to each size."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from segmentlearn.export._columns import TreeColumn
from segmentlearn.export._conditions import Condition, date_between, threshold_between

_LEAVES_A_RULE = 8  # of the tree that is pruned
_FEWEST_LEVELS = 3  # of a column whose levels are put in order
_MOST_ORDERS = 8  # segments by whose shares levels are ordered
_FEWEST_TREES, _MOST_TREES = 2, 60
_MOST_CELLS = 1_500_000  # that they look at together
_SHARE_OF_FEATURES = 0.6  # that a split of a random tree chooses from


@dataclasses.dataclass(frozen=True)
class TreeSpec:
    """How a tree is grown.

    Attributes
    ----------
    max_rules : int
        Leaves after pruning at most.
    min_customers : int
        Rows of a leaf at least.
    min_confidence : float
        Share of a leaf's rows in its segment at least; below it asks the model.
    groups : bool
        Whether a split may put several levels together.
    seed : int
        Seed that decides between splits that are equally good.
    """

    max_rules: int
    min_customers: int
    min_confidence: float
    groups: bool = True
    seed: int = 0


@dataclasses.dataclass
class _Feature:
    """A feature that a tree splits: a column's ranks, or its levels in some order."""

    column: int
    values: np.ndarray
    order: list | None = None


@dataclasses.dataclass
class Node:
    """A node of a tree on raw columns.

    Attributes
    ----------
    segment : int or None
        Number of the segment that most rows are in; None where they are too few.
    hits : int
        Rows of this segment; 0 where there is none.
    column : int or None
        Position of the column that is split; None for a leaf.
    threshold : float
        Numbers not above it go left.
    level_codes : ndarray of bool or None
        Which levels go left; the last entry stands for all that are not named.
    missing_left, only_missing : bool
        Whether missing cells go left; whether nothing else than they goes right.
    left, right : Node or None
        The children.
    """

    segment: int | None
    hits: int
    column: int | None = None
    threshold: float = np.inf
    level_codes: np.ndarray | None = None
    missing_left: bool = False
    only_missing: bool = False
    left: Any = None
    right: Any = None

    def goes_left(self, column: TreeColumn) -> np.ndarray:
        """Return which rows go left."""
        if self.level_codes is not None:
            known = self.level_codes[column.codes]
            return np.where(column.codes < 0, self.missing_left, known)
        left = (column.numbers <= self.threshold) | self.only_missing
        return np.where(np.isnan(column.numbers), self.missing_left, left)

    def conditions(self, column: TreeColumn) -> tuple[Condition, Condition]:
        """Return what rows fulfil that go left and right."""
        name, missing = column.meaning.name, self.missing_left
        if self.only_missing:
            levels: Any = None if self.level_codes is None else ()
            both: Any = {"levels": levels, "excluded": levels is not None}
            return (
                Condition(name, **both, missing=missing),
                Condition(name, **both, known=False, missing=not missing),
            )
        if self.level_codes is None:
            return (
                Condition(name, high=self.threshold, missing=missing),
                Condition(name, low=self.threshold, missing=not missing),
            )
        others_left = bool(self.level_codes[-1])  # levels that are not named
        at = np.flatnonzero(self.level_codes[:-1] != others_left)
        named = tuple(column.levels[code] for code in at)
        return (
            Condition(name, levels=named, excluded=others_left, missing=missing),
            Condition(
                name, levels=named, excluded=not others_left, missing=not missing
            ),
        )


def grow(columns: list[TreeColumn], codes: np.ndarray, spec: TreeSpec) -> "Candidates":
    """Grow trees that have more leaves than rules are wanted, and prune them.

    The first two split greedily, by Gini impurity and by entropy; those after them
    choose each split from some features only, so that the best of them may be better
    than greedy ones. Small tables get more.
    """
    features = list(_features(columns, codes, spec.groups))
    matrix = np.array([f.values for f in features], dtype=np.float32).T
    n_trees = int(np.clip(_MOST_CELLS // matrix.size, _FEWEST_TREES, _MOST_TREES))
    everyone = np.arange(len(codes))
    found = []
    for at in range(n_trees):
        tree = DecisionTreeClassifier(
            criterion=("gini", "entropy")[at % 2],
            max_leaf_nodes=max(2, _LEAVES_A_RULE * spec.max_rules),
            min_samples_leaf=min(spec.min_customers, len(codes)),
            max_features=None if at < _FEWEST_TREES else _SHARE_OF_FEATURES,
            random_state=(spec.seed + at) % 2**32,
        ).fit(matrix, codes)
        root = _to_node(tree.tree_, 0, everyone, features, columns, codes, spec)
        found.append(Pruned(root, spec.max_rules))
    return Candidates(found)


def _features(
    columns: list[TreeColumn], codes: np.ndarray, groups: bool
) -> Iterator[_Feature]:
    """Yield the features of the tree: ranks are exact where float32 is not."""
    for at, column in enumerate(columns):
        if column.numbers is not None:
            ranks = np.full(len(codes), np.nan, dtype=np.float32)
            present = ~np.isnan(column.numbers)
            numbers = column.numbers[present]
            ranks[present] = np.unique(numbers, return_inverse=True)[1]
            yield _Feature(at, ranks)
            continue
        for order in _orders(column, codes, groups):
            places = np.full(len(column.levels) + 2, len(order), dtype=np.float32)
            places[order] = np.arange(len(order))
            places[-1] = np.nan  # code -1 is a missing cell
            yield _Feature(at, places[column.codes], order)


def _orders(column: TreeColumn, codes: np.ndarray, groups: bool) -> Iterator[list[int]]:
    """Yield orders of levels: each one before all others, and all by their shares.

    Of two segments the split of levels with the least impurity is one by their shares
    [1]_; of more, each segment against the others gives an order.

    References
    ----------
    .. [1] L. Breiman, J. Friedman, R. Olshen and C. Stone, "Classification and
       regression trees", Wadsworth 1984, theorem 4.5.
    """
    n_levels = len(column.levels)
    for level in range(n_levels):
        yield [level]
    if not groups or n_levels < _FEWEST_LEVELS:
        return
    sizes = np.bincount(codes)
    largest = np.argsort(-sizes, kind="stable")[:_MOST_ORDERS]
    present = column.codes >= 0
    counts = np.bincount(column.codes[present], minlength=n_levels + 1)[:-1]
    for segment in largest[1:] if np.count_nonzero(sizes) == 2 else largest:
        own = np.bincount(
            column.codes[present & (codes == segment)], minlength=n_levels + 1
        )[:-1]
        shares = own / np.maximum(counts, 1)
        yield np.argsort(shares, kind="stable").tolist()
        yield np.argsort(-shares, kind="stable").tolist()


def _to_node(
    nodes: Any,
    at: int,
    rows: np.ndarray,
    features: list[_Feature],
    columns: list[TreeColumn],
    codes: np.ndarray,
    spec: TreeSpec,
) -> Node:
    """Return a node of scikit-learn's tree with its split in raw columns."""
    counts = np.bincount(codes[rows])
    segment = int(np.argmax(counts))
    is_sure = counts[segment] >= spec.min_confidence * len(rows)
    node = Node(segment if is_sure else None, int(counts[segment]) * is_sure)
    if nodes.children_left[at] < 0:
        return node
    feature = features[nodes.feature[at]]
    column, values = columns[feature.column], feature.values[rows]
    threshold, missing = nodes.threshold[at], np.isnan(values)
    left = values <= threshold
    node.column = feature.column
    node.missing_left = (
        bool(nodes.missing_go_to_left[at])
        if missing.any()
        else bool(2 * left.sum() > len(rows))
    )
    left |= missing & node.missing_left
    known, children = ~missing, (nodes.children_left[at], nodes.children_right[at])
    if not (left & known).any() or not (~left & known).any():
        # versions of scikit-learn differ in the threshold and the side of missing cells
        if not (left & known).any():
            children = children[::-1]
        node.only_missing, node.missing_left, left = True, False, known
    if left.all() or not left.any():  # a split of scikit-learn's that divides nothing
        child = children[0] if left.all() else children[1]
        return _to_node(nodes, child, rows, features, columns, codes, spec)
    if feature.order is not None:
        node.level_codes = _levels_to_the_left(column, rows, left, node.only_missing)
    elif not node.only_missing:
        between = date_between if column.meaning.kind == "datetime" else None
        ends = (
            column.numbers[rows[left & known]].max(),
            column.numbers[rows[~left & known]].min(),
        )
        node.threshold = float((between or threshold_between)(*ends))
    node.left, node.right = (
        _to_node(nodes, child, rows[mask], features, columns, codes, spec)
        for child, mask in zip(children, (left, ~left), strict=True)
    )
    return node


def _levels_to_the_left(
    column: TreeColumn, rows: np.ndarray, left: np.ndarray, only_missing: bool
) -> np.ndarray:
    """Return which levels go left, those that are not named last.

    The side with fewer levels is named, and levels that no row of the node has go to
    the other one.
    """
    codes, n_levels = column.codes[rows], len(column.levels)
    if only_missing:
        return np.ones(n_levels + 1, dtype=bool)
    sides = []
    for side in (left, ~left):
        present = np.bincount(codes[side & (codes >= 0)], minlength=n_levels + 1) > 0
        # rows of rare levels have no name
        order = (bool(present[-1]), int(present.sum()), int(side.sum()))
        sides.append((order, present))
    if sides[0][0] <= sides[1][0]:
        return sides[0][1]
    return ~sides[1][1]


class Pruned:
    """The best pruning of a tree for each number of leaves.

    Of all trees that are left when branches are cut off, and have at most so many
    leaves, it is one with the most rows in the segment of their leaf. They are found
    from the leaves upwards [1]_.

    Parameters
    ----------
    root : Node
        The tree.
    max_rules : int
        Leaves at most.

    References
    ----------
    .. [1] M. Bohanec and I. Bratko, "Trading accuracy for simplicity in decision
       trees", Machine Learning 15 (1994), 223-250.
    """

    def __init__(self, root: Node, max_rules: int) -> None:
        self.root, self.max_rules = root, max_rules
        self._best: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._prune(root)

    def _prune(self, node: Node) -> np.ndarray:
        """Return the most hits with 1, 2, … leaves below a node."""
        most = np.array([node.hits])
        n_left = np.zeros(1, dtype=np.intp)
        if node.column is not None:
            left, right = self._prune(node.left), self._prune(node.right)
            size = min(self.max_rules, len(left) + len(right))
            most = np.full(size, node.hits)
            n_left = np.zeros(size, dtype=np.intp)
            for of_left in range(1, len(left) + 1):
                for total in range(of_left + 1, min(size, of_left + len(right)) + 1):
                    hits = left[of_left - 1] + right[total - of_left - 1]
                    if hits > most[total - 1]:
                        most[total - 1], n_left[total - 1] = hits, of_left
        for total in range(1, len(most)):  # more leaves only where they help
            if most[total] <= most[total - 1]:
                most[total], n_left[total] = most[total - 1], -1
        self._best[id(node)] = most, n_left
        return most

    def hits(self, n_rules: int) -> int:
        """Return the rows in the segment of their leaf, of the best tree."""
        most = self._best[id(self.root)][0]
        return int(most[min(n_rules, len(most)) - 1])

    def leaves(self, n_rules: int) -> Iterator[tuple[Node, tuple]]:
        """Yield the leaves of the best tree, with the way to each: nodes and sides."""
        yield from self._leaves(self.root, n_rules, ())

    def _leaves(
        self, node: Node, n_rules: int, path: tuple
    ) -> Iterator[tuple[Node, tuple]]:
        n_left = self._best[id(node)][1]
        total = min(n_rules, len(n_left))
        while n_left[total - 1] < 0:
            total -= 1
        of_left = int(n_left[total - 1])
        if not of_left:
            yield node, path
            return
        yield from self._leaves(node.left, of_left, (*path, (node, True)))
        yield from self._leaves(node.right, total - of_left, (*path, (node, False)))

    def predict(self, columns: list[TreeColumn], n_rules: int) -> np.ndarray:
        """Return the segment number of each row, -1 where the model is asked."""
        rows = columns[0].numbers if columns[0].codes is None else columns[0].codes
        found = np.full(len(rows), -1, dtype=np.intp)
        sides: dict[int, np.ndarray] = {}
        for leaf, path in self.leaves(n_rules):
            here = np.ones(len(rows), dtype=bool)
            for node, is_left in path:
                if id(node) not in sides:
                    sides[id(node)] = node.goes_left(columns[node.column])
                here &= sides[id(node)] == is_left
            found[here] = -1 if leaf.segment is None else leaf.segment
        return found


class Candidates:
    """Pruned trees, of which the best is taken for each number of leaves.

    Parameters
    ----------
    trees : list of Pruned
        The trees.
    """

    def __init__(self, trees: list[Pruned]) -> None:
        self._trees = trees

    def best(self, n_rules: int) -> Pruned:
        """Return the tree with the most rows in the segment of their leaf."""
        return max(self._trees, key=lambda tree: tree.hits(n_rules))
