"""What is known of an archive without building anything from it."""

import dataclasses
from typing import Any

_LONGEST = 100  # letters of a value
_PACKAGES_SHOWN = ("segmentlearn", "python", "scikit-learn", "keras", "tensorflow")


@dataclasses.dataclass(frozen=True)
class ArchiveInfo:
    """What an archive says about itself; ``str()`` of it is a readable page.

    Parameters
    ----------
    estimator : str
        Full name of the estimator's class.
    protocol : int
        Layout of the archive.
    created : str
        Date and time in UTC, ISO 8601.
    versions : dict of str to str
        Versions of Python and of the packages that wrote the archive.
    parameters : dict of str to str
        The estimator's parameters as text.
    classes : tuple or None
        Labels of a classifier.
    feature_names : tuple of str or None
        Columns that the estimator was fitted with.
    networks : tuple of tuple of str
        One line for each layer of each net.
    trusted : tuple of str
        Classes that `load` must be passed as trusted.
    metadata : dict
        What was handed to `save`.
    members : dict of str to int
        Bytes of each member.
    size : int
        Bytes of the archive.
    refused : str or None, default=None
        The error that `load` would raise although it trusted the classes in `trusted`;
        None if it would build the estimator.

    Examples
    --------
    >>> import io
    >>> from segmentlearn import SoftRobustScaler, inspect, save
    >>> file = io.BytesIO()
    >>> save(SoftRobustScaler().fit([[1.0], [2.0], [4.0]]), file)
    >>> info = inspect(file)
    >>> info.estimator
    'segmentlearn.preprocessing.SoftRobustScaler'
    """

    estimator: str
    protocol: int
    created: str
    versions: dict[str, str]
    parameters: dict[str, str]
    classes: tuple | None
    feature_names: tuple[str, ...] | None
    networks: tuple[tuple[str, ...], ...]
    trusted: tuple[str, ...]
    metadata: dict[str, Any]
    members: dict[str, int]
    size: int
    refused: str | None = None

    def __str__(self) -> str:
        shown = [name for name in _PACKAGES_SHOWN if name in self.versions]
        lines = [
            f"{self.estimator.rpartition('.')[2]} (protocol {self.protocol})",
            f"  written   {self.created}, {self.size:,} bytes",
            "  versions  "
            + ", ".join(f"{name} {self.versions[name]}" for name in shown),
        ]
        if self.classes is not None:
            lines.append(f"  classes   {', '.join(map(str, self.classes))}")
        if self.feature_names is not None:
            columns = ", ".join(self.feature_names)
            lines.append(f"  columns   {len(self.feature_names)}: {columns}")
        if self.trusted:
            lines.append(f"  needs     trusted={list(self.trusted)!r}")
        if self.refused is not None:
            lines.append(f"  refused   {self.refused}")
        for number, layers in enumerate(self.networks):
            lines.append(f"  net {number}")
            lines += [f"    {layer}" for layer in layers]
        for title, entries in (
            ("parameters", self.parameters),
            ("metadata", self.metadata),
        ):
            if entries:
                lines.append(f"  {title}")
                lines += _entry_lines(entries)
        return "\n".join(map(_printable, lines))


def _entry_lines(entries: dict[str, Any]) -> list[str]:
    """Return a line for each entry, and one for each that a dict in it holds."""
    lines = []
    for name, value in entries.items():
        if isinstance(value, dict) and value:
            lines.append(f"    {name}")
            lines += [f"      {inner} = {_cut(value[inner])}" for inner in value]
        else:
            lines.append(f"    {name} = {value}")
    return lines


def _cut(value: Any) -> str:
    """Return a value as text that fits on a page."""
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _printable(line: str) -> str:
    """Keep what a file says from steering the terminal that shows it."""
    return "".join(
        letter if letter.isprintable() else repr(letter)[1:-1] for letter in line
    )
