"""Where scored customers go: stdout, a file, or a folder with a file for each read."""

import contextlib
import os
import pathlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa

from segmentlearn.cli._screen import InputError
from segmentlearn.exceptions import TableError
from segmentlearn.persistence import atomic_file, atomic_folder
from segmentlearn.tables import (
    ScannedFile,
    TableFile,
    TableScan,
    open_writer,
    output_kind,
)

_TEXT = "text"


class ScoredOutput:
    """One file or stdout, which all files are written to, one below the other.

    Parameters
    ----------
    stream : binary file
        Where to.
    name : str
        Name of the file, which decides on its format; empty for text.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._name = stream, name
        self._writer: Any = None

    def is_text(self) -> bool:
        """Whether cells are written as text."""
        return output_kind(self._name, "") == _TEXT

    def write(self, table: TableFile, rows: pa.Table, header: Sequence[str]) -> None:
        """Write the rows of a batch below those there are."""
        if self._writer is None:
            self._writer = open_writer(self._stream, self._name, table.dialect)
        self._writer.write(rows, header)

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written."""
        return self._writer is None

    @contextlib.contextmanager
    def of(self, file: ScannedFile) -> Iterator["ScoredOutput"]:
        """Give what the rows of a file are written to."""
        yield self


class _FolderOutput:
    """A folder with a scored file of the same name and format for each file."""

    def __init__(self, folder: pathlib.Path, sources: Sequence[Any]) -> None:
        self._folder = folder
        self._names = output_names(sources)

    @contextlib.contextmanager
    def of(self, file: ScannedFile) -> Iterator[ScoredOutput]:
        path = self._folder / self._names[str(file.source)]
        path.parent.mkdir(parents=True, exist_ok=True)
        # a writer must not outlive its stream, after a failure either
        with (
            path.open("wb") as stream,
            contextlib.closing(ScoredOutput(stream, path.name)) as output,
        ):
            yield output
        if output.is_empty:  # as the file that was read
            path.unlink()


@contextlib.contextmanager
def open_output(out: str | None, scan: TableScan) -> Iterator[Any]:
    """Open the output of a command; a file or folder appears when all is written."""
    if out is None:
        stdout = ScoredOutput(sys.stdout.buffer, "")
        yield stdout
        stdout.close()
        sys.stdout.buffer.flush()
    elif is_folder(out, scan):
        with atomic_folder(out) as folder:
            yield _FolderOutput(folder, scan.sources)
    else:
        path = pathlib.Path(out)
        with (
            path.open("wb") if is_device(out) else atomic_file(path) as stream,
            contextlib.closing(ScoredOutput(stream, path.name)) as output,
        ):
            yield output


def is_device(out: str) -> bool:
    """Return whether an output is one that must not be replaced, as /dev/null."""
    return os.path.exists(out) and not os.path.isfile(out) and not os.path.isdir(out)


def is_folder(out: str, scan: TableScan) -> bool:
    """Return whether an output is a folder: it is one, or is written as one."""
    if out.endswith(("/", os.sep)) or os.path.isdir(out):
        return True
    is_new = not os.path.exists(out) and not pathlib.Path(out).suffix
    return (scan.is_expanded or len(scan.sources) > 1) and is_new


def check_folder(out: str, sources: Sequence[Any]) -> None:
    """Refuse a folder that would hide what is read, or cannot be made."""
    target = pathlib.Path(out).resolve()
    if target.exists() and not target.is_dir():
        raise InputError(f"--out {out} is a file; name another folder.")
    if not target.parent.is_dir():
        raise InputError(f"--out {out}: {target.parent} is not a folder.")
    names = output_names(sources)
    for source, name in names.items():
        if os.path.exists(source) and (target / name).resolve() == (
            pathlib.Path(source).resolve()
        ):
            raise InputError(
                f"--out {out} would replace {source}; name another folder."
            )


def output_names(sources: Sequence[Any]) -> dict[str, str]:
    """Return the name in a folder of what each source becomes."""
    paths = [pathlib.Path(str(source)) for source in sources]
    parents = [str(path.parent) for path in paths]
    common = os.path.commonpath(parents) if len(paths) > 1 else parents[0]
    names: dict[str, str] = {}
    for source, path in zip(sources, paths, strict=True):
        is_path = "://" not in str(source) and str(source) != "-"
        name = os.path.relpath(path, common) if is_path else "customers.csv"
        try:
            output_kind(name, "")
        except TableError:  # a workbook of an old format, a database, a zip file
            name += ".csv"
        names[str(source)] = name
    return names
