"""MixedImputer: missing numbers and categories filled in one step."""

import warnings
from itertools import compress
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from segmentlearn._compat import Interval, StrOptions, fit_context
from segmentlearn.exceptions import CountWarning, SchemaError, SegmentLearnWarning
from segmentlearn.preprocessing._numeric_fill import (
    constant_fill,
    fill_predictions,
    fit_model,
)
from segmentlearn.preprocessing._soft_robust_scaler import SoftRobustScaler
from segmentlearn.tables import (
    CATEGORICAL,
    NUMERIC,
    Column,
    Factor,
    as_text,
    can_hold,
    check_input_features,
    check_table,
    expected_kinds,
    fill_categories,
    level_counts,
    level_order,
    output_container,
    raw_table_tags,
    resolve_roles,
    restore_numbers,
    split_numeric_categorical,
    to_container,
    unique_names,
)

ALL_MISSING = "all-missing"
MISSING_LEVEL = "missing"


class MixedImputer(TransformerMixin, BaseEstimator):
    """Fill missing numbers and missing categories of one table.

    Numbers are filled with a constant or with a prediction from the other numbers,
    categories with their most frequent level or with a level of their own. Rows are
    never dropped, and new rows get the values learnt in `fit`.

    A frame gives a frame of the same library, an array an array; ``set_output`` has the
    last word. Numbers come out as floats, dates as dates, categories as what they were.

    Parameters
    ----------
    numeric : {"median", "mean", "knn", "iterative"}, default="median"
        How numbers are filled:

        - "median" or "mean" of the column.
        - "knn": the mean of the `n_neighbors` nearest rows, by the robustly scaled
          distance over the numbers that both rows have. Time grows with the square of
          the number of rows.
        - "iterative": predicted from the other numbers by Bayesian ridge regressions,
          never beyond the range seen in `fit`.
    categorical : {"most_frequent", "missing"}, default="most_frequent"
        How categories are filled: with the most frequent level, or with the level
        "missing" in columns that had missing cells in `fit`.
    add_indicator : {"auto"} or bool, default="auto"
        Whether 0/1 columns are appended that show which cells were missing, one for
        each column that had missing cells in `fit`. "auto" leaves out columns in which
        the level "missing" shows it already.
    n_neighbors : int, default=5
        Number of rows that "knn" takes the mean of.
    max_iter : int, default=10
        Most rounds of "iterative".
    categorical_features : "auto" or list of str or int, default="auto"
        Columns, by name or position, that hold categories whatever their dtype, such as
        codes written as numbers. "auto" follows the dtypes.
    random_state : int, RandomState instance or None, default=None
        Seed of "iterative".

    Attributes
    ----------
    column_roles_ : dict of str to str
        "numeric", "categorical" or "all-missing" for each column. A column without a
        single value in `fit` is dropped.
    column_kinds_ : list of str
        What each column must hold: "number", "datetime", "timedelta" or "category".
    fill_values_ : dict of str to object
        The constant of each column that is filled with one; dates as days since
        1970-01-01, durations as days.
    n_missing_ : dict of str to int
        Number of missing cells of each column in `fit`.
    indicator_features_ : list of str
        Columns that have an indicator.
    text_features_ : list of str
        Categorical columns that come out as text, because their own dtype can't hold
        the fill: truth values or numbers with the level "missing", and columns that
        mix types.
    numeric_imputer_ : KNNImputer, IterativeImputer or None
        The model behind "knn" and "iterative".
    numeric_scaler_ : SoftRobustScaler or None
        Brings the numbers to the scale of ``numeric_imputer_``.
    n_iter_ : int
        Rounds that "iterative" took; 1 otherwise.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`. Defined only where all of them are strings.

    See Also
    --------
    TabularPreprocessor : Imputes, scales and encodes a raw table in one step.
    sklearn.impute.SimpleImputer : One strategy for all columns.

    Notes
    -----
    Median and indicator are hard to beat as a preparation for strong learners: powerful
    imputers gain little, and the indicator helps even where values are missing at
    random [1]_.

    References
    ----------
    .. [1] M. Le Morvan, G. Varoquaux: "Imputation for prediction: beware of diminishing
       returns", ICLR 2025.

    Examples
    --------
    >>> import pandas as pd
    >>> from segmentlearn.preprocessing import MixedImputer
    >>> X = pd.DataFrame({"age": [20.0, None, 40.0], "job": ["Artist", "Artist", None]})
    >>> MixedImputer(add_indicator=False).fit_transform(X)
        age     job
    0  20.0  Artist
    1  30.0  Artist
    2  40.0  Artist
    """

    _parameter_constraints: dict = {
        "numeric": [StrOptions({"median", "mean", "knn", "iterative"})],
        "categorical": [StrOptions({"most_frequent", "missing"})],
        "add_indicator": [StrOptions({"auto"}), "boolean"],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "categorical_features": [StrOptions({"auto"}), "array-like", None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        numeric: str = "median",
        categorical: str = "most_frequent",
        *,
        add_indicator: bool | str = "auto",
        n_neighbors: int = 5,
        max_iter: int = 10,
        categorical_features: Any = "auto",
        random_state: Any = None,
    ) -> None:
        self.numeric = numeric
        self.categorical = categorical
        self.add_indicator = add_indicator
        self.n_neighbors = n_neighbors
        self.max_iter = max_iter
        self.categorical_features = categorical_features
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what to fill in.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Numbers, dates and categories, with missing cells.
        y : None
            Ignored, present for scikit-learn's conventions.

        Returns
        -------
        self : MixedImputer
            The fitted imputer.

        Raises
        ------
        SchemaError
            If a column holds infinite values, or if no column holds a value.
        """
        table = check_table(self, X, reset=True)
        roles, _ = resolve_roles(table.names, table.kinds, self.categorical_features)
        kinds = expected_kinds(roles, table.kinds)
        numbers, factors = split_numeric_categorical(type(self).__name__, table, kinds)
        roles_by_name = dict(zip(table.names, roles, strict=True))
        self._fit_columns(roles_by_name, kinds, numbers, factors)
        self.text_features_ = [
            column.name
            for column in table.columns
            if self.column_roles_[column.name] == CATEGORICAL
            and not can_hold(column.cells, self.fill_values_[column.name])
        ]
        return self

    def transform(self, X: Any) -> Any:
        """Fill missing cells with what `fit` has learnt.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The columns seen in `fit`.

        Returns
        -------
        X_filled : DataFrame or ndarray of shape (n_samples, n_outputs)
            All rows of X without a missing cell, indicators appended. Missing cells in
            columns that had none in `fit` are filled too and reported in one
            `CountWarning`.

        Raises
        ------
        SchemaError
            If the columns are not those seen in `fit`, if a numeric column holds text,
            or if a column holds infinite values.
        """
        check_is_fitted(self)
        table = check_table(self, X, reset=False)
        roles = list(self.column_roles_.values())
        used = [at for at, role in enumerate(roles) if role != ALL_MISSING]
        table = table.select(used)
        kinds = [self.column_kinds_[at] for at in used]
        numbers, factors = split_numeric_categorical(type(self).__name__, table, kinds)
        names = [name for name in table.names if name not in factors]
        numbers, masks = self._fill_numbers(numbers, names, factors)
        filled = dict(zip(names, numbers.T, strict=True))
        columns = [
            restore_numbers(column.cells, filled[column.name], kind)
            if column.name in filled
            else self._fill_cells(column, masks[column.name])
            for column, kind in zip(table.columns, kinds, strict=True)
        ]
        columns += [
            masks[name].astype(numbers.dtype) for name in self.indicator_features_
        ]
        container = output_container(self, table.container)
        names = list(self.get_feature_names_out())
        return to_container(columns, names, container, table.index)

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> np.ndarray:
        """Return the names of the output columns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the input columns; None takes those seen in `fit`.

        Returns
        -------
        names : ndarray of str objects of shape (n_outputs,)
            The input names without those of dropped columns, then
            ``missingindicator_<name>`` for each indicator.
        """
        check_is_fitted(self)
        given = check_input_features(self, input_features)
        roles = self.column_roles_
        renamed = dict(zip(roles, given, strict=True))
        names = [renamed[name] for name in roles if roles[name] != ALL_MISSING]
        indicators = self.indicator_features_
        names += [f"missingindicator_{renamed[name]}" for name in indicators]
        return np.array(unique_names(names), dtype=object)

    def _fit_columns(
        self,
        roles: dict[str, str],
        kinds: list[str],
        numbers: np.ndarray,
        factors: dict[str, Factor],
        n_missing: dict[str, int] | None = None,
    ) -> None:
        """Learn from the numeric columns as an array and the others as factors.

        Where the rows were drawn from a larger table, `n_missing` are the missing
        numbers of that table.
        """
        numeric = [name for name, role in roles.items() if role == NUMERIC]
        counts = dict(zip(numeric, np.isnan(numbers).sum(axis=0).tolist(), strict=True))
        counts |= {n: int(np.count_nonzero(f.codes < 0)) for n, f in factors.items()}
        self.column_kinds_ = list(kinds)
        self.column_roles_ = {
            name: ALL_MISSING if counts[name] == len(numbers) else role
            for name, role in roles.items()
        }
        counts |= {name: int(factor.counts()[-1]) for name, factor in factors.items()}
        counts |= n_missing or {}
        self.n_missing_ = {name: counts[name] for name in roles}
        dropped = [n for n, role in self.column_roles_.items() if role == ALL_MISSING]
        if len(dropped) == len(roles):
            raise SchemaError(
                f"None of the columns {dropped} holds a value, so there is nothing to "
                "learn from."
            )
        if dropped:
            warnings.warn(
                f"The column(s) {dropped} hold no value at all and are dropped.",
                SegmentLearnWarning,
                stacklevel=4,
            )
        self.text_features_ = []
        self._fit_numbers(numbers, numeric)
        for name, factor in factors.items():
            if self.column_roles_[name] != ALL_MISSING:
                self.fill_values_[name] = self._category_fill(name, factor)
        self.indicator_features_ = [
            name for name in roles if self._wants_indicator(name)
        ]

    def _fit_numbers(self, numbers: np.ndarray, names: list[str]) -> None:
        """Learn constants, or a model, for the numeric columns that hold a value."""
        kept = [self.column_roles_[name] == NUMERIC for name in names]
        if not all(kept):
            numbers = numbers[:, kept]
        self.fill_values_: dict[str, Any] = {}
        self.numeric_imputer_ = self.numeric_scaler_ = None
        self.n_iter_ = 1
        if self.numeric in ("median", "mean"):
            fill = constant_fill(numbers, self.numeric)
            self.fill_values_ = dict(zip(compress(names, kept), fill, strict=True))
        elif any(kept):
            self.numeric_scaler_ = SoftRobustScaler(clip=None).fit(numbers)
            self.numeric_imputer_ = fit_model(
                self.numeric_scaler_.transform(numbers),
                self.numeric,
                n_neighbors=self.n_neighbors,
                max_iter=self.max_iter,
                random_state=self.random_state,
            )
            self.n_iter_ = max(getattr(self.numeric_imputer_, "n_iter_", 1), 1)

    def _category_fill(self, name: str, factor: Factor) -> Any:
        """Return the level that fills the missing cells of a column."""
        if self.categorical == "missing" and self.n_missing_[name]:
            return MISSING_LEVEL
        counts = level_counts(factor)
        counts.pop(None, None)
        levels = counts if factor.ordered else sorted(counts, key=level_order)
        return max(levels, key=counts.__getitem__)

    def _wants_indicator(self, name: str) -> bool:
        """Return whether a column of the training table gets an indicator."""
        role = self.column_roles_[name]
        wants = bool(self.add_indicator)
        if self.add_indicator == "auto":
            wants = role == NUMERIC or self.categorical != "missing"
        return wants and role != ALL_MISSING and self.n_missing_[name] > 0

    def _fill_numbers(
        self, numbers: np.ndarray, names: list[str], factors: dict[str, Factor]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return numbers without missing values, and the missing cells of all columns.

        Columns that had no missing cells in `fit` and have some now are reported.
        """
        missing = np.isnan(numbers)
        if missing.any():
            numbers = numbers.copy()
            if self.numeric_imputer_ is None:
                fill = np.array([self.fill_values_[name] for name in names])
                np.copyto(numbers, fill, where=missing, casting="same_kind")
            else:
                scaler, model = self.numeric_scaler_, self.numeric_imputer_
                fill_predictions(numbers, missing, scaler, model)
        masks = dict(zip(names, missing.T, strict=True))
        masks |= {name: factor.codes < 0 for name, factor in factors.items()}
        new = {
            name: {"": int(np.count_nonzero(mask))}
            for name, mask in masks.items()
            if not self.n_missing_[name] and mask.any()
        }
        if new:
            warnings.warn(
                CountWarning(
                    "Columns that had no missing values in fit have some now:",
                    new,
                    ". They were imputed like the others.",
                ),
                stacklevel=2,
            )
        return numbers, masks

    def _fill_factors(self, factors: dict[str, Factor]) -> dict[str, Factor]:
        """Return columns of categories with their missing cells filled."""
        return {
            name: factor.filled(self.fill_values_[name])
            for name, factor in factors.items()
        }

    def _fill_cells(self, column: Column, missing: np.ndarray) -> Any:
        """Return a column of categories filled, in its own dtype or as text."""
        fill = self.fill_values_[column.name]
        if column.name in self.text_features_ or not can_hold(column.cells, fill):
            return as_text(column.factor, fill)
        return fill_categories(column.cells, missing, fill)

    def __sklearn_tags__(self) -> Any:
        tags = raw_table_tags(super().__sklearn_tags__())
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
