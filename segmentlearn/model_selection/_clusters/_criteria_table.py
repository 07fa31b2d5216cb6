"""The table of criteria: every number of clusters over the same features."""

import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

from segmentlearn.metrics import silhouette_sampled
from segmentlearn.model_selection._clusters._clustering_task import fit_clusterer
from segmentlearn.model_selection._clusters._criteria import (
    bootstrap_agreement,
    draw_seed,
    gap_statistic,
    mixture_bic,
    prediction_strength,
    within_sum_of_squares,
)
from segmentlearn.model_selection._clusters._null_reference import reference_table

CRITERIA = (
    "elbow",
    "silhouette",
    "silhouette_gain",
    "calinski_harabasz",
    "davies_bouldin",
    "gap",
    "bic",
    "prediction_strength",
    "stability",
)
_N_SPLITS = 5  # halvings of the table for the prediction strength
_REFERENCE_ROWS = 500  # of which silhouettes are averaged in a table without segments


class Comparison:
    """Computes columns of criteria, a row for each number of clusters from 1."""

    def __init__(self, problem, n_clusters, n_bootstraps, n_references, random_state):
        self.problem = problem
        self.n_clusters = n_clusters
        self.n_bootstraps = n_bootstraps
        self.n_references = n_references
        # one for each criterion, so that leaving one out does not change the others
        self.seeds = {name: draw_seed(random_state) for name in ("fit", *CRITERIA)}
        self._cached_references = None

    def table(self, criteria):
        """Return the columns of these criteria."""
        features = self.problem.features
        labels = {1: np.zeros(len(features), int)}
        for k in self.n_clusters:
            labels[k] = self._cluster(features, k, self.seeds["fit"])[1]
        table = pd.DataFrame(index=pd.Index(labels, name="n_clusters"))
        table["smallest_share"] = [_smallest_share(one) for one in labels.values()]
        for name in (name for name in CRITERIA if name in criteria):
            for column, values in getattr(self, f"_{name}")(labels).items():
                table[column] = pd.Series(values, dtype=float)
        return table

    def _cluster(self, rows, n_clusters, seed):
        """Return the clusterer, fitted to rows, and their labels."""
        if n_clusters == 1:
            return None, np.zeros(len(rows), int)
        with warnings.catch_warnings():
            # drawn again, a table may hold fewer different rows than clusters
            warnings.simplefilter("ignore", ConvergenceWarning)
            return fit_clusterer(self.problem.clusterer, rows, n_clusters, seed)

    def _elbow(self, labels):
        space = self.problem.space
        inertias = {k: within_sum_of_squares(space, one) for k, one in labels.items()}
        return {"inertia": inertias}

    def _silhouette(self, labels):
        def mean(one):
            seed = self.seeds["silhouette"]
            return silhouette_sampled(self.problem.space, one, random_state=seed).mean

        return {"silhouette": {k: mean(labels[k]) for k in self.n_clusters}}

    def _calinski_harabasz(self, labels):
        return {"calinski_harabasz": self._score(calinski_harabasz_score, labels)}

    def _davies_bouldin(self, labels):
        return {"davies_bouldin": self._score(davies_bouldin_score, labels)}

    def _score(self, score, labels):
        """Return a score of scikit-learn's where there are two clusters or more."""
        return {
            k: score(self.problem.space, labels[k])
            for k in self.n_clusters
            if len(np.unique(labels[k])) > 1
        }

    def _silhouette_gain(self, labels):
        features, seed = self.problem.features, self.seeds["silhouette"]
        expected = dict(zip(labels, self._references()[1].mean(axis=0), strict=True))
        own = {
            k: silhouette_sampled(features, labels[k], random_state=seed).mean
            for k in self.n_clusters
        }
        return {"silhouette_gain": {k: own[k] - expected[k] for k in self.n_clusters}}

    def _gap(self, labels):
        features = self.problem.features
        inertias = [within_sum_of_squares(features, one) for one in labels.values()]
        gaps, errors = gap_statistic(inertias, self._references()[0])
        return {
            "gap": dict(zip(labels, gaps, strict=True)),
            "gap_se": dict(zip(labels, errors, strict=True)),
        }

    def _references(self):
        """Return inertias and silhouettes of tables without segments; rows are tables.

        The columns are the numbers of clusters, from 1; with 1 there is no silhouette.
        """
        if self._cached_references is not None:
            return self._cached_references
        random_state = np.random.RandomState(self.seeds["gap"])
        numbers = [1, *self.n_clusters]
        inertias = np.empty((self.n_references, len(numbers)))
        silhouettes = np.empty_like(inertias)
        for table_number in range(self.n_references):
            table = reference_table(self.problem.features, random_state)
            seed = draw_seed(random_state)
            for place, k in enumerate(numbers):
                _, labels = self._cluster(table, k, seed)
                inertias[table_number, place] = within_sum_of_squares(table, labels)
                silhouettes[table_number, place] = silhouette_sampled(
                    table, labels, n_rows=_REFERENCE_ROWS, random_state=seed
                ).mean
        self._cached_references = inertias, silhouettes
        return self._cached_references

    def _bic(self, labels):
        features, seed = self.problem.features, self.seeds["bic"]
        if not hasattr(self.problem.clusterer, "bic"):
            return {"bic": {k: mixture_bic(features, k, seed) for k in labels}}
        own = {}
        for k in labels:
            fitted, _ = fit_clusterer(self.problem.clusterer, features, k, seed)
            own[k] = fitted.bic(features)
        return {"bic": own}

    def _prediction_strength(self, labels):
        strengths = {
            k: prediction_strength(
                self.problem.features,
                k,
                self._cluster,
                _N_SPLITS,
                np.random.RandomState(self.seeds["prediction_strength"]),
            )
            for k in self.n_clusters
        }
        # both directions of a split go together, so the splits are what is independent
        splits = {k: one.reshape(-1, 2).mean(axis=1) for k, one in strengths.items()}
        errors = {k: one.std(ddof=1) / np.sqrt(len(one)) for k, one in splits.items()}
        return {
            "prediction_strength": {1: 1.0}
            | {k: one.mean() for k, one in strengths.items()},
            "prediction_strength_se": {1: 0.0} | errors,
        }

    def _stability(self, labels):
        features = self.problem.features
        random_state = np.random.RandomState(self.seeds["stability"])
        samples = [
            random_state.randint(len(features), size=len(features))
            for _ in range(self.n_bootstraps)
        ]
        seed = draw_seed(random_state)
        return {
            "stability": {
                k: bootstrap_agreement(features, k, self._cluster, samples, seed).mean()
                for k in self.n_clusters
            }
        }


def _smallest_share(labels):
    """Return the share of the rows in the smallest cluster."""
    return np.unique(labels, return_counts=True)[1].min() / len(labels)
