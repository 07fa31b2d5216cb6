"""What several commands check, show and write."""

import contextlib
import pathlib
from collections.abc import Callable
from typing import Any

import segmentlearn
from segmentlearn.cli import _screen as screen
from segmentlearn.cli._screen import InputError, echo, note
from segmentlearn.cli._stopping import check_not_stopped


def write_scored(model: Any, customers: Any, out: pathlib.Path) -> None:
    """Score customers and write them to a file."""
    from segmentlearn.cli._predict import note_renamed, score, write_scores
    from segmentlearn.cli._scored_output import ScoredOutput
    from segmentlearn.persistence import atomic_file

    scores = score(model, customers)
    with atomic_file(out) as stream:
        with contextlib.closing(ScoredOutput(stream, out.name)) as output:
            renamed = write_scores(output, customers, scores)
        check_not_stopped()
    note_renamed(renamed)


def save_segments(
    segmenter: Any,
    profile: Any,
    customers: Any,
    out: pathlib.Path | None,
    show: Callable[[str], None],
) -> None:
    """Write the archive of named segments, if one is asked for."""
    from segmentlearn.inspection import segment_facts

    if out is None:
        return
    facts = {
        **segment_facts(segmenter, profile),
        "schema": customers.schema.to_dict(customers.columns),
    }
    check_not_stopped()
    segmentlearn.save(segmenter, out, metadata=facts)
    show("")
    show(f"Saved to {out}: new customers get their segment from")
    show(f"  segmentlearn predict {out} new.csv --out scored.csv")


def check_outputs(
    table: str, out: pathlib.Path | None, scored: pathlib.Path | None
) -> None:
    """Refuse outputs that cannot be written, or are one file."""
    from segmentlearn.cli._tables import check_output
    from segmentlearn.tables import output_kind

    check_output(out, table)
    check_output(scored, table, option="--scored")
    if out is not None and scored is not None and out.resolve() == scored.resolve():
        raise InputError(f"--scored {scored} is the file of --out; name another.")
    if scored is not None:
        output_kind(str(scored), "--scored ")


def show_held_out(result: Any) -> None:
    """Show the held-out report and the learning curves."""
    from segmentlearn.cli._result_text import curves_text, held_out_text

    echo(held_out_text(result))
    echo()
    net = result.classifier
    echo(curves_text(net.history_, net.best_epoch_, screen.shows_blocks()))


def save_classifier(
    result: Any,
    X: Any,
    y: Any,
    options: Any,
    out: pathlib.Path,
    facts: dict[str, Any],
    *,
    refit: bool,
    quiet: bool,
) -> None:
    """Write the evaluated model, or one refitted to all rows, and say which."""
    from segmentlearn.cli._fit import build_classifier

    model = build_classifier(options).fit(X, y) if refit else result.classifier
    check_not_stopped()
    segmentlearn.save(model.set_params(verbose=0), out, metadata=facts)
    if quiet:
        return
    echo()
    if refit:
        echo(
            f"Saved to {out}: a model fitted again to all {len(y):,} rows with the same"
        )
        echo("options; the report is about the one fitted without the held-out rows.")
    else:
        echo(f"Saved to {out}: the model of this report (--refit fits it to all rows).")


def show_counts(counts: Any) -> None:
    """Show how many customers each segment has got, and how many were known."""
    from segmentlearn.cli._result_text import counts_text, named_counts_text

    text = f" {counts_text(counts.segments)}"
    if counts.names:
        text = f"\n{named_counts_text(counts.segments, counts.names)}"
    note(f"{counts.segments.total():,} customers scored:{text}")
    if counts.n_known:
        note(
            f"{counts.target!r} of {counts.n_known:,} customers is in the file; "
            f"{counts.n_found / counts.n_known:.3f} of them are found (too good a "
            "figure if the model was trained on them)"
        )
