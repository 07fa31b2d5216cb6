"""Fits of tables larger than memory on one machine."""

import dataclasses
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterator
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
from segmentlearn.exceptions import SchemaError, SegmentLearnError, SegmentLearnWarning
from segmentlearn.neural_network import (
    Autoencoder,
    SegmentClassifier,
    ShardedAutoencoderFit,
    ShardedClassifierFit,
    draw_seed,
)
from segmentlearn.preprocessing import TableStatistics
from segmentlearn.tables import (
    TableScan,
    closest_name,
    label_texts,
    plain_labels,
    scan_table,
)

__all__ = ["FitProgress", "fit_scan"]

_SPARE = 2**26  # bytes of the disk that are left to others


@dataclasses.dataclass(frozen=True)
class FitProgress:
    """How far a fit has got.

    Attributes
    ----------
    stage : {"reading", "writing", "training", "assigning"}
        Statistics of the table are read; its shards are written; nets are trained;
        rows are assigned to segments.
    fraction : float
        Share of the stage that is done.
    n_rows : int, default=0
        Rows read in this stage.
    n_bytes : int, default=0
        Bytes that all shards take on the disk; 0 while that is unknown.
    folder : str, default=""
        Where they are.
    """

    stage: str
    fraction: float
    n_rows: int = 0
    n_bytes: int = 0
    folder: str = ""


def fit_scan(
    estimator: Any,
    scan: Any,
    target: str | None = None,
    *,
    drop: Collection[str] = (),
    folder: str | os.PathLike[str] | None = None,
    progress: Callable[[FitProgress], None] | None = None,
) -> Any:
    """Fit an estimator to a table that is larger than memory.

    The table is read twice, batch by batch. The first time it is counted, and rows are
    drawn, from which quantiles come; the second time its prepared rows are written in
    random pieces to a folder, where each epoch reads them. They are removed at the end,
    also after an error or Ctrl-C.

    Parameters
    ----------
    estimator : SegmentClassifier, Autoencoder or AutoencoderClusterer
        Fitted in place, as its own `fit` does. A clusterer is fitted to the rows that
        are drawn, and its segments are then measured on all; the centres of k-means
        move to the means of all rows. Nothing is written for it.
    scan : TableScan, str, path-like or list
        What :func:`~segmentlearn.tables.scan_table` returns, or takes: a file, a
        folder, a pattern. A query of a database is run twice and needs an order.
    target : str, default=None
        Column with the known segments; rows without one are left out.
    drop : collection of str, default=()
        Columns that are left out.
    folder : str or path-like, default=None
        Where the shards are written, in a new folder; None takes that of temporary
        files. On some systems that is memory: the environment variable TMPDIR names
        another.
    progress : callable, default=None
        Called with a `FitProgress` as the fit goes on, and with the size of the shards
        before they are written. None prints, where the estimator has a `verbose` that
        is not 0.

    Returns
    -------
    estimator : SegmentClassifier, Autoencoder or AutoencoderClusterer
        Fitted. The `labels_` of a clusterer are those of the rows that were drawn, in
        the order of the table.

    Raises
    ------
    SchemaError
        If a column cannot be used, or is not there.
    TableError
        If a file cannot be read without losing something, or not twice.
    SegmentLearnError
        If the shards would not fit into the folder.
    ValueError
        If there are fewer than two classes, or a class of one row.
    KeyboardInterrupt
        On Ctrl-C; the estimator is left as it was. While the last net is trained,
        Ctrl-C ends the training, and the best weights so far are kept.

    Warns
    -----
    SegmentLearnWarning
        If rows without a segment were left out, or cells could not be read.

    Notes
    -----
    Which rows are held out, in which fold and in which shard they are, is drawn by
    their number and that of their file. The result depends on the files, their order
    and the seed, not on the batches.

    Large tables get few epochs, with a learning rate that falls to zero over them. Up
    to 100,000 rows are held out.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from segmentlearn import SegmentClassifier, fit_scan, make_customers
    >>> X, y = make_customers("automobile", 400, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     X.assign(tier=y).to_parquet(pathlib.Path(folder, "may.parquet"))
    ...     clf = SegmentClassifier(effort="fast", max_epochs=2, random_state=0)
    ...     clf = fit_scan(clf, folder, "tier")
    >>> clf.classes_
    array(['A', 'B', 'C', 'D'], dtype=object)
    """
    kind = kind_of_fit(estimator, target)
    if not isinstance(scan, TableScan):
        scan = scan_table(scan)
    scan.again()  # refuses what can be read once only
    report = progress or (_print if getattr(estimator, "verbose", 0) else _ignore)
    fitted = type(estimator)(**estimator.get_params(deep=False))
    if kind is None:
        _fit_clusterer(fitted, scan, drop, report)
    else:
        _fit_on_shards(kind(fitted), scan, target, drop, folder, report)
    vars(estimator).clear()
    vars(estimator).update(vars(fitted))
    return estimator


def _fit_on_shards(
    job: Any,
    scan: TableScan,
    target: str | None,
    drop: Collection[str],
    folder: str | os.PathLike[str] | None,
    report: Callable[[FitProgress], None],
) -> None:
    """Count the table, write its shards, and train on them."""
    statistics = _count(job.statistics(), scan, target, drop, report)
    labels = list(statistics.label_counts)
    plan = job.plan(statistics, *([plain_labels(_as_array(labels))] if labels else []))
    del statistics
    again = scan.again()
    with shard_folder(folder, plan.n_bytes) as path:
        size: dict[str, Any] = {"n_bytes": plan.n_bytes, "folder": path}
        report(FitProgress("writing", 0.0, **size))
        parts = []
        for number, chunks in _Partitions(again, target, drop):
            reported = _reporting(chunks, again, report, size)
            parts.append(plan.write(path, number, reported))
        job.take(parts)
        report(FitProgress("training", 0.0, **size))
        trained = []
        for number in range(job.n_nets):
            trained.append(job.train_net(number))
            report(FitProgress("training", (number + 1) / job.n_nets, **size))
        job.finish(trained)


def _fit_clusterer(
    segmenter: AutoencoderClusterer,
    scan: TableScan,
    drop: Collection[str],
    report: Callable[[FitProgress], None],
) -> None:
    """Find segments in rows that are drawn, and measure them on all rows."""
    seed = draw_seed(check_random_state(segmenter.random_state))
    statistics = _count(TableStatistics(seed), scan, None, drop, report)
    sample = statistics.sample.frame
    report(FitProgress("training", 0.0))
    segmenter.fit(sample)

    def sums_of_all() -> SegmentSums:
        sums, again = SegmentSums(segmenter), scan.again()
        for _, chunks in _Partitions(again, None, drop):
            for frame, _ in chunks:
                sums.update(frame)
                report(FitProgress("assigning", again.fraction, again.n_rows))
        return sums

    if has_centers(segmenter):
        move_centers(segmenter, sums_of_all())
    set_measured(segmenter, sums_of_all(), sample)


def _count(
    statistics: TableStatistics,
    scan: TableScan,
    target: str | None,
    drop: Collection[str],
    report: Callable[[FitProgress], None],
) -> TableStatistics:
    """Read a table once, and return its statistics."""
    for number, chunks in _Partitions(scan, target, drop):
        start = 0
        for frame, labels in chunks:
            statistics.update(frame, labels, partition=number, start=start)
            start += len(frame)
            report(FitProgress("reading", scan.fraction, scan.n_rows))
    scan.check_readable(list(statistics.columns))
    _warn_of_rows(scan, statistics.n_unlabelled, target)
    return statistics


class _Partitions:
    """The files of a scan as numbered partitions of frames and labels."""

    def __init__(
        self, scan: TableScan, target: str | None, drop: Collection[str]
    ) -> None:
        self._scan, self._target, self._drop = scan, target, drop

    def __iter__(self) -> Iterator[tuple[int, Iterator[tuple[pd.DataFrame, Any]]]]:
        for number, file in enumerate(self._scan.files()):
            yield number, self._chunks(file)

    def _chunks(self, file: Any) -> Iterator[tuple[pd.DataFrame, Any]]:
        left_out = [*self._drop]
        if self._target is not None:
            left_out.append(self._target)
        for batch in file:
            for name in left_out:
                if name not in batch.columns:
                    close = closest_name(name, batch.columns)
                    hint = f" Did you mean {close!r}?" if close else ""
                    raise SchemaError(
                        f"{file.name} has no column {name!r}; it has "
                        f"{', '.join(batch.columns)}.{hint}"
                    )
            labels = None if self._target is None else label_texts(batch, self._target)
            yield batch.frame.drop(columns=left_out), labels


def kind_of_fit(estimator: Any, target: str | None) -> Any:
    """Return what fits an estimator on shards; refuse what cannot be fitted so."""
    name = type(estimator).__name__
    if isinstance(estimator, SegmentClassifier):
        if target is None:
            raise ValueError(f"target must name the column of segments for {name}.")
        if estimator.warm_start:
            raise ValueError("warm_start=True cannot go on from shards; set it False.")
        return ShardedClassifierFit
    if not isinstance(estimator, Autoencoder | AutoencoderClusterer):
        raise TypeError(
            "fit_scan takes a SegmentClassifier, an Autoencoder or an "
            f"AutoencoderClusterer, not {name}."
        )
    if target is not None:
        raise ValueError(f"{name} learns without a target; leave it out, or drop it.")
    return ShardedAutoencoderFit if isinstance(estimator, Autoencoder) else None


def shard_folder(
    folder: str | os.PathLike[str] | None, n_bytes: int
) -> tempfile.TemporaryDirectory[str]:
    """Return a new folder for shards, which is removed when its block is left."""
    folder = tempfile.gettempdir() if folder is None else folder
    free = shutil.disk_usage(folder).free
    if n_bytes + _SPARE > free:
        raise SegmentLearnError(
            f"the shards take {_in_words(n_bytes)}, and {folder} has {_in_words(free)} "
            "left; name another folder."
        )
    return tempfile.TemporaryDirectory(
        prefix="segmentlearn-shards-", dir=folder, ignore_cleanup_errors=True
    )


def _reporting(
    chunks: Iterator[Any],
    scan: TableScan,
    report: Callable[[FitProgress], None],
    size: dict[str, Any],
) -> Iterator[Any]:
    """Give chunks on, and tell how far their scan has got."""
    for chunk in chunks:
        yield chunk
        report(FitProgress("writing", scan.fraction, scan.n_rows, **size))


def _warn_of_rows(scan: TableScan, n_unlabelled: int, target: str | None) -> None:
    notes = list(scan.notes)
    if n_unlabelled:
        notes.append(
            f"{n_unlabelled:,} of {scan.n_rows:,} rows have no {target!r} and were "
            "left out."
        )
    for sentence in notes:
        warnings.warn(sentence, SegmentLearnWarning, stacklevel=5)


def _as_array(labels: list) -> np.ndarray:
    array = np.empty(len(labels), dtype=object)
    array[:] = labels
    return array


def _in_words(n_bytes: int) -> str:
    """Return a size as people say it."""
    if n_bytes < 10**8:
        return f"{n_bytes / 1e6:.1f} MB"
    return f"{n_bytes / 1e9:.1f} GB"


def _print(progress: FitProgress) -> None:
    """Say on stderr that a stage begins."""
    if progress.fraction == 0:
        what = f"{progress.stage}"
        if progress.stage == "writing":
            what = f"writing {_in_words(progress.n_bytes)} to {progress.folder}"
        sys.stderr.write(f"{what}\n")


def _ignore(progress: FitProgress) -> None:
    """Say nothing."""
