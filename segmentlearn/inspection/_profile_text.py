"""A profile as text, Markdown and HTML."""

import html
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segmentlearn._formatting import (
    effect_text,
    escape_markdown,
    markdown_table,
    names_text,
    number_text,
    percent,
)
from segmentlearn.inspection._wording import DistinguishingFeature

if TYPE_CHECKING:
    from segmentlearn.inspection._segment_profile import SegmentProfile

_MOST_FEATURES = 5
_MOST_RULES = 2
_MOST_CELLS = 4
_WIDTH = 88

CAUTION = (
    "Segments found on these columns differ in them by construction: effect sizes and "
    "p-values describe the segments, they do not prove that there are any."
)
_EFFECTS = (
    "Effects compare a segment with all other customers: Cohen's d of numbers, by "
    "ranks, and Cohen's h of shares; 0.2 is small, 0.5 medium, 0.8 large."
)
_OUTLIERS = (
    "Values that are hardly possible were left out of these figures: {listed}. "
    "segmentlearn.audit says what is wrong with them."
)
_FIDELITY = (
    "The rules put {accuracy} of customers they have not seen in their segment (always "
    "naming the largest: {accuracy_of_largest}), and {balanced_accuracy} with all "
    "segments counting the same ({balanced_accuracy_of_largest})."
)
_SMALL_MARK = " *"
_SMALL_NOTE = "* Fewer than 10 customers: nothing is certain about so few."
_NOTHING = "No column differs much from the other customers."


def to_text(profile: "SegmentProfile") -> str:
    """Return a report for a terminal."""
    lines = [repr(profile), ""]
    indents: dict = {"initial_indent": "  ", "subsequent_indent": " " * 8}
    for at, label in enumerate(profile.labels):
        heading = f"{_title(profile, label)} ({_size_text(profile, at)})"
        lines.append(textwrap.fill(heading, _WIDTH, subsequent_indent="  "))
        features = _main_features(profile, at)
        width = min(34, max((len(found.column) for found in features), default=0))
        lines += [
            f"  {own.column:<{width}}  {own.evidence}  [{effect_text(own.strength)}]"
            for own in features
        ] or [f"  {_NOTHING}"]
        facts = [f"Rule: {rule}" for rule in _rules(profile, at)]
        exemplars = ", ".join(map(str, _exemplars(profile, at).index))
        facts += [f"Typical: {exemplars}"] if exemplars else []
        lines += [textwrap.fill(fact, _WIDTH, **indents) for fact in facts]
        lines.append("")
    lines += [textwrap.fill(note, _WIDTH) for note in _notes(profile)]
    return "\n".join(lines)


def to_markdown(profile: "SegmentProfile") -> str:
    """Return a report for a document."""
    lines = [
        *("# Customer segments", ""),
        f"{profile.sizes.sum():,} customers in {len(profile.labels)} segments, "
        f"described by {len(profile.contrasts)} columns.",
        *("", markdown_table(_overview(profile))),
    ]
    for at, label in enumerate(profile.labels):
        lines += ["", f"## {escape_markdown(_title(profile, label))}", ""]
        lines += [f"{escape_markdown(_size_text(profile, at))}.", ""]
        lines += [f"- {escape_markdown(text)}" for text in _sentences(profile, at)]
        rules = "; or ".join(_rules(profile, at))
        if rules:
            lines += ["", f"Rule of thumb: {escape_markdown(rules)}."]
        exemplars = _exemplars_text(profile, at)
        if exemplars:
            lines += ["", f"Typical customers: {escape_markdown(exemplars)}."]
    lines += ["", "## How to read this", ""]
    lines += [f"- {escape_markdown(note)}" for note in _notes(profile)]
    return "\n".join(lines) + "\n"


def to_html(profile: "SegmentProfile") -> str:
    """Return a report for a notebook."""
    overview = _overview(profile).map(html.escape)
    overview["What sets it apart"] = [
        "<br>".join(map(html.escape, _sentences(profile, at)))
        for at in range(len(profile.labels))
    ]
    with pd.option_context("display.max_colwidth", None):
        table = overview.to_html(index=False, escape=False, border=0, justify="left")
    notes = "<br>".join(map(html.escape, _notes(profile)))
    heading = html.escape(repr(profile))
    return f"<div><p>{heading}</p>{table}<p><small>{notes}</small></p></div>"


def _overview(profile: "SegmentProfile") -> pd.DataFrame:
    """Return the table of segments as text."""
    rows = []
    for label, facts in profile.to_frame().iterrows():
        mark = _SMALL_MARK if facts["is_small"] else ""
        row = {"Segment": str(label), "Name": facts["name"] + mark}
        row |= {"Customers": f"{facts['size']:,}", "Share": percent(facts["share"])}
        if "value" in facts:
            row["Value share"] = percent(facts["value_share"])
            row["Value per customer"] = number_text(facts["value_per_customer"])
        rows.append(row)
    return pd.DataFrame(rows)


def _title(profile: "SegmentProfile", label: Any) -> str:
    return f"Segment {label}: {profile.names[label]}"


def _size_text(profile: "SegmentProfile", at: int) -> str:
    """Return size, share and value of a segment."""
    text = f"{profile.sizes[at]:,} customers, {percent(profile.shares[at])}"
    if profile.value_shares is not None:
        of = profile.value_name or "the value"
        text += f", {percent(profile.value_shares[at])} of {of}"
    return text + (_SMALL_MARK if profile.is_small[at] else "")


def _main_features(profile: "SegmentProfile", at: int) -> list[DistinguishingFeature]:
    features = profile.distinguishing_features[at]
    return [feature for feature in features if feature.is_sizeable][:_MOST_FEATURES]


def _sentences(profile: "SegmentProfile", at: int) -> list[str]:
    """Return one sentence for each of the main features."""
    return [
        f"{feature.column}: {feature.evidence} (effect {effect_text(feature.strength)})"
        for feature in _main_features(profile, at)
    ] or [_NOTHING]


def _rules(profile: "SegmentProfile", at: int) -> list[str]:
    """Return a segment's main rules with what they are worth."""
    if profile.surrogate is None:
        return []
    rules = profile.surrogate.rules
    return [
        f"{own.rule} (right for {percent(own.precision)}, finds "
        f"{percent(own.recall)} of the segment)"
        for own in rules[rules["segment"] == at].head(_MOST_RULES).itertuples()
    ]


def _exemplars(profile: "SegmentProfile", at: int) -> pd.DataFrame:
    return profile.exemplars[profile.exemplars.iloc[:, 0] == profile.labels[at]]


def _exemplars_text(profile: "SegmentProfile", at: int) -> str:
    """Return the exemplars of a segment with the cells that set it apart."""
    shown = [feature.column for feature in _main_features(profile, at)]
    cells = _exemplars(profile, at)[(shown or profile.columns)[:_MOST_CELLS]]
    texts = []
    for row, of_customer in cells.astype(object).iterrows():
        listed = [f"{name} {_raw_text(cell)}" for name, cell in of_customer.items()]
        texts.append(f"{row} ({', '.join(listed)})")
    return "; ".join(texts)


def _raw_text(cell: Any) -> str:
    """Return a cell of a raw table as text."""
    if pd.isna(cell):
        return "unknown"
    if isinstance(cell, float | np.floating):
        return number_text(float(cell))
    return f"{cell:%Y-%m-%d}" if hasattr(cell, "strftime") else str(cell)


def _notes(profile: "SegmentProfile") -> list[str]:
    """Return what a reader must know."""
    fidelity = {name: percent(share) for name, share in profile.fidelity.items()}
    notes = [_EFFECTS, _FIDELITY.format(**fidelity)] if fidelity else [_EFFECTS]
    if profile.outliers:
        listed = names_text(f"{n:,} of {name}" for name, n in profile.outliers.items())
        notes.append(_OUTLIERS.format(listed=listed))
    notes.append(CAUTION)
    return [*notes, _SMALL_NOTE] if profile.is_small.any() else notes
