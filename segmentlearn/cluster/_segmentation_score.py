"""The quality of a segmentation, without true labels and in the same space for all.

All is measured in the prepared columns, not in a code: whether neighbours are in one
segment; the likelihood of rows that segments were not estimated from; and whether
halves of the table lead to the same segments.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import logsumexp
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.neighbors import NearestNeighbors

from segmentlearn.cluster._centers import mean_silhouette, sums_by_segment
from segmentlearn.cluster._latent_classes import estimate, log_joint

_N_NEIGHBORS = 10
_MIN_VARIANCE = 0.01  # of the columns' mean variance
_N_HALVES = 5
# chosen over tables with known segments, see docs/benchmarks/clustering.rst
_SEPARATION_WEIGHT = 5.0
STABILITY_WEIGHT = 0.05
_NUMERIC_SHARE_POWER = 3
_STANDARD_ERRORS = 2.0
_MIN_LOG_ARGUMENT = 1e-3
_MIN_LIKELIHOOD = 0.05  # of which a standard error is a share


@dataclasses.dataclass(frozen=True)
class SegmentationScore:
    """The measures of one segmentation.

    Attributes
    ----------
    separation : float
        Share of the nearest rows that are in a row's own segment, corrected for chance:
        1 where segments are separated, 0 where labels are random.
    likelihood : float
        What segments add to the mean log-likelihood of held-out rows, in nats.
    stability : float or None
        Mean adjusted Rand index between the segments that halves of the table lead to,
        1 at most; None where it has not been measured.
    silhouette : float
        Mean silhouette in the prepared columns; -1 with fewer than two segments. It is
        reported and does not count: it prefers round segments, whatever is true.
    gains : ndarray of shape (n_samples,) or None
        What `likelihood` is the mean of.
    numeric_share : float
        Share of the columns that are numeric. A segment may be exactly the
        customers of one level, and then neighbours share it even where it means
        nothing: the more categories, the less separation counts.
    """

    separation: float
    likelihood: float
    stability: float | None
    silhouette: float = -1.0
    gains: np.ndarray | None = None
    numeric_share: float = 1.0

    @property
    def total(self) -> float:
        """All measures as one number; higher is better. None counts as 0."""
        weight = _SEPARATION_WEIGHT * self.numeric_share**_NUMERIC_SHARE_POWER
        return float(
            weight * np.log(max(self.separation, 10 * _MIN_LOG_ARGUMENT))
            + np.log(max(self.likelihood, _MIN_LOG_ARGUMENT))
            + STABILITY_WEIGHT * (self.stability or 0.0)
        )

    def is_clearly_better_than(self, other: "SegmentationScore") -> bool:
        """Return whether the total is higher by more than chance explains."""
        error = 0.0
        if self.gains is not None and other.gains is not None:
            differences = self.gains - other.gains
            error = float(differences.std() / np.sqrt(len(differences)))
        margin = _STANDARD_ERRORS * error / max(other.likelihood, _MIN_LIKELIHOOD)
        return self.total > other.total + margin


class SegmentationScorer:
    """Scores segmentations of one table; neighbours are searched once for all."""

    def __init__(
        self, prepared: np.ndarray, column_groups: Sequence[Sequence[int]]
    ) -> None:
        self._distances = euclidean_distances(prepared)
        n_neighbors = min(_N_NEIGHBORS, len(prepared) - 1)
        search = NearestNeighbors(n_neighbors=n_neighbors).fit(prepared)
        self._neighbors = search.kneighbors(return_distance=False)
        categories = [list(group) for group in column_groups if len(group) > 1]
        one_hot = [position for group in categories for position in group]
        numbers = np.delete(prepared, one_hot, axis=1).astype(np.float64)
        self._numbers = numbers - numbers.mean(axis=0)
        # a column that hardly varies beside others holds no information on segments
        variance = float(numbers.var(axis=0).mean()) if numbers.size else 1.0
        self._min_variance = _MIN_VARIANCE * (variance or 1.0)
        self._levels = (prepared[:, one_hot] > 0).astype(np.float64)
        self._n_levels = [len(group) for group in categories]
        self._numeric_share = 1.0 - len(categories) / max(1, len(column_groups))
        order = np.random.default_rng(0).permutation(len(prepared))
        self._halves = np.split(order, [len(prepared) // 2])

    def score(
        self, labels: np.ndarray, stability: float | None = None
    ) -> SegmentationScore:
        """Return all measures of a segmentation but for its stability."""
        known = np.flatnonzero(labels >= 0)
        distances = self._distances
        if len(known) < len(labels):
            distances = distances[np.ix_(known, known)]
        sums = sums_by_segment(distances, labels[known])
        silhouette = mean_silhouette(sums, labels[known])
        gains = self._likelihood_gains(labels)
        return SegmentationScore(
            separation=self._separation(labels),
            likelihood=float(gains.mean()),
            stability=stability,
            silhouette=-1.0 if np.isnan(silhouette) else silhouette,
            gains=gains,
            numeric_share=self._numeric_share,
        )

    def _separation(self, labels: np.ndarray) -> float:
        """Return how often neighbours share a segment, corrected for chance."""
        shares = np.unique(labels, return_counts=True)[1] / len(labels)
        by_chance = float((shares**2).sum())
        if by_chance > 1 - _MIN_LOG_ARGUMENT:
            return 0.0
        agree = float((labels[self._neighbors] == labels[:, None]).mean())
        return (agree - by_chance) / (1.0 - by_chance)

    def _likelihood_gains(self, labels: np.ndarray) -> np.ndarray:
        """Return how much segments add to the log-likelihood of each row, held out.

        Classes are estimated from one half of the rows, as in
        :class:`LatentClassMixture`, and evaluated on the other half, whatever its
        labels; then the other way round.
        """
        memberships = np.eye(labels.max() + 2)[labels + 1]  # noise is a segment here
        all_rows = np.ones((len(labels), 1))
        gains = np.empty(len(labels))
        for train, held_out in (self._halves, self._halves[::-1]):
            present = memberships[:, memberships[train].any(axis=0)]
            gains[held_out] = self._log_likelihoods(present, train, held_out)
            gains[held_out] -= self._log_likelihoods(all_rows, train, held_out)
        return gains

    def _log_likelihoods(
        self, memberships: np.ndarray, train: np.ndarray, held_out: np.ndarray
    ) -> np.ndarray:
        numbers, levels = self._numbers, self._levels
        rows = memberships[train], numbers[train], levels[train]
        classes = estimate(*rows, self._n_levels, self._min_variance)
        joint = log_joint(classes, numbers[held_out], levels[held_out])
        return logsumexp(joint, axis=1)


def stability_of_halves(
    segment: Callable[[np.ndarray], np.ndarray],
    n_samples: int,
    random_state: np.random.RandomState,
) -> float:
    """Return the mean adjusted Rand index between segmentations learnt from halves."""
    labels = [
        segment(np.sort(random_state.permutation(n_samples)[: max(2, n_samples // 2)]))
        for _ in range(_N_HALVES)
    ]
    pairs = [
        adjusted_rand_score(labels[first], labels[second])
        for first in range(_N_HALVES)
        for second in range(first)
    ]
    return float(np.mean(pairs))
