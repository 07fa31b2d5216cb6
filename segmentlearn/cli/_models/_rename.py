"""Give the segments of an archive names."""

import pathlib
from numbers import Integral
from typing import Annotated, Any

import typer

from segmentlearn.cli._options import Archive, reads_tables
from segmentlearn.cli._outputs import show_frame, write_frame
from segmentlearn.cli._screen import InputError, note, plain_errors

_NAME = ("name", "segment_name")
_KEYS = ("segment", "segment_id")


@reads_tables
def rename(
    archive: Archive,
    names: Annotated[
        str | None,
        typer.Argument(
            metavar="NAMES",
            help="Table with the columns segment (or segment_id) and name; without "
            "it the names are shown.",
        ),
    ] = None,
    out: Annotated[
        pathlib.Path | None,
        typer.Option(
            help="Archive to write, by default the same one; without NAMES a table "
            "of the names, such as names.csv."
        ),
    ] = None,
    *,
    reading: dict[str, Any],
) -> None:
    """Name the segments of an archive: 'rename m.seg --out names.csv', edit, repeat."""
    import segmentlearn
    from segmentlearn.cli._tables import check_output, read_customers

    target = out if names is None or out is not None else archive
    with plain_errors("rename", target):
        info = segmentlearn.inspect(archive)
        model = segmentlearn.load(archive)
        known = _known_names(model, archive)
        if names is None:
            check_output(out, archive)
            if out is None:
                show_frame(known)
                return
            write_frame(known, out)
            note(
                f"Written to {out}: edit the names in it, then: segmentlearn rename "
                f"{archive} {out}"
            )
            return
        check_output(out or archive, names)
        given = _given_names(read_customers(names, reading, quiet=True), known)
        _store(model, info, known, given, out or archive)
        note(f"{len(given)} of {len(known)} segments named in {out or archive}")


def _known_names(model: Any, archive: pathlib.Path) -> Any:
    """Return label, id and name of each segment."""
    import pandas as pd
    from sklearn.base import is_classifier

    from segmentlearn.inspection import last_step

    last = last_step(model)
    n_segments = getattr(last, "n_clusters_", getattr(last, "n_clusters", None))
    if is_classifier(last) or not isinstance(n_segments, Integral):
        raise InputError(
            f"{archive} holds a {type(last).__name__}, whose segments have the labels "
            "of its target; only segments that were found are named."
        )
    labels = list(range(int(n_segments)))
    ids = list(map(int, getattr(last, "segment_ids_", labels)))
    names = getattr(last, "segment_names_", {})
    texts = [names.get(label, "") for label in labels]
    return pd.DataFrame({"segment": labels, "segment_id": ids, "name": texts})


def _given_names(table: Any, known: Any) -> dict[int, str]:
    """Return the new names by label."""
    key = next((name for name in _KEYS if name in table.columns), None)
    named = next((name for name in _NAME if name in table.columns), None)
    if key is None or named is None:
        raise InputError(
            f"{table.source} must have the columns segment (or segment_id) and name; "
            f"it has {', '.join(table.columns)}."
        )
    label_of = dict(zip(known[key].map(str), known["segment"], strict=True))
    found: dict[int, str] = {}
    pairs = zip(table.text(key), table.text(named), strict=True)
    for line, (text, name) in enumerate(pairs, start=1):
        place = f"row {line} of {table.source}"
        label = label_of.get(str(text).strip())
        if label is None:
            raise InputError(
                f"{place}: {key} {text!r} is none of {', '.join(label_of)}."
            )
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"{place}: {key} {text} has no name.")
        if label in found:
            raise InputError(f"{place}: {key} {text} is there twice.")
        found[label] = " ".join(name.split())
    return found


def _store(
    model: Any, info: Any, known: Any, given: dict[int, str], out: pathlib.Path
) -> None:
    """Write the archive with the names, and all else as it was."""
    import segmentlearn
    from segmentlearn.cli._stopping import check_not_stopped
    from segmentlearn.inspection import last_step

    names = dict(zip(known["segment"], known["name"], strict=True))
    names = {int(n): text for n, text in {**names, **given}.items() if text}
    repeated = [t for t in names.values() if list(names.values()).count(t) > 1]
    if repeated:
        raise InputError(f"two segments would be named {repeated[0]!r}.")
    last_step(model).segment_names_ = names
    facts = dict(info.metadata)
    stored = facts.get("segment_names")
    if isinstance(stored, dict):
        facts["segment_names"] = {**stored, **{str(n): t for n, t in names.items()}}
    check_not_stopped()
    segmentlearn.save(model, out, metadata=facts, card=_card_of(info))


def _card_of(info: Any) -> dict[str, Any]:
    """Return what a person has written into a card."""
    card = info.card
    columns = card.get("columns", ())
    given = {
        f"{entry}s": {one["name"]: one[entry] for one in columns if one[entry]}
        for entry in ("unit", "description")
    }
    given["metrics"] = card.get("metrics", {})
    return {**card.get("texts", {}), **{name: of for name, of in given.items() if of}}
