"""Score files on the workers of a Dask cluster, a part of a file at a time."""

import contextlib
import dataclasses
import importlib.util
import os
import pathlib
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from segmentlearn.cli._scoring._further_columns import FurtherColumns
from segmentlearn.cli._scoring._scored_output import (
    ScoredOutput,
    is_folder,
    output_names,
)
from segmentlearn.cli._scoring._scores import ScoredCounts, note_lost, write_scores
from segmentlearn.cli._screen import InputError, row_progress
from segmentlearn.cli._stopping import check_not_stopped
from segmentlearn.cli._tables import named_columns, scan_customers
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.inspection import score, used_columns
from segmentlearn.persistence import atomic_file, atomic_folder
from segmentlearn.tables import (
    NoRowsError,
    ScanTally,
    TableScan,
    TableSchema,
    add_tally,
    row_group_ranges,
    tally_of,
)

_ROWS_A_PART = 250_000
_lock = threading.Lock()


@dataclasses.dataclass(frozen=True)
class FilePart:
    """What one task scores.

    Parameters
    ----------
    source : object
        A file.
    row_groups : range or None
        Row groups of a Parquet file; None for a whole file.
    name : str
        File to write, in the folder of the output.
    share : float
        Part of all bytes that are read.
    """

    source: Any
    row_groups: range | None
    name: str
    share: float


@dataclasses.dataclass(frozen=True)
class ScoredPart:
    """What a worker says of a part that it has scored and written."""

    counts: ScoredCounts
    tally: ScanTally
    renamed: dict[str, str]
    warnings: list[Warning]
    further: tuple[int, int, int]


def score_on_cluster(
    archive: pathlib.Path,
    scan: TableScan,
    schema: TableSchema | None,
    reading: dict[str, Any],
    out: str,
    address: str,
    keep: list[str] | None,
    facts: dict[str, Any],
    coverage: float | None = None,
) -> tuple[ScoredCounts, list[str]]:
    """Score all files of a scan on a cluster; the folder appears when all are there.

    A worker writes a part to a file of another name, which takes its own name when it
    is whole, so that it does not matter if a part is scored twice.
    """
    from segmentlearn.distributed import DistributedModel, check_written, connect

    counts = ScoredCounts(facts.get("target"), facts.get("target_edges"))
    renamed: dict[str, str] = {}
    written: dict[str, int] = {}
    with connect(address) as client, DistributedModel(archive, client) as model:
        further = FurtherColumns(model.estimator, archive)
        if coverage is not None:
            further.add_sets(coverage)
        names = [str(n) for n in getattr(model.estimator, "feature_names_in_", [])]
        how: dict[str, Any]
        how = {"archive": archive, "schema": schema, "reading": reading, "keep": keep}
        with row_progress("scoring", scan) as show, atomic_folder(out) as folder:
            how |= {"folder": folder.absolute(), "coverage": coverage}
            how["counts"] = ScoredCounts(counts.target, counts.edges)
            for part, found in model.map(_score_part, _parts(scan), **how):
                check_not_stopped()
                counts += found.counts
                renamed.update(found.renamed)
                for message in found.warnings:
                    warnings.warn(message, stacklevel=2)
                add_tally(scan, found.tally, part.share)
                further.add_counts(found.further)
                if found.tally.n_rows:
                    written[part.name] = found.tally.n_rows
                show()
            if not written:
                raise InputError(f"{scan.name} holds no rows.")
            scan.check_readable(used_columns(model.estimator, names))
            check_written(folder, written)
    note_lost(scan, renamed)
    return counts, further.notes()


def check_cluster(
    out: str | None, scan: TableScan, refused: Sequence[tuple[str, Any]]
) -> None:
    """Refuse, before any work, what cannot be done on a cluster."""
    if importlib.util.find_spec("distributed") is None:
        raise InputError("--dask needs Dask: pip install 'segmentlearn[dask]'.")
    if out is None or not is_folder(out, scan):
        raise InputError(
            "--dask writes a file for each part; name a folder, such as --out scored/."
        )
    if scan.name == "-":
        raise InputError("--dask cannot read stdin on its workers; name a file.")
    for what, wanted in refused:
        if wanted:
            raise InputError(
                f"{what} cannot be had with --dask yet; leave out one of them."
            )


def _parts(scan: TableScan) -> list[FilePart]:
    """Cut the files of a scan into what a task scores."""
    found = []
    for source, name in output_names(scan.sources).items():
        if os.path.exists(source):
            source = os.path.abspath(source)  # workers run elsewhere
            size = os.path.getsize(source)
        else:
            size = 1
        ranges = row_group_ranges(source, _ROWS_A_PART)
        share = size / scan.n_bytes / max(1, len(ranges))
        if len(ranges) <= 1:
            found.append(FilePart(source, None, name, share))
            continue
        path = pathlib.PurePath(name)
        for at, groups in enumerate(ranges):
            own = str(path.with_name(f"{path.stem}-{at:05d}{path.suffix}"))
            found.append(FilePart(source, groups, own, share))
    return found


def _score_part(
    model: Any,
    part: FilePart,
    archive: pathlib.Path,
    schema: TableSchema | None,
    reading: dict[str, Any],
    keep: list[str] | None,
    folder: pathlib.Path,
    coverage: float | None,
    counts: ScoredCounts,
) -> ScoredPart:
    """Score a part of a file in a worker, and write it."""
    scan = scan_customers(part.source, reading, schema, row_groups=part.row_groups)
    counts = ScoredCounts(counts.target, counts.edges)  # tasks may share an argument
    renamed: dict[str, str] = {}
    further = FurtherColumns(model, archive)
    path = folder / part.name
    path.parent.mkdir(parents=True, exist_ok=True)
    with _recorded() as messages, contextlib.ExitStack() as stack:
        if coverage is not None:
            further.add_sets(coverage)
        output, lost = None, []
        try:
            for table in scan:
                if output is None:
                    stream = stack.enter_context(atomic_file(path))
                    output = ScoredOutput(stream, path.name)
                    stack.enter_context(contextlib.closing(output))
                scores = further.of(table, score(model, table))
                kept = None if keep is None else named_columns(table, keep, "--keep")
                renamed.update(write_scores(output, table, scores, kept))
                counts.add(table, scores)
        except NoRowsError as error:  # as a folder may have such a file
            lost.append(str(error))
    tally = tally_of(scan)
    tally = dataclasses.replace(tally, notes=[*tally.notes, *lost])
    return ScoredPart(counts, tally, renamed, messages, further.counts)


@contextlib.contextmanager
def _recorded() -> Iterator[list[Warning]]:
    """Collect warnings that the client is to show; for one thread at a time."""
    found: list[Warning] = []
    with _lock, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SegmentLearnWarning)
        yield found
    for warning in caught:
        if isinstance(warning.message, SegmentLearnWarning):
            found.append(warning.message)
