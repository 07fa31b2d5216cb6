"""The errors and warnings that segmentlearn raises on its own account."""

__all__ = [
    "ArchiveError",
    "CodeLengthWarning",
    "ColumnWarning",
    "CountWarning",
    "FewSegmentsWarning",
    "ForkedProcessError",
    "SampledRowsWarning",
    "SchemaError",
    "SegmentLearnError",
    "SegmentLearnWarning",
    "TableError",
]


class SegmentLearnError(Exception):
    """Base class of every error that segmentlearn defines.

    Catch it to catch them all. Errors about a parameter's value stay
    scikit-learn's own ``InvalidParameterError`` and ``ValueError``.

    Examples
    --------
    >>> from segmentlearn.exceptions import SchemaError, SegmentLearnError
    >>> issubclass(SchemaError, SegmentLearnError)
    True
    """


class SchemaError(SegmentLearnError, ValueError):
    """A table does not have the columns or the kinds of columns it must have.

    The message lists every difference at once: missing columns, numeric columns
    that hold text, infinite values. It is a ``ValueError`` too, so that code written
    against scikit-learn keeps working.

    Examples
    --------
    >>> from segmentlearn.exceptions import SchemaError
    >>> issubclass(SchemaError, ValueError)
    True
    """


class TableError(SegmentLearnError, ValueError):
    """A file cannot be read as a table of customers.

    It is empty, no text in UTF-8, has repeated column names or cells that are separated
    by something else. The message names the file.

    Examples
    --------
    >>> from segmentlearn.exceptions import SegmentLearnError, TableError
    >>> issubclass(TableError, SegmentLearnError)
    True
    """


class ArchiveError(SegmentLearnError):
    """A ``.seg`` archive is truncated, altered, too new or holds unknown types.

    Raised before anything from the archive has been executed; nothing is half-loaded.

    Examples
    --------
    >>> from segmentlearn.exceptions import ArchiveError
    >>> issubclass(ArchiveError, ValueError)
    False
    """


class ForkedProcessError(SegmentLearnError, RuntimeError):
    """A process was forked after TensorFlow had started, and cannot use it.

    Raised in the forked process by whatever would train a net, or build or use a Keras
    model: the threads of TensorFlow are not copied by a fork, and waiting for them
    would never end. Fitted estimators of segmentlearn load and predict there. Processes
    that are spawned, and those forked before TensorFlow had started, are not concerned.

    Examples
    --------
    >>> from segmentlearn.exceptions import ForkedProcessError, SegmentLearnError
    >>> issubclass(ForkedProcessError, SegmentLearnError)
    True
    """


class SegmentLearnWarning(UserWarning):
    """Something worth knowing happened, and the work went on in a documented way.

    Unseen categories, dropped constant columns, an interrupted training, a fall-back
    to Keras' own ``fit``: all of them are warned about with this category.

    Examples
    --------
    >>> from segmentlearn.exceptions import SegmentLearnWarning
    >>> issubclass(SegmentLearnWarning, UserWarning)
    True
    """


class FewSegmentsWarning(SegmentLearnWarning):
    """Fewer segments were found than asked for, or fewer than two.

    Examples
    --------
    >>> from segmentlearn.exceptions import FewSegmentsWarning, SegmentLearnWarning
    >>> issubclass(FewSegmentsWarning, SegmentLearnWarning)
    True
    """


class SampledRowsWarning(SegmentLearnWarning):
    """A clusterer was fitted to a random sample of the rows.

    Examples
    --------
    >>> from segmentlearn.exceptions import SampledRowsWarning, SegmentLearnWarning
    >>> issubclass(SampledRowsWarning, SegmentLearnWarning)
    True
    """


class CodeLengthWarning(SegmentLearnWarning):
    """The code of an autoencoder is as long as its input, so it compresses nothing.

    Examples
    --------
    >>> from segmentlearn.exceptions import CodeLengthWarning, SegmentLearnWarning
    >>> issubclass(CodeLengthWarning, SegmentLearnWarning)
    True
    """


class ColumnWarning(SegmentLearnWarning):
    """Columns are left out, or taken for something that they may not be.

    Parameters
    ----------
    columns : list of str
        The columns.
    reason : str
        What was found, as the sentence goes on after the columns.
    cure : str
        What to do about it, in the words of Python.

    Examples
    --------
    >>> from segmentlearn.exceptions import ColumnWarning
    >>> str(ColumnWarning(["ID"], "are left out", "Pass identifiers='keep'."))
    "The column(s) ['ID'] are left out. Pass identifiers='keep'."
    """

    def __init__(self, columns: list[str], reason: str, cure: str) -> None:
        super().__init__(f"The column(s) {columns} {reason}. {cure}")
        self.columns = columns
        self.reason = reason
        self.cure = cure


class CountWarning(SegmentLearnWarning):
    """Rows were treated in a documented way, and are counted by column.

    Warnings about several batches of one table can be added: ``+`` sums the counts.

    Parameters
    ----------
    before : str
        What stands before the counts.
    counts : dict of str to dict of str to int
        Number of rows by column, and by what was found in them; "" counts the column
        as a whole.
    after : str, default="."
        What stands behind them.

    Examples
    --------
    >>> from segmentlearn.exceptions import CountWarning
    >>> first = CountWarning("New levels are 'other'.", {"job": {"'Judge'": 2}})
    >>> second = CountWarning("New levels are 'other'.", {"job": {"'Smith'": 1}})
    >>> str(first + second)
    "New levels are 'other'. 'job': 'Judge' (2 rows), 'Smith' (1 row)."
    """

    _MOST_SHOWN = 5
    _MOST_KEPT = 1000  # of a sum, so that its memory is bounded
    _OTHERS = "others"

    def __init__(
        self, before: str, counts: dict[str, dict[str, int]], after: str = "."
    ) -> None:
        self.before = before
        self.counts = counts
        self.after = after
        columns = "; ".join(map(self._column, counts))
        super().__init__(f"{before} {columns}{after}")

    def __add__(self, other: "CountWarning") -> "CountWarning":
        counts = {column: dict(found) for column, found in self.counts.items()}
        for column, found in other.counts.items():
            mine = counts.setdefault(column, {})
            for what, n_rows in found.items():
                if what not in mine and len(mine) >= self._MOST_KEPT:
                    what = self._OTHERS
                mine[what] = mine.get(what, 0) + n_rows
        return CountWarning(self.before, counts, self.after)

    def __reduce__(self) -> tuple:
        return CountWarning, (self.before, self.counts, self.after)

    def _column(self, name: str) -> str:
        found = self.counts[name]
        shown = [
            f"{what} ({n_rows:,} row{'s' * (n_rows != 1)})".lstrip()
            for what, n_rows in list(found.items())[: self._MOST_SHOWN]
        ]
        if len(found) > self._MOST_SHOWN:
            shown.append(f"{len(found) - self._MOST_SHOWN:,} more levels")
        is_whole = list(found) == [""]
        return f"{name!r}{' ' if is_whole else ': '}{', '.join(shown)}"
