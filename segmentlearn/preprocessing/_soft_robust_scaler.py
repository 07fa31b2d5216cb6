"""SoftRobustScaler: scaling by median and quartiles with a smooth clip."""

from collections.abc import Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from segmentlearn._compat import Interval, fit_context, validate_data
from segmentlearn.tables import (
    column_names,
    infinite_problems,
    raise_schema_error,
    row_chunks,
)

# beyond this many clip widths the squashed value equals the clip in both precisions
_SATURATED = 1e9
_LARGEST = float(np.finfo(np.float64).max)
_FLOATS: dict[str, Any] = {"dtype": [np.float64, np.float32]}


class SoftRobustScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Scale numbers by median and quartiles, then squash outliers smoothly.

    A value becomes ``z = s * (x - median)`` with ``s = 1 / (q75 - q25)`` and is then
    squashed between ``-clip`` and ``clip`` by ``z / sqrt(1 + (z / clip) ** 2)``: most
    of a column stays almost as it is, and one absurd income no longer dominates the
    scale. Where the quartiles coincide, ``s = 2 / (max - min)``; a constant column
    becomes 0.

    Missing values are ignored in `fit` and stay missing in `transform`.

    Parameters
    ----------
    clip : float or None, default=3.0
        Bound that no scaled value exceeds. None: no squashing.

    Attributes
    ----------
    center_ : ndarray of shape (n_features,)
        Median of each column, in the column's unit; 0 where a column was all missing.
    scale_ : ndarray of shape (n_features,)
        The factor ``s`` of each column; 0 for a constant column.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`. Defined only where all of them are strings.

    See Also
    --------
    TabularPreprocessor : Imputes, scales and encodes a raw table in one step.
    sklearn.preprocessing.RobustScaler : The same scale without squashing.

    Notes
    -----
    This is the numeric preprocessing of RealMLP [1]_. float32 and float64 keep their
    precision; integers become float64.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart: "Better by Default: Strong
       Pre-Tuned MLPs and Boosted Trees on Tabular Data", NeurIPS 2024,
       https://arxiv.org/abs/2407.04491

    Examples
    --------
    >>> import numpy as np
    >>> from segmentlearn.preprocessing import SoftRobustScaler
    >>> income = np.array([[10.0], [20.0], [30.0], [40.0], [1e6]])
    >>> scaler = SoftRobustScaler().fit(income)
    >>> scaler.transform(income).round(2)
    array([[-0.95],
           [-0.49],
           [ 0.  ],
           [ 0.49],
           [ 3.  ]])
    >>> scaler.inverse_transform([[0.0]])
    array([[30.]])
    """

    _parameter_constraints: dict = {
        "clip": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(self, clip: float | None = 3.0) -> None:
        self.clip = clip

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn median and scale of every column.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN where missing.
        y : None
            Ignored, present for scikit-learn's conventions.

        Returns
        -------
        self : SoftRobustScaler
            The fitted scaler.

        Raises
        ------
        SchemaError
            If X holds infinite values.
        """
        X = self._validate(X, reset=True)
        self.center_, self.scale_ = robust_statistics(X)
        return self

    def transform(self, X: Any) -> Any:
        """Scale and squash every column.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN where missing.

        Returns
        -------
        X_scaled : ndarray or DataFrame of shape (n_samples, n_features)
            Scaled numbers without unit; NaN where X is missing.

        Raises
        ------
        SchemaError
            If X holds infinite values.
        """
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        out = np.empty(X.shape, dtype=X.dtype)
        soft_scale(X, self.center_, self.scale_, self.clip, out)
        return out

    def inverse_transform(self, X: Any) -> Any:
        """Bring scaled values back to the unit of the columns.

        Values at ``clip`` or beyond have no finite origin: they come back as the
        largest distance from the median that the precision can resolve. A
        constant column comes back as its constant.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Scaled numbers; NaN where missing.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
            Numbers in the unit of the columns seen in `fit`.
        """
        check_is_fitted(self)
        X = validate_data(
            self, X, reset=False, ensure_all_finite="allow-nan", **_FLOATS
        )
        z = X.astype(np.float64)
        if self.clip is not None:
            squeezed = z / self.clip
            bound = 1.0 - np.finfo(X.dtype).eps
            np.clip(squeezed, -bound, bound, out=squeezed)
            z = self.clip * squeezed / np.sqrt(1.0 - squeezed**2)
        varies = self.scale_ > 0
        width = np.zeros_like(self.scale_)
        np.divide(1.0, self.scale_, out=width, where=varies)
        constant = np.where(np.isnan(z), np.nan, 0.0)
        largest = float(np.finfo(X.dtype).max)
        with np.errstate(over="ignore"):
            original = np.where(varies, z * width, constant) + self.center_
        np.clip(original, -largest, largest, out=original)
        return original.astype(X.dtype, copy=False)

    def _validate(self, X: Any, *, reset: bool) -> np.ndarray:
        """Return X as floats, finite or missing."""
        X = validate_data(self, X, reset=reset, ensure_all_finite=False, **_FLOATS)
        problems = infinite_problems(column_names(self), X)
        raise_schema_error(type(self).__name__, problems)
        return X

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def robust_statistics(
    numbers: np.ndarray, ranges: Sequence[tuple[float, float] | None] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return median and scale of every column, missing values left out.

    `ranges` are the extremes of a larger table that the rows were drawn from.
    """
    center, scale = np.zeros((2, numbers.shape[1]))
    for position, column in enumerate(numbers.T):
        column = np.sort(column)  # NaN goes to the end
        n_present = len(column) - int(np.count_nonzero(np.isnan(column)))
        if n_present == 0:
            continue
        quarter, middle, three_quarters = (
            sorted_quantile(column, n_present, q) for q in (0.25, 0.5, 0.75)
        )
        # halves, so that the widest range of floats does not overflow
        own = float(column[0]), float(column[n_present - 1])
        low, high = (ranges[position] if ranges else None) or own
        half_range = high / 2 - low / 2
        half_quartiles = three_quarters / 2 - quarter / 2
        center[position] = middle
        scale[position] = _reciprocal(half_quartiles) / 2 or _reciprocal(half_range)
    return center, scale


def sorted_quantile(column: np.ndarray, n_present: int, q: float) -> float:
    """Return a quantile of sorted values by linear interpolation."""
    rank = (n_present - 1) * q
    below = int(rank)
    low, high = float(column[below]), float(column[min(below + 1, n_present - 1)])
    if low == high:
        return low
    return low * (1 - (rank - below)) + high * (rank - below)


def soft_scale(
    numbers: np.ndarray,
    center: np.ndarray,
    scale: np.ndarray,
    clip: float | None,
    out: np.ndarray,
) -> None:
    """Write ``scale * (numbers - center)``, squashed to (-clip, clip), to ``out``."""
    safe = (scale == 0) | ((scale > 1e-30) & (scale < 1e30))
    single = numbers.dtype == np.float32 and out.dtype == np.float32 and safe.all()
    dtype = np.float32 if single else np.float64
    center, scale = center.astype(dtype), scale.astype(dtype)
    limit = float(np.finfo(out.dtype).max) if clip is None else clip * _SATURATED
    for rows in row_chunks(numbers.shape[0]):
        with np.errstate(over="ignore"):
            z = np.subtract(numbers[rows], center, dtype=dtype)
            if not single:  # an infinite distance times a scale of 0 would be NaN
                np.clip(z, -_LARGEST, _LARGEST, out=z)
            z *= scale
        np.clip(z, -limit, limit, out=z)
        if clip is None:
            out[rows] = z
            continue
        root = z / dtype(clip)
        np.multiply(root, root, out=root)
        root += 1
        np.sqrt(root, out=root)
        np.divide(z, root, out=out[rows], casting="same_kind")


def _reciprocal(width: float) -> float:
    """Return ``1 / width``, 0 where it is not finite."""
    with np.errstate(all="ignore"):
        factor = float(np.float64(1.0) / np.float64(width))
    return factor if np.isfinite(factor) else 0.0
