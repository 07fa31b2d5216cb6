"""Baseline classifiers for any customer table."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, StandardScaler

from segmentlearn.ensemble import BlendedClassifier
from segmentlearn.preprocessing import TabularPreprocessor

_MAX_LEVELS = 250  # of a category that histograms of at most 255 bins can hold

# small steps, small trees and few columns a tree: suits noisy tables of a few thousand
# rows better than the library's defaults do
_REGULARIZED = {
    "learning_rate": 0.03,
    "max_iter": 400,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 40,
    "l2_regularization": 5.0,
    "max_features": 0.6,
    "early_stopping": False,
}


def default_baselines(X: Any, random_state: int | None = None) -> dict[str, Any]:
    """Return the models that :func:`compare_models` compares with by default."""
    return {
        "majority": DummyClassifier(strategy="prior"),
        "logistic regression": make_pipeline(
            TabularPreprocessor(random_state=random_state),
            StandardScaler(),
            LogisticRegression(max_iter=1000),
        ),
        "gradient boosting": _boosting(X, random_state=random_state),
        "gradient boosting, regularised": _boosting(
            X, random_state=random_state, **_REGULARIZED
        ),
    }


def parts_of_blend(estimator: Any, random_state: int) -> dict[str, Any]:
    """Return the estimators of a blend by their names; none of another model."""
    if not isinstance(estimator, BlendedClassifier):
        return {}
    names, parts = estimator._unfitted(np.random.RandomState(random_state))
    return dict(zip(names, parts, strict=True))


def _boosting(X: Any, **parameters: Any) -> Any:
    """Return boosted trees that take categories and missing values of X as they are."""
    if not isinstance(X, pd.DataFrame):
        return HistGradientBoostingClassifier(**parameters)
    numbers = [name for name in X if _is_number(X[name])]
    categories = [name for name in X if name not in numbers]
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=_MAX_LEVELS,
    )
    columns = make_column_transformer(
        (make_pipeline(FunctionTransformer(_as_text), encoder), categories),
        (FunctionTransformer(_as_floats), numbers),
    )
    trees = HistGradientBoostingClassifier(
        categorical_features=list(range(len(categories))) or None, **parameters
    )
    return make_pipeline(columns, trees)


def _is_number(column: pd.Series) -> bool:
    types = pd.api.types
    is_date = types.is_datetime64_any_dtype(column)
    return is_date or (
        types.is_numeric_dtype(column) and not types.is_bool_dtype(column)
    )


def _as_text(X: pd.DataFrame) -> pd.DataFrame:
    """Return categories as text, missing ones as None: types of levels may differ."""
    text = X.astype(object)
    return text.where(text.isna(), text.map(str)).where(text.notna(), None)


def _as_floats(X: pd.DataFrame) -> Any:
    """Return numbers, dates among them, as floats; missing values are NaN."""
    floats = {name: _floats_of(X[name]) for name in X}
    return pd.DataFrame(floats, index=X.index).to_numpy() if floats else X


def _floats_of(column: pd.Series) -> np.ndarray:
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.astype("int64").where(column.notna()).to_numpy(np.float64)
    return column.to_numpy(np.float64, na_value=np.nan)
