"""How good a segmentation is, told without labels and in the same space for all.

Three things are looked at, none of them in a space that a net has made for itself:
whether neighbours in the prepared columns are in one segment, how much segments tell of
the columns, and whether halves of the table lead to the same segments.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from sklearn.metrics import adjusted_rand_score, mutual_info_score
from sklearn.neighbors import NearestNeighbors

_N_NEIGHBORS = 10
_N_BINS = 10
_N_HALVES = 5
# chosen over forty tables with known segments, see docs/benchmarks/clustering.rst
_WEIGHT_OF_NEIGHBORS = 4.0
_WEIGHT_OF_STABILITY = 0.3
_LEAST = 1e-3  # of what a logarithm is taken


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What is known of one segmentation.

    Parameters
    ----------
    separation : float
        Share of the nearest rows that are in a row's own segment, corrected for chance:
        1 where segments are apart, 0 where they are drawn by lot.
    information : float
        What the segment tells of all columns together, in nats.
    stability : float
        Mean adjusted Rand index between the segments that halves of the table lead to.
    """

    separation: float
    information: float
    stability: float

    @property
    def score(self) -> float:
        """The three as one number; the larger, the better."""
        return float(
            _WEIGHT_OF_NEIGHBORS * np.log(max(self.separation, 10 * _LEAST))
            + np.log(max(self.information, _LEAST))
            + _WEIGHT_OF_STABILITY * self.stability
        )


class Judge:
    """Judges segmentations of one table.

    Parameters
    ----------
    prepared : ndarray of shape (n_samples, n_features)
        Rows in whose distances segments are judged.
    blocks : sequence of sequence of int
        Features that make up each column: one number, or the block of a category.

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.cluster.judgement import Judge
    >>> rows = np.repeat([[0.0], [5.0]], 20, axis=0) + np.linspace(0, 1, 40)[:, None]
    >>> judge = Judge(rows, [(0,)])
    >>> halves, stripes = np.repeat([0, 1], 20), np.tile([0, 1], 20)
    >>> judge.separation(halves) > judge.separation(stripes)
    True
    """

    def __init__(self, prepared: np.ndarray, blocks: Sequence[Sequence[int]]) -> None:
        n_neighbors = min(_N_NEIGHBORS, len(prepared) - 1)
        search = NearestNeighbors(n_neighbors=n_neighbors).fit(prepared)
        self._neighbors = search.kneighbors(return_distance=False)
        self._columns = [_binned(prepared[:, list(block)]) for block in blocks]

    def separation(self, labels: np.ndarray) -> float:
        """Return how often neighbours share a segment, corrected for chance.

        Parameters
        ----------
        labels : ndarray of int, shape (n_samples,)

        Returns
        -------
        separation : float
        """
        shares = np.unique(labels, return_counts=True)[1] / len(labels)
        by_chance = float((shares**2).sum())
        if by_chance > 1 - _LEAST:
            return 0.0
        agree = float((labels[self._neighbors] == labels[:, None]).mean())
        return (agree - by_chance) / (1.0 - by_chance)

    def information(self, labels: np.ndarray) -> float:
        """Return what segments tell of the columns.

        The sum over the columns of their mutual information with the segment, less the
        part that chance gives (the Miller-Madow correction).

        Parameters
        ----------
        labels : ndarray of int, shape (n_samples,)

        Returns
        -------
        information : float
            In nats.
        """
        n_rows, n_segments = len(labels), len(np.unique(labels))
        total = 0.0
        for column, n_levels in self._columns:
            by_chance = (n_levels - 1) * (n_segments - 1) / (2 * n_rows)
            total += mutual_info_score(column, labels) - by_chance
        return total

    def judge(self, labels: np.ndarray, stability: float) -> Judgement:
        """Return all that is known of a segmentation.

        Parameters
        ----------
        labels : ndarray of int, shape (n_samples,)
        stability : float
            See :func:`stability_of_halves`.

        Returns
        -------
        judgement : Judgement
        """
        return Judgement(
            self.separation(labels), self.information(labels), float(stability)
        )


def stability_of_halves(
    segment: Callable[[np.ndarray], np.ndarray],
    n_samples: int,
    random_state: np.random.RandomState,
) -> float:
    """Return how alike the segments are that halves of a table lead to.

    Parameters
    ----------
    segment : callable
        Takes positions of rows to learn from; gives labels of all rows.
    n_samples : int
        Rows of the table.
    random_state : RandomState
        Draws the halves.

    Returns
    -------
    stability : float
        Mean adjusted Rand index of five halves, pair by pair.
    """
    labels = [
        segment(np.sort(random_state.permutation(n_samples)[: max(2, n_samples // 2)]))
        for _ in range(_N_HALVES)
    ]
    pairs = [
        adjusted_rand_score(labels[one], labels[other])
        for one in range(_N_HALVES)
        for other in range(one)
    ]
    return float(np.mean(pairs))


def _binned(block: np.ndarray) -> tuple[np.ndarray, int]:
    """Return a column's level in each row, and the number of levels."""
    if block.shape[1] > 1:
        levels = block.argmax(axis=1)
    else:
        values = block[:, 0]
        levels = np.unique(values, return_inverse=True)[1]
        if levels.max() >= _N_BINS:
            cuts = np.quantile(values, np.arange(1, _N_BINS) / _N_BINS)
            levels = np.searchsorted(np.unique(cuts), values, side="right")
    return levels, len(np.unique(levels))
