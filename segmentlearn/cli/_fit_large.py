"""``fit`` of a table that is larger than memory."""

import contextlib
import pathlib
import types
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

import segmentlearn
from segmentlearn.cli._fit import FitOptions, build_classifier
from segmentlearn.cli._outputs import detect_novelty, reference_of
from segmentlearn.cli._screen import InputError, echo, note, row_progress
from segmentlearn.cli._stopping import check_not_stopped
from segmentlearn.cli._tables import WHOLE, scan_customers
from segmentlearn.tables import TableFile

_MOST_DRAWN = 200_000  # rows that say what the columns hold
_MOST_ROWS = 50_000  # that a reference and a detector are made of
_MANY_ROWS = 2_000_000  # of files whose bytes say little about their rows


def rows_to_draw(
    source: str,
    reading: dict[str, Any],
    asked: bool,
    model: str,
    time_column: str | None,
    group_column: str | None,
    refit: bool,
) -> int | None:
    """Return the rows to look at of a table that is fitted in parts; None of others.

    These are large tables, and all where it is asked for.
    """
    needs_memory = {
        model: model != "--model net",
        "--time-column": time_column,
        "--group-column": group_column,
        "--refit": refit,
    }
    given = [option for option, value in needs_memory.items() if value]
    if asked and given:
        raise InputError(f"--out-of-core and {given[0]} cannot be had together.")
    if asked or given or source == "-":
        if asked and source == "-":
            raise InputError("--out-of-core reads the table twice; stdin is no file.")
        return _MOST_DRAWN if asked else None
    scan = scan_customers(source, reading)
    n_rows = sum(map(_rows_of_parquet, scan.sources))
    if scan.n_bytes <= WHOLE and n_rows <= _MANY_ROWS:
        return None
    note("Note: the table is large and is read in parts.")
    return _MOST_DRAWN


def _rows_of_parquet(source: Any) -> int:
    """Return the rows of a Parquet file, 0 of any other."""
    from pyarrow import ArrowException, parquet

    if not str(source).endswith((".parquet", ".pq")):
        return 0
    try:
        return int(parquet.read_metadata(source).num_rows)
    except (ArrowException, OSError):  # the error of reading it says more
        return 0


def fit_large(
    source: str,
    reading: dict[str, Any],
    sample: TableFile,
    X: pd.DataFrame,
    y: Any,
    target: str,
    dropped: Sequence[str],
    options: FitOptions,
    out: pathlib.Path | None,
    *,
    quiet: bool,
) -> None:
    """Fit, report and save; X and y are the sample's rows."""
    scan = scan_customers(source, reading, sample.schema)
    with _shown_progress(quiet) as progress:
        model = segmentlearn.fit_scan(
            build_classifier(options), scan, target, drop=dropped, progress=progress
        )
    scores = model.oof_scores_
    if not quiet:
        echo(_report(scores, int(model.class_count_.sum())))
    if out is None:
        note("Nothing was saved; name an archive with --out to keep the model.")
        return
    X, y = X.head(_MOST_ROWS), y[:_MOST_ROWS]  # drawn at random
    detect_novelty(model, X, y, options)
    facts = {
        "target": target,
        "schema": sample.schema.to_dict(X.columns),
        "held_out_accuracy": scores["accuracy"],
        "held_out_rows": scores["n_samples"],
        "monitor": reference_of(model, X),
    }
    check_not_stopped()
    card = {
        "metrics": {
            "held-out rows": scores["n_samples"],
            "held-out accuracy": scores["accuracy"],
            "held-out log-loss": scores["log_loss"],
        },
        "evaluation_data": (
            f"{scores['n_samples']:,} customers that no weight was trained on; epochs "
            "and calibration were chosen on them."
        ),
    }
    segmentlearn.save(model.set_params(verbose=0), out, metadata=facts, card=card)
    if not quiet:
        echo()
        echo(f"Saved to {out}")


def _report(scores: dict[str, float], n_rows: int) -> str:
    """Return how good the model is on the rows that were held out."""
    return "\n".join(
        [
            f"Held-out report: {scores['n_samples']:,} of {n_rows:,} customers, each "
            "scored by a net that was not",
            "trained on them (epochs and calibration were chosen on them)",
            "",
            f"accuracy {scores['accuracy']:.3f}; always naming the largest segment "
            f"gives {scores['largest_class']:.3f}",
            f"balanced accuracy {scores['balanced_accuracy']:.3f}, log-loss "
            f"{scores['log_loss']:.4f}",
        ]
    )


@contextlib.contextmanager
def _shown_progress(quiet: bool) -> Iterator[Any]:
    """Give what shows how far a fit has got, and the disk that it takes."""
    seen = types.SimpleNamespace(stage="", n_rows=0, fraction=0.0)
    with contextlib.ExitStack() as bars:
        show: Any = None

        def progress(step: Any) -> None:
            nonlocal show
            seen.n_rows, seen.fraction = step.n_rows, step.fraction
            if step.stage != seen.stage:
                seen.stage = step.stage
                bars.close()
                if step.stage == "writing" and not quiet:
                    note(
                        f"Prepared rows take {step.n_bytes / 1e9:.2f} GB in "
                        f"{step.folder} while the model is trained."
                    )
                show = None
                if (
                    step.stage != "training" and not quiet
                ):  # nets have bars of their own
                    show = bars.enter_context(row_progress(step.stage, seen))
            if show is not None:
                show()

        yield progress
