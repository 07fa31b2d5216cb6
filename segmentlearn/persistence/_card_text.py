"""The card of an archive as Markdown, in the sections of Mitchell et al. (2019)."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from segmentlearn._formatting import (
    count_text,
    escape_markdown,
    markdown_table,
    names_text,
)
from segmentlearn.persistence._card_content import TEXTS

if TYPE_CHECKING:
    from segmentlearn.persistence._info import ArchiveInfo

_MOST_LEVELS = 12  # in a cell
_NOT_STATED = "Not stated."


def card_as_markdown(info: "ArchiveInfo") -> str:
    """Return the card, a section each for what a reader of model cards looks for."""
    card = info.card
    texts = card.get("texts", {})
    sections = [
        ("Model details", [_details(info)]),
        ("Intended use", _texts(texts, "intended_use", "out_of_scope")),
        ("Factors", [_segments(info)]),
        ("Metrics", [_metrics(card.get("metrics", {}))]),
        ("Evaluation data", _texts(texts, "evaluation_data")),
        ("Training data", [*_training(info), _columns(info)]),
        ("Ethical considerations", _texts(texts, "ethical_considerations")),
        ("Caveats and limitations", _limits(card, texts)),
        ("Parameters", [_table(["parameter", "value"], info.parameters.items())]),
        ("Contents", [_contents(info)]),
    ]
    lines = [f"# Model card: {escape_markdown(info.estimator.rpartition('.')[2])}"]
    for title, parts in sections:
        lines += ["", f"## {title}"]
        for part in filter(None, parts):
            lines += ["", part]
    return "\n".join(lines)


def _details(info: "ArchiveInfo") -> str:
    rows = [
        ("class", info.estimator),
        ("written", info.created),
        ("SHA-256 of the file", info.sha256),
        ("versions", ", ".join(f"{n} {v}" for n, v in info.versions.items())),
        ("nets", len(info.networks)),
    ]
    if info.trusted:
        rows.append(("load needs trusted", ", ".join(info.trusted)))
    texts = info.card.get("texts", {})
    rows += [(TEXTS[k].lower(), texts[k]) for k in ("owner", "license") if k in texts]
    return _table(["", " "], rows)


def _texts(texts: dict[str, str], first: str, *others: str) -> list[str]:
    """Return what has been written, under the key of a section and under others."""
    found = [escape_markdown(texts.get(first, _NOT_STATED))]
    found += [f"{TEXTS[k]}: {escape_markdown(texts[k])}" for k in others if k in texts]
    return found


def _segments(info: "ArchiveInfo") -> str:
    segments = info.card.get("segments", [])
    if not segments and info.classes is not None:
        segments = [{"label": x, "name": "", "n_rows": None} for x in info.classes]
    if not segments:
        return "No segments."
    rows = [(s["label"], s["name"], s["n_rows"]) for s in segments]
    return _table(["segment", "name", "training rows"], rows)


def _metrics(metrics: dict[str, Any]) -> str:
    if not metrics:
        return "None are stored."
    return _table(["figure", "value"], metrics.items())


def _training(info: "ArchiveInfo") -> list[str]:
    n_rows = info.card.get("n_rows")
    rows = "" if n_rows is None else f"{count_text(n_rows, 'row')}. "
    text = info.card.get("texts", {}).get("training_data")
    return [
        f"{rows}Written {escape_markdown(info.created)}.",
        escape_markdown(text or ""),
    ]


def _columns(info: "ArchiveInfo") -> str:
    rows = []
    for column in info.columns():
        levels, n_levels = column["levels"], column["n_levels"]
        shown = names_text(levels, _MOST_LEVELS)
        if n_levels is not None and n_levels > len(levels):
            shown += f" (and {n_levels - len(levels):,} others)" if shown else ""
            shown = shown or count_text(n_levels, "level")
        rows.append(
            (
                *(column[k] or "-" for k in ("name", "role", "kind", "unit")),
                column["n_missing"],
                shown or "-",
                column["description"] or "-",
            )
        )
    titles = ["column", "role", "kind", "unit", "missing cells", "levels", "meaning"]
    return _table(titles, rows) if rows else ""


def _limits(card: dict[str, Any], texts: dict[str, str]) -> list[str]:
    limits = [*card.get("limits", [])]
    if "limitations" in texts:
        limits.insert(0, texts["limitations"])
    listed = "\n".join(f"- {escape_markdown(limit)}" for limit in limits)
    return [listed or _NOT_STATED]


def _contents(info: "ArchiveInfo") -> str:
    rows = [(name, size, info.hashes[name]) for name, size in info.members.items()]
    return _table(["member", "bytes", "SHA-256"], rows)


def _table(titles: list[str], rows: Any) -> str:
    return markdown_table(pd.DataFrame(list(rows), columns=titles, dtype=object))
