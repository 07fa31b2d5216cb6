"""The number of segments: criteria side by side, and one recommendation."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from segmentlearn import engine
from segmentlearn._compat import HasMethods, Interval, StrOptions, validate_params
from segmentlearn._formatting import cell_text, markdown_table
from segmentlearn.model_selection._clusters import _clustering_task
from segmentlearn.model_selection._clusters._criteria import CRITERIA, CriteriaTable
from segmentlearn.model_selection._clusters._recommendation import (
    choose,
    find_alternatives,
    recommend,
)


@dataclass(frozen=True, eq=False)
class NumberOfClusters:
    """Numbers of segments compared, as :func:`select_n_clusters` returns it.

    Attributes
    ----------
    table : DataFrame
        A row for each number of segments, from 1, and the columns of the criteria; NaN
        where a criterion is not defined for a number.
    choices : dict of str to int or None
        What each criterion would choose by itself; 1 stands for no segments, None for
        no choice.
    recommended : int
        The recommended number of segments; 1 stands for no segments.
    alternatives : tuple of int
        Other numbers that make sense, two at most: stable, further apart than chance
        makes segments, none of them tiny.
    reasons : tuple of str
        Sentences that say why.
    notes : tuple of str
        Sentences about what the numbers are of.
    """

    table: pd.DataFrame
    choices: dict[str, int | None]
    recommended: int
    alternatives: tuple[int, ...]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the criteria, a row for each number of segments.

        Returns
        -------
        frame : DataFrame
            Columns `n_clusters`, those of the criteria, and `recommended`.
        """
        frame = self.table.reset_index()
        return frame.assign(recommended=frame["n_clusters"] == self.recommended)

    def to_markdown(self) -> str:
        """Return the recommendation, its reasons and the criteria in Markdown.

        Returns
        -------
        text : str
        """
        reasons = "\n".join(f"- {reason}" for reason in self.reasons)
        notes = "\n".join(f"- {note}" for note in self.notes)
        table = markdown_table(self.table.reset_index())
        blocks = [f"**{self._headline()}**", reasons, table, self._choices(), notes]
        return "\n\n".join(blocks).rstrip()

    def __str__(self) -> str:
        cells = self.table.map(cell_text).reset_index()
        lines = [self._headline(), *(f"  - {reason}" for reason in self.reasons), ""]
        lines += [cells.to_string(index=False), "", self._choices(), *self.notes]
        return "\n".join(lines)

    def _headline(self) -> str:
        if self.recommended == 1:
            return "Recommended: no segments (1)."
        return f"Recommended: {self.recommended} segments."

    def _choices(self) -> str:
        chosen = [f"{name} {number or 'none'}" for name, number in self.choices.items()]
        return f"Each criterion by itself: {', '.join(chosen)}."


@engine.pass_interrupts_on()
@validate_params(
    {
        "estimator": [HasMethods(["fit"])],
        "X": "no_validation",
        "n_clusters": ["array-like", range],
        "criteria": [StrOptions({"all"}), list, tuple],
        "n_bootstraps": [Interval(Integral, 2, None, closed="left")],
        "n_references": [Interval(Integral, 2, None, closed="left")],
        "max_rows": [Interval(Integral, 4, None, closed="left"), None],
        "random_state": ["random_state"],
    }
)
def select_n_clusters(
    estimator: Any,
    X: Any,
    n_clusters: ArrayLike | range = (2, 3, 4, 5, 6, 7, 8, 9, 10),
    *,
    criteria: Literal["all"] | Sequence[str] = "all",
    n_bootstraps: int = 20,
    n_references: int = 10,
    max_rows: int | None = 5000,
    random_state: int | np.random.RandomState | None = None,
) -> NumberOfClusters:
    """Compare numbers of segments by several criteria and recommend one of them.

    Only the last step, the clusterer, is fitted for each number: the features it sees
    are learnt once. Of large tables a random sample is used, for the fits too, so that
    time and memory do not grow with the table, whatever the clusterer.

    Parameters
    ----------
    estimator : estimator
        A clusterer with a parameter `n_clusters` (or `n_components` of a mixture), or a
        pipeline that ends in one. It is not changed. Set several initializations, such
        as ``n_init=10``, or chance is compared too.
    X : frame or array of shape (n_samples, n_features)
        Customers, as the estimator takes them.
    n_clusters : array-like of int or range, default=(2, 3, 4, 5, 6, 7, 8, 9, 10)
        Numbers to compare, each at least 2 (1 is ignored: "no segments" is always a
        possible result) and at most half the number of rows.
    criteria : "all" or list of str, default="all"
        Which criteria to compute, of "elbow", "silhouette", "silhouette_gain",
        "calinski_harabasz", "davies_bouldin", "gap", "bic", "prediction_strength" and
        "stability". "silhouette_gain" and "gap" share their fits; these two and the
        last three take most of the time. The recommendation is made from what is there.
    n_bootstraps : int, default=20
        Bootstrap samples of "stability".
    n_references : int, default=10
        Tables without segments with which "gap" and "silhouette_gain" compare.
    max_rows : int or None, default=5000
        Maximum number of rows; None takes all.
    random_state : int, RandomState instance or None, default=None
        Controls all samples, and the fits of clusterers whose own `random_state` is
        None.

    Returns
    -------
    result : NumberOfClusters
        The criteria, each criterion's own choice, and the recommendation and its
        reasons in words.

    Raises
    ------
    SchemaError
        If a column that the clusterer sees is not numeric or not finite.
    ValueError
        If the clusterer has no number of clusters to set, if `criteria` holds an
        unknown name, or if the table is too short for `n_clusters`.

    See Also
    --------
    cluster_stability : Stability of each segment of the number that was chosen.

    Notes
    -----
    The criteria, and what each chooses by itself:

    - elbow: where the within-cluster sum of squares is farthest below the line between
      its ends [4]_.
    - silhouette, calinski_harabasz: the highest value; davies_bouldin: the lowest.
    - silhouette_gain: by how much the mean silhouette is above that of the reference
      tables of the gap statistic, clustered as finely. The highest value, or 1 if none
      reaches 0.05.
    - gap: the first number of segments whose gap the next one does not beat by its
      standard error [1]_. The references are uniform in the box of the principal axes;
      columns of two values, such as indicators of categories, are drawn from their own
      values, category by category.
    - bic: the lowest BIC, the clusterer's own or that of a Gaussian mixture.
    - prediction_strength: the largest number of segments whose strength plus its
      standard error is 0.8 or more [2]_.
    - stability: the highest mean adjusted Rand index of clusterings of bootstrap
      samples [3]_.

    The recommendation starts from the silhouette_gain. Numbers of segments with a
    stability below 0.6 are out. Of the others, those whose gain is at least 0.9 of the
    highest are close, and the one of them with the highest Calinski-Harabasz index is
    taken. The answer is "no segments" if no gain reaches 0.05, or if both the gap
    statistic and the prediction strength by themselves choose 1. Without
    silhouette_gain the plain silhouette's choice is taken, and without both the number
    that most criteria choose. For a Gaussian mixture its BIC replaces the gain,
    among stable numbers, as segments of a mixture may be elongated or nested.
    For latent classes the lowest BIC is taken among stable numbers whose gain is 0.05
    or more: distances split segments by a category that is even in all, BIC does not.

    Alternatives are other numbers with a stability of 0.75 at least, and not more than
    0.06 below that of the recommended one, a gain of 0.05, and 2 % of the customers in
    the smallest segment. Segments may be nested: two kinds
    of customers, each of which consists of several. So the larger numbers after which
    the stability falls most, by 0.03 at least, are offered, two of them; where there is
    none, the smaller one with the highest gain.

    A recommendation is for the features as the clusterer sees them. Indicator columns
    of a category whose levels are as distant as segments make segments of their own; if
    that is not wanted, scale them down, to half their size say.

    References
    ----------
    .. [1] R. Tibshirani, G. Walther and T. Hastie, "Estimating the number of clusters
       in a data set via the gap statistic", Journal of the Royal Statistical Society B
       63, 2001.
    .. [2] R. Tibshirani and G. Walther, "Cluster validation by prediction strength",
       Journal of Computational and Graphical Statistics 14, 2005.
    .. [3] S. Dolnicar and F. Leisch, "Evaluation of structure and reproducibility of
       cluster solutions using the bootstrap", Marketing Letters 21, 2010.
    .. [4] V. Satopää, J. Albrecht, D. Irwin and B. Raghavan, "Finding a 'kneedle' in a
       haystack", ICDCS Workshops 2011.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from segmentlearn import make_customers, select_n_clusters
    >>> X, _ = make_customers("mall", 150, n_segments=4, random_state=0)
    >>> X = X.drop(columns="Gender")
    >>> pipeline = make_pipeline(StandardScaler(), KMeans(n_init=3))
    >>> found = select_n_clusters(
    ...     pipeline, X, range(2, 7), n_bootstraps=4, n_references=4, random_state=0
    ... )
    >>> found.recommended
    4
    """
    random_state = check_random_state(random_state)
    numbers = _check_numbers(n_clusters)
    names = _check_criteria(criteria)
    clusterer, features, space = _clustering_task.clustering_task(estimator, X)
    _clustering_task.n_clusters_parameter(clusterer)  # raises where there is none
    rows = _clustering_task.draw_rows(len(features), max_rows, random_state)
    notes = []
    if len(rows) < len(features):
        notes.append(f"{len(rows):,} of {len(features):,} rows, drawn at random.")
        features, space = features[rows], space[rows]
    if 2 * numbers[-1] > len(features):
        raise ValueError(
            f"n_clusters goes up to {numbers[-1]}, and X has {len(features)} rows; "
            f"pass numbers up to {len(features) // 2}, half the number of rows."
        )
    if not np.ptp(features, axis=0).any():
        raise ValueError("All rows of X are the same; there is nothing to segment.")
    # segments of a mixture with covariances may be elongated and nested
    is_mixture = hasattr(clusterer, "covariance_type")
    has_bic = hasattr(clusterer, "bic")
    if "bic" in names and not has_bic:
        notes.append(
            "BIC is that of Gaussian mixtures of as many components, not of "
            f"{type(clusterer).__name__}."
        )
    task = _clustering_task.ClusteringTask(clusterer, features, space)
    computed = CriteriaTable(task, numbers, n_bootstraps, n_references, random_state)
    with _clustering_task.one_thread(len(rows)):
        table = computed.compute(names)
    choices = {name: choose(name, table) for name in names}
    recommended, reasons = recommend(table, choices, is_mixture, has_bic)
    alternatives, sentence = find_alternatives(table, recommended)
    return NumberOfClusters(
        table=table,
        choices=choices,
        recommended=recommended,
        alternatives=tuple(alternatives),
        reasons=tuple([*reasons, sentence] if sentence else reasons),
        notes=tuple(notes),
    )


def _check_numbers(n_clusters: ArrayLike | range) -> list[int]:
    """Return the numbers to compare, ascending, without 1."""
    values = np.asarray(n_clusters)
    if values.ndim != 1 or values.dtype.kind not in "iu" or (values < 1).any():
        raise ValueError(
            f"n_clusters={n_clusters!r} is not a list of integers from 2 on; pass "
            "one, such as range(2, 11)."
        )
    numbers = sorted({int(value) for value in values} - {1})
    if not numbers:
        raise ValueError(
            f"n_clusters={n_clusters!r} holds no number of 2 or more; pass some, such "
            "as range(2, 11)."
        )
    return numbers


def _check_criteria(criteria: str | Sequence[str]) -> list[str]:
    """Return the names of the criteria to compute, in their usual order."""
    if isinstance(criteria, str):
        return list(CRITERIA)
    unknown = [name for name in criteria if name not in CRITERIA]
    if unknown or not len(criteria):
        raise ValueError(
            f"criteria={list(criteria)!r} must name some of {list(CRITERIA)}."
        )
    return [name for name in CRITERIA if name in criteria]
