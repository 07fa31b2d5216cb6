"""Fixtures shared by the whole suite: tiny seeded customers and the real tables."""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
import pytest

_DEFAULT_DATA = pathlib.Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data_dir():
    """The folder with the real tables; tests that ask for it skip without it."""
    folder = pathlib.Path(os.environ.get("SEGMENTLEARN_DATA", _DEFAULT_DATA))
    if not (folder / "auto_train.csv").exists():
        pytest.skip(f"the real tables are not in {folder} (set SEGMENTLEARN_DATA)")
    return folder


@pytest.fixture
def customers():
    """120 customers with numbers, categories, missing values and a learnable label."""
    rng = np.random.default_rng(0)
    n = 120
    age = rng.integers(18, 80, n).astype(float)
    score = np.where(age > 45, "High", "Low").astype(object)
    segment = np.where(age > 60, "D", np.where(age > 40, "B", "A"))
    age[rng.choice(n, 8, replace=False)] = np.nan
    score[rng.choice(n, 6, replace=False)] = None
    X = pd.DataFrame(
        {
            "age": age,
            "income": rng.gamma(3.0, 10.0, n),
            "score": score,
            "married": rng.random(n) > 0.5,
            "profession": rng.choice(["Artist", "Doctor", "Lawyer"], n),
        }
    )
    return X, segment.astype(object)
