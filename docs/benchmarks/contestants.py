"""The models that accuracy.py compares, and the form of a table that each asks for."""

import pandas as pd
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import BlendedClassifier, SegmentClassifier, TabularPreprocessor

# settings that suit noisy tables of a few thousand rows better than the defaults do
REGULARISED = {
    "lightgbm": {
        "n_estimators": 400,
        "learning_rate": 0.02,
        "num_leaves": 15,
        "min_child_samples": 40,
        "subsample": 0.8,
        "subsample_freq": 1,
        "colsample_bytree": 0.6,
        "reg_lambda": 5,
    },
    "xgboost": {
        "n_estimators": 400,
        "learning_rate": 0.03,
        "max_depth": 4,
        "subsample": 0.8,
        "colsample_bytree": 0.6,
        "reg_lambda": 5,
        "min_child_weight": 5,
    },
    "catboost": {
        "iterations": 700,
        "learning_rate": 0.03,
        "depth": 5,
        "l2_leaf_reg": 6,
    },
}


def build(name, X, options):
    """An unfitted model for the columns of X, by its name in `MODELS`."""
    builder, _, regularised = name.partition("-")
    settings = REGULARISED[builder] if regularised else {}
    return BUILDERS[builder](X, options, **settings)


def categories(X):
    return [name for name in X if not pd.api.types.is_numeric_dtype(X[name])]


def native(name, X):
    """The table in the form that the model's library asks for."""
    if name.startswith(("lightgbm", "xgboost", "perpetual")):
        return X.astype(dict.fromkeys(categories(X), "category"))
    if name.startswith(("catboost", "chimeraboost")):
        text = {
            column: X[column].astype(object).where(X[column].notna(), "missing")
            for column in categories(X)
        }
        return X.assign(**text)
    return X


def ours(X, options):
    chosen = {"effort": options.effort} if options.effort else {}
    return SegmentClassifier(random_state=options.seed, **chosen)


def blend(X, options):
    return BlendedClassifier(random_state=options.seed)


def logistic(X, options):
    regression = LogisticRegressionCV(
        Cs=[0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0],
        cv=5,
        scoring="neg_log_loss",
        max_iter=500,
        random_state=options.seed,
    )
    preprocessor = TabularPreprocessor(random_state=options.seed)
    return make_pipeline(preprocessor, StandardScaler(), regression)


def lightgbm(X, options, **settings):
    from lightgbm import LGBMClassifier

    return LGBMClassifier(
        n_jobs=options.threads, random_state=options.seed, verbose=-1, **settings
    )


def xgboost(X, options, **settings):
    from xgboost import XGBClassifier

    return XGBClassifier(
        n_jobs=options.threads,
        random_state=options.seed,
        enable_categorical=True,
        **settings,
    )


def catboost(X, options, **settings):
    from catboost import CatBoostClassifier

    return CatBoostClassifier(
        thread_count=options.threads,
        random_seed=options.seed,
        cat_features=categories(X),
        allow_writing_files=False,
        verbose=False,
        **settings,
    )


def chimeraboost(X, options):
    from chimeraboost import ChimeraBoostClassifier

    return ChimeraBoostClassifier(
        thread_count=options.threads,
        random_state=options.seed,
        cat_features=categories(X),
    )


def perpetual(X, options):
    from perpetual import PerpetualClassifier

    return PerpetualClassifier(num_threads=options.threads, seed=options.seed)


BUILDERS = {
    "ours": ours,
    "blend": blend,
    "lightgbm": lightgbm,
    "xgboost": xgboost,
    "catboost": catboost,
    "chimeraboost": chimeraboost,
    "perpetual": perpetual,
    "logistic": logistic,
}
MODELS = [
    "ours",
    "blend",
    "lightgbm",
    "lightgbm-regularised",
    "xgboost",
    "xgboost-regularised",
    "catboost",
    "catboost-regularised",
    "chimeraboost",
    "perpetual",
    "logistic",
]
