"""The contents of a report, computed before it is written."""

import datetime
import hashlib
import importlib.resources
import platform
import re
import shlex
import tomllib
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

import segmentlearn
from segmentlearn._formatting import percent
from segmentlearn.auditing import audit
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.inspection import (
    associations,
    is_noise,
    last_step,
    segment_profile,
    used_columns,
)
from segmentlearn.metrics import ResponseSummary
from segmentlearn.report._history import segment_history
from segmentlearn.report._pictures import Picture, draw_bars
from segmentlearn.report._quality import classifier_quality, clusterer_quality
from segmentlearn.report._reasons import segment_reasons
from segmentlearn.report._responders import (
    RespondersPart,
    describe_responders,
    find_summary,
)
from segmentlearn.report._segments import add_values, draw_sizes, list_segments
from segmentlearn.report._suppression import merge_rare_levels
from segmentlearn.tables import draw_rows

_MOST_ROWS = 20_000
_BATCH = 50_000
_MOST_COLUMNS = 10
_LEAST_AUC = 0.55  # a column below is hardly better than chance
_FILE = importlib.resources.files("segmentlearn.report").joinpath("findings.toml")
_TEXTS = tomllib.loads(_FILE.read_text(encoding="utf-8"))
_NOT_USED = "The model does not use it: nothing to do."
_WORST_FIRST = ("error", "warning", "note")


def gather(
    model: Any,
    X: pd.DataFrame,
    y: np.ndarray | None,
    *,
    features: list[str],
    random_state: Any,
    archive_facts: dict[str, Any],
    amounts: dict[str, float],
    command: str | None,
    value: pd.Series | None = None,
) -> dict[str, Any]:
    """Look at a model and its customers; return what the template writes about."""
    used = used_columns(model, features)
    rng = check_random_state(random_state)
    predicted = _predict(model, X[features])
    labels, sizes = _count(model, predicted)
    rows = draw_rows(len(X), _MOST_ROWS, rng)
    sample, segments = X.iloc[rows], predicted[rows]
    merged, rare = merge_rare_levels(sample)
    described, is_split = merged[features], len(np.unique(segments)) > 1
    how = {"n_exemplars": 0, "random_state": rng}
    profile = None
    if is_split:
        profile = _measured(segment_profile, segments, described, **how)
    names = _safe_names(model, rare)
    parts = list_segments(labels, sizes, profile, names)
    worth = ""
    if value is not None:
        sums = np.array([np.nansum(value[predicted == label]) for label in labels])
        worth = add_values(parts, sizes, sums, str(value.name))
    if is_classifier(last_step(model)):
        quality = classifier_quality(model, archive_facts, y, predicted)
    else:
        quality = clusterer_quality(model, X[features], predicted)
    summary, responders = find_summary(model, archive_facts, y, quality.source), None
    if summary is not None:
        target = archive_facts.get("target")
        # of the rows that it was fitted to, a model expects what it has learnt
        new = None if quality.source == "out of fold" else X[features]
        responders = _responders(model, new, summary, target, amounts)
    importances = _importances(described, segments, rng) if is_split else []
    hides_sizes = not all(part.size.is_shown for part in parts)
    parameters = sorted(last_step(model).get_params(deep=False).items())
    versions = {"segmentlearn": segmentlearn.__version__}
    versions |= {"Python": platform.python_version()}
    versions |= {"scikit-learn": sklearn.__version__, "NumPy": np.__version__}
    versions |= {"pandas": pd.__version__}
    contents = {
        "model": type(last_step(model)).__name__,
        "is_classifier": is_classifier(last_step(model)),
        "suspects": [str(name) for name in archive_facts.get("suspects", [])],
        "weights": _weights_of(last_step(model)),
        "n_rows": len(X),
        "n_sampled": len(rows),
        "n_columns": len(used),
        "worth": worth,
        "worth_is_used": value is not None and value.name in used,
        "largest": parts[int(np.argmax(sizes))],
        "important": [name for name, auc in importances[:2] if auc >= _LEAST_AUC],
        "sizes": draw_sizes(parts, sizes),
        "quality": quality,
        "responders": responders,
        "hides_counts": quality.hides_counts or hides_sizes,
        "segments": parts,
        "history": segment_history(model, names),
        "importances": _draw_importances(importances),
        "fidelity": profile.fidelity if profile is not None else {},
        "findings": _findings(sample, _known(y, rows), rng, used),
        "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        "width": X.shape[1] + (y is not None),
        "digest": _digest(X, y),
        "random_state": _one_line(random_state),
        "parameters": ", ".join(f"{name}={_one_line(of)}" for name, of in parameters),
        "versions": ", ".join(map(" ".join, versions.items())),
        "target": archive_facts.get("target"),
        "command": command or None,
    }
    reasons = None
    if is_split:
        reasons = _measured(segment_reasons, model, sample[features], segments, rng)
    return {**contents, "reasons": reasons or {}}


def _predict(model: Any, X: pd.DataFrame, method: str = "predict") -> np.ndarray:
    """Predict in batches, so that a large table does not fill the memory."""
    # a model that was fitted to an array knows no names
    has_names, predict = hasattr(model, "feature_names_in_"), getattr(model, method)
    parts = []
    for start in range(0, len(X), _BATCH):
        rows = X.iloc[start : start + _BATCH]
        parts.append(np.asarray(predict(rows if has_names else rows.to_numpy())))
    return np.concatenate(parts)


def _responders(
    model: Any,
    X: pd.DataFrame | None,
    summary: ResponseSummary,
    target: str | None,
    amounts: dict[str, float],
) -> RespondersPart:
    """Return how well a class is found, and how many of these customers are of it."""
    classes = [str(label) for label in last_step(model).classes_]
    proba, has_proba = None, hasattr(model, "predict_proba")
    if X is not None and has_proba and str(summary.pos_label) in classes:
        at = classes.index(str(summary.pos_label))
        proba = _predict(model, X, "predict_proba")[:, at]
    return describe_responders(summary, classes, target, proba, amounts)


def _weights_of(model: Any) -> list[str]:
    """Return what each part of a blend weighs, in words."""
    weights = getattr(model, "weights_", None)
    names = getattr(model, "named_estimators_", None)
    if weights is None or names is None:
        return []
    pairs = zip(names, weights, strict=True)
    return [f"{name} {percent(weight)}" for name, weight in pairs]


def _count(model: Any, predicted: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """Return all segments that the model knows and their sizes, the noise last."""
    last = last_step(model)
    known = getattr(last, "classes_", range(getattr(last, "n_clusters_", 0)))
    found, counts = np.unique(predicted, return_counts=True)
    sizes = dict.fromkeys(np.asarray(known).tolist(), 0)
    sizes |= zip(found.tolist(), counts.tolist(), strict=True)
    labels = sorted(sizes, key=lambda label: (is_noise(label), label))
    return labels, np.array([sizes[label] for label in labels])


def _measured(measure: Any, *args: Any, **how: Any) -> Any:
    """Return what a function measures; None where there is nothing to compare."""
    try:
        with warnings.catch_warnings(action="ignore", category=SegmentLearnWarning):
            return measure(*args, **how)
    except ValueError:  # a single segment, or no column but identifiers
        return None


def _importances(
    X: pd.DataFrame, predicted: np.ndarray, random_state: Any
) -> list[tuple[str, float]]:
    """Return the columns that best separate the segments, with their AUC."""
    how = {"target_type": "classes", "random_state": random_state}
    found = _measured(associations, X, predicted, **how)
    if found is None:
        return []
    aucs = found.to_frame("target")["auc"].dropna()
    aucs = aucs.sort_values(ascending=False, kind="stable").head(_MOST_COLUMNS)
    return [(str(name), float(auc)) for name, auc in aucs.items()]


def _draw_importances(importances: list[tuple[str, float]]) -> Picture | None:
    """Draw areas under the ROC curve on an axis from 0.5 to 1."""
    if not importances:
        return None
    names = [name for name, _ in importances]
    texts = [f"{auc:.2f}" for _, auc in importances]
    listed = ", ".join(map(" ".join, zip(names, texts, strict=True)))
    return draw_bars(
        names,
        [max(float(text), 0.5) for text in texts],  # as long as their rounded texts
        texts,
        words=f"How well each column alone separates the segments: {listed}.",
        unit="from nothing (0.5) to everything (1)",
        ends=(0.5, 1.0),
    )


def _safe_names(model: Any, rare: set[str]) -> dict[Any, str]:
    """Return the names that the model keeps, but for those with a rare level in it."""
    names = getattr(last_step(model), "segment_names_", None) or {}
    # a level counts where it is a word of its own
    patterns = [rf"(?i)(?<!\w){re.escape(level)}(?!\w)" for level in rare]
    return {
        label: name
        for label, name in names.items()
        if not any(re.search(pattern, name) for pattern in patterns)
    }


def _findings(
    X: pd.DataFrame, y: Any, random_state: Any, used: list[str]
) -> list[dict[str, Any]]:
    """Audit a table and return the findings in plain words, the worst first."""
    found = []
    for finding in audit(X, y, random_state=random_state):
        texts, columns = _TEXTS[finding.code], finding.columns
        severity, cure = finding.severity, texts["cure"]
        if "{drop}" in cure and set(columns).isdisjoint(used):
            severity, cure = "note", _NOT_USED
        cure = cure.format(
            drop=_options("--drop", columns),
            drop_others=_options("--drop", columns[1:]),
            id=_options("--id", columns),
        )
        listed = ", ".join(columns)
        row = {"severity": severity, "columns": listed, "cure": cure}
        found.append(row | {"words": texts["words"]})
    return sorted(found, key=lambda row: _WORST_FIRST.index(row["severity"]))


def _options(option: str, columns: Sequence[str]) -> str:
    """Return an option of the command line for each column."""
    return " ".join(f"{option} {shlex.quote(str(name))}" for name in columns)


def _known(y: np.ndarray | None, sampled: np.ndarray) -> Any:
    """Return the segments of the sample; None where the audit could not use them."""
    if y is None or pd.isna(y[sampled]).all():
        return None
    return pd.Series(y[sampled])


def _one_line(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 120 else f"{text[:117]}..."


def _digest(X: pd.DataFrame, y: np.ndarray | None) -> str:
    """Return a hash of the cells and the names of the columns."""
    digest = hashlib.sha256("\0".join(map(str, X.columns)).encode())
    frame = X if y is None else X.assign(**{"\0target": y})
    hashed = pd.util.hash_pandas_object(frame.reset_index(drop=True), index=False)
    digest.update(hashed.to_numpy().tobytes())
    return digest.hexdigest()
