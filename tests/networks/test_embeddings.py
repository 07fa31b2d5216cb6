"""Embeddings of numbers and categories."""

import numpy as np
import pytest

from segmentlearn.engine import keras
from segmentlearn.networks import ClassifierSpec, PackedSpec, quantile_edges
from segmentlearn.networks._embeddings import embed_features


def embed(features, edges=None, **settings):
    """Return the embedded features and the feature that each of them comes from."""
    n_features = features.shape[1]
    net = ClassifierSpec(n_features, 2, hidden_layer_sizes=())
    spec = PackedSpec(net, n_members=1, **settings)
    inputs = keras.Input((n_features,))
    outputs, sources = embed_features(inputs, spec, edges, seed=0)
    outputs = keras.layers.Identity()(outputs)  # Keras 3.12: no model of inputs alone
    return np.asarray(keras.Model(inputs, outputs)(features)), sources.tolist()


def test_edges_cut_into_equal_parts():
    """Each piece of a column has a quarter of its rows."""
    edges = quantile_edges(np.arange(9.0).reshape(-1, 1), 4)
    np.testing.assert_allclose(edges, [[0, 2, 4, 6, 8]])


@pytest.mark.parametrize("column", [[1, 1, 1, 1], [0, 0, 0, 1]])
def test_repeated_values_are_cut_once(column):
    """Borders are different from each other; NaN fills what is left."""
    edges = quantile_edges(np.array(column, float).reshape(-1, 1), 4)[0]
    found = edges[np.isfinite(edges)]
    assert (np.diff(found) > 0).all()
    assert set(found[[0, -1]]) <= {0.0, 1.0}
    assert np.isnan(edges[len(found) :]).all()


def test_edges_of_many_rows_are_those_of_some():
    """A large table is cut about where all of its rows would cut it."""
    column = np.random.default_rng(0).normal(size=(250_000, 1)).astype(np.float32)
    exact = np.quantile(column, np.linspace(0, 1, 9))[1:-1]
    np.testing.assert_allclose(quantile_edges(column, 8)[0, 1:-1], exact, atol=0.02)


def test_pieces_say_how_far_a_number_has_come():
    """Pieces left behind are full, those ahead are empty, one is in between."""
    edges = np.array([[0.0, 1.0, 3.0, np.nan]])
    features = np.array([[-5.0], [0.5], [2.0], [9.0]], np.float32)
    found, sources = embed(features, edges, numeric_features=(0,), n_bins=3)
    expected = [[0, 0, 0], [0.5, 0, 0], [1, 0.5, 0], [1, 1, 0]]
    np.testing.assert_allclose(found[:, 1:], 0.3 * np.array(expected), atol=1e-6)
    assert sources == [0, 0, 0, 0]


def test_only_chosen_features_are_embedded():
    """The others, and the plain values, stand as they are in front."""
    features = np.array([[1.0, 7.0, 0.0]], np.float32)
    found, sources = embed(features, numeric_features=(1,), n_frequencies=3, n_waves=2)
    np.testing.assert_array_equal(found[:, :3], features)
    assert sources == [0, 1, 2, 1, 1]
    assert (found[:, 3:] >= 0).all()


def test_no_number_no_embedding():
    """A table of indicators goes in as it is."""
    features = np.array([[1.0, 0.0]], np.float32)
    found, sources = embed(features, np.zeros((0, 17)), n_bins=16, n_frequencies=8)
    np.testing.assert_array_equal(found, features)
    assert sources == [0, 1]


def test_a_constant_column_has_one_border():
    """NaN fills its row, and its pieces are empty whatever comes later."""
    edges = quantile_edges(np.full((5, 1), 2.0), 3)
    np.testing.assert_array_equal(edges, [[2.0, np.nan, np.nan, np.nan]])
    features = np.array([[2.0], [-9.0], [9.0]], np.float32)
    found, _ = embed(features, edges, numeric_features=(0,), n_bins=3)
    np.testing.assert_array_equal(found[:, 1:], 0)


def test_columns_are_cut_apart():
    """Each row of the borders is that of its column alone."""
    columns = np.random.default_rng(0).normal(size=(40, 2)) * [1.0, 5.0]
    alone = [quantile_edges(columns[:, [one]], 4)[0] for one in (0, 1)]
    np.testing.assert_array_equal(quantile_edges(columns, 4), alone)


def test_pieces_by_hand():
    """Two columns of numbers, cut and encoded as numpy encodes them."""
    features = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    numeric = (2, 0)
    edges = quantile_edges(features[:, numeric], 4)
    found, sources = embed(features, edges, numeric_features=numeric, n_bins=4)
    numbers = features[:, numeric, None]
    share = (numbers - edges[:, :-1]) / np.diff(edges, axis=1)
    expected = 0.3 * np.clip(share, 0, 1).reshape(30, 8)
    np.testing.assert_allclose(found[:, 3:], expected, atol=1e-5)
    assert sources == [0, 1, 2, *[2] * 4, *[0] * 4]


def test_waves_by_hand():
    """A small layer over the cosines of a number's own frequencies, cut off at 0."""
    features = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    net = ClassifierSpec(2, 2, hidden_layer_sizes=())
    spec = PackedSpec(net, 1, numeric_features=(0, 1), n_frequencies=3, n_waves=2)
    inputs = keras.Input((2,))
    model = keras.Model(inputs, embed_features(inputs, spec, None, seed=0)[0])
    frequencies, phases = model.get_layer("angles").get_weights()
    kernel, bias = model.get_layer("waves").get_weights()
    cosines = np.cos(features[:, :, None] * frequencies + phases)
    waves = np.maximum(np.einsum("bnf,nfw->bnw", cosines, kernel) + bias, 0)
    np.testing.assert_allclose(
        np.asarray(model(features))[:, 2:], waves.reshape(6, 4), atol=1e-5
    )
    assert (waves > 0).any()


def test_both_embeddings_at_once():
    """Waves stand before pieces, and each column knows its feature."""
    features = np.array([[0.5, 0.0], [2.0, 1.0]], np.float32)
    settings = {"numeric_features": (0,), "n_frequencies": 3, "n_waves": 2}
    edges = np.array([[0.0, 1.0, 3.0]])
    found, sources = embed(features, edges, n_bins=2, **settings)
    waves, _ = embed(features, **settings)
    np.testing.assert_allclose(found[:, :4], waves, rtol=1e-6)
    np.testing.assert_allclose(found[:, 4:], [[0.15, 0], [0.3, 0.15]], atol=1e-6)
    assert sources == [0, 1, 0, 0, 0, 0]


def test_no_rows_have_no_quantiles():
    """An empty table is an error that says so."""
    with pytest.raises(ValueError, match="columns has no rows"):
        quantile_edges(np.zeros((0, 2)), 4)


class TestWideTables:
    """Of many columns with few values each, only the pieces there are take part."""

    def embed_codes(self, n_values):
        """Embed a table of forty columns of so many whole numbers."""
        rows = np.arange(60)[:, None] + np.arange(40)
        features = (rows % n_values).astype(np.float32) - 1
        edges = quantile_edges(features, 16)
        positions = tuple(range(40))
        found, sources = embed(features, edges, numeric_features=positions, n_bins=16)
        return features, edges, found[:, 40:], np.array(sources[40:])

    def test_pieces_are_those_of_each_column(self):
        """The same heights as in a narrow table, without the pieces that are not."""
        features, edges, found, sources = self.embed_codes(5)
        n_real = int((~np.isnan(edges[:, 1:])).sum())
        expected = []
        for column, borders in zip(features.T, edges, strict=True):
            borders = borders[~np.isnan(borders)]
            share = (column[:, None] - borders[:-1]) / np.diff(borders)
            expected.append(0.3 * np.clip(share, 0, 1))
        np.testing.assert_allclose(found[:, :n_real], np.hstack(expected), atol=1e-5)
        assert (np.bincount(sources[:n_real]) == n_real // 40).all()

    def test_a_rare_value_changes_no_shape(self):
        """The number of pieces is rounded up, and the rest of them are empty."""
        _, edges, found, sources = self.embed_codes(5)
        n_real = int((~np.isnan(edges[:, 1:])).sum())
        assert found.shape[1] == len(sources) == (n_real // 64 + 1) * 64
        assert 0 < n_real < 40 * 16
        assert (found[:, n_real:] == 0).all()


def test_levels_take_the_place_of_their_columns():
    """Each level has numbers of its own; the other features stay as they are."""
    features = np.array([[7.0, 1, 0, 3.0], [8.0, 0, 1, 4.0]], np.float32)
    settings = {"categories": ((1, 2),), "n_category_outputs": 5}
    found, sources = embed(features, **settings)
    np.testing.assert_array_equal(found[:, :2], features[:, [0, 3]])
    assert sources == [0, 3, *[1] * 5]
    assert (found[0, 2:] != found[1, 2:]).all()


def test_two_categories_have_numbers_of_their_own():
    """Nothing plain is left, and one category says nothing of the other."""
    features = np.eye(4, dtype=np.float32)[[0, 1]] + np.eye(4)[[2, 2]]
    settings = {"categories": ((0, 1), (2, 3)), "n_category_outputs": 3}
    found, sources = embed(features.astype(np.float32), **settings)
    assert sources == [0, 0, 0, 2, 2, 2]
    np.testing.assert_array_equal(found[0, 3:], found[1, 3:])
    assert (found[0, :3] != found[1, :3]).all()
    assert (found[0, :3] != found[0, 3:]).all()
