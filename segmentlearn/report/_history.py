"""The part of a report on segments over time, from the passport of a clusterer."""

import dataclasses
from typing import Any

from segmentlearn._formatting import names_text
from segmentlearn.inspection import last_step
from segmentlearn.report._suppression import suppress


@dataclasses.dataclass
class SegmentHistory:
    """What became of each segment there has been.

    Attributes
    ----------
    periods : list of str
        The fits that the segments went through, in their order.
    rows : list of (str, str, str, list of str)
        Id, name, what is known of its beginning and end, and customers by period.
    ids : dict of str to int
        The id of each segment of today by its label.
    """

    periods: list[str]
    rows: list[tuple[str, str, str, list[str]]]
    ids: dict[str, int]


def segment_history(model: Any, names: dict[Any, str]) -> SegmentHistory | None:
    """Return the history of a model's segments; None where it has no earlier period.

    `names` are those of labels that may be shown.
    """
    last = last_step(model)
    periods = last.passport_periods() if hasattr(last, "passport_periods") else []
    if len(periods) < 2:
        return None
    entries = last.passport_
    active = [entry["id"] for entry in entries if entry["status"] == "active"]
    shown = {number: names.get(label, "") for label, number in enumerate(active)}
    known = {p: [e["id"] for e in entries if p in e["sizes"]] for p in periods}
    sizes: dict[tuple[int, str], str] = {}
    for period, ids in known.items():
        counts = [e["sizes"][period] for e in entries if period in e["sizes"]]
        cells = map(str, suppress(counts))
        sizes |= {(i, period): cell for i, cell in zip(ids, cells, strict=True)}
    rows = [
        (
            str(entry["id"]),
            # the name of a segment that is gone may hold a level that is rare today
            shown.get(entry["id"], ""),
            _life(entry, periods),
            [sizes.get((entry["id"], period), "") for period in periods],
        )
        for entry in entries
    ]
    ids_now = {str(label): number for label, number in enumerate(active)}
    return SegmentHistory(periods, rows, ids_now)


def _life(entry: dict[str, Any], periods: list[str]) -> str:
    """Return how a segment came and went, in words."""
    born = f"since {entry['born']}"
    if entry["parents"]:
        born += f", out of {names_text(list(map(str, entry['parents'])))}"
    elif entry["born"] != periods[0]:
        born += ", new"
    if entry["status"] == "active":
        return born
    heirs = names_text(list(map(str, entry["successors"])))
    last = list(entry["sizes"])[-1]
    return f"{born}; gone after {last}" + (f", most now in {heirs}" if heirs else "")
