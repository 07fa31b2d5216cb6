"""The class of customers to find: who responds, and what a contact is worth."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn.cli._screen import InputError
from segmentlearn.tables import Column, TableFile, bin_edges

OFFERED_BINS = 4


@dataclasses.dataclass
class Responders:
    """The class to find, as `fit` gets it from its options.

    Parameters
    ----------
    positive : str or None, default=None
        The class; None chooses one of two.
    cost_per_contact, value_per_response : float or None, default=None
        What a contact costs and a response brings.
    bins : int or None, default=None
        Classes to cut a target of amounts into.
    """

    positive: str | None = None
    cost_per_contact: float | None = None
    value_per_response: float | None = None
    bins: int | None = None

    def __post_init__(self) -> None:
        if self.bins is not None and self.bins < 2:
            raise InputError(f"--bins {self.bins} must be 2 or more.")
        check_amounts(self.cost_per_contact, self.value_per_response)
        self.edges: list[float] | None = None

    @property
    def amounts(self) -> dict[str, float | None]:
        """What a contact costs and a response brings."""
        names = "cost_per_contact", "value_per_response"
        return {name: getattr(self, name) for name in names}

    def cut(self, table: TableFile, target: str) -> None:
        """Find the edges of the classes that a target of amounts is cut into."""
        column = Column(target, table.frame[target].array)
        if not column.is_numeric or column.n_distinct < 2:
            raise InputError(
                f"--bins {self.bins}: column {target!r} holds no different amounts."
            )
        self.edges = bin_edges(column.numbers, int(self.bins or OFFERED_BINS))

    def label_of(self, labels: np.ndarray) -> Any:
        """Return the class to find as the labels have it; None where it is open."""
        known = np.unique(labels).tolist()
        if self.positive is None:
            # of two classes of amounts the higher one
            return known[-1] if self.bins and len(known) == 2 else None
        return named_class(self.positive, known)

    def facts(self) -> dict[str, Any]:
        """Return what an archive keeps of it."""
        amounts = {name: x for name, x in self.amounts.items() if x is not None}
        edges = {} if self.edges is None else {"target_edges": self.edges}
        return {**edges, **({"amounts": amounts} if amounts else {})}


def check_amounts(
    cost_per_contact: float | None, value_per_response: float | None
) -> None:
    """Refuse what a contact can neither cost nor bring."""
    for option, amount in (
        ("--cost-per-contact", cost_per_contact),
        ("--value-per-response", value_per_response),
    ):
        if amount is not None and not (np.isfinite(amount) and amount >= 0):
            raise InputError(f"{option} {amount} must be an amount from 0 on.")
    if value_per_response is not None and cost_per_contact is None:
        raise InputError("--value-per-response needs --cost-per-contact.")


def named_class(positive: str, labels: Sequence[Any]) -> Any:
    """Return the label that the option of the class to find names."""
    for label in labels:
        # a class of amounts also by its number
        if str(label) == positive or str(label).startswith(f"{positive}: "):
            return label
    raise InputError(
        f"--positive {positive!r} is none of the classes {', '.join(map(str, labels))}."
    )
