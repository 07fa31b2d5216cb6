"""The list that `predict` writes: whom to contact, by falling probability."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from segmentlearn.cli._models._responders import check_amounts, named_class
from segmentlearn.cli._scoring._scores import note_renamed
from segmentlearn.cli._screen import InputError, note, row_progress, warned_before
from segmentlearn.cli._stopping import check_not_stopped
from segmentlearn.cli._tables import check_column, named_columns
from segmentlearn.inspection import Scores, last_step, score
from segmentlearn.metrics import (
    ContactList,
    ResponseSummary,
    contact_list,
    responder_label,
)
from segmentlearn.tables import (
    TableFile,
    TableScan,
    join_rows,
    known_labels,
    rows_to_write,
    take_rows,
)

_LIMITS = ("top", "budget", "min_probability", "value_per_response")
_WHOLE = re.compile(r"^([0-9]+)\.0*$")  # 12.0 is 12 as a spreadsheet writes it


def wants_list(listing: dict[str, Any]) -> bool:
    """Return whether the options ask for a list; refuse those that do not fit."""
    asked = [name for name, value in listing.items() if value is not None]
    if not asked:
        return False
    if not any(name in asked for name in _LIMITS):
        raise InputError(
            f"{_option(asked[0])} is about a list of customers: say how long with "
            "--top, --budget, --min-probability or --value-per-response."
        )
    top, least = listing["top"], listing["min_probability"]
    if top is not None and top < 1:
        raise InputError(f"--top {top} must be 1 or more.")
    if least is not None and not 0 <= least <= 1:
        raise InputError(f"--min-probability {least} must lie between 0 and 1.")
    share, budget = listing["control_share"], listing["budget"]
    if share is not None and not 0 <= share < 1:
        raise InputError(f"--control-share {share} must be 0 or more, and below 1.")
    if budget is not None and not (np.isfinite(budget) and budget >= 0):
        raise InputError(f"--budget {budget} must be an amount from 0 on.")
    if budget is not None and not listing["cost_per_contact"]:
        raise InputError("--budget needs --cost-per-contact, what a contact costs.")
    check_amounts(listing["cost_per_contact"], listing["value_per_response"])
    return True


class ContactLister:
    """Chooses customers of a table, and writes them in their order.

    Parameters
    ----------
    model : estimator
        From the archive.
    facts : dict
        The archive's metadata.
    listing : dict
        The options of the list.
    """

    def __init__(
        self, model: Any, facts: dict[str, Any], listing: dict[str, Any]
    ) -> None:
        self._model, self._facts, self._listing = model, facts, listing
        stored = facts.get("response")
        held_out = ResponseSummary.from_dict(stored) if stored else None
        self.label = _class_to_find(model, held_out, listing["positive"])
        is_known = held_out is not None and str(held_out.pos_label) == str(self.label)
        self._held_out = held_out if is_known else None
        self._probabilities: list[np.ndarray] = []
        self._excluded: list[np.ndarray] = []
        self._responded: list[np.ndarray] = []
        self._keys: list[str] | None = None
        self._contacted: dict[str, None] = {}

    def exclude(self, table: TableFile, keys: list[str]) -> None:
        """Leave out the customers of a table."""
        self._keys = named_columns(table, keys, "--key")
        self._contacted = dict.fromkeys(_keys(table, self._keys))
        self._contacted.pop("", None)

    def collect(self, batch: TableFile, scores: Scores) -> None:
        """Take the probabilities of a batch."""
        self._probabilities.append(scores.probabilities[str(self.label)])
        if self._keys is not None:
            for name in self._keys:
                check_column(batch, name, "--key")
            keys = _keys(batch, self._keys)
            self._excluded.append(np.array([key in self._contacted for key in keys]))
            self._example = keys[0]
        target = self._facts.get("target")
        if isinstance(target, str) and target in batch.columns:
            known, labels = known_labels(batch, target, self._facts.get("target_edges"))
            responded = np.full(len(known), -1)
            responded[known] = labels.astype(str) == str(self.label)
            self._responded.append(responded)

    def choose(self) -> ContactList:
        """Choose among all customers that were collected, and say what is expected."""
        names = "top", "budget", "cost_per_contact", "value_per_response"
        limits = {name: self._listing[name] for name in (*names, "min_probability")}
        share = self._listing["control_share"]
        found = contact_list(
            np.concatenate(self._probabilities),
            **limits,
            exclude=np.concatenate(self._excluded) if self._excluded else None,
            control_share=0.05 if share is None else share,
            held_out=self._held_out,
            random_state=self._listing["random_state"] or 0,
        )
        self._note_excluded(found.n_excluded)
        if not len(found.rows):
            raise InputError(f"no customer is on the list: {_EMPTY[found.limit]}.")
        return found

    def write(
        self,
        found: ContactList,
        scan: TableScan,
        output: Any,
        add: Callable[[TableFile, Scores], Scores],
        keep: list[str] | None,
    ) -> None:
        """Read the table again, and write the chosen rows in their order."""
        rank = np.zeros(found.n_customers, dtype=np.int64)
        rank[found.rows] = np.arange(1, len(found.rows) + 1)
        parts, ranks, first, start = [], [], None, 0
        names: dict[str, str] = {}
        with warned_before(), row_progress("listing", scan) as show:
            for table in scan:
                own = rank[start : start + len(table.frame)]
                start += len(table.frame)
                show()
                if not own.any():
                    continue
                chosen, own = take_rows(table, np.flatnonzero(own)), own[own > 0]
                scores = add(chosen, score(self._model, chosen))
                new = {"rank": own, "group": found.groups[own - 1]}
                new = {**scores.new_columns(), **new}
                kept = None if keep is None else named_columns(chosen, keep, "--keep")
                written = rows_to_write(chosen, new, kept, as_text=output.is_text())
                first = first or chosen
                parts.append(written)
                ranks.append(own)
                names |= dict(zip(new, written[1][-len(new) :], strict=True))
        rows, header = join_rows(parts, np.argsort(np.concatenate(ranks)))
        check_not_stopped()
        output.write(first, rows, header)
        note_renamed(names)

    def text(self, found: ContactList) -> str:
        """Return what the list is, and what to expect of it."""
        target = self._facts.get("target")
        name = self.label if target is None else f"{target} = {self.label}"
        text = f"List for {name}: {found}"
        for suspect in self._facts.get("suspects", []):
            text += (
                f"\nWarning: {suspect!r} may be known only after the target is; then "
                "the figures are too good. Fit again with --drop."
            )
        if self._responded:
            contacts = found.rows[~found.is_control]
            responded = np.concatenate(self._responded)[contacts]
            if (responded >= 0).any():
                text += (
                    f"\n{target!r} of {np.count_nonzero(responded >= 0):,} contacts is "
                    f"in the file: {np.count_nonzero(responded == 1):,} are "
                    f"{self.label} (too good if the model was trained on them)."
                )
        return text

    def _note_excluded(self, n_excluded: int) -> None:
        if self._keys is None:
            return
        listed = f"{self._listing['exclude']} names {len(self._contacted):,} customers"
        if not n_excluded and self._contacted:
            note(
                f"Warning: {listed}, and none of them is in the table: its "
                f"{', '.join(self._keys)} is like {self._example!r} and theirs like "
                f"{next(iter(self._contacted))!r}."
            )
            return
        note(f"{listed}; {n_excluded:,} rows of the table are theirs and not listed.")


_EMPTY = {
    "top": "--top asks for none",
    "budget": "--budget pays for no contact",
    "min_probability": "none has a probability of --min-probability",
    "profit": "none is expected to bring what a contact costs",
    "customers": "all are left out by --exclude",
}


def _class_to_find(
    model: Any, held_out: ResponseSummary | None, positive: str | None
) -> Any:
    """Return the class whose probability decides: named, stored, or one of two."""
    last = last_step(model)
    labels = getattr(model, "classes_", None)
    if labels is None or not hasattr(model, "predict_proba"):
        raise InputError(
            "a list needs a model for known segments, as fit writes it; the archive "
            f"holds {type(last).__name__}."
        )
    labels = np.asarray(labels).tolist()
    if positive is not None:
        return named_class(positive, labels)
    if held_out is not None:
        return named_class(str(held_out.pos_label), labels)
    if len(labels) != 2:
        raise InputError(
            f"the model knows {len(labels)} segments, {', '.join(map(str, labels))}: "
            "name the one to find with --positive."
        )
    return responder_label(labels, getattr(last, "class_count_", None))


def _keys(table: TableFile, names: list[str]) -> list[str]:
    """Return the key of each customer as text; empty where a cell is missing."""
    columns = [
        ["" if text is None else _WHOLE.sub(r"\1", text.strip()) for text in texts]
        for texts in (table.text(name) for name in names)
    ]
    rows = zip(*columns, strict=True)
    return ["\0".join(row) if all(row) else "" for row in rows]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
