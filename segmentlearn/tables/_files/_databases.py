"""Databases: SQLite, DuckDB, and others by their address."""

import contextlib
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

from segmentlearn.exceptions import TableError
from segmentlearn.tables._files._formats import WEB, need, scheme_of

# whose addresses are those of files, not of databases
_STORES = (
    *("file", "ftp", "ftps", "sftp", "hdfs", "dbfs"),
    *("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "wasbs"),
)
_SQLITE = b"SQLite format 3\0"
_VECTOR = 2048  # rows of DuckDB's smallest chunk


def is_database(source: Any) -> bool:
    """Return whether a source is a database file or the address of one."""
    text = str(source)
    if scheme := scheme_of(text):
        return scheme not in (*WEB, *_STORES)
    path = pathlib.Path(text)
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(16)
    return head == _SQLITE or head[8:12] == b"DUCK"


def database_batches(
    source: Any, query: str | None, labels: Mapping[str, str], n_rows: int
) -> Iterator[pd.DataFrame]:
    """Read the rows of a query, or of the only table there is, batch by batch."""
    text = str(source)
    read: Callable[..., Iterator[pd.DataFrame]] = _read_address
    if "://" not in text:
        with pathlib.Path(text).open("rb") as file:
            read = _read_sqlite if file.read(16) == _SQLITE else _read_duckdb
    try:
        yield from read(text, query, labels, n_rows)
    except TableError:
        raise
    except Exception as error:  # each database has errors of its own
        raise TableError(f"{text}: {str(error).strip().splitlines()[0]}") from error


def no_database(query: str, source: str, labels: Mapping[str, str]) -> TableError:
    """Return the error about a query for a file."""
    return TableError(f"{labels['query']}{query!r} needs a database; {source} is none.")


def _read_sqlite(
    path: str, query: str | None, labels: Mapping[str, str], n_rows: int
) -> Iterator[pd.DataFrame]:
    import sqlite3

    address = pathlib.Path(path).resolve().as_uri() + "?mode=ro"
    # batches may be read in another thread than the first, one after the other
    opened = sqlite3.connect(address, uri=True, check_same_thread=False)
    with contextlib.closing(opened) as connection:
        if query is None:
            found = connection.execute(
                "select name from sqlite_master where type='table'"
            )
            query = _only_table([name for (name,) in found], path, labels)
        yield from pd.read_sql_query(query, connection, chunksize=n_rows)


def _read_duckdb(
    path: str, query: str | None, labels: Mapping[str, str], n_rows: int
) -> Iterator[pd.DataFrame]:
    need("duckdb", "DuckDB files")
    import duckdb

    with duckdb.connect(path, read_only=True) as connection:
        if query is None:
            found = connection.execute(
                "select table_name from duckdb_tables()"
            ).fetchall()
            query = _only_table([name for (name,) in found], path, labels)
        connection.execute(query)
        n_vectors = max(1, n_rows // _VECTOR)
        yield connection.fetch_df_chunk(n_vectors)  # empty tables have columns too
        while len(frame := connection.fetch_df_chunk(n_vectors)):
            yield frame


def _read_address(
    text: str, query: str | None, labels: Mapping[str, str], n_rows: int
) -> Iterator[pd.DataFrame]:
    need("sqlalchemy", "databases by address")
    import sqlalchemy

    if query is None:
        raise TableError(f"{text} needs {labels['query']}'select …'.")
    with sqlalchemy.create_engine(text).connect() as connection:
        streaming = connection.execution_options(stream_results=True)
        yield from pd.read_sql_query(
            sqlalchemy.text(query), streaming, chunksize=n_rows
        )


def _only_table(names: list[str], source: str, labels: Mapping[str, str]) -> str:
    if len(names) != 1:
        raise TableError(
            f"{source} has the tables {', '.join(map(repr, names)) or 'none'}; say "
            f"what to read with {labels['query']}'select * from …'."
        )
    quoted = names[0].replace('"', '""')
    return f'select * from "{quoted}"'
