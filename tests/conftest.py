"""Fixtures shared by the whole suite: tiny seeded customers and the real tables."""

import importlib.metadata
import os
import pathlib
import shutil
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
import pytest
from packaging.version import Version

_OWN_CACHE = pytest.StashKey[str]()
# which drew tests/plotting/baseline; earlier ones place labels and letters elsewhere
_PICTURES_OF = Version("3.11")
_DEFAULT_DATA = pathlib.Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_configure(config):
    """Make a folder for compiled programs, so that each is compiled once in a run.

    The workers and the processes that tests start inherit it. Half of the time of a
    first fit is XLA's, and the cache in memory keeps few programs.
    """
    if Version(importlib.metadata.version("matplotlib")) < _PICTURES_OF:
        config.option.mpl = False  # drawn all the same, and not compared
    if "SEGMENTLEARN_XLA_CACHE" not in os.environ:
        folder = tempfile.mkdtemp(prefix="segmentlearn-tests-")
        os.environ["SEGMENTLEARN_XLA_CACHE"] = config.stash[_OWN_CACHE] = folder


def pytest_unconfigure(config):
    """Remove the folder if this process has made it."""
    if _OWN_CACHE in config.stash:
        shutil.rmtree(config.stash[_OWN_CACHE], ignore_errors=True)
        os.environ.pop("SEGMENTLEARN_XLA_CACHE", None)


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
