"""Score customers batch by batch with a model from an archive."""

import collections
import concurrent.futures
import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import joblib
import pandas as pd

from segmentlearn.cli._scoring._scored_output import ScoredOutput
from segmentlearn.cli._screen import note, row_progress
from segmentlearn.cli._stopping import check_not_stopped
from segmentlearn.cli._tables import named_columns
from segmentlearn.inspection import Scores, score, used_columns
from segmentlearn.tables import TableFile, TableScan, known_labels, rows_to_write

_MOST_THREADS = 8


@dataclasses.dataclass
class ScoredCounts:
    """What became of the customers of a table.

    Parameters
    ----------
    target : str or None
        A column that may hold known segments.
    segments : Counter
        Customers by segment.
    names : dict
        Names of the segments.
    edges : list of float or None
        Edges of the classes of a target of amounts.
    n_known, n_found : int
        Customers whose segment is in the table; those that the model finds.
    """

    target: Any
    edges: Any = None
    segments: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    names: dict[Any, str] = dataclasses.field(default_factory=dict)
    n_known: int = 0
    n_found: int = 0

    def __add__(self, other: "ScoredCounts") -> "ScoredCounts":
        return ScoredCounts(
            self.target,
            self.edges,
            self.segments + other.segments,
            {**self.names, **other.names},
            self.n_known + other.n_known,
            self.n_found + other.n_found,
        )

    def add(self, table: TableFile, scores: Scores) -> None:
        """Count the customers of a batch."""
        self.names = scores.names
        self.segments.update(pd.Series(scores.segments).value_counts().to_dict())
        if isinstance(self.target, str) and self.target in table.columns:
            known, labels = known_labels(table, self.target, self.edges)
            self.n_known += int(known.sum())
            found = labels.astype(str) == scores.segments[known].astype(str)
            self.n_found += int(found.sum())


def score_files(
    model: Any,
    scan: TableScan,
    output: Any,
    keep: list[str] | None = None,
    facts: Mapping[str, Any] | None = None,
    collect: Callable[[TableFile, Scores], Any] | None = None,
    add: Callable[[TableFile, Scores], Scores] | None = None,
) -> ScoredCounts:
    """Score all files of a scan and write them, batch by batch and in their order.

    Without an output nothing is written. Each batch is passed to `collect`; `add` gives
    it further columns. `facts` are the archive's: its target may be in the files.
    """

    def scored(table: TableFile) -> Scores:
        scores = score(model, table)
        return scores if add is None else add(table, scores)

    facts = facts or {}
    counts = ScoredCounts(facts.get("target"), facts.get("target_edges"))
    renamed: dict[str, str] = {}
    kept, table = None, None
    with (
        row_progress("scoring", scan) as show,
        concurrent.futures.ThreadPoolExecutor(1) as writer,
    ):
        for file in scan.files():
            place_of = contextlib.nullcontext() if output is None else output.of(file)
            with place_of as place, _Pending() as written:
                for table, scores in _scored(scored, file):
                    if keep is not None:
                        kept = named_columns(table, keep, "--keep")
                    renamed.update(written.result())
                    if place is not None:
                        job = writer.submit(write_scores, place, table, scores, kept)
                        written.set(job)
                    if collect is not None:
                        collect(table, scores)
                    counts.add(table, scores)
                    show()
                renamed.update(written.result())
        names = getattr(model, "feature_names_in_", [])
        scan.check_readable(used_columns(model, [str(name) for name in names]))
        check_not_stopped()
    if table is not None and not table.is_plain:
        whole = dataclasses.replace(table, source=scan.name)
        note(f"Read {whole.describe(scan.n_rows)}")
    note_lost(scan, renamed)
    return counts


def note_lost(scan: TableScan, renamed: dict[str, str]) -> None:
    """Say what could not be read, and which new columns have another name."""
    for sentence in scan.notes:
        note(f"Warning: {sentence}")
    note_renamed(renamed)


class _Pending:
    """What a thread writes; it has ended before the file is closed, come what may."""

    def __init__(self) -> None:
        self._future: concurrent.futures.Future | None = None

    def __enter__(self) -> "_Pending":
        return self

    def __exit__(self, *error: Any) -> None:
        if self._future is not None:
            concurrent.futures.wait([self._future])

    def set(self, future: concurrent.futures.Future) -> None:
        """Take the next piece of work."""
        self._future = future

    def result(self) -> dict[str, str]:
        """Wait for the last piece of work; raise its error."""
        return {} if self._future is None else self._future.result()


def write_scores(
    output: ScoredOutput,
    table: TableFile,
    scores: Scores,
    keep: Sequence[str] | None = None,
) -> dict[str, str]:
    """Write a table and its scores; return the names that these have got."""
    new = scores.new_columns()
    rows, header = rows_to_write(table, new, keep, as_text=output.is_text())
    output.write(table, rows, header)
    return dict(zip(new, header[-len(new) :], strict=True))


def note_renamed(names: dict[str, str]) -> None:
    """Say which new columns have another name, as the table has one of theirs."""
    for name, new_name in names.items():
        if name != new_name:
            note(f"Note: the file has a column {name!r}; the new one is {new_name!r}.")


def _scored(
    scored: Callable[[TableFile], Scores], batches: Iterable[TableFile]
) -> Iterator[tuple[TableFile, Scores]]:
    """Score batches in threads; return them in their order."""
    n_threads = min(_MOST_THREADS, joblib.cpu_count())
    waiting: collections.deque = collections.deque()
    with contextlib.ExitStack() as stack:
        pool = None
        for table in batches:
            if pool is None:
                # the first batch compiles, and most files have no other
                yield table, scored(table)
                pool = stack.enter_context(
                    concurrent.futures.ThreadPoolExecutor(n_threads)
                )
                stack.callback(pool.shutdown, cancel_futures=True)
                continue
            waiting.append((table, pool.submit(scored, table)))
            if len(waiting) > n_threads:
                table, scores = waiting.popleft()
                yield table, scores.result()
        for table, scores in waiting:
            yield table, scores.result()
