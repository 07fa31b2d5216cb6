"""The contents of a report, computed before it is written."""

import dataclasses
import datetime
import hashlib
import platform
import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

import segmentlearn
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.inspection import (
    SegmentProfile,
    associations,
    is_noise,
    last_step,
    segment_profile,
    used_columns,
)
from segmentlearn.report._findings import PlainFinding, plain_findings
from segmentlearn.report._pictures import Picture, draw_bars
from segmentlearn.report._quality import Quality, classifier_quality, clusterer_quality
from segmentlearn.report._rare_levels import merge_rare_levels
from segmentlearn.report._segments import SegmentPart, draw_sizes, list_segments
from segmentlearn.tables import draw_rows

MOST_ROWS = 20_000
_BATCH = 50_000
_MOST_COLUMNS = 10
_LEAST_AUC = 0.55  # a column below is hardly better than chance


@dataclasses.dataclass
class Contents:
    """The contents of a report.

    Attributes
    ----------
    kind : str
        The model in words.
    is_classifier : bool
        Whether segments were known or found.
    n_rows, n_sampled : int
        Customers, and how many were looked at closely.
    n_columns : int
        Columns that the model uses.
    finding : str
        The main finding.
    sizes : Picture
        Sizes of the segments.
    quality : Quality
        How good the model is.
    segments : list of SegmentPart
        Each segment.
    importances : Picture or None
        How well each column separates the segments.
    fidelity : str
        How well the rules find the segments; empty without rules.
    findings : list of PlainFinding
        Of the audit.
    facts : list of (str, str)
        How to make the report again.
    """

    kind: str
    is_classifier: bool
    n_rows: int
    n_sampled: int
    n_columns: int
    finding: str
    sizes: Picture
    quality: Quality
    segments: list[SegmentPart]
    importances: Picture | None
    fidelity: str
    findings: list[PlainFinding]
    facts: list[tuple[str, str]]

    @property
    def hides_counts(self) -> bool:
        """Whether any count is not shown."""
        return self.quality.hides_counts or not all(
            part.size.is_shown for part in self.segments
        )


def gather(
    model: Any,
    X: pd.DataFrame,
    y: np.ndarray | None,
    *,
    features: list[str],
    random_state: Any,
    archive_facts: dict[str, Any],
    command: str | None,
) -> Contents:
    """Look at a model and its customers."""
    used = used_columns(model, features)
    rng = check_random_state(random_state)
    predicted = _predict(model, X[features])
    labels, sizes = _count(model, predicted)
    rows = draw_rows(len(X), MOST_ROWS, rng)
    sample, segments = X.iloc[rows], predicted[rows]
    merged, rare = merge_rare_levels(sample)

    profile = _profile(merged[features], segments, rng)
    parts = list_segments(labels, sizes, profile, _safe_names(model, rare))
    if is_classifier(last_step(model)):
        quality = classifier_quality(model, archive_facts, y, predicted)
    else:
        quality = clusterer_quality(model, sample[features], segments, rng)
    importances = _importances(merged[features], segments, rng)
    most_important = [name for name, auc in importances[:2] if auc >= _LEAST_AUC]
    return Contents(
        kind=_kind(model),
        is_classifier=is_classifier(last_step(model)),
        n_rows=len(X),
        n_sampled=len(rows),
        n_columns=len(used),
        finding=_main_finding(quality, parts, sizes, most_important),
        sizes=draw_sizes(parts, sizes),
        quality=quality,
        segments=parts,
        importances=_draw_importances(importances),
        fidelity=_fidelity(profile),
        findings=plain_findings(sample, _known(y, rows), rng, used),
        facts=_reproduce(model, X, y, random_state, archive_facts, command),
    )


def _predict(model: Any, X: pd.DataFrame) -> np.ndarray:
    """Predict in batches, so that a large table does not fill the memory."""
    # a model that was fitted to an array knows no names
    has_names = hasattr(model, "feature_names_in_")
    parts = []
    for start in range(0, len(X), _BATCH):
        rows = X.iloc[start : start + _BATCH]
        parts.append(np.asarray(model.predict(rows if has_names else rows.to_numpy())))
    return np.concatenate(parts)


def _count(model: Any, predicted: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """Return all segments that the model knows and their sizes, the noise last."""
    last = last_step(model)
    known = getattr(last, "classes_", range(getattr(last, "n_clusters_", 0)))
    found, counts = np.unique(predicted, return_counts=True)
    sizes = dict.fromkeys(np.asarray(known).tolist(), 0)
    sizes |= zip(found.tolist(), counts.tolist(), strict=True)
    labels = sorted(sizes, key=lambda label: (is_noise(label), label))
    return labels, np.array([sizes[label] for label in labels])


def _profile(
    X: pd.DataFrame, predicted: np.ndarray, random_state: Any
) -> SegmentProfile | None:
    """Describe the segments; None where there is nothing to describe or compare."""
    if len(np.unique(predicted)) < 2:
        return None
    try:
        with warnings.catch_warnings(action="ignore", category=SegmentLearnWarning):
            how = {"n_exemplars": 0, "random_state": random_state}
            return segment_profile(predicted, X, **how)
    except ValueError:  # no column is left to describe
        return None


def _importances(
    X: pd.DataFrame, predicted: np.ndarray, random_state: Any
) -> list[tuple[str, float]]:
    """Return the columns that best separate the segments, with their AUC."""
    if len(np.unique(predicted)) < 2:
        return []
    try:
        with warnings.catch_warnings(action="ignore", category=SegmentLearnWarning):
            how = {"target_type": "classes", "random_state": random_state}
            found = associations(X, predicted, **how)
    except ValueError:  # nothing but identifiers
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


def _main_finding(
    quality: Quality, parts: list[SegmentPart], sizes: np.ndarray, columns: list[str]
) -> str:
    """Return the most important in one to three sentences."""
    text = quality.headline
    most = parts[int(np.argmax(sizes))]
    if most.share:
        has_name = most.name not in (most.label, f"segment {most.label}")
        title = f"{most.label}, “{most.name}”," if has_name else most.label
        text += f" The largest segment is {title} with {most.share}."
    if columns:
        text += f" What separates the segments most is {' and '.join(columns)}."
    return text


def _fidelity(profile: SegmentProfile | None) -> str:
    if profile is None or not profile.fidelity:
        return ""
    names = ("accuracy", "accuracy_of_largest")
    share, baseline = (round(100 * profile.fidelity[name]) for name in names)
    return (
        f"On held-out customers the rules name the same segment as the model for about "
        f"{share}%; always naming the largest would agree for about {baseline}%."
    )


def _known(y: np.ndarray | None, sampled: np.ndarray) -> Any:
    """Return the segments of the sample; None where the audit could not use them."""
    if y is None or pd.isna(y[sampled]).all():
        return None
    return pd.Series(y[sampled])


def _kind(model: Any) -> str:
    found = "segments found in the data"
    names = {
        "SegmentClassifier": "a neural network that learnt known segments",
        "AutoencoderClusterer": f"{found}, with an autoencoder among the candidates",
        "InductiveClusterer": f"{found} by a clustering method",
    }
    last = last_step(model)
    name = type(last).__name__
    other = "a classifier" if is_classifier(last) else "a clustering method"
    return f"{names.get(name, other)} ({name})"


def _reproduce(
    model: Any,
    X: pd.DataFrame,
    y: np.ndarray | None,
    seed: Any,
    archive_facts: dict[str, Any],
    command: str | None,
) -> list[tuple[str, str]]:
    """List what it takes to make the report again."""
    now = datetime.datetime.now(datetime.UTC)
    parameters = sorted(last_step(model).get_params(deep=False).items())
    listed = ", ".join(f"{name}={_one_line(value)}" for name, value in parameters)
    versions = {"segmentlearn": segmentlearn.__version__}
    versions |= {"Python": platform.python_version()}
    versions |= {"scikit-learn": sklearn.__version__, "NumPy": np.__version__}
    versions |= {"pandas": pd.__version__}
    facts = [
        ("Date", f"{now:%Y-%m-%d %H:%M} UTC"),
        ("Data", f"{len(X):,} rows, {X.shape[1] + (y is not None)} columns"),
        ("SHA-256 of the data", _digest(X, y)),
        ("Random state", _one_line(seed)),
        ("Model", type(last_step(model)).__name__),
        ("Parameters", listed),
        ("Versions", ", ".join(map(" ".join, versions.items()))),
    ]
    if archive_facts.get("target") is not None:
        facts.append(("Target of the model", str(archive_facts["target"])))
    if command:
        facts.append(("Command", command))
    return facts


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
