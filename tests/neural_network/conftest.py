"""One small architecture that the classifier's tests share: each new one compiles."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn import SegmentClassifier

# one ordinary net, stopped on one hold-out, as the presets have it
SINGLE_NET = {
    "n_members": 1,
    "n_inner_folds": 0,
    "numeric_embedding": None,
    "ema_momentum": None,
    "calibration": None,
}


@pytest.fixture(scope="session")
def numbers():
    """60 rows of five small numbers, and one of three segments for each."""
    X = np.random.default_rng(0).normal(size=(60, 5))
    segment = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)
    return X, np.array(["A", "B", "C"], dtype=object)[segment]


@pytest.fixture(scope="session")
def two_groups():
    """200 overlapping rows of five numbers; one in ten belongs to the rare segment."""
    X = np.random.default_rng(1).normal(size=(200, 5))
    rare = np.arange(200) % 10 == 0
    X[rare, 0] += 1.0
    return X, np.where(rare, "rare", "usual").astype(object)


@pytest.fixture(scope="session")
def raw():
    """60 raw customers, which become five columns; segments follow the age."""
    rng = np.random.default_rng(2)
    age = rng.integers(18, 80, 60).astype(float)
    X = pd.DataFrame(
        {
            "age": age,
            "income": rng.gamma(3.0, 10.0, 60),
            "married": rng.choice(["yes", "no"], 60),
        }
    )
    X.loc[:3, "age"] = np.nan
    return X, np.where(age > 60, "D", np.where(age > 40, "B", "A")).astype(object)


@pytest.fixture(scope="session")
def make():
    """A function that returns a small ordinary net; all its fits share a program."""

    def make_classifier(**parameters):
        settings = {
            **SINGLE_NET,
            "hidden_layer_sizes": (8,),
            "batch_size": 16,
            "dropout": 0.2,
            "learning_rate": 0.01,
            "max_epochs": 5,
            "n_iter_no_change": 12,
            "random_state": 0,
            **parameters,
        }
        return SegmentClassifier(**settings)

    return make_classifier


@pytest.fixture(scope="session")
def make_packed():
    """A function that returns a small ensemble; all its fits share a program."""

    def make_classifier(**parameters):
        settings = {
            "hidden_layer_sizes": (8,),
            "n_members": 2,
            "n_inner_folds": 3,
            "batch_size": 16,
            "learning_rate": 0.02,
            "max_epochs": 8,
            "random_state": 0,
            **parameters,
        }
        return SegmentClassifier(**settings)

    return make_classifier


@pytest.fixture(scope="session")
def packed(make_packed, numbers):
    """An ensemble fitted to an array."""
    return make_packed().fit(*numbers)


@pytest.fixture(scope="session")
def on_numbers(make, numbers):
    """A classifier fitted to an array."""
    return make().fit(*numbers)


@pytest.fixture(scope="session")
def on_raw(make, raw):
    """A classifier fitted to a raw frame."""
    return make().fit(*raw)
