"""How good a segmentation is, told without labels and in the same space for all.

None of what is looked at lies in a space that a net has made for itself: whether
neighbours in the prepared columns are in one segment, and segments far from each other;
how likely segments make rows that they were not estimated from; and whether halves of
the table lead to the same segments.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import logsumexp
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import NearestNeighbors

from segmentlearn.cluster._class_densities import estimate, log_joint
from segmentlearn.cluster._inertia import sampled_silhouette

_N_NEIGHBORS = 10
_LEAST_VARIANCE = 0.01  # of the columns' mean variance
_N_HALVES = 5
# chosen over tables with known segments, see docs/benchmarks/clustering.rst
_WEIGHT_OF_NEIGHBORS = 5.0
_WEIGHT_OF_STABILITY = 0.05
_POWER_OF_NUMBERS = 3
_STANDARD_ERRORS = 2.0
_LEAST = 1e-3  # of what a logarithm is taken
_LEAST_LIKELIHOOD = 0.05  # of what an error is a share


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What is known of one segmentation.

    Attributes
    ----------
    separation : float
        Share of the nearest rows that are in a row's own segment, corrected for chance:
        1 where segments are apart, 0 where they are drawn by lot.
    likelihood : float
        What segments add to the mean log-likelihood of held-out rows, in nats.
    stability : float
        Mean adjusted Rand index between the segments that halves of the table lead to.
    silhouette : float
        Mean silhouette in the prepared columns; -1 with fewer than two segments. It is
        told, and does not count: it prefers round segments, whatever is true.
    gains : ndarray of shape (n_samples,) or None
        What `likelihood` is the mean of.
    share_of_numbers : float
        Columns that are numbers, of all columns. A segment can be cut out of one-hot
        columns exactly along a level, and then neighbours share it even where it means
        nothing: the more categories, the less separation counts.
    """

    separation: float
    likelihood: float
    stability: float
    silhouette: float = -1.0
    gains: np.ndarray | None = None
    share_of_numbers: float = 1.0

    @property
    def score(self) -> float:
        """All of it as one number; the larger, the better."""
        weight = _WEIGHT_OF_NEIGHBORS * self.share_of_numbers**_POWER_OF_NUMBERS
        return float(
            weight * np.log(max(self.separation, 10 * _LEAST))
            + np.log(max(self.likelihood, _LEAST))
            + _WEIGHT_OF_STABILITY * self.stability
        )

    def is_clearly_better_than(self, other: "Judgement") -> bool:
        """Tell whether a score is higher by more than few rows may bring about."""
        error = 0.0
        if self.gains is not None and other.gains is not None:
            differences = self.gains - other.gains
            error = float(differences.std() / np.sqrt(len(differences)))
        margin = _STANDARD_ERRORS * error / max(other.likelihood, _LEAST_LIKELIHOOD)
        return self.score > other.score + margin


class Judge:
    """Judges segmentations of one table."""

    def __init__(self, prepared: np.ndarray, blocks: Sequence[Sequence[int]]) -> None:
        self._prepared = prepared
        n_neighbors = min(_N_NEIGHBORS, len(prepared) - 1)
        search = NearestNeighbors(n_neighbors=n_neighbors).fit(prepared)
        self._neighbors = search.kneighbors(return_distance=False)
        categories = [list(block) for block in blocks if len(block) > 1]
        one_hot = [place for block in categories for place in block]
        numbers = np.delete(prepared, one_hot, axis=1).astype(np.float64)
        self._numbers = numbers - numbers.mean(axis=0)
        # a column that hardly varies beside others tells nothing
        variance = float(numbers.var(axis=0).mean()) if numbers.size else 1.0
        self._least_variance = _LEAST_VARIANCE * (variance or 1.0)
        self._levels = (prepared[:, one_hot] > 0).astype(np.float64)
        self._lengths = [len(block) for block in categories]
        self._share_of_numbers = 1.0 - len(categories) / max(1, len(blocks))
        order = np.random.default_rng(0).permutation(len(prepared))
        half = len(prepared) // 2
        self._halves = (order[:half], order[half:])

    def separation(self, labels: np.ndarray) -> float:
        """Return how often neighbours share a segment, corrected for chance."""
        shares = np.unique(labels, return_counts=True)[1] / len(labels)
        by_chance = float((shares**2).sum())
        if by_chance > 1 - _LEAST:
            return 0.0
        agree = float((labels[self._neighbors] == labels[:, None]).mean())
        return (agree - by_chance) / (1.0 - by_chance)

    def likelihood_gains(self, labels: np.ndarray) -> np.ndarray:
        """Return how much likelier segments make each row, held out.

        Within each segment columns are taken as independent of each other, as in
        :class:`LatentClassMixture`, their means, variances and shares are estimated
        from one half of the rows, and the other half is looked at, whatever its labels;
        then the other way round.
        """
        members = np.eye(labels.max() + 2)[labels + 1]  # noise is a segment here
        everyone = np.ones((len(labels), 1))
        gains = np.empty(len(labels))
        for learnt, held_out in (self._halves, self._halves[::-1]):
            present = members[:, members[learnt].any(axis=0)]
            gains[held_out] = self._log_likelihoods(present, learnt, held_out)
            gains[held_out] -= self._log_likelihoods(everyone, learnt, held_out)
        return gains

    def likelihood(self, labels: np.ndarray) -> float:
        """Return the mean of `likelihood_gains`."""
        return float(self.likelihood_gains(labels).mean())

    def _log_likelihoods(
        self, members: np.ndarray, learnt: np.ndarray, held_out: np.ndarray
    ) -> np.ndarray:
        numbers, levels = self._numbers, self._levels
        classes = estimate(
            members[learnt],
            numbers[learnt],
            levels[learnt],
            self._lengths,
            self._least_variance,
        )
        joint = log_joint(classes, numbers[held_out], levels[held_out])
        return logsumexp(joint, axis=1)

    def judge(self, labels: np.ndarray, stability: float) -> Judgement:
        """Return all that is known of a segmentation."""
        silhouette = sampled_silhouette(self._prepared, labels, 0)
        gains = self.likelihood_gains(labels)
        return Judgement(
            separation=self.separation(labels),
            likelihood=float(gains.mean()),
            stability=float(stability),
            silhouette=-1.0 if np.isnan(silhouette) else silhouette,
            gains=gains,
            share_of_numbers=self._share_of_numbers,
        )


def stability_of_halves(
    segment: Callable[[np.ndarray], np.ndarray],
    n_samples: int,
    random_state: np.random.RandomState,
) -> float:
    """Return how alike the segments are that halves of a table lead to."""
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
