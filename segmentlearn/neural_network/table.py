"""From the table a user gives to the matrix a net takes, the same way every time."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from segmentlearn.preprocessing import TabularPreprocessor

# a column further from zero, or wider, than this would drown the others in a net
_LARGEST_NATURAL_SCALE = 10.0


def is_frame(X: Any) -> bool:
    """Whether X is a table with named columns, of pandas or of polars."""
    return hasattr(X, "columns") and hasattr(X, "dtypes")


def is_ready(X: Any) -> bool:
    """Whether a net can take the table as it comes.

    An array of numbers without missing values comes from a transformer, or from a user
    who has prepared it. A frame is ready where all its columns are numbers, complete
    and on a natural scale.
    """
    if not is_frame(X):
        return _is_complete(X)
    if not isinstance(X, pd.DataFrame) or not all(map(_is_number, X.dtypes)):
        return False
    values = X.to_numpy()
    with np.errstate(all="ignore"):
        bad = ~np.isfinite(values.sum(axis=0, dtype=np.float64))
        large = np.abs(values.mean(axis=0)) > _LARGEST_NATURAL_SCALE
        wide = values.std(axis=0) > _LARGEST_NATURAL_SCALE
    return not (bad | large | wide).any()


def resolve_preprocessor(preprocessor: Any, X: Any) -> Any:
    """Return the transformer a fit needs for its table, unfitted; None if none.

    Parameters
    ----------
    preprocessor : "auto", transformer or None
        The estimator's parameter.
    X : frame or array
        The training table.

    Returns
    -------
    transformer : object or None
    """
    if preprocessor is None:
        return None
    if isinstance(preprocessor, str):
        return None if is_ready(X) else TabularPreprocessor()
    return clone(preprocessor)


def _is_number(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "iuf"


def _is_complete(X: Any) -> bool:
    """Whether an array holds numbers and no missing value; infinities are errors."""
    array = X if isinstance(X, np.ndarray) else np.asarray(X)
    if array.dtype.kind in "biu":
        return True
    if array.dtype.kind == "f":
        # a sum is missing where a value is, and allocates nothing
        return not (np.isnan(array.sum()) and np.isnan(array).any())
    if array.dtype.kind != "O":
        return False
    try:
        return not np.isnan(array.astype(np.float64)).any()
    except (TypeError, ValueError):
        return False
