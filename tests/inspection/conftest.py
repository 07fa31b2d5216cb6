"""Customers whose segments are known."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def labels():
    """Sixty young, forty old and twenty rich customers."""
    return np.repeat([0, 1, 2], [60, 40, 20])


@pytest.fixture(scope="session")
def customers(labels):
    """A mixed table whose rows are called c0, c1, …"""
    rng = np.random.default_rng(0)
    n = len(labels)
    visits = pd.Series(rng.integers(0, 20, n), dtype="Int64")
    visits[::7] = pd.NA
    job = np.where(
        labels == 0, "Artist", np.where(rng.random(n) < 0.5, "Judge", "Nurse")
    )
    start = np.datetime64("2020-01-01") + 400 * (labels == 2) + rng.integers(0, 90, n)
    frame = pd.DataFrame(
        {
            "Age": rng.normal(np.array([25, 60, 45])[labels], 4).round(),
            "Annual Income (k$)": rng.normal(np.array([40, 42, 120])[labels], 6),
            "visits": visits.array,
            "job": job,
            "newsletter": rng.random(n) < np.array([0.5, 0.5, 0.98])[labels],
            "customer_since": start.astype("M8[ns]"),
            "phone": np.where(labels == 1, None, "known"),
        }
    )
    frame["phone"] = frame["phone"].astype("category")
    frame.index = [f"c{row}" for row in range(n)]
    return frame
