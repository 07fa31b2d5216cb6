"""Tables of a user on the way into a Keras net, and the rows that are held out."""

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
from sklearn.utils.validation import check_array

from segmentlearn._compat import safe_indexing, validate_data
from segmentlearn.engine import keras
from segmentlearn.neural_network._split import Split, stratified_holdout

_NOT_NUMBERS = "OUST"


def check_features(estimator: Any, X: Any, reset: bool) -> Any:
    """Check features as scikit-learn does, of any number of dimensions."""
    text = _kind(X) in _NOT_NUMBERS
    try:
        X = validate_data(
            estimator,
            X,
            reset=reset,
            accept_sparse=True,
            allow_nd=True,
            dtype=keras.backend.floatx() if text else None,
        )
    except ValueError as error:
        if "could not convert string to float" not in str(error):
            raise
        raise ValueError(
            f"{error}; {type(estimator).__name__} takes numbers. Put "
            "segmentlearn.TabularPreprocessor before it: make_pipeline("
            f"TabularPreprocessor(), {type(estimator).__name__}(...))."
        ) from error
    if scipy.sparse.issparse(X):
        return X.tocsr()
    if not reset and X.ndim != len(estimator.X_shape_):
        raise ValueError(
            f"X has {X.ndim} dimensions, but this {type(estimator).__name__} was "
            f"fitted to {len(estimator.X_shape_)} dimensions in X."
        )
    if not reset and X.shape[1:] != estimator.X_shape_[1:]:
        raise ValueError(
            f"X has rows of shape {X.shape[1:]}, and {type(estimator).__name__} was "
            f"fitted to rows of shape {estimator.X_shape_[1:]}."
        )
    return X


def check_targets(y: Any, numeric: bool) -> np.ndarray:
    """Check targets, of one column or several."""
    text = _kind(y) in _NOT_NUMBERS
    return check_array(
        y,
        ensure_2d=False,
        allow_nd=False,
        dtype=keras.backend.floatx() if text and numeric else None,
        input_name="y",
    )


def _kind(table: Any) -> str:
    """Return the kind of dtype of an array, a frame or a list."""
    dtype = getattr(table, "dtype", None)
    kind = getattr(dtype, "kind", None)
    return kind if kind is not None else np.asarray(table).dtype.kind


def drop_weightless(X: Any, y: Any, weights: Any) -> tuple:
    """Leave out the rows that weigh nothing."""
    kept = np.flatnonzero(weights)
    if not len(kept):
        raise ValueError(
            "only zeros were passed in sample_weight, so there is nothing to train on; "
            "give some row a weight."
        )
    if len(kept) == len(weights):
        return X, y, weights
    return safe_indexing(X, kept), safe_indexing(y, kept), weights[kept]


def split_rows(labels: np.ndarray, fraction: float, seed: int, stratify: bool) -> Split:
    """Hold out rows of a table as ``validation_split`` asks for."""
    n_rows = len(labels)
    n_train = int(np.floor(n_rows * (1.0 - fraction)))
    if not 0 < n_train < n_rows:
        raise ValueError(
            f"validation_split={fraction!r} of {n_rows} rows leaves none on one side; "
            "pass another share, or X_val and y_val."
        )
    last = Split(np.arange(n_train), np.arange(n_train, n_rows))
    if not stratify:
        return last
    rows = pd.DataFrame(labels.reshape(n_rows, -1))
    codes = rows.groupby(list(rows), dropna=False).ngroup().to_numpy()
    single = np.bincount(codes)[codes] == 1  # cannot be on both sides: to train on
    several = np.flatnonzero(~single)
    if not len(several):
        return last
    names, codes = np.unique(codes[several], return_inverse=True)
    rng = np.random.RandomState(seed)
    _, held_out = stratified_holdout(codes, fraction, rng, names)
    held_out = several[held_out]
    train = np.setdiff1d(np.arange(n_rows), held_out, assume_unique=True)
    return Split(train, held_out)
