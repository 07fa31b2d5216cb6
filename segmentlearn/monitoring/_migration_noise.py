"""How many customers would seem to move if nobody did."""

from typing import Any

import numpy as np
from sklearn.naive_bayes import GaussianNB

from segmentlearn._compat import num_samples, safe_indexing
from segmentlearn.metrics import jaccard_indices, pair_segments, shared_counts
from segmentlearn.model_selection import (
    bootstrap_refits,
    draw_rows,
    one_thread,
    selected_task,
)
from segmentlearn.monitoring._segmentation import Segmentation


def label_noise(
    side: Segmentation,
    X: Any,
    key: str | None,
    n_bootstraps: int,
    max_rows: int | None,
    random_state: Any,
) -> np.ndarray:
    """Return which segment a customer of each segment is seen in.

    Row i has the chances of each segment for a customer of segment i: the values of
    another customer of that segment, under a model that was fitted to another sample.
    How likely a customer is in a segment comes from the probabilities of a classifier,
    else from normal distributions in the columns that the clusterer has seen.
    """
    n_segments = len(side.ids)
    rows = draw_rows(num_samples(X), max_rows, random_state)
    X = safe_indexing(X, rows)
    codes, model = side.codes(X, key=key), side.model
    known = codes >= 0
    if hasattr(model, "classes_") and hasattr(model, "predict_proba"):
        proba = np.asarray(model.predict_proba(side.features(X, key)))
        votes = _one_hot(codes, n_segments)
        return _confusion(proba[known], votes[known])
    votes, columns = _one_hot(codes, n_segments), None
    if n_bootstraps and hasattr(model, "fit_predict"):
        task = selected_task(model, side.features(X, key))
        columns = task.features
        with one_thread(len(rows)):
            refits = bootstrap_refits(
                task.clusterer, columns, n_bootstraps, random_state, codes
            )
            for _, _, labels in refits:
                votes += _one_hot(_as_before(labels, codes, n_segments), n_segments)
    if columns is None:
        columns = side.columns(X, key=key)
    present = np.unique(codes[known])
    proba = np.zeros((len(codes), n_segments))
    if len(present):
        normal = GaussianNB().fit(columns[known], codes[known])
        proba[:, present] = normal.predict_proba(columns)
    return _confusion(proba[known], votes[known])


def expected_moves(
    sizes: np.ndarray, before: np.ndarray, after: np.ndarray
) -> np.ndarray:
    """Return the customers that would be seen in each pair of segments.

    `sizes` are customers by segment, `before` and `after` the label noise of both
    periods.
    """
    return (before * np.c_[sizes]).T @ after


def _confusion(proba: np.ndarray, votes: np.ndarray) -> np.ndarray:
    """Return the shares of votes for each segment among its customers."""
    n_segments = proba.shape[1]
    votes = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1)
    weight = proba.sum(axis=0)
    seen = proba.T @ votes
    return np.divide(
        seen, weight[:, None], out=np.eye(n_segments), where=weight[:, None] > 0
    )


def _as_before(labels: np.ndarray, codes: np.ndarray, n_segments: int) -> np.ndarray:
    """Number the segments of a refit as their partners; those without are noise."""
    n_found = int(max(labels.max(initial=-1) + 1, 1))
    counts = shared_counts(codes, labels, (n_segments, n_found))
    sizes = np.bincount(codes[codes >= 0], minlength=n_segments)
    found_sizes = np.bincount(labels[labels >= 0], minlength=n_found)
    partners = pair_segments(jaccard_indices(counts, sizes, found_sizes), 0.0)
    number = np.full(n_found + 1, -1)  # the last is that of noise
    paired = partners >= 0
    number[partners[paired]] = np.flatnonzero(paired)
    return number[labels]


def _one_hot(codes: np.ndarray, n_segments: int) -> np.ndarray:
    return (codes[:, None] == np.arange(n_segments)).astype(np.float64)
