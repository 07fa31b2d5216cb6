"""Cells that hold something else than their column does."""

import dataclasses

from segmentlearn.tables._text._reading import ReadCells

MOST_UNREADABLE = 0.05  # of the cells of a new file that are not missing


@dataclasses.dataclass
class UnreadableCells:
    """Cells of a column that hold something else than the column does.

    Attributes
    ----------
    kind : str
        What the column holds.
    n_cells, n_present, n_unreadable : int
        Cells; those that are not missing; those that could not be read.
    examples : list of str
        Some of them.
    """

    kind: str
    n_cells: int = 0
    n_present: int = 0
    n_unreadable: int = 0
    examples: list[str] = dataclasses.field(default_factory=list)

    @property
    def what(self) -> str:
        """What the column holds, in words."""
        return {"datetime": "date", "boolean": "truth value"}.get(self.kind, self.kind)

    @property
    def are_many(self) -> bool:
        """Whether the column holds something else altogether."""
        return self.n_unreadable > MOST_UNREADABLE * self.n_present

    def add(self, found: ReadCells) -> None:
        """Count the cells of a batch."""
        self.n_cells += len(found.values)
        self.n_present += found.n_present
        self.n_unreadable += found.n_unreadable
        self.examples = list(dict.fromkeys([*self.examples, *found.examples]))[:3]

    def __add__(self, other: "UnreadableCells") -> "UnreadableCells":
        return UnreadableCells(
            self.kind,
            self.n_cells + other.n_cells,
            self.n_present + other.n_present,
            self.n_unreadable + other.n_unreadable,
            list(dict.fromkeys([*self.examples, *other.examples]))[:3],
        )

    def describe(self, name: str) -> str:
        """Return a sentence about the column of a name."""
        return (
            f"{self.n_unreadable:,} of {self.n_cells:,} cells of column {name!r} "
            f"hold no {self.what} and count as missing: "
            f"{', '.join(map(repr, self.examples))}."
        )
