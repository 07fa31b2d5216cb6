"""The methods that find segments, each as an estimator that is not fitted."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline

from segmentlearn._formatting import names_text
from segmentlearn.app._columns import ColumnRoles
from segmentlearn.cluster import (
    AutoencoderClusterer,
    InductiveClusterer,
    choose_mixture,
    simple_clusterer,
    way_of,
)
from segmentlearn.exceptions import SegmentLearnError
from segmentlearn.inspection import NOISE, last_step
from segmentlearn.preprocessing import DistancePreprocessor
from segmentlearn.tables import TableFile

RECOMMENDED, DEEP, KMEANS = "recommended", "autoencoder", "kmeans"
MIXTURE, DENSITY, TREE = "mixture", "dbscan", "agglomerative"
METHODS = {
    RECOMMENDED: "Recommended: autoencoders, k-means and mixtures compete",
    DEEP: "Autoencoder, then k-means on its codes",
    KMEANS: "k-means",
    MIXTURE: "Mixture of distributions",
    DENSITY: "DBSCAN: dense groups, and noise between them",
    TREE: "Agglomerative: customers merged step by step",
}
MOST_SEGMENTS = 12
_NEIGHBOUR_SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
MOST_NOISE = 0.3
_DENSITY_ROWS = 5_000  # whose neighbours DBSCAN keeps in memory
_MIN_SAMPLES = 5  # neighbours that make a customer the core of a dense group
CHECKED_ROWS = 2_000


@dataclasses.dataclass(frozen=True)
class SegmentSettings:
    """What to find segments in, and how.

    Parameters
    ----------
    columns : tuple of str
        Columns of the table.
    method : str
        One of `METHODS`.
    n_clusters : int
        Number of segments; DBSCAN finds its own.
    eps : float or None
        DBSCAN's distance of neighbours; None finds one.
    random_state : int
        Decides everything that is drawn.
    baseline : str
        Hash of the archive of the earlier segments that live on, if there is one.
    period : str or None
        Name of the period of these customers; None counts.
    value : str or None
        Column of what a customer is worth.
    """

    columns: tuple[str, ...]
    method: str = RECOMMENDED
    n_clusters: int = 5
    eps: float | None = None
    random_state: int = 0
    baseline: str = ""
    period: str | None = None
    value: str | None = None


def segment_rows(table: TableFile, columns: Sequence[str]) -> pd.DataFrame:
    """Return the columns to find segments in, if there is something to find."""
    if not columns:
        raise SegmentLearnError("Choose one column at least.")
    X = table.frame[list(columns)]
    if X.nunique(dropna=False).max() < 2:
        raise SegmentLearnError(
            f"All {len(X):,} customers are the same in {names_text(columns)}; there is "
            "nothing to segment. Choose other columns."
        )
    return X


def build_model(
    X: pd.DataFrame, roles: ColumnRoles, settings: SegmentSettings, baseline: Any = None
) -> Any:
    """Return the estimator of a method, not fitted."""
    seed, n_clusters = settings.random_state, settings.n_clusters
    continued = {"baseline": baseline, "period": settings.period}
    parameters = roles.parameters(list(X.columns))
    preprocessor = DistancePreprocessor(**parameters)
    if settings.method in (RECOMMENDED, DEEP):
        is_deep = settings.method == DEEP
        return AutoencoderClusterer(
            clusterer=KMeans(n_init=10) if is_deep else None,
            n_clusters=n_clusters,
            compare_baselines=not is_deep,
            preprocessor=preprocessor if parameters else "auto",
            random_state=seed,
            **continued,
        )
    most: Any = _DENSITY_ROWS if settings.method == DENSITY else "auto"
    clusterer: Any = KMeans(n_clusters, n_init=10, random_state=seed)
    if settings.method == TREE:
        clusterer = AgglomerativeClustering(n_clusters)
    elif settings.method in (DENSITY, MIXTURE):
        prepared = preprocessor.fit_transform(X)
        groups = [group for group in preprocessor.output_groups_.values() if len(group)]
        if settings.method == DENSITY:
            eps = neighbour_distance(prepared) if settings.eps is None else settings.eps
            clusterer = DBSCAN(round(eps, 4), min_samples=_MIN_SAMPLES)
        elif groups:
            grouped = {at for group in groups for at in group}
            numbers = [(at,) for at in range(prepared.shape[1]) if at not in grouped]
            lists = [list(map(int, group)) for group in (*numbers, *groups)]
            clusterer = simple_clusterer(n_clusters, lists, seed)
        else:
            clusterer = choose_mixture(n_clusters, prepared, seed)
    return make_pipeline(
        DistancePreprocessor(**parameters),
        InductiveClusterer(clusterer, max_rows=most, random_state=seed, **continued),
    )


def method_text(
    model: Any, settings: SegmentSettings
) -> tuple[str, pd.DataFrame | None]:
    """Return which method a fitted model has used, in words, and what competed."""
    if settings.method != RECOMMENDED:
        text = METHODS[settings.method]
        if settings.method == DENSITY:
            eps = last_step(model).clusterer_.eps
            text += f" (customers closer than {eps:g} are neighbours)"
        return text, None
    names = ["separation", "silhouette", "likelihood", "stability", "score", "selected"]
    rows = [
        {"method": way_of(candidate), **{name: candidate[name] for name in names}}
        for candidate in model.candidates_
    ]
    selected = next(row["method"] for row in rows if row["selected"])
    return f"Selected: {selected}", pd.DataFrame(rows)


def neighbour_distance(prepared: np.ndarray) -> float:
    """Return the distance of neighbours with which DBSCAN separates most.

    Tried are distances that a share of the customers has to its fifth neighbour. Those
    that leave two dense groups or more and little noise are compared by silhouette.
    """
    rng = np.random.default_rng(0)
    rows = prepared[rng.permutation(len(prepared))[:CHECKED_ROWS]]
    n_neighbors = min(_MIN_SAMPLES, len(rows) - 1)
    nearest = NearestNeighbors(n_neighbors=n_neighbors).fit(rows)
    distances = nearest.kneighbors()[0][:, -1]
    distances = distances[distances > 0]
    if len(distances) == 0:
        return 0.5
    tried = np.unique(np.quantile(distances, _NEIGHBOUR_SHARES))
    best = (-np.inf, float(tried[-1]))
    for eps in tried:
        labels = DBSCAN(eps, min_samples=_MIN_SAMPLES).fit_predict(rows)
        known = labels != NOISE
        n_segments = len(np.unique(labels[known]))
        if not 2 <= n_segments <= MOST_SEGMENTS or known.mean() < 1 - MOST_NOISE:
            continue
        best = max(best, (silhouette_score(rows[known], labels[known]), float(eps)))
    return best[1]
