"""What resampling alone does to segments: refits to bootstrap samples."""

from typing import Any

import numpy as np

from segmentlearn._compat import num_samples, safe_indexing
from segmentlearn.model_selection import (
    bootstrap_refits,
    draw_rows,
    one_thread,
    selected_task,
)
from segmentlearn.monitoring._matching_events import (
    SURVIVED,
    Noise,
    Thresholds,
    distance_and_radius,
    external_changes,
)
from segmentlearn.monitoring._matching_evidence import Moments, of_labels
from segmentlearn.monitoring._segmentation import Segmentation


def refit_noise(
    side: Segmentation,
    X: Any,
    key: str | None,
    thresholds: Thresholds,
    n_bootstraps: int,
    max_rows: int | None,
    random_state: Any,
) -> Noise:
    """Return how far refits to samples of the customers change the segments."""
    n_segments = len(side.ids)
    model = side.model
    if not n_bootstraps or X is None or not hasattr(model, "fit_predict"):
        return Noise.none(n_segments)
    rows = draw_rows(num_samples(X), max_rows, random_state)
    X = safe_indexing(X, rows)
    codes, columns = side.codes(X, key=key), side.columns(X, key=key)
    task = selected_task(model, side.features(X, key))
    moments = Moments.of(columns, codes, n_segments)
    sizes = np.bincount(codes[codes >= 0], minlength=n_segments)
    changed = np.zeros(n_segments)
    logs = np.full((n_bootstraps, n_segments), np.nan)
    shifts, ratios = np.zeros((2, n_bootstraps, n_segments))
    with one_thread(len(rows)):
        refits = bootstrap_refits(
            task.clusterer, task.features, n_bootstraps, random_state, codes
        )
        for at, (_, _, labels) in enumerate(refits):
            n_found = int(max(labels.max(initial=-1) + 1, 1))
            evidence = of_labels(codes, labels, (n_segments, n_found))
            evidence.old_moments = moments
            evidence.new_moments = Moments.of(columns, labels, n_found)
            survived = np.zeros(n_segments, dtype=bool)
            for change in external_changes(evidence, thresholds):
                if change.kind != SURVIVED:
                    continue
                (old,), (new,) = change.old, change.new
                survived[old] = True
                logs[at, old] = np.log(
                    max(evidence.new_sizes[new], 1) / max(sizes[old], 1)
                )
                shift, _, ratio = distance_and_radius(evidence, old, new)
                shifts[at, old], ratios[at, old] = shift, abs(ratio)
            changed += ~survived & (sizes > 0)
    n_known = np.maximum((~np.isnan(logs)).sum(axis=0), 1)
    return Noise(
        changed=changed,
        size=np.nansum(logs**2, axis=0) / n_known,
        location=shifts.max(axis=0),
        compactness=ratios.max(axis=0),
        n_refits=n_bootstraps,
    )
