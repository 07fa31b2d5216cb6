"""Sampled silhouettes: exact for the rows taken, right on average for the table."""

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.metrics import silhouette_samples

from segmentlearn.metrics import silhouette_sampled


@pytest.fixture(scope="module")
def blobs():
    """A thousand rows in four segments, the last of 15 rows."""
    return make_blobs([500, 300, 185, 15], n_features=3, random_state=0)


def test_all_rows_are_scikit_learns(blobs):
    """Without sampling the values are those of silhouette_samples."""
    X, labels = blobs
    sample = silhouette_sampled(X, labels, n_rows=None)
    np.testing.assert_allclose(sample.values, silhouette_samples(X, labels))
    assert sample.mean == pytest.approx(silhouette_samples(X, labels).mean())


def test_sampled_rows_have_their_exact_values(blobs):
    """A sampled row is compared with all rows, not with the sample."""
    X, labels = blobs
    sample = silhouette_sampled(X, labels, n_rows=100, random_state=0)
    expected = silhouette_samples(X, labels)[sample.rows]
    np.testing.assert_allclose(sample.values, expected)
    np.testing.assert_array_equal(sample.labels, labels[sample.rows])


def test_every_segment_is_sampled(blobs):
    """Small segments are taken whole, and the weights add up to the table."""
    X, labels = blobs
    sample = silhouette_sampled(X, labels, n_rows=50, random_state=0)
    assert (np.bincount(sample.labels) >= [20, 20, 20, 15]).all()
    assert sample.weights.sum() == pytest.approx(len(X))
    assert (np.diff(sample.rows) > 0).all()


def test_mean_weighs_segments_by_their_shares(blobs):
    """Though small segments are sampled more often, the mean is the table's."""
    X, labels = blobs
    sample = silhouette_sampled(X, labels, n_rows=200, random_state=0)
    expected = silhouette_samples(X, labels).mean()
    assert sample.mean == pytest.approx(expected, abs=0.02)


def test_noise_is_left_out(blobs):
    """Rows of -1 are neither sampled nor compared with."""
    X, labels = blobs
    marked = np.where(labels == 2, -1, labels)
    sample = silhouette_sampled(X, marked, n_rows=None)
    kept = labels != 2
    np.testing.assert_array_equal(sample.rows, np.flatnonzero(kept))
    expected = silhouette_samples(X[kept], labels[kept])
    np.testing.assert_allclose(sample.values, expected)


@pytest.mark.parametrize("labels", [[0, 0, 0], [-1, -1, 5], [-1, -1, -1]])
def test_fewer_than_two_segments_give_nan(labels):
    """There is nothing to compare with: the silhouette is NaN."""
    sample = silhouette_sampled([[0.0], [1.0], [2.0]], labels)
    assert np.isnan(sample.mean)
    assert np.isnan(sample.values).all()
    assert len(sample.rows) == sum(label != -1 for label in labels)


def test_row_alone_in_its_segment_is_zero():
    """As Rousseeuw defines it."""
    sample = silhouette_sampled([[0.0], [0.1], [9.0]], [0, 0, 1])
    assert sample.values[2] == 0.0


def test_equal_rows_in_two_segments_are_zero():
    """Where all distances are 0 no division goes wrong."""
    sample = silhouette_sampled(np.zeros((4, 2)), [0, 0, 1, 1])
    np.testing.assert_array_equal(sample.values, np.zeros(4))


def test_more_distances_than_are_held_at_a_time():
    """The silhouettes of 2,100 rows, which take two chunks, are scikit-learn's."""
    X = np.random.default_rng(0).normal(size=(2_100, 2))
    labels = (X[:, 0] > 0).astype(int)
    sample = silhouette_sampled(X, labels, n_rows=None)
    np.testing.assert_allclose(sample.values, silhouette_samples(X, labels), atol=1e-12)


def test_text_labels_are_taken():
    """Segments may have names."""
    sample = silhouette_sampled([[0.0], [1.0], [8.0], [9.0]], ["a", "a", "b", "b"])
    assert sample.labels.tolist() == ["a", "a", "b", "b"]


def test_lengths_must_agree():
    """A label each."""
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        silhouette_sampled([[0.0], [1.0]], [0, 1, 1])
