"""How many threads this process may keep busy."""

import os

import joblib


def n_threads() -> int:
    """Return how many trainings may be under way at once: some wait for a core.

    With one more for each core the last ones to end leave no core idle for long.
    """
    cores = n_cores()
    return 2 * cores + 1 if cores > 1 else 1


def n_cores() -> int:
    """Return the cores that this process may use.

    Affinity and the limits of containers count, and what joblib, Dask and users set in
    ``OMP_NUM_THREADS``.
    """
    cores, allowed = joblib.cpu_count(), os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, max(1, int(allowed))) if allowed.isdigit() else cores
