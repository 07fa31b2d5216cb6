"""From the table a user gives to the matrix a net takes, the same way every time."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import clone

from segmentlearn._compat import validate_data
from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.preprocessing import TabularPreprocessor
from segmentlearn.tables import TableScan

# a column whose numbers are typically larger than this would drown others in a net
_LARGEST_NATURAL_SCALE = 10.0
# an array is taken as it comes, so it must be far off before it is worth a warning
_LARGEST_SILENT_SCALE = 100.0
_SAMPLE = 10_000  # about so many rows suffice for a column's scale
_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


def is_frame(X: Any) -> bool:
    """Whether X is a table with named columns, of pandas or of polars."""
    return hasattr(X, "columns") and hasattr(X, "dtypes")


def refuse_scan(X: Any, estimator: str) -> None:
    """Refuse a table that is not held in memory."""
    if isinstance(X, TableScan):
        raise TypeError(
            f"{estimator}.fit takes a table in memory; pass the scan to "
            "segmentlearn.fit_scan(estimator, scan, target)."
        )


def is_ready(X: Any) -> bool:
    """Whether a net can take the table as it comes.

    An array of numbers without missing values comes from a transformer, or from a user
    who has prepared it.
    """
    return not is_frame(X) and (sparse.issparse(X) or _is_complete(X))


def resolve_preprocessor(preprocessor: Any, X: Any) -> Any:
    """Return the transformer a fit needs for its table, unfitted; None if none."""
    if preprocessor is None:
        return None
    if isinstance(preprocessor, str):
        if is_ready(X):
            return None
        # the numbers of a transformer's frame stay as they are, but new rows are still
        # matched by name and may have missing values
        if _is_scaled(X):
            return TabularPreprocessor(
                add_indicator=False, scale=False, identifiers="keep"
            )
        return TabularPreprocessor()
    return clone(preprocessor)


def _is_scaled(X: Any) -> bool:
    """Whether a frame looks like a transformer's output.

    All its columns are floats, complete and on a natural scale.
    """
    if not isinstance(X, pd.DataFrame):
        return False
    if not all(isinstance(kind, np.dtype) and kind.kind == "f" for kind in X.dtypes):
        return False
    values = X.to_numpy()
    with np.errstate(all="ignore"):
        bad = ~np.isfinite(values.sum(axis=0, dtype=np.float64))
    return not (bad | _is_far_from_zero(values, _LARGEST_NATURAL_SCALE)).any()


def as_matrix(features: Any) -> np.ndarray:
    """Return what a preprocessor gave as one dense matrix of finite floats."""
    if sparse.issparse(features):
        features = features.toarray()
    names = getattr(features, "columns", None)
    try:
        with np.errstate(over="ignore"):
            matrix = np.asarray(features, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"the preprocessor must give numbers only; its output is not: {error}"
        ) from error
    if matrix.ndim != 2:
        raise ValueError(
            f"the preprocessor must give a table; it gave shape {matrix.shape}."
        )
    check_finite(matrix, names, "the preprocessor's output")
    return matrix


def read_numbers(
    estimator: Any, X: Any, reset: bool, order: str | None = None
) -> np.ndarray:
    """Return the numbers of a table that needs no preprocessor."""
    matrix = validate_data(
        estimator,
        X,
        reset=reset,
        dtype=[np.float32, np.float64],
        order=order,
        ensure_all_finite=False,
    )
    check_finite(matrix, getattr(estimator, "feature_names_in_", None))
    return matrix


def check_finite(matrix: np.ndarray, names: Any = None, what: str = "X") -> None:
    """Check that a net, which computes in float32, can take every number."""
    if not matrix.size:
        return
    with np.errstate(all="ignore"):
        if matrix.dtype == np.float32 and np.isfinite(matrix.sum()):
            return  # a sum is not finite where one of its terms is not
    # the extremes are missing where a value is, and take no memory
    if matrix.min() >= -_LARGEST_FLOAT32 and matrix.max() <= _LARGEST_FLOAT32:
        return
    if names is None:
        names = range(matrix.shape[1])
    columns = dict(zip(names, matrix.T, strict=True))
    missing = [name for name in columns if np.isnan(columns[name]).any()]
    if missing:
        raise SchemaError(
            f"{what} holds missing values (NaN) in column(s) {missing!r}, which a net "
            "cannot take; fill them, for example with "
            "preprocessor=TabularPreprocessor()."
        )
    largest = {name: np.abs(column).max() for name, column in columns.items()}
    large = [name for name in largest if not largest[name] <= _LARGEST_FLOAT32]
    raise SchemaError(
        f"{what} holds infinite values (inf), or numbers too large for float32, in "
        f"column(s) {large!r}; replace them, for example by missing values."
    )


def check_probabilities(probabilities: np.ndarray, features: np.ndarray) -> None:
    """Check that no row's features were too much for the net."""
    failed = ~np.isfinite(probabilities.sum(axis=1))
    if failed.any():
        row = int(np.argmax(failed))
        raise ValueError(
            f"the net gives no finite probabilities for row {row}, whose largest "
            f"feature is {np.abs(features[row]).max():.4g}; scale the features as in "
            "training."
        )


def warn_of_raw_numbers(matrix: np.ndarray) -> None:
    """Warn of an array that no transformer can have come over."""
    far = np.flatnonzero(_is_far_from_zero(matrix, _LARGEST_SILENT_SCALE))
    if len(far):
        warnings.warn(
            f"{len(far)} column(s) of X are far from zero (the first is {far[0]}, with "
            f"{np.abs(matrix[:, far[0]]).max():.4g}). An array is used as it comes, "
            "and a net learns badly from such numbers: scale them, pass a DataFrame, "
            "or pass preprocessor=TabularPreprocessor().",
            SegmentLearnWarning,
            stacklevel=4,
        )


def _is_far_from_zero(matrix: np.ndarray, limit: float) -> np.ndarray:
    """Whether each column has a large mean or a large variance in a sample."""
    sample = matrix[:: 1 + len(matrix) // _SAMPLE]
    with np.errstate(all="ignore"):
        squares = np.einsum("ij,ij->j", sample, sample, dtype=np.float64)
        return squares > len(sample) * limit**2


def _is_complete(X: Any) -> bool:
    """Whether an array holds numbers and no missing value; infinities are errors."""
    array = X if isinstance(X, np.ndarray) else np.asarray(X)
    if array.dtype.kind in "biu":
        return True
    if array.dtype.kind == "f":
        # a sum is missing where a value is, and allocates nothing
        with np.errstate(all="ignore"):
            total = array.sum()
        return not (np.isnan(total) and np.isnan(array).any())
    if array.dtype.kind != "O":
        return False
    try:
        return not np.isnan(array.astype(np.float64)).any()
    except (TypeError, ValueError):
        return False
