"""What somebody who deploys a model must know, collected from the fitted estimator."""

import math
from numbers import Real
from typing import Any

import numpy as np

from segmentlearn._formatting import names_text
from segmentlearn.exceptions import ArchiveError
from segmentlearn.inspection import last_step, raw_step
from segmentlearn.persistence._card_content import TEXTS, check_given, column_entry
from segmentlearn.preprocessing import TabularPreprocessor
from segmentlearn.tables import cell_schema, column_names, plain_level

_MOST_LEVELS = 100  # that are listed
_FEW_ROWS = 50  # of a segment
_OUT_OF_FOLD = {
    "n_samples": "rows",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "largest_class": "accuracy of naming the largest segment",
    "log_loss": "log-loss",
}
_FIGURES = {  # of clusterers
    "silhouette_": "silhouette",
    "latent_silhouette_": "silhouette of the codes",
    "agreement_": "agreement of predict with the training labels",
}


def describe_model(estimator: Any, given: dict[str, Any] | None) -> dict[str, Any]:
    """Return the card of a fitted estimator, with what its user has written."""
    given = check_given(given or {})
    model = getattr(estimator, "best_estimator_", estimator)  # of a search
    last, step = last_step(model), raw_step(model)
    columns, is_array = _columns(model, step, given)
    segments = _segments(last)
    counts = [segment["n_rows"] for segment in segments]
    return {
        "columns": columns,
        "is_array": is_array,
        "segments": segments,
        "n_rows": sum(counts) if counts and None not in counts else None,
        "metrics": {**_figures(last), **given.get("metrics", {})},
        "limits": _limits(last, columns, segments),
        "texts": {name: given[name] for name in TEXTS if name in given},
    }


def _columns(
    estimator: Any, step: Any, given: dict[str, Any]
) -> tuple[list[dict[str, Any]], bool]:
    """Return an entry for each raw column, and whether they have no names."""
    source = estimator if step is None else step
    if not hasattr(source, "n_features_in_"):
        return [], False
    is_array = not hasattr(source, "feature_names_in_")
    names = column_names(source)
    if getattr(step, "column_labels_", None) is not None:
        names, is_array = step.column_labels_, False
    known: list[dict[str, Any]] = [{} for _ in names]
    if isinstance(step, TabularPreprocessor):
        known = [_learnt(step, name) for name in step.column_roles_]
    elif step is None and getattr(estimator, "preprocessor_", "") is None:
        # what no preprocessor has prepared is numbers for a net
        number = {"role": "numeric", "kind": "number", "schema": {"type": "number"}}
        known = [number for _ in names]
    columns = [
        column_entry(name, **column) for name, column in zip(names, known, strict=True)
    ]
    for entry in ("units", "descriptions"):
        texts = given.get(entry, {})
        unknown = sorted(texts.keys() - set(names))
        if unknown:
            raise ArchiveError(
                f"card[{entry!r}] names {unknown}, which are no columns of the "
                f"estimator: {names_text(names)}."
            )
        for column in columns:
            column[entry[:-1]] = texts.get(column["name"], column[entry[:-1]])
    return columns, is_array


def _learnt(step: TabularPreprocessor, name: str) -> dict[str, Any]:
    """Return what a preprocessor has learnt of a column."""
    known = {
        "role": step.column_roles_[name],
        "n_missing": step.imputer_.n_missing_.get(name),
    }
    if name not in step.column_kinds_:  # left out
        return known
    kind = step.column_kinds_[name]
    reading = getattr(step, "column_readings_", {}).get(name)
    known |= {"kind": kind, "unit": _unit(reading, kind)}
    encoder = step.encoder_
    if encoder is None or name not in encoder.levels_:
        return {**known, "schema": cell_schema(kind, reading)}
    fills = step.imputer_.categorical == "missing" and known["n_missing"]
    filler = step.imputer_.fill_values_[name] if fills else None
    kept, merged = (
        [plain_level(x) for x in levels[name] if x != filler and _is_plain(x)]
        for levels in (encoder.levels_, encoder.merged_levels_)
    )
    # a level of few customers may name them
    is_shown = encoder.column_encodings_[name] != "target"
    shown = kept[:_MOST_LEVELS] if is_shown else []
    return {
        **known,
        "levels": shown,
        "n_levels": len(kept) + len(merged),
        "schema": cell_schema(kind, reading, [*kept, *merged], shown),
    }


def _is_plain(level: Any) -> bool:
    """Whether a level is a value that JSON has."""
    return level is not None and not (isinstance(level, float) and level - level)


def _unit(reading: dict[str, Any] | None, kind: str) -> str:
    """Return the currency or unit that stands beside the numbers of a column."""
    form = (reading or {}).get("format") or {}
    if kind == "timedelta":
        return "days"
    return str(form.get("prefix") or form.get("suffix") or "")


def _segments(last: Any) -> list[dict[str, Any]]:
    """Return label, name and training rows of each segment."""
    names = getattr(last, "segment_names_", None) or {}
    labels: Any = getattr(last, "classes_", None)
    counts: Any
    if labels is not None:
        counts = getattr(last, "class_count_", [None] * len(labels))
    elif hasattr(last, "labels_"):
        labels, counts = np.unique(last.labels_, return_counts=True)
    else:
        return []
    return [
        {
            "label": plain_level(label),
            "name": str(names.get(label, "")) if names else "",
            "n_rows": None if count is None else int(count),
        }
        for label, count in zip(labels, counts, strict=True)
    ]


def _figures(last: Any) -> dict[str, float]:
    """Return the figures that the estimator has kept, those that JSON can hold."""
    scores = getattr(last, "oof_scores_", None) or {}
    figures = {f"out-of-fold {_OUT_OF_FOLD.get(n, n)}": scores[n] for n in scores}
    figures |= {
        words: getattr(last, name)
        for name, words in _FIGURES.items()
        if hasattr(last, name)
    }
    return {
        name: int(value) if isinstance(value, int) else float(value)
        for name, value in figures.items()
        if isinstance(value, Real) and math.isfinite(value)
    }


def _limits(
    last: Any, columns: list[dict[str, Any]], segments: list[dict[str, Any]]
) -> list[str]:
    """Return what follows from how the model was made."""
    limits = [
        "The figures hold for customers like those that the model was trained on; "
        "segmentlearn audit compares new ones with them."
    ]
    if getattr(last, "oof_scores_", None):
        limits.append(
            "Out-of-fold figures come from rows that chose when training stopped and "
            "how probabilities are calibrated, so they are a little too good."
        )
    elif hasattr(last, "labels_"):
        limits.append(
            "The segments were found, not known: no figure says that they are true."
        )
    known = [s for s in segments if s["n_rows"] is not None]
    small = [segment["label"] for segment in known if segment["n_rows"] < _FEW_ROWS]
    if small:
        limits.append(f"Few training rows (below {_FEW_ROWS}): {names_text(small)}.")
    if any(column["role"] == "categorical" for column in columns):
        limits.append("Levels that were not trained on are taken for other ones.")
    filled = [c["name"] for c in columns if c["kind"] and c["n_missing"] == 0]
    if filled:
        limits.append(
            "No cell was missing in training, and missing ones are filled, in "
            f"{names_text(filled)}."
        )
    left_out = [
        c["name"] for c in columns if c["role"] in ("identifier", "all-missing")
    ]
    if left_out:
        limits.append(f"Not used: {names_text(left_out)}.")
    return limits
