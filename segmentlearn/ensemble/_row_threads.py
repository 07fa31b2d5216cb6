"""Trees score chunks of rows in threads of ours."""

import functools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import ThreadpoolController

from segmentlearn._cores import n_cores

_CHUNK = 4_000  # rows


def score_in_threads(
    score: Callable[[np.ndarray], np.ndarray], features: np.ndarray
) -> np.ndarray:
    """Return the scores of rows, each thread at work on chunks of them.

    scikit-learn starts OpenMP's threads for each tree, which takes longer than the tree
    itself where there are few rows. Here a thread takes its rows through all trees.
    """

    def score_chunk(rows: np.ndarray) -> np.ndarray:
        rows = np.asarray(rows, dtype=np.float64)  # else by each model anew
        with _openmp().limit(limits=1):  # of the thread that this is called in
            return score(rows)

    n_chunks = math.ceil(len(features) / _CHUNK)
    if n_chunks < 2:
        return score_chunk(features)
    with ThreadPoolExecutor(n_cores()) as pool:
        found = list(pool.map(score_chunk, np.array_split(features, n_chunks)))
    return np.concatenate(found)


@functools.lru_cache(maxsize=1)
def _openmp() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="openmp")
