"""What is known of an archive without building anything from it."""

import dataclasses
import json
from typing import Any

from segmentlearn.persistence._card_content import column_entry
from segmentlearn.persistence._card_text import card_as_markdown
from segmentlearn.tables import CELL_DEFINITIONS

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_LEFT_OUT = ("identifier", "all-missing")
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
    card : dict
        What a deployer must know of the model: ``columns`` (name, role, kind, unit,
        levels, missing cells in training, JSON Schema), ``segments`` with their
        training rows, ``n_rows``, ``metrics``, ``limits`` and the ``texts`` that were
        handed to `save`. Empty where an older version wrote the archive.
    hashes : dict of str to str
        SHA-256 of each member, as the manifest has them.
    sha256 : str
        SHA-256 of the archive.
    weights : dict of str to float or None, default=None
        What each estimator of a blend weighs; None of another model.
    refused : str or None, default=None
        The error that `load` would raise although it trusted the classes in `trusted`;
        None if it would build the estimator.
    segments : list of dict or None, default=None
        Passport of a clusterer's segments, its ``passport_``; None where there is none.

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
    card: dict[str, Any]
    hashes: dict[str, str]
    sha256: str
    weights: dict[str, float] | None = None
    refused: str | None = None
    segments: list[dict[str, Any]] | None = None

    def columns(self) -> list[dict[str, Any]]:
        """Return what is known of each raw column.

        Returns
        -------
        columns : list of dict
            As in ``card``; of older archives the names alone.
        """
        known = self.card.get("columns")
        return known or [column_entry(name) for name in self.feature_names or ()]

    def row_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a customer.

        Returns
        -------
        schema : dict
            Draft 2020-12, of an object with a member for each column, or of an array
            where the estimator was fitted to an array. It takes what the estimator
            takes; a value of another type, a column that is missing and one that the
            estimator does not know do not fit. Levels that are not known fit.
        """
        properties, required = {}, []
        for column in self.columns():
            is_used = column["role"] not in _LEFT_OUT
            words = column["description"], column["unit"] and f"in {column['unit']}"
            text = ", ".join(filter(None, words)) if is_used else "not used"
            note = {"description": text} if text else {}
            properties[column["name"]] = {**column["schema"], **note}
            required += [column["name"]] * is_used
        name = self.estimator.rpartition(".")[2]
        schema: dict[str, Any] = {"$schema": _DRAFT, "title": f"A row for {name}"}
        if "$ref" in json.dumps(properties):
            schema["$defs"] = CELL_DEFINITIONS
        if self.card.get("is_array"):
            cells = [*properties.values()]
            bounds = {"minItems": len(cells), "maxItems": len(cells)}
            return {**schema, "type": "array", "prefixItems": cells, **bounds}
        return {
            **schema,
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": not properties,
        }

    def to_json(self) -> str:
        """Return all of it as JSON.

        Returns
        -------
        text : str
            An object with the attributes, and the schema of a row as ``row_schema``.
        """
        content = {**dataclasses.asdict(self), "row_schema": self.row_schema()}
        return json.dumps(content, indent=1)

    def to_markdown(self) -> str:
        """Return a page in the sections of model cards [1]_.

        Returns
        -------
        text : str
            Model details, intended use, factors, metrics, evaluation and training data,
            ethical considerations, caveats and limitations, parameters, contents.

        References
        ----------
        .. [1] M. Mitchell et al., "Model cards for model reporting", FAT* 2019.
        """
        return "\n".join(map(_printable, card_as_markdown(self).split("\n")))

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
        if self.weights:
            parts = (f"{name} {weight:.0%}" for name, weight in self.weights.items())
            lines.append(f"  blend     {', '.join(parts)}")
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
        if self.segments:
            lines.append("  segments")
            lines += [f"    {_segment_line(entry)}" for entry in self.segments]
        return "\n".join(map(_printable, lines))


def _segment_line(entry: dict[str, Any]) -> str:
    """Return what a passport says of a segment."""
    sizes = entry.get("sizes", {})
    facts = [f"born {entry.get('born')}", str(entry.get("status"))]
    facts += [f"{period}: {size}" for period, size in sizes.items()]
    name = f" {entry['name']}" if entry.get("name") else ""
    return f"{entry.get('id')}{name} ({', '.join(facts)})"


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
