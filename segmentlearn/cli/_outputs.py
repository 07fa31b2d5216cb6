"""What several commands check, show and write."""

import pathlib
from collections.abc import Callable
from typing import Any

import typer

import segmentlearn
from segmentlearn.cli import _screen as screen
from segmentlearn.cli._screen import InputError, echo, note
from segmentlearn.cli._stopping import check_not_stopped


def write_scored(model: Any, customers: Any, out: pathlib.Path | None) -> Any:
    """Score customers and write them to a file, or to stdout; return the scores."""
    from segmentlearn.cli._predict import score
    from segmentlearn.persistence import write_atomically
    from segmentlearn.tables import table_to_bytes

    scores = score(model, customers)
    data, renamed = table_to_bytes(customers, scores.new_columns())
    check_not_stopped()
    for name, new_name in renamed.items():
        note(f"Note: the file has a column {name!r}; the new one is {new_name!r}.")
    if out is None:
        typer.echo(data, nl=False)
    else:
        write_atomically(out, data)
    return scores


def save_segments(
    segmenter: Any,
    profile: Any,
    customers: Any,
    out: pathlib.Path | None,
    show: Callable[[str], None],
) -> None:
    """Write the archive of named segments, if one is asked for."""
    from segmentlearn.cli._cluster import segment_facts

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

    check_output(out, table)
    check_output(scored, table, option="--scored")
    if out is not None and scored is not None and out.resolve() == scored.resolve():
        raise InputError(f"--scored {scored} is the file of --out; name another.")


def dropped_columns(customers: Any, drop: list[str] | None) -> list[str]:
    """Return the columns to leave out, all of them in the table."""
    from segmentlearn.cli._tables import check_column

    dropped = _split_names(drop or [], customers.columns)
    for name in dropped:
        check_column(customers, name, "--drop")
    return dropped


def column_roles(
    customers: Any,
    numeric: list[str] | None,
    categorical: list[str] | None,
    dates: list[str] | None,
) -> dict[str, Any]:
    """Return the parameters of a preprocessor that the options of columns stand for."""
    from segmentlearn.cli._tables import check_column

    roles: dict[str, Any] = {}
    for option, listed in (("numeric", numeric), ("categorical", categorical)):
        names = _split_names(listed or [], customers.columns)
        for name in names:
            check_column(customers, name, f"--{option}")
        if names:
            roles[f"{option}_features"] = names
    for given in dates or []:
        name, is_split, form = given.partition("=")
        if not is_split:
            raise InputError(f"--date {given!r} must be like born=%d/%m/%Y.")
        check_column(customers, name, "--date")
        roles.setdefault("date_features", {})[name] = form
    return roles


def show_held_out(result: Any) -> None:
    """Show the held-out report and the learning curves."""
    from segmentlearn.cli._text_tables import curves_text, held_out_text

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


def compare_with_known(customers: Any, segments: Any, target: Any) -> None:
    """Show how often the model agrees with segments that the file already has."""
    from segmentlearn.cli._fit import known_labels

    if not isinstance(target, str) or target not in customers.columns:
        return
    known, labels = known_labels(customers, target)
    if known.any():
        share = (labels.astype(str) == segments[known].astype(str)).mean()
        note(
            f"{target!r} of {len(labels):,} customers is in the file; {share:.3f} of "
            "them are found (too good a figure if the model was trained on them)"
        )


def _split_names(values: list[str], columns: list[str]) -> list[str]:
    """Return names from repeated options and comma lists; a name may hold commas."""
    names: list[str] = []
    for value in values:
        parts = [value] if value in columns else value.split(",")
        names += [part if part in columns else part.strip() for part in parts]
    return [name for name in dict.fromkeys(names) if name]
