"""The number of segments: criteria side by side, and one recommendation."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from segmentlearn import engine
from segmentlearn._compat import HasMethods, Interval, StrOptions, validate_params
from segmentlearn._drawing import draw
from segmentlearn.model_selection.comparison import CRITERIA, Comparison
from segmentlearn.model_selection.problem import (
    ClusteringProblem,
    clustering_problem,
    draw_rows,
    n_clusters_parameter,
    one_thread,
)
from segmentlearn.model_selection.recommendation import choose, recommend
from segmentlearn.model_selection.reporting import format_cell, markdown_table


@dataclass(frozen=True, eq=False)
class NumberOfClusters:
    """Numbers of segments compared, as :func:`select_n_clusters` returns it.

    Attributes
    ----------
    table : DataFrame
        A row for each number of segments, from 1, and the columns of the criteria; NaN
        where a criterion says nothing of a number.
    choices : dict of str to int or None
        What each criterion would choose by itself; 1 stands for no segments, None for
        no choice.
    recommended : int
        The recommended number of segments; 1 stands for no segments.
    reasons : tuple of str
        Sentences that say why.
    notes : tuple of str
        Sentences about what the numbers are of.
    """

    table: pd.DataFrame
    choices: dict
    recommended: int
    reasons: tuple
    notes: tuple

    def to_frame(self):
        """Return the criteria, a row for each number of segments.

        Returns
        -------
        frame : DataFrame
            Columns `n_clusters`, those of the criteria, and `recommended`.
        """
        frame = self.table.reset_index()
        return frame.assign(recommended=frame["n_clusters"] == self.recommended)

    def to_markdown(self):
        """Return the recommendation, its reasons and the criteria in Markdown.

        Returns
        -------
        text : str
        """
        frame = self.table.reset_index()
        reasons = "\n".join(f"- {sentence}" for sentence in self.reasons)
        notes = "\n".join(f"- {sentence}" for sentence in self.notes)
        parts = [f"**{self._headline()}**", reasons, markdown_table(frame)]
        parts += [self._choices(), *([notes] if notes else [])]
        return "\n\n".join(parts)

    def plot(self, ax=None, **how):
        """Draw the criteria, a panel each.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Whose place the panels take; None makes a figure.
        **how
            Passed to the display's `plot`.

        Returns
        -------
        display : NumberOfClustersDisplay
        """
        return draw("NumberOfClustersDisplay", self, ax=ax, **how)

    def __str__(self):
        cells = self.table.map(format_cell).reset_index()
        parts = [self._headline(), *(f"  - {one}" for one in self.reasons), ""]
        parts += [cells.to_string(index=False), "", self._choices(), *self.notes]
        return "\n".join(parts)

    def _headline(self):
        if self.recommended == 1:
            return "Recommended: no segments (1)."
        return f"Recommended: {self.recommended} segments."

    def _choices(self):
        said = [
            f"{name} {'none' if chosen is None else chosen}"
            for name, chosen in self.choices.items()
        ]
        return f"Each criterion by itself: {', '.join(said)}."


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
    },
    prefer_skip_nested_validation=True,
)
def select_n_clusters(
    estimator,
    X,
    n_clusters=(2, 3, 4, 5, 6, 7, 8, 9, 10),
    *,
    criteria="all",
    n_bootstraps=20,
    n_references=10,
    max_rows=5000,
    random_state=None,
):
    """Compare numbers of segments by several criteria and recommend one of them.

    Only the last step, the clusterer, is fitted for each number: the features it sees
    are learnt once. Of long tables a random sample takes part, in the fits too, so that
    time and memory do not grow with the table, whatever the clusterer.

    Parameters
    ----------
    estimator : estimator
        A clusterer with a parameter `n_clusters` (or `n_components` of a mixture), or a
        pipeline that ends in one. It is not changed. Give it restarts, such as
        ``n_init=10``, or luck is compared too.
    X : frame or array of shape (n_samples, n_features)
        Customers, as the estimator takes them.
    n_clusters : array-like of int or range, default=(2, 3, 4, 5, 6, 7, 8, 9, 10)
        Numbers to compare, each at least 2 (a 1 is ignored: "no segments" is always
        among the answers) and at most half the number of rows.
    criteria : "all" or list of str, default="all"
        Which criteria to compute, of "elbow", "silhouette", "silhouette_gain",
        "calinski_harabasz", "davies_bouldin", "gap", "bic", "prediction_strength" and
        "stability". "silhouette_gain" and "gap" share their fits; these two and the
        last three take most of the time. The recommendation is made from what is there.
    n_bootstraps : int, default=20
        Bootstrap samples of "stability".
    n_references : int, default=10
        Tables without segments, to which "gap" and "silhouette_gain" compare.
    max_rows : int or None, default=5000
        Rows that take part at most; None takes all.
    random_state : int, RandomState instance or None, default=None
        Decides all samples, and the fits of clusterers whose own `random_state` is
        None.

    Returns
    -------
    result : NumberOfClusters
        With the numbers, each criterion's own choice, and the recommendation and its
        reasons in words.

    Raises
    ------
    SchemaError
        If the clusterer gets a column that is not numeric or not finite.
    ValueError
        If the clusterer has no number of clusters to set, if `criteria` holds an
        unknown name, or if the table is too short for `n_clusters`.

    See Also
    --------
    cluster_stability : Judge each segment of the number that was chosen.

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
    silhouette_gain the plain silhouette's choice stands in, and without both the number
    that most criteria choose. For a Gaussian mixture its BIC takes the gain's place,
    among stable numbers, as segments of a mixture may be long or lie within each other.
    For latent classes the lowest BIC is taken among stable numbers whose gain is 0.05
    or more: distances split segments by a category that is even in all, BIC does not.

    A recommendation is for the features as the clusterer sees them. Indicator columns
    of a category that lie as far apart as segments do make segments of their own; where
    that is not meant, scale them down, to half their size say.

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
    problem = clustering_problem(estimator, X)
    n_clusters_parameter(problem.clusterer)
    n_total = len(problem.features)
    rows = draw_rows(n_total, max_rows, random_state)
    notes = []
    if len(rows) < n_total:
        notes.append(f"{len(rows):,} of {n_total:,} rows, drawn at random, took part.")
        problem = ClusteringProblem(
            problem.clusterer, problem.features[rows], problem.space[rows]
        )
    _check_rows(problem.features, numbers)
    # segments of a mixture with covariances may be long, and lie within each other
    is_mixture = hasattr(problem.clusterer, "covariance_type")
    if "bic" in names and not hasattr(problem.clusterer, "bic"):
        notes.append(
            "BIC is that of Gaussian mixtures of as many components, not of "
            f"{type(problem.clusterer).__name__}."
        )
    comparison = Comparison(problem, numbers, n_bootstraps, n_references, random_state)
    with one_thread(len(rows)):
        table = comparison.table(names)
    choices = {name: choose(name, table) for name in names}
    has_own_bic = hasattr(problem.clusterer, "bic") and not is_mixture
    recommended, reasons = recommend(table, choices, is_mixture, has_own_bic)
    return NumberOfClusters(table, choices, recommended, tuple(reasons), tuple(notes))


def _check_numbers(n_clusters):
    """Return the numbers to compare, ascending, without 1."""
    values = np.asarray(n_clusters)
    if values.ndim != 1 or values.dtype.kind not in "iu" or (values < 1).any():
        raise ValueError(
            f"n_clusters={n_clusters!r} is no list of whole numbers from 2 on; give "
            "one, such as range(2, 11)."
        )
    numbers = sorted({int(value) for value in values} - {1})
    if not numbers:
        raise ValueError(
            f"n_clusters={n_clusters!r} holds no number of 2 or more; give some, "
            "such as range(2, 11)."
        )
    return numbers


def _check_criteria(criteria):
    """Return the names of the criteria to compute, in their usual order."""
    if isinstance(criteria, str):
        return list(CRITERIA)
    unknown = [name for name in criteria if name not in CRITERIA]
    if unknown or not len(criteria):
        raise ValueError(
            f"criteria={list(criteria)!r} must name some of {list(CRITERIA)}."
        )
    return [name for name in CRITERIA if name in criteria]


def _check_rows(features, numbers):
    """Refuse a table whose halves are shorter than the numbers to compare."""
    if 2 * numbers[-1] > len(features):
        raise ValueError(
            f"n_clusters goes up to {numbers[-1]}, and X has {len(features)} rows; "
            f"give numbers up to {len(features) // 2}, half the number of rows."
        )
    if not np.ptp(features, axis=0).any():
        raise ValueError("all rows of X are the same; there is nothing to segment.")
