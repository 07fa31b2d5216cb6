"""What several commands check, show and write."""

import contextlib
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np

import segmentlearn
from segmentlearn.cli import _screen as screen
from segmentlearn.cli._screen import InputError, echo, note, warned_before
from segmentlearn.cli._stopping import check_not_stopped

_FEWEST_ROWS = 20  # that say who is unknown


def write_scored(model: Any, customers: Any, out: pathlib.Path) -> None:
    """Score customers and write them to a file."""
    from segmentlearn.cli._scoring._scored_output import ScoredOutput
    from segmentlearn.cli._scoring._scores import note_renamed, write_scores
    from segmentlearn.inspection import score
    from segmentlearn.persistence import atomic_file

    scores = score(model, customers)
    with atomic_file(out) as stream:
        with contextlib.closing(ScoredOutput(stream, out.name)) as output:
            renamed = write_scores(output, customers, scores)
        check_not_stopped()
    note_renamed(renamed)


def show_frame(frame: Any) -> None:
    """Show a table of results."""
    echo(frame.to_string(index=False))


def write_frame(frame: Any, out: pathlib.Path) -> None:
    """Write a table of results in the format of a file's name."""
    import pyarrow as pa

    from segmentlearn.persistence import atomic_file
    from segmentlearn.tables import open_writer, output_kind

    is_text = output_kind(out.name, "--out ") == "text"
    cells = [
        frame[name].astype("string").fillna("")
        if is_text or frame[name].dtype == object
        else frame[name]
        for name in frame
    ]
    names = list(map(str, frame))
    rows = pa.table(list(map(pa.Array.from_pandas, cells)), names=names)
    with atomic_file(out) as stream:
        with contextlib.closing(open_writer(stream, out.name, None)) as writer:
            writer.write(rows, names)
        check_not_stopped()


def write_result(frame: Any, markdown: str, out: pathlib.Path) -> None:
    """Write a result as Markdown where the file's name ends so, else as a table."""
    from segmentlearn.persistence import write_atomically

    if out.suffix.lower() == ".md":
        check_not_stopped()
        write_atomically(out, f"{markdown.rstrip()}\n".encode())
    else:
        write_frame(frame, out)


def save_segments(
    segmenter: Any,
    profile: Any,
    customers: Any,
    options: Any,
    out: pathlib.Path | None,
    show: Callable[[str], None],
) -> None:
    """Write the archive of named segments, if one is asked for."""
    from segmentlearn.inspection import segment_facts

    if out is None:
        return
    X = customers.frame[[str(name) for name in segmenter.feature_names_in_]]
    with screen.waiting("looking at what is usual"):
        detect_novelty(segmenter, X, segmenter.labels_, options)
    facts = {
        **segment_facts(segmenter, profile),
        "schema": customers.schema.to_dict(customers.columns),
        "monitor": reference_of(segmenter, X),
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


def show_held_out(
    result: Any, target: str = "", amounts: dict[str, float | None] | None = None
) -> None:
    """Show the held-out report, what a blend is made of, and the learning curves."""
    from segmentlearn.cli._result_text import blend_text, curves_text, held_out_text

    echo(held_out_text(result, target, amounts or {}))
    net = result.classifier
    if hasattr(net, "weights_"):
        echo()
        echo(blend_text(net))
        net = net.named_estimators_.net
    if hasattr(net, "history_"):
        echo()
        echo(curves_text(net.history_, net.best_epoch_, screen.shows_blocks()))


def save_classifier(
    result: Any,
    X: Any,
    y: Any,
    options: Any,
    out: pathlib.Path,
    facts: dict[str, Any],
    *,
    groups: Any,
    refit: bool,
    quiet: bool,
) -> None:
    """Write the evaluated model, or one refitted to all rows, and say which."""
    from segmentlearn.cli._fit import build_classifier

    model, rows = result.classifier, result.train_rows
    if refit:
        model, rows = build_classifier(options).fit(X, y, groups=groups), slice(None)
    elif hasattr(model, "conformalize"):
        # later customers may have segments that earlier ones had not
        held_out = np.setdiff1d(np.flatnonzero(np.isin(y, model.classes_)), rows)
        model.conformalize(X.iloc[held_out], y[held_out])
    with screen.waiting("looking at what is usual"):
        detect_novelty(model, X.iloc[rows], y[rows], options)
        facts = {**facts, "monitor": reference_of(model, X.iloc[rows])}
    check_not_stopped()
    card = result.card(facts["target"], refit=refit, **facts.get("amounts", {}))
    silent = {name: 0 for name in model.get_params() if name.endswith("verbose")}
    segmentlearn.save(model.set_params(**silent), out, metadata=facts, card=card)
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
    if result.response is not None:
        echo("Whom to contact, with a control group and what to expect:")
        echo(f"  segmentlearn predict {out} new.csv --top 500 --out list.csv")


def detect_novelty(model: Any, X: Any, segments: Any, options: Any) -> None:
    """Let a model keep what ``predict --novelty`` finds unknown customers by."""
    from segmentlearn.monitoring import NoveltyDetector
    from segmentlearn.preprocessing import DistancePreprocessor

    if len(X) < _FEWEST_ROWS:
        return
    with warned_before():
        preprocessor = DistancePreprocessor(clip=None, **options.columns)
        seed = options.random_state
        detector = NoveltyDetector(preprocessor=preprocessor, random_state=seed)
        detector.fit(X, segments).store(model)


def reference_of(model: Any, X: Any) -> dict[str, Any]:
    """Return what ``score`` compares new customers with, for an archive."""
    from segmentlearn.monitoring import SegmentMonitor

    with warned_before():
        return SegmentMonitor.from_model(model, X).to_dict()


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
