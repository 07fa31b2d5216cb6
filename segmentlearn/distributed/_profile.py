"""What is in each segment of a Dask DataFrame."""

import collections
import dataclasses
import functools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn import inspection
from segmentlearn.distributed._cluster import (
    check_frame,
    current_client,
    over_partitions,
)
from segmentlearn.distributed._model import DistributedModel
from segmentlearn.distributed._sample import MOST_ROWS, SampledRows, draw, merge
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.inspection import SegmentProfile, last_step
from segmentlearn.tables import factorize, free_name, to_numbers


@dataclasses.dataclass(frozen=True)
class _Summary:
    """Sampled rows, and sums over all rows, of some partitions."""

    rows: SampledRows
    sizes: collections.Counter
    values: collections.Counter


def segment_profile(
    model_or_labels: Any,
    X: Any,
    *,
    value: str | None = None,
    n_rows: int = MOST_ROWS,
    client: Any = None,
    random_state: int = 0,
    **options: Any,
) -> SegmentProfile:
    """Describe what is in each segment of a Dask DataFrame.

    Sizes, shares and values of the segments are counted over all rows, partition by
    partition. Columns are compared on rows drawn at random in the same pass: on all
    where there are no more than `n_rows`.

    Parameters
    ----------
    model_or_labels : DistributedModel, str or dask.dataframe.Series
        The model that finds the segments, the column of X that holds them, or a series
        made from X.
    X : dask.dataframe.DataFrame
        Customers in raw columns.
    value : str or None, default=None
        Column of what a customer is worth.
    n_rows : int, default=500000
        Rows to compare columns on.
    client : distributed.Client, default=None
        Client of the scheduler; None takes the current one.
    random_state : int, default=0
        Draws rows.
    **options
        Further parameters of `segmentlearn.segment_profile`.

    Returns
    -------
    profile : SegmentProfile
        Of all customers in `sizes` and `value_sums`, of those drawn in all else.

    Raises
    ------
    ValueError
        If labels are missing, or a column is unknown.

    Warns
    -----
    SegmentLearnWarning
        If no row of a segment was drawn, which is left out then.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> from segmentlearn import make_customers
    >>> from segmentlearn.distributed import segment_profile
    >>> X, y = make_customers("mall", 200, random_state=0)
    >>> table = dd.from_pandas(X.assign(segment=y), npartitions=4)
    >>> profile = segment_profile("segment", table, n_rows=100)
    >>> int(profile.sizes.sum())
    200
    """
    check_frame(X)
    labels = model_or_labels
    names: dict[Any, str] = {}
    if isinstance(labels, DistributedModel):
        names = getattr(last_step(labels.estimator), "segment_names_", None) or {}
        labels = labels.predict(X)
    if not isinstance(labels, str):
        label = free_name("segment", X._meta)
        X, labels = X.assign(**{label: labels}), label
    for parameter, name in {"model_or_labels": labels, "value": value}.items():
        if name is not None and name not in X.columns:
            raise ValueError(
                f"{parameter}={name!r} is not a column of X; its columns are "
                f"{list(X.columns)}."
            )
    found: _Summary = over_partitions(
        X,
        _summarize,
        functools.partial(_combine, n_rows=n_rows),
        current_client(client),
        n_rows=n_rows,
        seed=random_state,
        label=labels,
        value=value,
    )
    rows = found.rows.frame
    profile = inspection.segment_profile(
        rows[labels],
        rows.drop(columns=labels),
        value=value,
        random_state=random_state,
        **options,
    )
    lacking = [name for name in found.sizes if name not in profile.labels]
    if lacking:
        warnings.warn(
            f"No row of the segment(s) {lacking} was drawn, so that they are left out; "
            "raise n_rows.",
            SegmentLearnWarning,
            stacklevel=2,
        )
    profile.rename({key: name for key, name in names.items() if key in profile.names})
    sums = np.array([found.values[name] for name in profile.labels])
    return dataclasses.replace(
        profile,
        sizes=np.array([found.sizes[name] for name in profile.labels]),
        value_sums=None if value is None else sums,
        value_name=value,
    )


def _summarize(
    frame: pd.DataFrame,
    at: int,
    n_rows: int,
    seed: int,
    label: str,
    value: str | None,
) -> _Summary:
    cells = frame[label]
    factor = factorize(cells.to_numpy() if cells.dtype.kind in "iub" else cells.array)
    if (factor.codes < 0).any():
        raise ValueError(
            f"{int((factor.codes < 0).sum())} label(s) of partition {at} are missing; "
            "leave these rows out, or label them -1 to have them shown as noise."
        )
    sizes = dict(zip(factor.levels, factor.counts()[:-1].tolist(), strict=True))
    sums = {}
    if value is not None:
        numbers = np.nan_to_num(to_numbers(frame[value].array, value))
        totals = np.bincount(factor.codes, numbers, minlength=len(factor.levels))
        sums = dict(zip(factor.levels, totals.tolist(), strict=True))
    sizes = {name: size for name, size in sizes.items() if size}
    sample = draw(frame, at, n_rows, seed)
    return _Summary(sample, collections.Counter(sizes), collections.Counter(sums))


def _combine(parts: Sequence[_Summary], n_rows: int) -> _Summary:
    sizes: collections.Counter = collections.Counter()
    values: collections.Counter = collections.Counter()
    for part in parts:
        sizes.update(part.sizes)
        values.update(part.values)
    return _Summary(merge([part.rows for part in parts], n_rows), sizes, values)
