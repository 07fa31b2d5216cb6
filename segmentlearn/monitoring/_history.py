"""The history of a segmentation: who was in which segment in which period."""

import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import re
import secrets
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from segmentlearn._atomic import sync_folder
from segmentlearn._formatting import names_text
from segmentlearn.exceptions import SchemaError, TableError

HISTORY_COLUMNS = (
    "period",
    "segment",
    "segment_name",
    "probability",
    "model",
    "scored",
)
_TYPES = [pa.string(), pa.string(), pa.string(), pa.float64(), pa.string()]
_TYPES.append(pa.timestamp("us", tz="UTC"))
_MARK = b"segmentlearn.history"
_DIGITS = 16
_PART = re.compile(rf"(?P<period>.+)\.[0-9a-f]{{{_DIGITS}}}\.parquet")
_LONGEST_PERIOD = 80
_SECONDS_A_DAY = 86_400


class PeriodWriter:
    """Collects the customers of a period, batch by batch.

    Parameters
    ----------
    stream : binary file
        A new part of the history.
    fixed : dict
        What all rows have in common: period, model, time.
    """

    def __init__(self, stream: Any, fixed: dict[str, Any]) -> None:
        self._stream, self._fixed = stream, fixed
        self._writer: parquet.ParquetWriter | None = None
        self._digest = hashlib.sha256()
        self.keys: list[pa.Table] = []

    def write(
        self,
        keys: pa.Table,
        segments: Any,
        names: Any = None,
        probability: Any = None,
    ) -> None:
        """Add customers: their key columns, segments, and what belongs to these."""
        n_rows = keys.num_rows
        clash = sorted({*keys.column_names} & {*HISTORY_COLUMNS})
        if clash:
            raise TableError(
                f"the key column(s) {clash} have names that a history uses itself: "
                f"{', '.join(HISTORY_COLUMNS)}; rename them."
            )
        keys = pa.table({n: _texts(keys.column(n)) for n in keys.column_names})
        columns = {
            "period": [self._fixed["period"]] * n_rows,
            "segment": np.asarray(segments).astype(str).astype(object),
            "segment_name": [None] * n_rows if names is None else list(names),
            "probability": [None] * n_rows if probability is None else probability,
            "model": [self._fixed["model"]] * n_rows,
            "scored": [self._fixed["scored"]] * n_rows,
        }
        for (name, values), kind in zip(columns.items(), _TYPES, strict=True):
            keys = keys.append_column(name, pa.array(values, kind))
        if self._writer is None:
            own = json.dumps({"protocol": 1, "key": keys.column_names[: -len(_TYPES)]})
            schema = keys.schema.with_metadata({_MARK: own.encode()})
            self._writer = parquet.ParquetWriter(self._stream, schema)
        self._writer.write_table(keys.cast(self._writer.schema))
        of_key = keys.select(keys.column_names[: -len(_TYPES)])
        self.keys.append(of_key)
        self._digest.update(_content(of_key, columns))

    def finish(self) -> str:
        """Write what is left; return a digest of the customers and their segments."""
        if self._writer is None:
            raise TableError("there are no customers for the history.")
        self._writer.close()
        self._digest.update(self._fixed["model"].encode())
        return self._digest.hexdigest()[:_DIGITS]

    def close(self) -> None:
        """Leave nothing that would write to the stream after it is closed."""
        if self._writer is not None:
            self._writer.close()


@contextlib.contextmanager
def open_period(
    history: str | os.PathLike[str], period: str, model: str
) -> Iterator[PeriodWriter]:
    """Open a history for a period, which it holds when all has been written.

    Nothing is added where the same customers have the same segments of the same model
    in this period already. A customer that has another one is an error.
    """
    folder = _checked_folder(history)
    if not period.strip() or len(period) > _LONGEST_PERIOD or not period.isprintable():
        raise TableError(
            f"period {period!r} must be a short name, such as 2026-06, which sorts by "
            "time."
        )
    folder.mkdir(exist_ok=True)
    _remove_abandoned(folder)
    now = datetime.datetime.now(datetime.UTC)
    fixed = {"period": period, "model": model, "scored": now}
    pending = folder / f".{secrets.token_hex(8)}.part"
    try:
        with pending.open("xb") as stream:
            with contextlib.closing(PeriodWriter(stream, fixed)) as writer:
                yield writer
                digest = writer.finish()
            stream.flush()
            os.fsync(stream.fileno())
        # a name of its content: two processes that add the same add it once
        part = folder / f"{_file_name(period)}.{digest}.parquet"
        if not part.exists():
            _check_keys(pa.concat_tables(writer.keys), folder, period)
            pending.replace(part)
            sync_folder(folder)
    finally:
        pending.unlink(missing_ok=True)


def append_history(
    history: str | os.PathLike[str],
    keys: Any,
    segments: Any,
    *,
    period: str,
    model: str,
    segment_names: Any = None,
    probability: Any = None,
) -> None:
    """Add the segments of a period to a history.

    Parameters
    ----------
    history : str or path-like
        Folder of the history; made if there is none.
    keys : DataFrame or Series
        What names each customer: one column or several, by which customers are found
        again in other periods.
    segments : array-like of shape (n_samples,)
        The segment of each.
    period : str
        Name of the period, such as "2026-06".
    model : str
        What names the model, such as a hash of its archive.
    segment_names : array-like of shape (n_samples,), default=None
        Name of the segment of each.
    probability : array-like of shape (n_samples,), default=None
        Probability of the segment of each.

    Raises
    ------
    TableError
        If a customer has no key, occurs twice, or is in the period already with
        another segment, probability or model; or if the history has other keys.

    See Also
    --------
    read_history : Reads it.

    Notes
    -----
    A history is a folder with a Parquet file for each table that was scored, so that an
    append costs what is appended and nothing that is there is written again: pandas,
    DuckDB, Spark and Polars read such a folder as one table. A file gets its name,
    which consists of period and a hash, once it is complete and on the disk; readers
    ignore what a killed process has left. The same customers, segments and model in the
    same period have the same hash, and are not added twice.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from segmentlearn.monitoring import append_history, read_history
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = pathlib.Path(folder) / "history.parquet"
    ...     keys = pd.DataFrame({"customer_id": ["a", "b"]})
    ...     append_history(place, keys, [0, 1], period="2026-05", model="m1")
    ...     append_history(place, keys, [1, 1], period="2026-06", model="m1")
    ...     read_history(place)[["customer_id", "period", "segment"]]
      customer_id   period segment
    0           a  2026-05       0
    1           b  2026-05       1
    2           a  2026-06       1
    3           b  2026-06       1
    """
    frame = pd.DataFrame(keys).reset_index(drop=True)
    frame.columns = [str(name) for name in frame.columns]
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with open_period(history, period, model) as writer:
        writer.write(table, segments, segment_names, probability)


def read_history(
    history: str | os.PathLike[str], *, periods: Sequence[str] | None = None
) -> pd.DataFrame:
    """Read the segments of all periods.

    Parameters
    ----------
    history : str or path-like
        Folder that `append_history` or ``segmentlearn score --history`` has written.
    periods : sequence of str, default=None
        Periods to read; None reads all.

    Returns
    -------
    frame : DataFrame
        A row for each customer and period: the key columns under their own names, all
        text, then "period" (an ordered category), "segment" (text), "segment_name" and
        "probability" (missing where the model has none), "model" (16 digits of the
        hash of its archive) and "scored" (the time). ``frame.attrs["key"]`` lists the
        key columns. Periods that start with a year are in order of their names, and all
        others in the order in which they were first scored.

    Raises
    ------
    TableError
        If the folder is no history, or lacks a period.

    See Also
    --------
    append_history : Writes it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from segmentlearn.monitoring import append_history, read_history
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = pathlib.Path(folder) / "history.parquet"
    ...     append_history(place, pd.Series([7], name="id"), ["A"], period="2026",
    ...                    model="m1", probability=[0.75])
    ...     read_history(place).loc[0, ["id", "segment"]].tolist()
    ['7', 'A']
    """
    folder = _checked_folder(history)
    parts = _parts(folder)
    wanted = None if periods is None else {str(period) for period in periods}
    lacking = sorted((wanted or set()) - set(parts.values()))
    if lacking or not parts:
        known = names_text(sorted(set(parts.values()))) or "none"
        what = f"lacks the period(s) {lacking}" if parts else "holds no history"
        raise TableError(f"{history} {what}; it has {known}.")
    chosen = [path for path, period in parts.items() if period in (wanted or {period})]
    tables = [parquet.read_table(path, partitioning=None) for path in chosen]
    key = _key_of(tables[0].schema, chosen[0])
    for table, path in zip(tables, chosen, strict=True):
        _check_same_key(_key_of(table.schema, path), key, path)
    frame = pa.concat_tables(tables).to_pandas()
    frame["period"] = pd.Categorical(
        frame["period"], ordered_periods(frame), ordered=True
    )
    frame = frame.sort_values("period", kind="stable", ignore_index=True)
    frame.attrs["key"] = key
    return frame


def ordered_periods(history: pd.DataFrame) -> list:
    """Return the periods of a history: by their names, or as they were first scored.

    Names that begin with a year sort by time, whenever they were scored.
    """
    known = sorted(history["period"].dropna().unique().tolist())
    is_dated = all(re.match(r"\d{4}", str(period)) for period in known)
    if not is_dated and "scored" in history.columns:
        first = history.groupby("period", observed=True)["scored"].min()
        known.sort(key=first.get)
    return known


def choose_periods(
    history: pd.DataFrame, old_period: str | None, new_period: str | None
) -> tuple[Any, Any]:
    """Return two periods of a history: by default the last, and the one before."""
    known = ordered_periods(history)
    new_period = new_period or (known[-1] if known else None)
    before = known[: known.index(new_period)] if new_period in known else []
    old_period = old_period or (before[-1] if before else None)
    for what, period in (("new_period", new_period), ("old_period", old_period)):
        if period not in known:
            raise SchemaError(
                f"{what}={period!r} is not in the history; its periods are {known}."
            )
    return old_period, new_period


def _checked_folder(history: str | os.PathLike[str]) -> pathlib.Path:
    folder = pathlib.Path(history)
    if folder.is_file():
        raise TableError(
            f"{history} is a file, and a history is a folder of Parquet files; name "
            "another place."
        )
    if not folder.absolute().parent.is_dir():
        raise TableError(f"{history}: {folder.parent} is not a folder.")
    return folder


def _file_name(period: str) -> str:
    """Return a period as a part of a file's name, which no reader takes for hidden."""
    name = urllib.parse.quote(period, safe=" ")
    hidden = name[0] in "._"
    return f"%{ord(name[0]):X}{name[1:]}" if hidden else name


def _remove_abandoned(folder: pathlib.Path) -> None:
    """Remove what processes that were killed a day ago have left."""
    oldest = datetime.datetime.now().timestamp() - _SECONDS_A_DAY
    for path in folder.glob(".*.part"):
        with contextlib.suppress(OSError):  # another process was quicker
            if path.stat().st_mtime < oldest:
                path.unlink()


def _parts(folder: pathlib.Path) -> dict[pathlib.Path, str]:
    """Return the files of a history and their periods."""
    found = {}
    for path in sorted(folder.glob("*.parquet")):
        match = _PART.fullmatch(path.name)
        if match and not path.name.startswith("."):
            found[path] = urllib.parse.unquote(match["period"])
    return found


def _check_keys(keys: pa.Table, folder: pathlib.Path, period: str) -> None:
    """Refuse customers without a key or with several rows in a period."""
    names = keys.column_names
    frame = keys.to_pandas()
    for name in names:
        if frame[name].isna().any():
            row = int(np.flatnonzero(frame[name].isna())[0])
            raise TableError(
                f"customer {row + 1} has no {name!r}; a history needs a key for each."
            )
    known = []
    for path, own_period in _parts(folder).items():
        _check_same_key(_key_of(parquet.read_schema(path), path), names, path)
        if own_period == period:
            known.append(parquet.read_table(path, columns=names).to_pandas())
    for what, cure, other in (
        ("occur twice in the table", "keep one row for each customer", frame),
        (
            f"are in period {period!r} already, with other segments, probabilities or "
            "another model",
            f"name another period, or remove the period's file from {folder}",
            pd.concat(known) if known else None,
        ),
    ):
        if other is None:
            continue
        is_known = (
            frame.duplicated()
            if other is frame
            else frame.merge(other.drop_duplicates(), "left", indicator="where_")[
                "where_"
            ].eq("both")
        )
        if is_known.any():
            first = ", ".join(map(str, frame[is_known.to_numpy()].iloc[0]))
            raise TableError(
                f"{int(is_known.sum()):,} customer(s), such as {first}, {what}; {cure}."
            )


def _key_of(schema: pa.Schema, path: pathlib.Path) -> list[str]:
    """Return the key columns of a part."""
    stored = json.loads((schema.metadata or {}).get(_MARK, b"{}"))
    if stored.get("protocol") != 1:
        raise TableError(
            f"{path} is no part of a history that this version of segmentlearn reads."
        )
    return list(stored["key"])


def _check_same_key(own: list[str], key: list[str], path: pathlib.Path) -> None:
    if own != key:
        raise TableError(
            f"{path} has the key {own}, not {key}; use one key for a whole history."
        )


def _texts(cells: Any) -> pa.Array:
    """Return key cells as text, so that a key is the same whatever file it is in."""
    if pa.types.is_floating(cells.type):
        # whole numbers become floats as soon as one is missing
        values = pd.Series(cells.to_pandas())
        if (values.dropna() % 1 == 0).all():
            cells = pa.array(values.astype("Int64"))
    combined = cells.cast(pa.string())
    return combined.combine_chunks() if hasattr(combined, "chunks") else combined


def _content(keys: pa.Table, columns: dict[str, Any]) -> bytes:
    """Return what makes two tables of a period the same."""
    frame = keys.to_pandas()
    frame["segment"] = columns["segment"]
    values = pd.Series(columns["probability"], dtype=np.float64).round(6)
    frame["probability"] = values.to_numpy()
    return pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()
