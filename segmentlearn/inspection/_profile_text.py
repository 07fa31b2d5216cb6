"""A profile as text, Markdown and HTML."""

import html
import re
import textwrap

import numpy as np
import pandas as pd

from segmentlearn._formatting import number_text, percent

_MOST_TRAITS = 5
_MOST_RULES = 2
_MOST_CELLS = 4
_WIDTH = 88

CAUTION = (
    "Segments found on these columns differ in them by construction: effect sizes and "
    "p-values describe the segments, they do not prove that there are any."
)
_MARKUP = re.compile(r"[\\|*_`]|<(?=[A-Za-z/!?])")
_SMALL_MARK = " *"
_SMALL_NOTE = "* Fewer than 10 customers: what is said of them is hardly sure."
_ALIKE = "No column differs much from the other customers."


def to_text(profile):
    """Return a report for a terminal."""
    lines = [repr(profile), ""]
    for at, label in enumerate(profile.labels):
        lines += [_heading(profile, at, label), *_text_of_traits(profile, at)]
        lines += [_wrapped(f"Rule: {rule}") for rule in _rules(profile, at)]
        exemplars = _exemplars(profile, at)
        lines += [_wrapped(f"Typical: {exemplars}")] if exemplars else []
        lines.append("")
    lines += [textwrap.fill(note, _WIDTH) for note in _notes(profile)]
    return "\n".join(lines)


def to_markdown(profile):
    """Return a report for a document."""
    lines = ["# Customer segments", ""]
    lines.append(
        f"{profile.sizes.sum():,} customers in {len(profile.labels)} segments, "
        f"described by {len(profile.contrasts)} columns."
    )
    header, rows = _overview(profile)
    lines += ["", _row(header), _row(["---"] * len(header))]
    lines += [_row(_escaped(cell) for cell in row) for row in rows]
    for at, label in enumerate(profile.labels):
        lines += ["", f"## {_escaped(_title(profile, label))}", ""]
        lines += [_escaped(_size_text(profile, at)) + "."]
        lines += ["", *(f"- {_escaped(text)}" for text in _trait_texts(profile, at))]
        rules = _rules(profile, at)
        if rules:
            lines += ["", f"Rule of thumb: {_escaped('; or '.join(rules))}."]
        exemplars = _exemplars(profile, at, with_cells=True)
        if exemplars:
            lines += ["", f"Typical customers: {_escaped(exemplars)}."]
    lines += ["", "## How to read this", ""]
    lines += [f"- {_escaped(note)}" for note in _notes(profile)]
    return "\n".join(lines) + "\n"


def to_html(profile):
    """Return a report for a notebook."""
    header, rows = _overview(profile)
    header = [*header, "What sets it apart"]
    body = []
    for at, row in enumerate(rows):
        traits = "<br>".join(html.escape(one) for one in _trait_texts(profile, at))
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in row)
        body.append(
            f'<tr style="vertical-align: top">{cells}'
            f'<td style="text-align: left">{traits}</td></tr>'
        )
    heads = "".join(f"<th>{html.escape(head)}</th>" for head in header)
    notes = "<br>".join(html.escape(note) for note in _notes(profile))
    return (
        f"<div><p>{html.escape(repr(profile))}</p><table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table><p><small>{notes}</small></p></div>"
    )


def _overview(profile):
    """Return the header and the cells of the table of segments."""
    header = ["Segment", "Name", "Customers", "Share"]
    has_value = profile.value_sums is not None
    header += ["Value share", "Value per customer"] if has_value else []
    rows = []
    for at, label in enumerate(profile.labels):
        mark = _SMALL_MARK if profile.is_small[at] else ""
        row = [str(label), profile.names[label] + mark]
        row += [f"{profile.sizes[at]:,}", percent(profile.shares[at])]
        if has_value:
            row.append(percent(profile.value_shares[at]))
            row.append(number_text(profile.value_sums[at] / profile.sizes[at]))
        rows.append(row)
    return header, rows


def _heading(profile, at, label):
    """Return the line above a segment's traits."""
    return textwrap.fill(
        f"{_title(profile, label)} ({_size_text(profile, at)})",
        _WIDTH,
        subsequent_indent="  ",
    )


def _title(profile, label):
    """Return label and name."""
    return f"Segment {label}: {profile.names[label]}"


def _size_text(profile, at):
    """Return size, share and value of a segment."""
    text = f"{profile.sizes[at]:,} customers, {percent(profile.shares[at])}"
    if profile.value_sums is not None:
        text += f", {percent(profile.value_shares[at])} of the value"
    return text + (_SMALL_MARK if profile.is_small[at] else "")


def _main_traits(profile, at):
    """Return the traits to show."""
    return [trait for trait in profile.traits[at] if trait.is_sizeable][:_MOST_TRAITS]


def _trait_texts(profile, at):
    """Return one sentence for each trait."""
    texts = [
        f"{trait.column}: {trait.evidence} (effect {_signed(trait.strength)})"
        for trait in _main_traits(profile, at)
    ]
    return texts or [_ALIKE]


def _text_of_traits(profile, at):
    """Return the traits in two columns."""
    traits = _main_traits(profile, at)
    width = min(34, max((len(trait.column) for trait in traits), default=0))
    lines = [
        f"  {trait.column:<{width}}  {trait.evidence}  [{_signed(trait.strength)}]"
        for trait in traits
    ]
    return lines or [f"  {_ALIKE}"]


def _signed(strength):
    """Return an effect with its sign."""
    return "∞" if np.isinf(strength) else f"{strength:+.1f}"


def _rules(profile, at):
    """Return a segment's main rules with what they are worth."""
    if profile.surrogate is None:
        return []
    rules = [rule for rule in profile.surrogate.rules if rule.segment == at]
    return [
        f"{rule.text} (right for {percent(rule.precision)}, finds "
        f"{percent(rule.recall)} of the segment)"
        for rule in rules[:_MOST_RULES]
    ]


def _wrapped(text):
    """Break a long line."""
    return textwrap.fill(
        text, _WIDTH, initial_indent="  ", subsequent_indent="        "
    )


def _exemplars(profile, at, with_cells=False):
    """Return the index labels of a segment's exemplars, and their telling cells."""
    of_segment = profile.exemplars.iloc[:, 0] == profile.labels[at]
    found = profile.exemplars[of_segment]
    if not with_cells:
        return ", ".join(str(one) for one in found.index)
    shown = [trait.column for trait in _main_traits(profile, at)]
    shown = (shown or profile.columns)[:_MOST_CELLS]
    texts = [
        f"{row} ({', '.join(f'{name} {_cell(cell)}' for name, cell in cells.items())})"
        for row, cells in found[shown].astype(object).iterrows()
    ]
    return "; ".join(texts)


def _cell(cell):
    """Write one cell of a raw table."""
    if pd.isna(cell):
        return "unknown"
    if isinstance(cell, float | np.floating):
        return number_text(cell)
    if hasattr(cell, "strftime"):
        return f"{cell:%Y-%m-%d}"
    return str(cell)


def _notes(profile):
    """Return what a reader must know."""
    notes = [
        "Effects compare a segment with all other customers: Cohen's d of averages, "
        "Cohen's h of shares; 0.2 is small, 0.5 medium, 0.8 large."
    ]
    if profile.fidelity:
        found = profile.fidelity
        notes.append(
            f"The rules put {percent(found['accuracy'])} of customers they have not "
            f"seen in their segment (always naming the largest: "
            f"{percent(found['accuracy_of_largest'])}), and "
            f"{percent(found['balanced_accuracy'])} with all segments counting the "
            f"same ({percent(found['balanced_accuracy_of_largest'])})."
        )
    notes.append(CAUTION)
    if profile.is_small.any():
        notes.append(_SMALL_NOTE)
    return notes


def _row(cells):
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def _escaped(text):
    """Keep what Markdown would read as markup."""
    return _MARKUP.sub(r"\\\g<0>", text)
