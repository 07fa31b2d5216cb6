"""Parquet folders, written by partition, whole or not at all."""

import os
import pathlib
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from segmentlearn._atomic import atomic_file, atomic_folder
from segmentlearn.distributed._cluster import (
    check_frame,
    current_client,
    over_partitions,
)
from segmentlearn.exceptions import TableError


def write_parquet(X: Any, folder: str | os.PathLike[str], *, client: Any = None) -> int:
    """Write a Dask DataFrame to a folder of Parquet files, one for each partition.

    A worker writes its partition to a file of another name, which takes its own name
    when it is whole: a task that is done again after a worker was lost, or twice at
    once, leaves the same file. The files appear in the folder when all of them are
    there and have as many rows as were computed.

    Parameters
    ----------
    X : dask.dataframe.DataFrame
        Such as `DistributedModel.add_scores` gives. The index is not written.
    folder : str or path-like
        A folder that is new or empty, on a file system that all workers share.
    client : distributed.Client, default=None
        Client of the scheduler; None takes the current one.

    Returns
    -------
    n_rows : int
        Rows written.

    Raises
    ------
    FileExistsError
        If there is something in the folder.
    TableError
        If rows are missing, or the workers see another file system.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import dask.dataframe as dd
    >>> from segmentlearn import make_customers
    >>> from segmentlearn.distributed import write_parquet
    >>> X, _ = make_customers("mall", 200, random_state=0)
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = pathlib.Path(place, "customers")
    ...     n_rows = write_parquet(dd.from_pandas(X, npartitions=2), folder)
    ...     print(n_rows, [file.name for file in sorted(folder.iterdir())])
    200 ['part-00000.parquet', 'part-00001.parquet']
    """
    check_frame(X)
    target = pathlib.Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(
            f"folder={str(folder)!r} is there already and not empty; name a new one."
        )
    schema = _schema(X._meta)
    with atomic_folder(target.absolute()) as staging:
        counts = over_partitions(
            X,
            _write,
            _concatenate,
            current_client(client),
            folder=str(staging),
            schema=schema,
        )
        check_written(staging, dict(counts))
    return sum(n_rows for _, n_rows in counts)


def check_written(folder: pathlib.Path, counts: dict[str, int]) -> None:
    """Refuse files that are not those that were written, and leave no others."""
    from pyarrow import parquet

    for name, n_rows in counts.items():
        path = folder / name
        if not path.is_file():
            raise TableError(
                f"{path} is missing though a worker has written it: all workers need "
                "the file system of the client; name a folder on one that they share."
            )
        if path.suffix == ".parquet":
            found = parquet.read_metadata(path).num_rows
            if found != n_rows:
                raise TableError(f"{path} has {found:,} rows in place of {n_rows:,}.")
    for path in folder.rglob("*"):  # of workers that were lost while writing
        if path.is_file() and path.relative_to(folder).as_posix() not in counts:
            path.unlink()


def _schema(meta: pd.DataFrame) -> pa.Schema:
    """Return the types of all files: a column may be missing in a whole partition."""
    schema = pa.Schema.from_pandas(meta, preserve_index=False).remove_metadata()
    types = [pa.string() if kind == pa.null() else kind for kind in schema.types]
    return pa.schema(list(zip(schema.names, types, strict=True)))


def _write(
    frame: pd.DataFrame, at: int, folder: str, schema: pa.Schema
) -> list[tuple[str, int]]:
    from pyarrow import parquet

    name = f"part-{at:05d}.parquet"
    table = pa.Table.from_pandas(frame, schema, preserve_index=False)
    # numbers hardly repeat: looking for repeated ones takes most of the time
    texts = [
        field.name
        for field in schema
        if pa.types.is_string(field.type)
        or pa.types.is_large_string(field.type)
        or pa.types.is_dictionary(field.type)
    ]
    table = table.replace_schema_metadata()
    with atomic_file(pathlib.Path(folder, name)) as stream:
        parquet.write_table(table, stream, use_dictionary=texts or False)
    return [(name, len(frame))]


def _concatenate(counts: Sequence[list[tuple[str, int]]]) -> list[tuple[str, int]]:
    return [pair for several in counts for pair in several]
