"""Rows of a Dask DataFrame drawn at random, in one pass over its partitions."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.distributed._cluster import (
    check_frame,
    current_client,
    over_partitions,
)

MOST_ROWS = 500_000


@dataclasses.dataclass(frozen=True)
class SampledRows:
    """Rows with the smallest of random keys, which samples are merged by.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    keys : ndarray of float of shape (n_sampled,)
        The key of each.
    places : ndarray of int of shape (n_sampled, 2)
        Partition of each, and its position there.
    n_rows : int
        All rows that they were drawn from.
    """

    frame: pd.DataFrame
    keys: np.ndarray
    places: np.ndarray
    n_rows: int

    @property
    def is_whole(self) -> bool:
        """Whether no row was left out."""
        return len(self.frame) == self.n_rows


def draw(frame: pd.DataFrame, at: int, n_rows: int, seed: int) -> SampledRows:
    """Draw rows of a partition; which ones depends on the seed and its number alone."""
    keys = np.random.default_rng([seed, at]).random(len(frame))
    kept = np.sort(np.argsort(keys, kind="stable")[:n_rows])
    places = np.column_stack([np.full(len(kept), at), kept])
    return SampledRows(frame.iloc[kept], keys[kept], places, len(frame))


def merge(samples: Sequence[SampledRows], n_rows: int) -> SampledRows:
    """Merge samples of different rows into one of as many rows at most."""
    from dask.dataframe.dispatch import concat

    filled = [sample for sample in samples if len(sample.frame)] or [samples[0]]
    keys = np.concatenate([sample.keys for sample in filled])
    places = np.concatenate([sample.places for sample in filled])
    kept = np.sort(np.argsort(keys, kind="stable")[:n_rows])
    frame = concat([sample.frame for sample in filled])  # of the same categories
    n_all = sum(sample.n_rows for sample in samples)
    return SampledRows(frame.iloc[kept], keys[kept], places[kept], n_all)


def sample_rows(
    X: Any, n_rows: int = MOST_ROWS, *, client: Any = None, random_state: int = 0
) -> pd.DataFrame:
    """Draw rows of a Dask DataFrame at random.

    Each partition keeps the rows with the smallest of random keys, and so do those who
    merge them: every row is as likely as any other, and no process holds more than a
    few samples.

    Parameters
    ----------
    X : dask.dataframe.DataFrame
        A table.
    n_rows : int, default=500000
        Rows to draw; all where there are fewer.
    client : distributed.Client, default=None
        Client of the scheduler; None takes the current one.
    random_state : int, default=0
        Seed. The rows depend on it and on the partitions, and not on the workers.

    Returns
    -------
    sample : DataFrame
        The rows in the order of X.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> from segmentlearn import make_customers
    >>> from segmentlearn.distributed import sample_rows
    >>> X, _ = make_customers("mall", 200, random_state=0)
    >>> sample_rows(dd.from_pandas(X, npartitions=4), 50).shape
    (50, 4)
    """
    return drawn(X, n_rows, client, random_state).frame


def drawn(X: Any, n_rows: int, client: Any, random_state: int) -> SampledRows:
    """Draw rows, and count those there are."""
    check_frame(X)
    if n_rows < 1:
        raise ValueError(f"n_rows={n_rows!r} must be 1 or more.")
    return over_partitions(
        X,
        draw,
        functools.partial(merge, n_rows=n_rows),
        current_client(client),
        n_rows=n_rows,
        seed=random_state,
    )
