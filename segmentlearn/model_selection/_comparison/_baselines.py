"""The models that a classifier has to beat, ready for any customer table."""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, StandardScaler

from segmentlearn.preprocessing import TabularPreprocessor

_MOST_LEVELS = 250  # of a category that histograms of at most 255 bins can hold

# small steps, small trees and few columns a tree: suits noisy tables of a few thousand
# rows better than the library's defaults do
_REGULARISED = {
    "learning_rate": 0.03,
    "max_iter": 400,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 40,
    "l2_regularization": 5.0,
    "max_features": 0.6,
    "early_stopping": False,
}


def default_rivals(X, random_state=None):
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
            X, random_state=random_state, **_REGULARISED
        ),
    }


def _boosting(X, **settings):
    """Return boosted trees that take categories and gaps of X as they are."""
    if not isinstance(X, pd.DataFrame):
        return HistGradientBoostingClassifier(**settings)
    categories = [name for name in X if not _is_number(X[name])]
    numbers = [name for name in X if name not in set(categories)]
    text = FunctionTransformer(_as_text)
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=_MOST_LEVELS,
    )
    columns = ColumnTransformer(
        [
            (
                "categories",
                make_pipeline(text, codes),
                categories,
            ),
            ("numbers", FunctionTransformer(_as_floats), numbers),
        ]
    )
    trees = HistGradientBoostingClassifier(
        categorical_features=list(range(len(categories))) or None, **settings
    )
    return make_pipeline(columns, trees)


def _is_number(column):
    kinds = pd.api.types
    return (
        kinds.is_numeric_dtype(column) and not kinds.is_bool_dtype(column)
    ) or kinds.is_datetime64_any_dtype(column)


def _as_text(X):
    """Return categories as text, gaps as None: the types of levels may differ."""
    text = X.astype(object)
    return text.where(text.isna(), text.map(str)).where(text.notna(), None)


def _as_floats(X):
    """Return numbers, dates among them, as floats with NaN for gaps."""
    return np.column_stack([_floats_of(X[name]) for name in X]) if len(X.columns) else X


def _floats_of(column):
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.astype("int64").where(column.notna()).to_numpy(np.float64)
    return column.to_numpy(np.float64, na_value=np.nan)
