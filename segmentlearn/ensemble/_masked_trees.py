"""Boosted trees that score many rows at once, by masks of the leaves."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

_BLOCK = 256  # trees whose masks are looked up together; they stay in the cache
_CHUNK = 1024  # rows
_MOST_STEPS = 256  # of features whose masks are put together
_WIDTHS = (8, 16, 32, 64)  # leaves that the masks of a tree have room for


class MaskedTrees:
    """Predict what scikit-learn's trees do, without going through them row by row.

    A tree's mask has a bit for each leaf, from left to right. Each split that sends a
    row to the right rules the leaves on its left out; the first one that all splits
    leave is where the row ends [1]_. What the splits of a feature leave depends on how
    many of their thresholds its value exceeds, and is looked up.

    References
    ----------
    .. [1] C. Lucchese et al., "QuickScorer: a fast algorithm to rank documents with
       additive ensembles of regression trees", SIGIR 2015.

    Parameters
    ----------
    model : HistGradientBoostingClassifier
        Fitted, with splits by numbers only, for features without NaN.
    """

    def __init__(self, model: HistGradientBoostingClassifier) -> None:
        self.classes_ = model.classes_
        self._model = model
        self._n_outputs = model.n_trees_per_iteration_
        trees = [tree.nodes for step in model._predictors for tree in step]
        size = max(1, _BLOCK // self._n_outputs) * self._n_outputs
        starts = range(0, len(trees), size)
        self._blocks = [_Block(trees[start : start + size]) for start in starts]

    @staticmethod
    def can_hold(model: HistGradientBoostingClassifier) -> bool:
        """Return whether no tree has more leaves than a mask has bits."""
        sizes = [len(tree.nodes) for step in model._predictors for tree in step]
        return max(sizes) < 2 * _WIDTHS[-1]

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        """Return the probability of each class for each row."""
        raw = np.zeros((len(features), self._n_outputs))
        raw += self._model._baseline_prediction
        for block in self._blocks:
            block.add_to(raw, features)
        return self._model._loss.predict_proba(raw)


class _Block:
    """Masks of some trees, for each feature and number of thresholds exceeded."""

    def __init__(self, trees: list[np.ndarray]) -> None:
        nodes = np.concatenate(trees)
        sizes = np.array([len(tree) for tree in trees])
        tree = np.repeat(np.arange(len(trees)), sizes)
        first = np.cumsum(sizes) - sizes
        is_leaf = nodes["is_leaf"].astype(bool)
        before = np.cumsum(is_leaf) - is_leaf  # nodes are in the order of the leaves
        before -= before[first][tree]
        most = int(before.max()) + 1
        width = next(width for width in _WIDTHS if most <= width)
        self._dtype = np.dtype(f"uint{width}")
        self._values = np.zeros((len(trees), most))
        self._values[tree[is_leaf], before[is_leaf]] = nodes["value"][is_leaf]
        self._first = (np.arange(len(trees)) * most).astype(np.int32)
        inner = np.flatnonzero(~is_leaf)
        right = first[tree[inner]] + nodes["right"][inner]
        ends = [before[at].astype(np.uint64) for at in (inner, right)]
        one = np.uint64(1)
        kept = (~((one << ends[1]) - (one << ends[0]))).astype(self._dtype)
        splits = nodes["feature_idx"][inner], nodes["num_threshold"][inner]
        self._lookups = _merge(self._tables(*splits, tree[inner], kept))

    def _tables(
        self,
        features: np.ndarray,
        thresholds: np.ndarray,
        trees: np.ndarray,
        kept: np.ndarray,
    ) -> list[tuple[list[tuple[int, np.ndarray]], np.ndarray]]:
        """Return the thresholds of each feature, and the masks between them."""
        full = np.iinfo(self._dtype).max
        found = []
        for feature in np.unique(features):
            own = features == feature
            steps, at = np.unique(thresholds[own], return_inverse=True)
            table = np.full((len(steps) + 1, len(self._first)), full, self._dtype)
            np.bitwise_and.at(table, (at + 1, trees[own]), kept[own])
            np.bitwise_and.accumulate(table, axis=0, out=table)
            found.append(([(int(feature), steps)], table))
        return found

    def add_to(self, raw: np.ndarray, features: np.ndarray) -> None:
        """Add the values of the leaves that rows end in."""
        codes = [_codes(splits, features) for splits, _ in self._lookups]
        values = self._values.ravel()
        for start in range(0, len(raw), _CHUNK):
            rows = slice(start, start + _CHUNK)
            n_rows = len(raw[rows])
            full = np.iinfo(self._dtype).max
            left = np.full((n_rows, len(self._first)), full, self._dtype)
            for (_, table), code in zip(self._lookups, codes, strict=True):
                left &= table.take(code[rows], axis=0)
            lowest = left & (~left + self._dtype.type(1))
            # the exponent of a power of two is the position of its bit
            leaves = (lowest.astype(np.float32).view(np.int32) >> 23) - 127
            at = np.ascontiguousarray((leaves + self._first).T)
            found = values.take(at).reshape(-1, raw.shape[1], n_rows)
            found[0] += raw[rows].T  # summed in the order of the trees, as they are
            raw[rows] = found.sum(axis=0).T


def _merge(tables: list) -> list:
    """Put features of few thresholds together, so that fewer masks are looked up."""
    merged: list = []
    for splits, table in sorted(tables, key=lambda one: len(one[1])):
        if merged and len(merged[-1][1]) * len(table) <= _MOST_STEPS:
            others, masks = merged[-1]
            both = (masks[:, None] & table).reshape(-1, table.shape[1])
            merged[-1] = (others + splits, both)
        else:
            merged.append((splits, table))
    return merged


def _codes(splits: list[tuple[int, np.ndarray]], features: np.ndarray) -> np.ndarray:
    """Return the row of the masks that each row of the features is looked up in."""
    codes = np.zeros(len(features), dtype=np.intp)
    for feature, steps in splits:
        column = features[:, feature]
        codes *= len(steps) + 1
        # a single threshold, as of a category, needs no search
        codes += column > steps if len(steps) == 1 else np.searchsorted(steps, column)
    return codes
