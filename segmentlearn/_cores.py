"""How many threads this process may keep busy."""

import os

import joblib


def n_cores() -> int:
    """Return the cores that this process may use.

    Affinity and the limits of containers count, and what joblib, Dask and users set in
    ``OMP_NUM_THREADS``.
    """
    cores, allowed = joblib.cpu_count(), os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, max(1, int(allowed))) if allowed.isdigit() else cores
