"""AssociationSelector: the columns that are associated with the target."""

import warnings
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from segmentlearn._compat import Interval, StrOptions, fit_context
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.metrics import AssociationColumn, associate
from segmentlearn.preprocessing._association_columns import (
    association_column,
    association_target,
)
from segmentlearn.tables import (
    NUMBER,
    Column,
    check_table,
    expected_kinds,
    output_container,
    raw_table_tags,
    resolve_roles,
    to_container,
)


class AssociationSelector(SelectorMixin, BaseEstimator):
    """Keep the columns that are associated with the target.

    Raw tables are taken as they are: numbers, text, categories, dates, missing cells.
    A column is kept where its association with y reaches a threshold: a correlation, a
    correlation ratio or Cramér's V, whichever suits what the column and y hold. Its
    sign does not matter.

    Parameters
    ----------
    threshold : float, default=0.1
        Least association with y of a column that is kept, from 0 to 1.
    method : {"spearman", "pearson"}, default="spearman"
        "spearman" looks at the ranks of numbers, beside categories too; "pearson" at
        the numbers themselves.
    redundancy : float or None, default=None
        A column is dropped too if its association with a kept one of a higher score is
        above this; None drops none.
    max_features : int or None, default=None
        Columns to keep at most, the strongest; None sets no limit.
    categorical_features : "auto", list of str or int, or None, default="auto"
        Columns that hold categories whatever their dtype, by name or position.
    target_type : {"auto", "classes", "continuous"}, default="auto"
        How y is read. "auto" takes text, truth values and up to 30 distinct whole
        numbers for classes.

    Attributes
    ----------
    scores_ : ndarray of float of shape (n_features_in_,)
        Association of each column with y, from 0 to 1; NaN where it is undefined,
        such as for a column of a single value, which is never kept.
    pvalues_ : ndarray of float of shape (n_features_in_,)
        Of the hypothesis that a column and y are independent, not corrected for their
        number.
    measures_ : list of str
        "spearman", "pearson", "correlation_ratio" or "cramers_v" for each column.
    support_ : ndarray of bool of shape (n_features_in_,)
        Whether a column is kept.
    redundant_ : dict of str to str
        Columns that reached the threshold and were dropped as redundant, with the kept
        column that makes them so.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`. Defined only where all of them are strings.

    See Also
    --------
    segmentlearn.inspection.associations : The association of all pairs of columns.
    sklearn.feature_selection.SelectKBest : Other scores, for numbers.

    Notes
    -----
    Each pair is measured over the rows that hold both. Neither the information in
    missing values nor interactions of columns are seen: a column that is dropped may
    still be useful.

    Cramér's V and the correlation ratio are corrected for chance [1]_, so that many
    levels and few rows do not carry a column over the threshold. A
    correlation of numbers is not; below some hundred rows look at ``pvalues_`` too.

    The selection looks at y. Inside a pipeline it is made from the training rows of
    each fold; made once before cross-validation, it would let the score see the rows
    that it is measured on.

    References
    ----------
    .. [1] W. Bergsma, "A bias-correction for Cramér's V and Tschuprow's T", Journal of
       the Korean Statistical Society 42 (2013), 323-328.

    Examples
    --------
    >>> import pandas as pd
    >>> from segmentlearn.preprocessing import AssociationSelector
    >>> X = pd.DataFrame(
    ...     {
    ...         "age": [22, 25, 21, 24, 61, 58, 66, None],
    ...         "job": ["Artist", "Artist", "Artist", "Judge"] + ["Judge"] * 4,
    ...         "digit": [4, 1, 3, 2, 3, 1, 4, 2],
    ...     }
    ... )
    >>> y = ["A", "A", "A", "A", "B", "B", "B", "B"]
    >>> selector = AssociationSelector().fit(X, y)
    >>> selector.get_feature_names_out().tolist()
    ['age', 'job']
    >>> selector.scores_.round(2).tolist()
    [0.84, 0.73, 0.0]
    """

    _parameter_constraints: dict = {
        "threshold": [Interval(Real, 0, 1, closed="both")],
        "method": [StrOptions({"spearman", "pearson"})],
        "redundancy": [Interval(Real, 0, 1, closed="both"), None],
        "max_features": [Interval(Integral, 1, None, closed="left"), None],
        "categorical_features": [StrOptions({"auto"}), "array-like", None],
        "target_type": [StrOptions({"auto", "classes", "continuous"})],
    }

    def __init__(
        self,
        threshold: float = 0.1,
        method: str = "spearman",
        *,
        redundancy: float | None = None,
        max_features: int | None = None,
        categorical_features: Any = "auto",
        target_type: str = "auto",
    ) -> None:
        self.threshold = threshold
        self.method = method
        self.redundancy = redundancy
        self.max_features = max_features
        self.categorical_features = categorical_features
        self.target_type = target_type

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Measure the columns and choose those to keep.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The raw table.
        y : array-like of shape (n_samples,), default=None
            Labels or numbers; it must be given.

        Returns
        -------
        self : AssociationSelector
            The fitted selector.

        Raises
        ------
        SchemaError
            If a column holds infinite values.
        ValueError
            If y is missing or has a single value, or no column has an association.

        Warns
        -----
        SegmentLearnWarning
            If no column reaches the threshold: the strongest one is kept.
        """
        if y is None:
            raise ValueError(
                "AssociationSelector requires y to be passed, but the target y is None."
            )
        table = check_table(self, X, reset=True)
        target = association_target(y, self.target_type, self.method)
        check_consistent_length(table.columns[0], y)
        if len(np.unique(target.at(True))) < 2:
            raise ValueError(
                f"y has a single value in n_samples={table.n_rows}, with which nothing "
                "can be associated; pass rows of at least two."
            )
        roles, _ = resolve_roles(table.names, table.kinds, self.categorical_features)
        kinds = zip(table.columns, expected_kinds(roles, table.kinds), strict=True)
        columns = [Column(column.name, column.cells, kind) for column, kind in kinds]
        found = [associate(self._prepare(column), target) for column in columns]
        self.scores_ = np.abs([pair.value for pair in found])
        self.pvalues_ = np.array([pair.p_value for pair in found])
        self.measures_ = [pair.measure for pair in found]
        self._choose(columns)
        return self

    def transform(self, X: Any) -> Any:
        """Take the kept columns.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The columns seen in `fit`.

        Returns
        -------
        X_out : DataFrame or ndarray of shape (n_samples, n_kept)
            The kept columns, their dtypes as they were; a frame where X is one, unless
            ``set_output`` asks for something else.

        Raises
        ------
        SchemaError
            If the columns are not those seen in `fit`.
        """
        check_is_fitted(self)
        table = check_table(self, X, reset=False)
        kept = np.flatnonzero(self.support_)
        wanted = output_container(self, table.container)
        if isinstance(X, pd.DataFrame) and wanted == "pandas":
            return X.iloc[:, kept]
        if table.container == "polars" and wanted == "polars":
            return X[:, kept.tolist()]
        if wanted == "array" and table.array is not None:
            return table.array[:, kept]
        table = table.select(kept.tolist())
        cells = [column.cells for column in table.columns]
        if isinstance(X, list | tuple) and set(table.kinds) == {NUMBER}:
            cells = list(table.numbers().T)
        return to_container(cells, table.names, wanted, table.index)

    def inverse_transform(self, X: Any) -> Any:
        """Put the dropped columns back as missing cells.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_kept)
            Rows as `transform` gives them.

        Returns
        -------
        X_original : DataFrame or ndarray of shape (n_samples, n_features)
            The columns seen in `fit`; a frame where X is a pandas one, else a float or
            object array.

        Raises
        ------
        ValueError
            If X has another number of columns than are kept.
        """
        check_is_fitted(self)
        kept = np.flatnonzero(self.support_)
        cells = np.asarray(X)
        if cells.ndim != 2 or cells.shape[1] != len(kept):
            raise ValueError(
                f"X has shape {cells.shape}; pass the {len(kept)} columns that "
                "transform gives."
            )
        if isinstance(X, pd.DataFrame) and hasattr(self, "feature_names_in_"):
            return X.reindex(columns=self.feature_names_in_)
        dtype, missing = np.dtype(object), None
        if cells.dtype.kind in "iuf":
            dtype, missing = np.result_type(cells.dtype, np.float32), np.nan
        original = np.full((len(cells), self.n_features_in_), missing, dtype)
        original[:, kept] = cells
        return original

    def _choose(self, columns: list[Column]) -> None:
        """Go from the strongest column to the weakest and keep what is wanted."""
        scores = np.where(np.isnan(self.scores_), -1.0, self.scores_)
        order = np.argsort(-scores, kind="stable")
        reaching = [int(at) for at in order if scores[at] >= self.threshold]
        if not reaching:
            reaching = [self._strongest([column.name for column in columns], scores)]
        kept: list[int] = []
        prepared: dict[int, AssociationColumn] = {}
        self.redundant_ = {}
        for at in reaching:
            if len(kept) == self.max_features:
                break
            if self.redundancy is not None:
                prepared[at] = self._prepare(columns[at])
                pairs = ((k, associate(prepared[k], prepared[at])) for k in kept)
                known = (k for k, pair in pairs if abs(pair.value) > self.redundancy)
                other = next(known, None)
                if other is not None:
                    self.redundant_[columns[at].name] = columns[other].name
                    continue
            kept.append(at)
        self.support_ = np.zeros(len(scores), dtype=bool)
        self.support_[kept] = True

    def _strongest(self, names: list[str], scores: np.ndarray) -> int:
        """Return the strongest column, with a warning that it is too weak."""
        at = int(np.argmax(scores))
        if scores[at] < 0:
            raise ValueError(
                f"None of the columns {names} has an association with y: each holds a "
                f"single value, or hardly a row holds it. Pass columns that vary."
            )
        warnings.warn(
            f"No column reaches threshold={self.threshold}; the strongest, "
            f"{names[at]!r} with {scores[at]:.3f}, is kept alone. Lower the threshold, "
            f"or take it as a sign that the columns say little about y.",
            SegmentLearnWarning,
            stacklevel=5,
        )
        return at

    def _prepare(self, column: Column) -> AssociationColumn:
        return association_column(type(self).__name__, column, self.method)

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self) -> Any:
        tags = raw_table_tags(super().__sklearn_tags__(), changes_dtype=False)
        tags.target_tags.required = True
        return tags
