"""Customers of one month and a model that takes milliseconds."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from segmentlearn import TabularPreprocessor


@pytest.fixture(scope="session")
def month():
    """A function that returns customers of two segments, by seed and size."""

    def make(seed, n_rows=1_000):
        rng = np.random.default_rng(seed)
        segment = rng.choice(["A", "B"], n_rows, p=[0.6, 0.4])
        X = pd.DataFrame(
            {
                "age": rng.normal(np.where(segment == "A", 35, 50), 8),
                "spend": rng.gamma(2.0, 50.0, n_rows),
                "city": rng.choice(["Bonn", "Kiel", "Ulm"], n_rows),
            }
        )
        X.loc[rng.random(n_rows) < 0.05, "spend"] = np.nan
        return X, segment

    return make


@pytest.fixture(scope="session")
def model(month):
    """A classifier that prepares raw columns itself."""
    pipeline = make_pipeline(TabularPreprocessor(), LogisticRegression())
    return pipeline.fit(*month(0))
