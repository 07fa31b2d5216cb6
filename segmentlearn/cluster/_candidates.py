"""The segmentations among which one is selected: simple ones and deep ones."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture
from sklearn.utils import check_random_state

from segmentlearn.cluster._fitting import max_rows_of, without_warnings
from segmentlearn.cluster._inductive import InductiveClusterer
from segmentlearn.cluster._latent_classes import LatentClassMixture
from segmentlearn.cluster._segmentation_score import stability_of_halves
from segmentlearn.cluster._starts import better_start

PREPARED = "prepared"
CODES = "codes"
_MAX_ROWS_OF_MIXTURE = 20_000
_MAX_ROWS_OF_HALVES = 5_000
_COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
_MIN_COVARIANCE = 1e-3  # of columns with deviations about one
_N_INIT, _N_INIT_OF_HALVES = 10, 2
_METHODS = {
    "kmeans": "k-means",
    "mixture": "Gaussian mixture",
    "latent classes": "latent classes",
    "idec": "joint training (IDEC)",
    "dcn": "joint training (DCN)",
}


@dataclasses.dataclass
class Candidate:
    """One segmentation.

    Parameters
    ----------
    name : str
        Clusterer and space, such as "kmeans on prepared".
    members : tuple of int
        Autoencoders whose codes are segmented, side by side; empty for prepared
        columns.
    clusterer : InductiveClusterer
        Fitted.
    scores : SegmentationScore or None
        None without a comparison.
    """

    name: str
    members: tuple[int, ...]
    clusterer: InductiveClusterer
    scores: Any = None

    @property
    def space(self) -> str:
        """What the clusterer sees."""
        return CODES if self.members else PREPARED

    @property
    def total(self) -> float:
        """The score by which candidates are compared; higher is better."""
        return -np.inf if self.scores is None else self.scores.total


def default_clusterers(
    n_clusters: int,
    features: np.ndarray,
    seed: int,
    with_mixture: bool,
    categories: Sequence = (),
) -> dict[str, Any]:
    """Return the clusterers that are compared where the user names none."""
    found = {"kmeans": simple_clusterer(n_clusters, (), seed)}
    if with_mixture and categories:
        found["latent classes"] = simple_clusterer(n_clusters, categories, seed)
    elif with_mixture:
        found["mixture"] = choose_mixture(n_clusters, features, seed)
    return found


def choose_mixture(n_clusters: int, features: np.ndarray, seed: int) -> GaussianMixture:
    """Return a Gaussian mixture, its kind of covariances chosen by BIC."""
    rows = features[:_MAX_ROWS_OF_HALVES]
    mixture = GaussianMixture(
        n_clusters, reg_covar=_MIN_COVARIANCE, max_iter=200, random_state=seed
    )
    lowest = (np.inf, "diag")
    for covariance_type in _COVARIANCE_TYPES:
        mixture.set_params(covariance_type=covariance_type)
        try:
            with without_warnings():
                bic = mixture.fit(rows).bic(rows)
        except ValueError:  # a component without rows to speak of
            continue
        lowest = min(lowest, (bic, covariance_type))
    return clone(mixture).set_params(covariance_type=lowest[1], n_init=3)


def simple_clusterer(
    n_clusters: int, categories: Sequence, seed: int | None = None
) -> Any:
    """Return a clusterer for prepared columns: latent classes if any is categorical."""
    if not categories:
        return KMeans(n_clusters, n_init=_N_INIT, random_state=seed)
    groups = [list(group) for group in categories]
    return LatentClassMixture(n_clusters, column_groups=groups, random_state=seed)


def fit_candidate(
    name: str,
    clusterer: Any,
    features: np.ndarray,
    members: Sequence[int],
    seed: int,
    known: np.ndarray | None = None,
) -> Candidate:
    """Fit a clusterer to prepared columns, or to codes; from known segments, too."""
    fitted = _inductive(clusterer, seed).fit(features)
    if known is not None:
        fitted = better_start(fitted, features, known)
    of_members = f" of {len(members)} autoencoders" if len(members) > 1 else ""
    space = CODES if members else PREPARED
    return Candidate(f"{name} on {space}{of_members}", tuple(members), fitted)


def stability_of(clusterer: Any, features: np.ndarray, seed: int) -> float:
    """Return how well segments from halves of the rows agree."""
    random_state = check_random_state(seed)
    most = min(_MAX_ROWS_OF_HALVES, (max_rows_of(clusterer) or 10**9) // 5)
    rows = features
    if len(rows) > most:
        rows = rows[np.sort(random_state.permutation(len(rows))[:most])]
    # centres trained on all rows would make halves agree
    quick = without_centers(clusterer)
    n_init = quick.get_params(deep=False).get("n_init")
    if isinstance(n_init, int) and n_init > _N_INIT_OF_HALVES:
        quick.set_params(n_init=_N_INIT_OF_HALVES)

    def segment(train: np.ndarray) -> np.ndarray:
        return _inductive(quick, seed).fit(rows[train]).predict(rows)

    with without_warnings():
        try:
            return stability_of_halves(segment, len(rows), random_state)
        except ValueError:  # fewer rows in a half than segments
            return 0.0


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """Return the candidate with the highest score, the first of equals."""
    return max(candidates, key=lambda candidate: candidate.total)


def with_n_clusters(clusterer: Any, n_clusters: int | None) -> Any:
    """Return a copy of a clusterer with a number of segments."""
    copy = clone(clusterer)
    name = _name_of_n_clusters(copy)
    if n_clusters is not None and name is not None:
        copy.set_params(**{name: n_clusters})
    return copy


def n_clusters_of(clusterer: Any) -> int | None:
    """Return how many segments a clusterer looks for."""
    name = _name_of_n_clusters(clusterer)
    return None if name is None else clusterer.get_params(deep=False)[name]


def without_centers(clusterer: Any) -> Any:
    """Return a copy of a clusterer that starts from no centres given beforehand."""
    copy = clone(clusterer)
    if isinstance(copy, KMeans) and not isinstance(copy.init, str):
        copy.set_params(init="k-means++", n_init=_N_INIT)
    return copy


def _name_of_n_clusters(clusterer: Any) -> str | None:
    """Return the parameter that sets the number of segments."""
    known = clusterer.get_params(deep=False)
    return next((n for n in ("n_clusters", "n_components") if n in known), None)


def _inductive(clusterer: Any, seed: int) -> InductiveClusterer:
    is_mixture = isinstance(clusterer, GaussianMixture | LatentClassMixture)
    most = _MAX_ROWS_OF_MIXTURE if is_mixture else "auto"
    return InductiveClusterer(clusterer, max_rows=most, random_state=seed)


def way_of(candidate: dict[str, Any]) -> str:
    """Return in words how a candidate's segments were found."""
    method = candidate["name"].partition(" on ")[0]
    method = _METHODS.get(method, method)
    if candidate["space"] == "prepared":
        return f"{method} on prepared columns"
    length = candidate["n_components"]
    if isinstance(length, list):
        return f"{method} on the codes of {len(length)} autoencoders"
    numbers = "1 number" if length == 1 else f"{length} numbers"
    return f"{method} on codes of {numbers}"
