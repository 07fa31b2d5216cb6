"""Segments of a table larger than memory: found in a sample, measured on all rows."""

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans, MiniBatchKMeans

from segmentlearn.cluster._assignments import PREDICT, LabelledRows
from segmentlearn.cluster._autoencoder_clusterer import AutoencoderClusterer
from segmentlearn.cluster._passport import first_passport
from segmentlearn.neural_network import as_matrix


class SegmentSums:
    """Sizes and sums of the segments of rows, counted part by part.

    Parameters
    ----------
    segmenter : AutoencoderClusterer
        Fitted; its segments stay where they are meanwhile.

    Attributes
    ----------
    sizes : ndarray of int of shape (n_clusters,)
        Rows of each segment.
    sums : dict of str to ndarray of shape (n_clusters, n_features)
        Sums over these rows of what the clusterer sees ("seen"), of the prepared
        columns ("prepared") and of the codes ("codes").
    squares : dict of str to float
        Sums of their squares.
    """

    def __init__(self, segmenter: AutoencoderClusterer) -> None:
        self._segmenter = segmenter
        self.sizes = np.zeros(segmenter.n_clusters_, np.int64)
        self.sums: dict[str, Any] = {}
        self.squares: dict[str, float] = {}

    def update(self, frame: pd.DataFrame) -> None:
        """Count further rows."""
        segmenter = self._segmenter
        prepared = segmenter.prepare(frame)
        codes = as_matrix(segmenter.autoencoder_.transform(frame))
        seen = segmenter._clusterer_input(frame, prepared, codes)
        labels = segmenter.clusterer_.predict(seen)
        known = labels >= 0
        n_segments = len(self.sizes)
        self.sizes += np.bincount(labels[known], minlength=n_segments)
        spaces = {"seen": seen, "prepared": prepared, "codes": codes}
        for name, features in spaces.items():
            rows = features[known].astype(np.float64)
            sums = np.zeros((n_segments, rows.shape[1]))
            np.add.at(sums, labels[known], rows)
            self.sums[name] = self.sums.get(name, 0) + sums
            squares = float(np.einsum("ij,ij->", rows, rows))
            self.squares[name] = self.squares.get(name, 0.0) + squares

    def __getstate__(self) -> dict[str, Any]:
        # what is sent elsewhere is merged there, and not updated
        return {**vars(self), "_segmenter": None}

    def merge(self, other: Self) -> Self:
        """Add the rows of another part of the table."""
        self.sizes += other.sizes
        for name, sums in other.sums.items():
            self.sums[name] = self.sums.get(name, 0) + sums
            self.squares[name] = self.squares.get(name, 0.0) + other.squares[name]
        return self

    def means(self, name: str) -> np.ndarray:
        """Return the mean of each segment; zeros for one without rows."""
        means: np.ndarray = self.sums[name] / np.maximum(self.sizes, 1)[:, np.newaxis]
        return means

    def inertia(self, name: str) -> float:
        """Return the sum of squared distances to the means."""
        means = self.means(name)
        between = self.sizes @ np.einsum("ij,ij->i", means, means)
        return max(0.0, self.squares[name] - float(between))


def has_centers(segmenter: AutoencoderClusterer) -> bool:
    """Return whether segments are those of k-means, whose centres can be moved."""
    found = segmenter.clusterer_
    is_k_means = isinstance(found.clusterer_, KMeans | MiniBatchKMeans)
    return is_k_means and found.assignment_ == PREDICT


def move_centers(segmenter: AutoencoderClusterer, sums: SegmentSums) -> None:
    """Put the centres of k-means where the means of all rows are."""
    found = segmenter.clusterer_
    assignment = found._assignment
    own_labels, clusterer = assignment.own_labels, assignment.clusterer
    centers = clusterer.cluster_centers_.copy()
    has_rows = sums.sizes > 0
    centers[own_labels[found._order][has_rows]] = sums.means("seen")[has_rows]
    clusterer.cluster_centers_ = centers
    points, labels = centers[own_labels], np.arange(len(own_labels))
    assignment.centers = LabelledRows(points, labels, {"metric": "euclidean"})
    found.cluster_centers_ = centers[own_labels[found._order]]


def set_measured(
    segmenter: AutoencoderClusterer, sums: SegmentSums, sample: pd.DataFrame
) -> None:
    """Set what is known of segments by all rows; number them by size, as `fit` does.

    Labels are those of the sample.
    """
    order = np.arange(len(sums.sizes))
    if segmenter.baseline is None:
        order = np.argsort(-sums.sizes, kind="stable")
    labels = segmenter.predict(sample)
    segmenter.labels_ = segmenter.clusterer_.renumber(order, labels)
    for candidate in segmenter.candidates_:
        if candidate["selected"]:
            candidate["labels"] = segmenter.clusterer_.labels_
    dtype = segmenter.cluster_centers_.dtype
    segmenter.cluster_centers_ = sums.means("prepared")[order].astype(dtype)
    segmenter.inertia_ = sums.inertia("prepared")
    segmenter.latent_inertia_ = sums.inertia("codes")
    if segmenter._reach is not None:
        segmenter._reach = segmenter._reach[order]
    if segmenter._passport is None:
        segmenter._passport = first_passport(segmenter, segmenter.period)
    active = [e for e in segmenter._passport if e["status"] == "active"]
    for entry, size in zip(active, sums.sizes[order].tolist(), strict=True):
        entry["sizes"][list(entry["sizes"])[-1]] = size
