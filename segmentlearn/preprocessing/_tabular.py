"""TabularPreprocessor: a raw customer table as one matrix of small floats."""

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from segmentlearn._compat import StrOptions, fit_context
from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.preprocessing._category_encoder import CategoryEncoder
from segmentlearn.preprocessing._inversion import original_columns
from segmentlearn.preprocessing._listed_roles import (
    check_dates,
    listed_dates,
    listed_identifiers,
    renamed_columns,
)
from segmentlearn.preprocessing._mixed_imputer import ALL_MISSING, MixedImputer
from segmentlearn.preprocessing._prepared_columns import assemble, lay_out
from segmentlearn.preprocessing._soft_robust_scaler import (
    SoftRobustScaler,
    robust_statistics,
)
from segmentlearn.preprocessing._statistics._table_statistics import TableStatistics
from segmentlearn.tables import (
    CATEGORICAL,
    MIXED,
    NUMERIC,
    Factor,
    Table,
    TableSchema,
    check_input_features,
    check_row_order,
    check_table,
    expected_kinds,
    listed_columns,
    match_columns,
    raw_table_tags,
    resolve_roles,
    split_numeric_categorical,
    to_container,
    unique_names,
    warn_of_doubtful_categories,
    warn_of_identifiers,
)

IDENTIFIER = "identifier"


def _of_steps(*names: str) -> dict[str, list]:
    """Return the constraints of parameters that go to a step as they are."""
    steps = (MixedImputer, CategoryEncoder, SoftRobustScaler)
    known = {k: v for step in steps for k, v in step._parameter_constraints.items()}
    return {name: known[name] for name in names}


class TabularPreprocessor(TransformerMixin, BaseEstimator):
    """Turn a raw customer table into one float32 matrix for a net.

    Numbers are imputed and scaled by median and quartiles, indicators show which ones
    were missing, categories are encoded. What a column is follows from its dtype:
    numbers, nullable numbers, dates and durations are numeric; text, categories and
    truth values are categorical. Identifiers and columns without a value are left out
    with a warning.

    Rows are never dropped, every output is finite, and new rows get the values learnt
    in `fit`.

    Parameters
    ----------
    numeric : "auto" or list of str or int, default="auto"
        Columns, by name or position, that are numeric whatever else they look like:
        truth values, or whole numbers taken for an identifier.
    categorical : "auto" or list of str or int, default="auto"
        Columns, by name or position, that hold categories whatever their dtype, such as
        codes written as numbers.
    dates : "auto", list of str or int, or dict of str to str, default="auto"
        Columns of dates written as text. "auto" finds them; a list names columns that
        have to hold dates; a dict says how they are written, as ``datetime.strptime``
        takes it. Dates whose first number may be the day or the month need it.
    identifiers : {"auto", "keep"} or list of str or int, default="auto"
        Columns that are left out because they name their row. "auto" finds them among
        the columns that `numeric`, `categorical` and `dates` do not list, and warns;
        a list leaves out these and no others; "keep" leaves out none.
    numeric_imputation : {"median", "mean", "knn", "iterative"}, default="median"
        How missing numbers are filled, see `MixedImputer`.
    categorical_imputation : {"missing", "most_frequent"}, default="missing"
        How missing categories are filled: with a level of their own in columns that had
        missing cells in `fit`, or with the most frequent level.
    add_indicator : {"auto"} or bool, default="auto"
        Whether 0/1 columns show which cells were missing, see `MixedImputer`.
    encoding : {"auto", "onehot", "ordinal", "target"}, default="auto"
        How categories become numbers, see `CategoryEncoder`.
    min_frequency : float, "auto" or None, default="auto"
        Rows that a level needs; rarer ones are merged into "other", see
        `CategoryEncoder`.
    max_levels : int, default=30
        Most levels that "auto" encodes one-hot.
    scale : bool, default=True
        Whether numbers are scaled; False leaves them as they are.
    clip : float or None, default=3.0
        Bound of the scaled numbers, see `SoftRobustScaler`.
    target_type : {"auto", "classes", "continuous"}, default="auto"
        How y is read for target means, see `CategoryEncoder`.
    random_state : int, RandomState instance or None, default=None
        Draws the folds of target means and seeds iterative imputation.

    Attributes
    ----------
    column_roles_ : dict of str to str
        "numeric", "categorical", "identifier" or "all-missing" for each input column.
    column_readings_ : dict of str to dict
        How the text of each column is read: its kind, and how numbers and dates are
        written.
    column_labels_ : list of str or None
        Names of the columns of a frame whose names are not all strings.
    column_kinds_ : dict of str to str
        What each column that is used must hold: "number", "datetime", "timedelta", or
        "category", which may be anything.
    output_roles_ : dict of str to list of int
        Positions of the output columns that hold a "numeric" column, an "indicator",
        "onehot" columns, "ordinal" codes or "target" means.
    output_groups_ : dict of str to list of int
        Positions of the output columns that each categorical column has become.
    imputer_ : MixedImputer
        Fitted on the columns in use.
    scaler_ : SoftRobustScaler or None
        Fitted on the numeric columns, missing values left out; None without any, or
        where they are not scaled.
    encoder_ : CategoryEncoder or None
        Fitted on the categorical columns; None without any.
    target_scaler_ : SoftRobustScaler or None
        Fitted on the columns of target means; None without any.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`. Defined only where all of them are strings.

    See Also
    --------
    MixedImputer : The imputation alone; frames stay frames.
    CategoryEncoder : The encoding alone.
    SoftRobustScaler : The scaling alone.

    Notes
    -----
    A frame given to `transform` is matched by column names: columns are reordered,
    extra columns are ignored with a warning, and columns that were left out in `fit`
    may be absent.

    Dates become days since 1970-01-01. Arrays are never searched for identifiers.
    Scale and median come from the values present, also in a column that is mostly
    missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from segmentlearn.preprocessing import TabularPreprocessor
    >>> X = pd.DataFrame(
    ...     {"age": [20.0, None, 40.0, 30.0], "job": ["Artist", "Judge", None, "Judge"]}
    ... )
    >>> preprocessor = TabularPreprocessor().set_output(transform="pandas")
    >>> preprocessor.fit_transform(X).round(2)
        age  missingindicator_age  job_Artist  job_Judge  job_missing
    0 -0.95                   0.0         1.0        0.0          0.0
    1  0.00                   1.0         0.0        1.0          0.0
    2  0.95                   0.0         0.0        0.0          1.0
    3  0.00                   0.0         0.0        1.0          0.0
    >>> preprocessor.column_roles_
    {'age': 'numeric', 'job': 'categorical'}
    """

    _parameter_constraints: dict = {
        "numeric": [StrOptions({"auto"}), "array-like", None],
        "categorical": [StrOptions({"auto"}), "array-like", None],
        "dates": [StrOptions({"auto"}), dict, "array-like"],
        "identifiers": [StrOptions({"auto", "keep"}), "array-like"],
        "numeric_imputation": MixedImputer._parameter_constraints["numeric"],
        "categorical_imputation": MixedImputer._parameter_constraints["categorical"],
        **_of_steps("add_indicator"),
        **_of_steps("encoding", "min_frequency", "max_levels"),
        "scale": ["boolean"],
        **_of_steps("clip"),
        **_of_steps("target_type", "random_state"),
    }

    def __init__(
        self,
        numeric: Any = "auto",
        categorical: Any = "auto",
        *,
        dates: Any = "auto",
        identifiers: Any = "auto",
        numeric_imputation: str = "median",
        categorical_imputation: str = "missing",
        add_indicator: bool | str = "auto",
        encoding: str = "auto",
        min_frequency: float | str | None = "auto",
        max_levels: int = 30,
        scale: bool = True,
        clip: float | None = 3.0,
        target_type: str = "auto",
        random_state: Any = None,
    ) -> None:
        self.numeric = numeric
        self.categorical = categorical
        self.dates = dates
        self.identifiers = identifiers
        self.numeric_imputation = numeric_imputation
        self.categorical_imputation = categorical_imputation
        self.add_indicator = add_indicator
        self.encoding = encoding
        self.min_frequency = min_frequency
        self.max_levels = max_levels
        self.scale = scale
        self.clip = clip
        self.target_type = target_type
        self.random_state = random_state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(renamed_columns(state))

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn roles, fill values, scales and levels.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The raw table.
        y : array-like of shape (n_samples,), default=None
            Labels or numbers; used by target means only.

        Returns
        -------
        self : TabularPreprocessor
            The fitted preprocessor.

        Raises
        ------
        SchemaError
            If a column holds infinite values, or if no column can be used.
        """
        self._fit(X, y)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Fit and transform the training rows; target means are cross-fitted.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The raw table.
        y : array-like of shape (n_samples,), default=None
            Labels or numbers; used by target means only.

        Returns
        -------
        X_out : ndarray of float32 or DataFrame of shape (n_samples, n_outputs)
            Differs from ``fit(X, y).transform(X)`` in columns of target means.
        """
        return assemble(self, *self._fit(X, y))

    def transform(self, X: Any) -> Any:
        """Turn rows into numbers with what `fit` has learnt.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The columns seen in `fit`; a frame may have them in any order.

        Returns
        -------
        X_out : ndarray of float32 or DataFrame of shape (n_samples, n_outputs)
            A C-contiguous array of finite numbers.

        Raises
        ------
        SchemaError
            If columns are missing, numeric columns hold text, or a column holds
            infinite values; the message lists every difference.
        """
        check_is_fitted(self)
        return assemble(self, *self._read(X))

    def _read(self, X: Any) -> tuple[np.ndarray, dict[str, Factor]]:
        """Return the numbers and the factors of new rows."""
        labels = getattr(self, "column_labels_", None)
        by_name = hasattr(self, "feature_names_in_") or labels is not None
        table = check_table(self, X, reset=False, check_names=not by_name)
        used = list(self.column_kinds_)
        problems: list[str] = []
        if by_name and table.container != "array":
            seen = list(self.column_roles_)
            if labels is not None:
                known = dict(zip(labels, seen, strict=True))
                table.rename([known.get(name, name) for name in table.names])
            positions, problems = match_columns(table.names, used, seen)
        else:
            positions = [list(self.column_roles_).index(name) for name in used]
        table = self._read_columns(table.select(positions))
        kinds = [self.column_kinds_[name] for name in table.names]
        caller = type(self).__name__
        return split_numeric_categorical(caller, table, kinds, problems)

    def inverse_transform(self, X: Any) -> Any:
        """Turn prepared rows back into columns in their own unit.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_outputs)
            Rows as `transform` gives them, or what a model made of such rows.

        Returns
        -------
        X_original : DataFrame or ndarray of shape (n_samples, n_columns)
            The columns in use, in the order of `fit`: a frame where `fit` was given
            one with text names. A category is the level with the nearest code, None
            where that is the level of missing cells, "other" where levels were merged;
            numbers that were missing are those that filled them.

        Raises
        ------
        ValueError
            If X has not the columns that `transform` gives.
        """
        check_is_fitted(self)
        columns = original_columns(self, X)
        container = "pandas" if hasattr(self, "feature_names_in_") else "array"
        index = getattr(X, "index", None) if hasattr(X, "columns") else None
        return to_container(list(columns.values()), list(columns), container, index)

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
            Numeric columns, ``missingindicator_`` columns, encoded categories.
        """
        check_is_fitted(self)
        given = check_input_features(self, input_features)
        renamed = dict(zip(self.column_roles_, given, strict=True))
        names = [renamed[name] for name in self._columns_of(NUMERIC)]
        indicators = self.imputer_.indicator_features_
        names += [f"missingindicator_{renamed[name]}" for name in indicators]
        if self.encoder_ is not None:
            categorical = [renamed[name] for name in self._columns_of(CATEGORICAL)]
            names += self.encoder_._output_names(categorical)
        return np.array(unique_names(names), dtype=object)

    def _fit(
        self,
        X: Any,
        y: Any,
        statistics: TableStatistics | None = None,
    ) -> tuple[np.ndarray, dict, dict]:
        """Learn everything; return numbers, factors and cross-fitted means.

        With statistics of the whole table the rows are a sample of it.
        """
        check_row_order(X, y)
        table = check_table(self, X, reset=True)
        self.column_labels_ = None
        if table.container != "array" and not hasattr(self, "feature_names_in_"):
            self.column_labels_ = [str(label) for label in X.columns]
        dates, formats = listed_dates(self.dates, table.names)
        identifiers = listed_identifiers(self, table.names)
        levels, numeric = (
            listed_columns(table.names, getattr(self, role), role)
            for role in ("categorical", "numeric")
        )
        schema, table, notes = TableSchema.of_and_read(
            table, levels | identifiers, formats, numeric - levels
        )
        check_dates(type(self).__name__, table, schema, dates, formats)
        self.column_readings_ = schema.to_dict(table.names)
        _warn_of(notes)
        roles, chosen = resolve_roles(
            table.names, table.kinds, self.categorical, self.numeric
        )
        kinds = expected_kinds(roles, table.kinds)
        numbers, factors = split_numeric_categorical(type(self).__name__, table, kinds)
        self.column_roles_ = dict(zip(table.names, roles, strict=True))
        is_auto = isinstance(self.identifiers, str) and self.identifiers == "auto"
        if is_auto and table.container != "array":
            candidates = [c for c in table.columns if c.name not in chosen]
            identifiers = {
                column.name
                for column in candidates
                if (statistics.identifies(column) if statistics else column.identifies)
            }
            if identifiers:
                warn_of_identifiers([n for n in table.names if n in identifiers])
        if identifiers:
            numeric_names = self._columns_of(NUMERIC)
            self.column_roles_ |= dict.fromkeys(identifiers, IDENTIFIER)
            factors = {n: f for n, f in factors.items() if n not in identifiers}
            numbers = numbers[:, [name not in identifiers for name in numeric_names]]
        mixed = {column.name for column in table.columns if column.kind == MIXED}
        mixed |= {name for name, reading in schema.readings.items() if reading.is_mixed}
        doubtful = [name for name in factors if name in mixed and name not in chosen]
        if doubtful:
            warn_of_doubtful_categories(doubtful)
        self.column_kinds_ = dict(zip(table.names, kinds, strict=True))
        n_missing, ranges, classes = None, None, None
        if statistics is not None:
            names, classes = self._columns_of(NUMERIC), statistics.classes
            n_missing = statistics.n_missing(names, numbers)
            factors = statistics.count_factors(factors, schema)
        numbers = self._fit_imputer(numbers, factors, n_missing)
        if statistics is not None:
            ranges = statistics.ranges(self._columns_of(NUMERIC))
        cross_fitted = self._fit_encoder(factors, y, classes)
        self._fit_scalers(numbers, factors, ranges)
        lay_out(self)
        return numbers, factors, cross_fitted

    def _read_columns(self, table: Table) -> Table:
        """Return a table whose columns are read as those of the training table."""
        stored = getattr(self, "column_readings_", {})
        table, notes = TableSchema.from_dict(stored).read_columns(table)
        _warn_of(notes)
        return table

    def _fit_imputer(
        self,
        numbers: np.ndarray,
        factors: dict[str, Factor],
        n_missing: dict[str, int] | None,
    ) -> np.ndarray:
        """Learn fill values; return the numbers without columns that hold none."""
        used = {n: role for n, role in self.column_roles_.items() if role != IDENTIFIER}
        if not used:
            raise SchemaError(
                f"All columns, {list(self.column_roles_)}, are identifiers; pass "
                "identifiers='keep' to use them all the same."
            )
        self.imputer_ = MixedImputer(
            self.numeric_imputation,
            self.categorical_imputation,
            add_indicator=self.add_indicator,
            random_state=self.random_state,
        )
        kinds = [self.column_kinds_[name] for name in used]
        self.imputer_._fit_columns(used, kinds, numbers, factors, n_missing)
        self._name_inputs(self.imputer_, list(used))
        numeric = self._columns_of(NUMERIC)
        self.column_roles_ |= self.imputer_.column_roles_
        present = [name for name in used if self.column_roles_[name] != ALL_MISSING]
        self.column_kinds_ = {name: self.column_kinds_[name] for name in present}
        for name in factors.keys() - self.column_kinds_.keys():
            del factors[name]
        kept = [self.column_roles_[name] == NUMERIC for name in numeric]
        return numbers if all(kept) else numbers[:, kept]

    def _fit_encoder(
        self, factors: dict[str, Factor], y: Any, classes: list | None
    ) -> dict[str, np.ndarray]:
        """Learn the categories; return the cross-fitted means of the training rows."""
        self.encoder_ = None
        if not factors:
            return {}
        self.encoder_ = CategoryEncoder(
            self.encoding,
            min_frequency=self.min_frequency,
            max_levels=self.max_levels,
            target_type=self.target_type,
            random_state=self.random_state,
        )
        self._name_inputs(self.encoder_, list(factors))
        filled = self.imputer_._fill_factors(factors)
        return self.encoder_._fit_factors(filled, y, classes)

    def _fit_scalers(
        self,
        numbers: np.ndarray,
        factors: dict[str, Factor],
        ranges: list | None,
    ) -> None:
        """Learn the scales of the numbers and of the target means."""
        self.scaler_ = self.target_scaler_ = None
        if numbers.shape[1] and self.scale:
            self.scaler_ = SoftRobustScaler(self.clip).fit(numbers)
            if ranges is not None:
                learnt = robust_statistics(numbers, ranges)
                self.scaler_.center_, self.scaler_.scale_ = learnt
        encoder = self.encoder_
        if encoder is not None and "target" in encoder.column_encodings_.values():
            filled = self.imputer_._fill_factors(factors)
            means = [
                encoder.tables_[name][encoder._recode(name, factor)[0]]
                for name, factor in filled.items()
                if encoder.column_encodings_[name] == "target"
            ]
            self.target_scaler_ = SoftRobustScaler(self.clip).fit(np.hstack(means))

    def _columns_of(self, role: str) -> list[str]:
        """List the columns that have a role, in the order of `fit`."""
        return [name for name, given in self.column_roles_.items() if given == role]

    def _name_inputs(self, step: Any, names: list[str]) -> None:
        """Set the input columns of a step, so that it can be used alone."""
        step.n_features_in_ = len(names)
        if hasattr(self, "feature_names_in_"):
            step.feature_names_in_ = np.array(names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = raw_table_tags(super().__sklearn_tags__())
        tags.target_tags.required = self.encoding == "target"
        return tags


def _warn_of(notes: list[str]) -> None:
    for sentence in notes:
        warnings.warn(sentence, SegmentLearnWarning, stacklevel=6)
