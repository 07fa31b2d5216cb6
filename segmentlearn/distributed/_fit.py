"""Fits of Dask DataFrames: partitions are counted and written, nets are tasks."""

import copy
import functools
import os
import tempfile
import warnings
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from segmentlearn.cluster import (
    AutoencoderClusterer,
    SegmentSums,
    has_centers,
    move_centers,
    set_measured,
)
from segmentlearn.distributed._cluster import (
    as_they_finish,
    check_frame,
    current_client,
    over_partitions,
)
from segmentlearn.exceptions import SchemaError, SegmentLearnError, SegmentLearnWarning
from segmentlearn.neural_network import draw_seed
from segmentlearn.out_of_core import kind_of_fit, shard_folder
from segmentlearn.preprocessing import TableStatistics
from segmentlearn.tables import closest_name


def fit(
    estimator: Any,
    X: Any,
    target: str | None = None,
    *,
    drop: Collection[str] = (),
    folder: str | os.PathLike[str] | None = None,
    client: Any = None,
) -> Any:
    """Fit an estimator to a Dask DataFrame.

    The fit of :func:`segmentlearn.fit_scan`, distributed over workers: each partition
    is counted, the counts are merged, each partition is prepared and written to a
    folder, and each net of an ensemble is trained by a worker that reads from there.
    The same partitions give the same net, however many workers there are. Segments of a
    clusterer are found by the client in rows that are drawn, and measured on all.

    Parameters
    ----------
    estimator : SegmentClassifier, Autoencoder or AutoencoderClusterer
        Fitted in place.
    X : dask.dataframe.DataFrame
        Customers and their segments. It is computed twice, with the same rows in the
        same partitions.
    target : str, default=None
        Column with the known segments; rows without one are left out.
    drop : collection of str, default=()
        Columns that are left out.
    folder : str or path-like, default=None
        Where prepared rows are written, in a new folder that is removed at the end; on
        a file system that all workers share. None takes that of temporary files, which
        serves workers of one machine.
    client : distributed.Client, default=None
        Client of the scheduler; None takes the current one.

    Returns
    -------
    estimator : SegmentClassifier, Autoencoder or AutoencoderClusterer
        Fitted.

    Raises
    ------
    SchemaError
        If a column cannot be used, or is not there.
    SegmentLearnError
        If the folder has too little room, or workers do not see it.
    ValueError
        If there are fewer than two classes, or a class of one row.

    Warns
    -----
    SegmentLearnWarning
        If rows without a segment were left out.

    See Also
    --------
    segmentlearn.fit_scan : The same for files, on one machine.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> from segmentlearn import SegmentClassifier, make_customers
    >>> from segmentlearn.distributed import fit
    >>> X, y = make_customers("automobile", 400, random_state=0)
    >>> table = dd.from_pandas(X.assign(tier=y), npartitions=4)
    >>> clf = SegmentClassifier(effort="fast", max_epochs=2, random_state=0)
    >>> fit(clf, table, "tier").classes_
    array(['A', 'B', 'C', 'D'], dtype=object)
    """
    check_frame(X)
    client = current_client(client)
    kind = kind_of_fit(estimator, target)
    columns = [*drop, *([] if target is None else [target])]
    for name in columns:
        if name not in X.columns:
            close = closest_name(name, list(X.columns))
            hint = f" Did you mean {close!r}?" if close else ""
            raise SchemaError(
                f"X has no column {name!r}; it has {', '.join(X.columns)}.{hint}"
            )
    fitted = type(estimator)(**estimator.get_params(deep=False))
    if kind is None:
        _fit_clusterer(fitted, X, columns, client)
    else:
        _fit_on_shards(kind(fitted), X, target, columns, folder, client)
    vars(estimator).clear()
    vars(estimator).update(vars(fitted))
    return estimator


def _fit_on_shards(
    job: Any,
    X: Any,
    target: str | None,
    left_out: list[str],
    folder: str | os.PathLike[str] | None,
    client: Any,
) -> None:
    """Count the partitions, write their shards, and train each net in a task."""
    which = {"target": target, "left_out": left_out}
    statistics = over_partitions(
        X, _count, _merge, client, empty=job.statistics(), **which
    )
    if statistics.n_unlabelled:
        warnings.warn(
            f"{statistics.n_unlabelled:,} rows have no {target!r} and were left out.",
            SegmentLearnWarning,
            stacklevel=3,
        )
    plan = job.plan(statistics)
    with shard_folder(folder, plan.n_bytes) as path:
        parts = over_partitions(
            X, _write, _concatenate, client, plan=plan, folder=path, **which
        )
        if len(os.listdir(path)) < len(parts):
            raise SegmentLearnError(
                f"workers have written to {path}, and the files are not there: name a "
                "folder on a file system that all workers and the client share."
            )
        job.take(parts)
        held = job if client is None else client.scatter(job, broadcast=True)
        numbers = range(job.n_nets)
        trained = dict(as_they_finish(numbers, _train, client, job=held))
        job.finish([trained[number] for number in numbers])


def _fit_clusterer(
    segmenter: AutoencoderClusterer, X: Any, left_out: list[str], client: Any
) -> None:
    """Find segments in rows that are drawn, and measure them on all rows."""
    seed = draw_seed(check_random_state(segmenter.random_state))
    statistics = over_partitions(
        X,
        *(_count, _merge, client),
        empty=TableStatistics(seed),
        target=None,
        left_out=left_out,
    )
    sample = statistics.sample.frame
    segmenter.fit(sample)

    def sums_of_all() -> SegmentSums:
        how = {"segmenter": segmenter, "left_out": left_out}
        sums: SegmentSums = over_partitions(X, _sum, _merge_sums, client, **how)
        return sums

    if has_centers(segmenter):
        move_centers(segmenter, sums_of_all())
    set_measured(segmenter, sums_of_all(), sample)


def _count(
    frame: pd.DataFrame,
    at: int,
    empty: Any,
    target: str | None,
    left_out: list[str],
) -> Any:
    """Return the statistics of a partition."""
    statistics = copy.deepcopy(empty)  # threads share it
    statistics.update(*_rows(frame, target, left_out), partition=at)
    return statistics


def _merge(several: Sequence[Any]) -> Any:
    """Merge statistics; those of no row know no columns."""
    whole, *others = sorted(several, key=lambda part: not part.n_rows)
    for part in others:
        if part.n_rows:
            whole.merge(part)
        else:
            whole.n_unlabelled += part.n_unlabelled
    return whole


def _write(
    frame: pd.DataFrame,
    at: int,
    plan: Any,
    folder: str,
    target: str | None,
    left_out: list[str],
) -> list[Any]:
    """Write a partition; one that is written again gets a folder of its own."""
    own = tempfile.mkdtemp(prefix=f"{at:06d}-", dir=folder)
    return [plan.write(own, at, [_rows(frame, target, left_out)])]


def _concatenate(several: Sequence[list[Any]]) -> list[Any]:
    return [part for parts in several for part in parts]


def _sum(
    frame: pd.DataFrame, at: int, segmenter: AutoencoderClusterer, left_out: list[str]
) -> SegmentSums:
    """Return the sums of a partition."""
    sums = SegmentSums(segmenter)
    if len(frame):
        sums.update(frame.drop(columns=left_out))
    return sums


def _merge_sums(several: Sequence[SegmentSums]) -> SegmentSums:
    return functools.reduce(SegmentSums.merge, several)


def _train(number: int, job: Any) -> Any:
    """Train one net in a worker."""
    return job.train_net(number)


def _rows(
    frame: pd.DataFrame, target: str | None, left_out: list[str]
) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Return columns and labels of a partition; None where a label is missing."""
    X = frame.drop(columns=left_out)
    if target is None:
        return X, None
    labels = frame[target]
    cells = np.empty(len(labels), dtype=object)
    # floats that are whole are numbers of segments in a column where some are missing
    cells[:] = [
        int(label) if isinstance(label, float) and label.is_integer() else label
        for label in labels.tolist()
    ]
    cells[labels.isna().to_numpy()] = None
    return X, cells
