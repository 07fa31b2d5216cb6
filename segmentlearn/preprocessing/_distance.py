"""DistancePreprocessor: a raw customer table whose rows can be compared by distance."""

from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from segmentlearn._compat import Interval, StrOptions, fit_context, validate_data
from segmentlearn.preprocessing._inversion import read_prepared
from segmentlearn.preprocessing._listed_roles import renamed_columns
from segmentlearn.preprocessing._tabular import TabularPreprocessor
from segmentlearn.tables import NUMERIC, raw_table_tags, row_chunks

_HEAVY_SKEWNESS = 1.0
_HEAVY_KURTOSIS = 3.0  # in excess of the normal distribution's
_LARGEST_BLOCK_SCALE = 3.0
_MOST_ROWS = 100_000  # enough to see whether a tail is heavy


def _of_table(*names: str) -> dict[str, list]:
    """Return the constraints of parameters that go to `table_` as they are."""
    return {name: TabularPreprocessor._parameter_constraints[name] for name in names}


class DistancePreprocessor(TransformerMixin, BaseEstimator):
    """Turn a raw customer table into numbers whose distances are fair to each column.

    What a clusterer needs: the distance of two customers grows with the differences in
    their columns, and no column counts for more than another because of its unit, its
    outliers or its number of levels. A number is standardised, after heavy tails have
    been transformed. A category is a group of one-hot columns, scaled such that the
    expected squared distance of two customers is that of a standardised number.
    Missing numbers lie at the mean, in columns complete at `fit` at the median;
    missing categories are a level of their own.

    Parameters
    ----------
    tails : {"auto", "keep"}, default="auto"
        "auto": a column with heavy tails (skewness beyond 1, or an excess kurtosis
        beyond 3) is taken through the inverse hyperbolic sine of its distance to the
        median in quartile ranges, which is a logarithm far out. "keep": numbers are
        only clipped.
    clip : float or None, default=3.0
        Standard deviations at which a number is cut off.
    largest_scale : float, default=3.0
        Bound of the factor on a category's columns. Without it a flag that one customer
        in a thousand has would weigh more than anything else.
    min_frequency : float, "auto" or None, default="auto"
        Rows that a level needs, see :class:`CategoryEncoder`.
    max_levels : int, default=30
        Most levels of a category; the rarer ones are merged.
    numeric, categorical : "auto" or list of str or int, default="auto"
        Columns of numbers and of categories, see :class:`TabularPreprocessor`.
    dates : "auto", list of str or int, or dict of str to str, default="auto"
        Columns of dates, see :class:`TabularPreprocessor`.
    identifiers : {"auto", "keep"} or list of str or int, default="auto"
        Columns that are left out, see :class:`TabularPreprocessor`.

    Attributes
    ----------
    table_ : TabularPreprocessor
        Fitted; imputes and encodes.
    is_heavy_ : ndarray of bool, shape (n_numeric,)
        Numeric columns whose tails are transformed.
    center_, scale_ : ndarray of shape (n_numeric,)
        Means and standard deviations of the numbers present, after that transformation;
        a constant column has the scale 0.
    block_scales_ : dict of str to float
        Factor on the one-hot columns of each category.
    n_features_in_ : int
        Columns seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns; only where `fit` was given a frame with text names.

    See Also
    --------
    TabularPreprocessor : The preparation for nets.

    Notes
    -----
    With the shares p of a category's levels two random customers differ in it with
    probability 1 − Σp², at a distance of √2 in one-hot columns. The factor
    1 / √(1 − Σp²) makes the expected squared distance 2, which is what two draws from
    a standardised number have. The idea of weighing both kinds the same is that of
    k-prototypes [1]_.

    References
    ----------
    .. [1] Z. Huang, "Extensions to the k-means algorithm for clustering large data
       sets with categorical values", Data Mining and Knowledge Discovery 2, 1998.

    Examples
    --------
    >>> import pandas as pd
    >>> from segmentlearn.preprocessing import DistancePreprocessor
    >>> X = pd.DataFrame(
    ...     {"age": [20.0, 30.0, 40.0, 30.0], "job": ["Artist", "Judge"] * 2}
    ... )
    >>> DistancePreprocessor().fit_transform(X).round(2)
    array([[-1.41,  1.41,  0.  ],
           [ 0.  ,  0.  ,  1.41],
           [ 1.41,  1.41,  0.  ],
           [ 0.  ,  0.  ,  1.41]], dtype=float32)
    """

    _parameter_constraints: dict = {
        "tails": [StrOptions({"auto", "keep"})],
        "clip": [Interval(Real, 0, None, closed="neither"), None],
        "largest_scale": [Interval(Real, 1, None, closed="left")],
        **_of_table("min_frequency", "max_levels"),
        **_of_table("numeric", "categorical", "dates", "identifiers"),
    }

    def __init__(
        self,
        tails: str = "auto",
        *,
        clip: float | None = 3.0,
        largest_scale: float = _LARGEST_BLOCK_SCALE,
        min_frequency: float | str | None = "auto",
        max_levels: int = 30,
        numeric: Any = "auto",
        categorical: Any = "auto",
        dates: Any = "auto",
        identifiers: Any = "auto",
    ) -> None:
        self.tails = tails
        self.clip = clip
        self.largest_scale = largest_scale
        self.min_frequency = min_frequency
        self.max_levels = max_levels
        self.numeric = numeric
        self.categorical = categorical
        self.dates = dates
        self.identifiers = identifiers

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(renamed_columns(state))

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn levels, tails and scales.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The raw table.
        y : None
            Ignored.

        Returns
        -------
        self : DistancePreprocessor
            The fitted preprocessor.

        Raises
        ------
        SchemaError
            If a column holds infinite values, or if no column can be used.
        """
        self._fit(X)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Learn from a table and transform it.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The raw table.
        y : None
            Ignored.

        Returns
        -------
        X_out : ndarray of float32 or DataFrame of shape (n_samples, n_outputs)
        """
        return self._rescale(self._fit(X))

    def transform(self, X: Any) -> Any:
        """Turn rows into numbers with what `fit` has learnt.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The columns seen in `fit`; a frame may have them in any order.

        Returns
        -------
        X_out : ndarray of float32 or DataFrame of shape (n_samples, n_outputs)
            Finite numbers: numeric columns, then those of each category.

        Raises
        ------
        SchemaError
            If columns are missing, numeric columns hold text, or a column holds
            infinite values.
        """
        check_is_fitted(self)
        return self._rescale(self.table_.transform(X))

    def inverse_transform(self, X: Any) -> Any:
        """Turn prepared rows back into columns in their own unit.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_outputs)
            Rows as `transform` gives them, or means of such rows.

        Returns
        -------
        X_original : DataFrame or ndarray of shape (n_samples, n_columns)
            As :meth:`TabularPreprocessor.inverse_transform` returns them.

        Raises
        ------
        ValueError
            If X has not the columns that `transform` gives.
        """
        check_is_fitted(self)
        X = read_prepared(self, X, ensure_min_samples=0)
        numeric = self._numeric
        features = np.zeros((len(X), len(self.table_.get_feature_names_out())))
        features[:, self._sources] = X
        numbers = X[:, numeric] * self.scale_ + self.center_
        features[:, numeric] = np.where(self.is_heavy_, np.sinh(numbers), numbers)
        for name, group in self.table_.output_groups_.items():
            features[:, group] /= self.block_scales_[name]
        return self.table_.inverse_transform(features)

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
        """
        check_is_fitted(self)
        return self.table_.get_feature_names_out(input_features)[self._sources]

    def _fit(self, X: Any) -> np.ndarray:
        """Learn everything; return the table as the imputer and encoder give it."""
        self.table_ = TabularPreprocessor(
            clip=None,
            min_frequency=self.min_frequency,
            max_levels=self.max_levels,
            numeric=self.numeric,
            categorical=self.categorical,
            dates=self.dates,
            identifiers=self.identifiers,
        ).set_output(transform="default")
        features = self.table_.fit_transform(X)
        validate_data(self, X, skip_check_array=True)
        self._fit_numbers(features)
        self.block_scales_ = {}
        for name, group in self.table_.output_groups_.items():
            shares = features[:, group].mean(axis=0, dtype=np.float64)
            differ = max(1.0 - float((shares**2).sum()), 1.0 / self.largest_scale**2)
            self.block_scales_[name] = float(1.0 / np.sqrt(differ))
        return features

    @property
    def _numeric(self) -> list[int]:
        """Positions of the numeric columns, in the table and in the output."""
        return self.table_.output_roles_["numeric"]

    @property
    def _sources(self) -> list[int]:
        """Positions in the table of the output columns: all but the indicators."""
        return [*self._numeric, *self.table_.output_roles_["onehot"]]

    @property
    def output_groups_(self) -> dict[str, list[int]]:
        """Positions of the output columns of each category."""
        position_of = {source: at for at, source in enumerate(self._sources)}
        groups = self.table_.output_groups_.items()
        return {
            name: [position_of[source] for source in group] for name, group in groups
        }

    def _fit_numbers(self, features: np.ndarray) -> None:
        """Learn tails, means and deviations from the numbers that are present."""
        n_numeric, indicators = len(self._numeric), self._indicators()
        self.is_heavy_ = np.zeros(n_numeric, bool)
        self.center_, self.scale_ = np.zeros(n_numeric), np.zeros(n_numeric)
        for position in self._numeric:
            present = features[:, position].astype(np.float64)
            if position in indicators:
                present = present[features[:, indicators[position]] == 0]
            if self.tails == "auto" and _has_heavy_tails(present):
                self.is_heavy_[position] = True
                present = np.arcsinh(present)
            self.center_[position] = present.mean()
            deviation = present.std()
            if deviation > 1e-7 * max(1.0, abs(self.center_[position])):
                self.scale_[position] = deviation

    def _indicators(self) -> dict[int, int]:
        """Position of the indicator of each numeric column that has one."""
        numeric = self.table_._columns_of(NUMERIC)
        names = self.table_.imputer_.indicator_features_
        indicators = zip(names, self.table_.output_roles_["indicator"], strict=True)
        return {numeric.index(name): at for name, at in indicators if name in numeric}

    def _rescale(self, features: np.ndarray) -> np.ndarray:
        """Transform tails, standardise and weigh; return the output columns."""
        numeric, indicators = self._numeric, self._indicators()
        categorical = self.table_.output_roles_["onehot"]
        out = np.empty((len(features), len(self._sources)), np.float32)
        inverse = np.zeros_like(self.scale_)
        np.divide(1.0, self.scale_, out=inverse, where=self.scale_ > 0)
        factors = np.ones(features.shape[1], np.float32)
        for name, group in self.table_.output_groups_.items():
            factors[group] = self.block_scales_[name]
        for rows in row_chunks(len(features)):
            numbers = features[rows][:, numeric].astype(np.float64)
            heavy = self.is_heavy_
            numbers[:, heavy] = np.arcsinh(numbers[:, heavy])
            numbers = (numbers - self.center_) * inverse
            for position, indicator in indicators.items():
                numbers[features[rows, indicator] > 0, position] = 0.0
            if self.clip is not None:
                np.clip(numbers, -self.clip, self.clip, out=numbers)
            out[rows, : len(numeric)] = numbers
            levels = features[rows][:, categorical]
            out[rows, len(numeric) :] = levels * factors[categorical]
        return out

    def __sklearn_tags__(self) -> Any:
        return raw_table_tags(super().__sklearn_tags__())


def _has_heavy_tails(column: np.ndarray) -> bool:
    """Return whether a few values of a column would dominate its distances."""
    if len(column) > _MOST_ROWS:
        column = column[np.random.default_rng(0).integers(0, len(column), _MOST_ROWS)]
    if len(column) < 3 or np.ptp(column) == 0:
        return False
    is_skewed = abs(stats.skew(column)) > _HEAVY_SKEWNESS
    return bool(is_skewed or stats.kurtosis(column) > _HEAVY_KURTOSIS)
