"""Some rows of a table at a time: chunks for the cache, samples."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

_ROWS_A_CHUNK = 16_384
_MOST_ROWS = 20_000
_FEWEST_OF_SEGMENT = 200
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def row_chunks(n_rows: int) -> Iterator[slice]:
    """Cut rows into chunks small enough to stay in the processor's cache."""
    for start in range(0, n_rows, _ROWS_A_CHUNK):
        yield slice(start, min(start + _ROWS_A_CHUNK, n_rows))


def draw_rows(
    n_rows: int, n_wanted: int, random_state: np.random.RandomState
) -> np.ndarray:
    """Draw rows in their order, all of them where they are few enough."""
    if n_rows <= n_wanted:
        return np.arange(n_rows)
    return np.sort(random_state.choice(n_rows, n_wanted, replace=False))


def draw_sample(
    codes: np.ndarray,
    sizes: np.ndarray,
    random_state: np.random.RandomState,
    most_rows: int = _MOST_ROWS,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows of every segment; return them and the weight of each."""
    n_rows = len(codes)
    if n_rows <= most_rows:
        return np.arange(n_rows), np.ones(n_rows)
    wanted = np.maximum(
        sizes * most_rows // n_rows, min(_FEWEST_OF_SEGMENT, most_rows // len(sizes))
    )
    wanted = np.minimum(wanted, sizes)
    drawn = [
        random_state.choice(np.flatnonzero(codes == segment), size, replace=False)
        for segment, size in enumerate(wanted)
    ]
    rows = np.sort(np.concatenate(drawn))
    return rows, (sizes / np.maximum(wanted, 1))[codes[rows]]


def hash_rows(where: Sequence[int], rows: np.ndarray) -> np.ndarray:
    """Return a random 64-bit number for each row of a place.

    What is drawn so depends on the numbers of the place (a seed, a purpose, a
    partition) and of the row alone, not on who draws it and what was drawn before.
    """
    key = np.random.SeedSequence(list(where)).generate_state(1, np.uint64)
    with np.errstate(over="ignore"):  # splitmix64 (G. Steele, D. Lea, C. Flood, 2014)
        mixed = key + (rows.astype(np.uint64) + np.uint64(1)) * _GOLDEN
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def check_row_order(X: Any, y: Any, name: str = "y") -> None:
    """Refuse a series with the index of a frame in another order.

    Both are read by position, so that each customer would get another one's value.
    """
    if not (isinstance(y, pd.Series | pd.DataFrame) and isinstance(X, pd.DataFrame)):
        return
    if len(y) != len(X) or y.index.equals(X.index):
        return
    try:
        is_shuffled = y.index.sort_values().equals(X.index.sort_values())
    except TypeError:  # labels of types that cannot be compared
        is_shuffled = set(y.index) == set(X.index)
    if is_shuffled:
        raise ValueError(
            f"{name} has the index of X in another order; pass {name}.loc[X.index]."
        )
