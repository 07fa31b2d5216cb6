"""The segmentations that compete: simple ones of prepared columns, and deep ones."""

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture
from sklearn.utils import check_random_state

from segmentlearn.cluster._fitting import most_rows
from segmentlearn.cluster._inductive import InductiveClusterer
from segmentlearn.cluster._latent_classes import LatentClassMixture
from segmentlearn.cluster._selection._scorer import (
    Judge,
    Judgement,
    stability_of_halves,
)

PREPARED = "prepared"
CODES = "codes"
_MOST_ROWS_OF_MIXTURE = 20_000
_MOST_ROWS_OF_HALVES = 5_000
_COVARIANCES = ("full", "tied", "diag", "spherical")
_LEAST_COVARIANCE = 1e-3  # of columns with deviations about one
_INITS, _INITS_OF_HALVES = 10, 2


@dataclasses.dataclass
class Candidate:
    """One segmentation.

    Parameters
    ----------
    name : str
        What is clustered how, such as "kmeans on prepared".
    space : {"prepared", "codes"}
        What the clusterer sees.
    members : tuple of int
        Autoencoders whose codes it sees, side by side; empty for "prepared".
    clusterer : InductiveClusterer
        Fitted to the rows that are learnt from.
    judgement : Judgement or None
        None where nothing had to be chosen.
    """

    name: str
    space: str
    members: tuple[int, ...]
    clusterer: InductiveClusterer
    judgement: Judgement | None = None

    @property
    def labels(self) -> np.ndarray:
        """Segments of the rows that were learnt from."""
        return self.clusterer.labels_

    @property
    def score(self) -> float:
        """What candidates are compared by; the larger, the better."""
        return -np.inf if self.judgement is None else self.judgement.score


def default_clusterers(
    n_clusters: int,
    features: np.ndarray,
    seed: int,
    with_mixture: bool,
    blocks: Sequence = (),
) -> dict:
    """Return the clusterers that compete where the user names none."""
    found = {"kmeans": KMeans(n_clusters, n_init=_INITS, random_state=seed)}
    if with_mixture and blocks:
        found["latent classes"] = latent_classes(n_clusters, blocks, seed)
    elif with_mixture:
        found["mixture"] = choose_mixture(n_clusters, features, seed)
    return found


def choose_mixture(n_clusters: int, features: np.ndarray, seed: int) -> Any:
    """Return a Gaussian mixture, its kind of covariances chosen by BIC."""
    rows = features[:_MOST_ROWS_OF_HALVES]
    lowest = (np.inf, "diag")
    for covariances in _COVARIANCES:
        mixture = _mixture(n_clusters, covariances, 1, seed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                bic = mixture.fit(rows).bic(rows)
        except ValueError:  # a component without rows to speak of
            continue
        lowest = min(lowest, (bic, covariances))
    return _mixture(n_clusters, lowest[1], 3, seed)


def latent_classes(n_clusters: int, blocks: Sequence, seed: int | None) -> Any:
    """Return a mixture for columns with categories among them."""
    blocks = [list(block) for block in blocks]
    return LatentClassMixture(n_clusters, blocks=blocks, random_state=seed)


def simple_clusterer(n_clusters: int, blocks: Sequence) -> Any:
    """Return the clusterer that counts segments in prepared columns."""
    if blocks:
        return latent_classes(n_clusters, blocks, None)
    return KMeans(n_clusters, n_init=_INITS)


def fit_candidate(
    name: str,
    clusterer: Any,
    features: np.ndarray,
    members: Sequence[int],
    seed: int,
) -> Candidate:
    """Fit a clusterer to prepared columns, or to codes."""
    space = CODES if members else PREPARED
    of_these = f" of {len(members)} autoencoders" if len(members) > 1 else ""
    return Candidate(
        f"{name} on {space}{of_these}",
        space,
        tuple(members),
        _inductive(clusterer, seed).fit(features),
    )


def judge_candidate(
    candidate: Candidate,
    features: np.ndarray,
    judge: Judge,
    judged_rows: np.ndarray,
    seed: int,
) -> Candidate:
    """Find out what a candidate is worth."""
    random_state = check_random_state(seed)
    clusterer = candidate.clusterer.clusterer
    most = min(_MOST_ROWS_OF_HALVES, (most_rows(clusterer) or 10**9) // 5)
    rows = features
    if len(features) > most:
        rows = features[np.sort(random_state.permutation(len(features))[:most])]
    # centres that were trained on all rows would make halves alike
    quick = _quick(without_centers(clusterer))

    def segment(learnt: np.ndarray) -> np.ndarray:
        return _inductive(quick, seed).fit(rows[learnt]).predict(rows)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            stability = stability_of_halves(segment, len(rows), random_state)
        except ValueError:  # fewer rows in a half than segments
            stability = 0.0
    labels = candidate.clusterer.labels_[judged_rows]
    candidate.judgement = judge.judge(labels, stability)
    return candidate


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """Return the candidate with the highest score, the first of equals."""
    return max(candidates, key=lambda candidate: candidate.score)


def with_n_clusters(clusterer: Any, n_clusters: int | None) -> Any:
    """Return a copy of a clusterer with a number of segments."""
    copy = clone(clusterer)
    name = _name_of_n_clusters(copy)
    if n_clusters is not None and name is not None:
        return copy.set_params(**{name: n_clusters})
    return copy


def n_clusters_of(clusterer: Any) -> int | None:
    """Return how many segments a clusterer looks for."""
    name = _name_of_n_clusters(clusterer)
    return None if name is None else clusterer.get_params(deep=False)[name]


def without_centers(clusterer: Any) -> Any:
    """Return a copy of a clusterer that starts from no centres given beforehand."""
    copy = clone(clusterer)
    if isinstance(copy, KMeans) and not isinstance(copy.init, str):
        copy.set_params(init="k-means++", n_init=_INITS)
    return copy


def _name_of_n_clusters(clusterer: Any) -> str | None:
    """Return the parameter that sets the number of segments."""
    names = clusterer.get_params(deep=False)
    return next((one for one in ("n_clusters", "n_components") if one in names), None)


def _mixture(n_clusters: int, covariances: str, n_init: int, seed: int) -> Any:
    return GaussianMixture(
        n_clusters,
        covariance_type=covariances,
        reg_covar=_LEAST_COVARIANCE,
        n_init=n_init,
        max_iter=200,
        random_state=seed,
    )


def _inductive(clusterer: Any, seed: int) -> InductiveClusterer:
    is_mixture = isinstance(clusterer, GaussianMixture | LatentClassMixture)
    most = _MOST_ROWS_OF_MIXTURE if is_mixture else "auto"
    return InductiveClusterer(clusterer, max_rows=most, random_state=seed)


def _quick(clusterer: Any) -> Any:
    """Return a copy that starts fewer times, for fits that are compared only."""
    n_init = clusterer.get_params(deep=False).get("n_init")
    if isinstance(n_init, int) and n_init > _INITS_OF_HALVES:
        return clone(clusterer).set_params(n_init=_INITS_OF_HALVES)
    return clone(clusterer)
