"""Which features of a net are numbers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentlearn import TabularPreprocessor
from segmentlearn.networks import packed_nets
from segmentlearn.neural_network._segment_classifier._construction import (
    categories_to_embed,
    numeric_positions,
    one_hot_blocks,
)

FEATURES = np.column_stack([np.arange(6) % 2, np.arange(6), np.zeros(6)])
NAMES = ["new", "age", "constant"]


def test_indicators_are_no_numbers():
    """Two different values, or one, need no embedding."""
    assert numeric_positions("auto", FEATURES, NAMES) == (1,)


@pytest.mark.parametrize(
    ("chosen", "positions"),
    [(["new", "age"], (0, 1)), ([2, "age"], (1, 2)), ([-1], (2,)), ([], ())],
)
def test_the_user_may_say(chosen, positions):
    """By name or position, in any order."""
    assert numeric_positions(chosen, FEATURES, NAMES) == positions


@pytest.mark.parametrize("chosen", [["income"], [3], [-4], [1.5]])
def test_unknown_features_are_named(chosen):
    """The error tells what there is."""
    with pytest.raises(ValueError, match=r"numeric_features lists .*'age'"):
        numeric_positions(chosen, FEATURES, NAMES)


def test_positions_alone_where_there_are_no_names():
    """An array's features are numbered."""
    with pytest.raises(ValueError, match=r"'age'.*\[0, 1, 2\]"):
        numeric_positions(["age"], FEATURES, None)


def one_hot(n_levels, n_rows=60):
    """Return the columns of a category whose levels take turns."""
    return np.eye(n_levels)[np.arange(n_rows) % n_levels]


AGES = np.linspace(20, 70, 60)[:, np.newaxis]
FLAGS = (np.arange(60) % 3 == 0).astype(float)[:, np.newaxis]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([AGES, one_hot(11), AGES], [range(1, 12)]),
        ([FLAGS, one_hot(12), FLAGS], [range(1, 13)]),
        ([one_hot(3), one_hot(4)], [range(3), range(3, 7)]),
        ([one_hot(12)[:, :11]], []),
        ([AGES], []),
        ([2 * one_hot(12)], []),
    ],
    ids=[
        "between numbers",
        "between indicators",
        "two",
        "one level without a column",
        "numbers",
        "other values",
    ],
)
def test_categories_are_known_by_their_columns(parts, expected):
    """They are a run of columns of which one is 1 in every row."""
    blocks = one_hot_blocks(np.hstack(parts))
    assert blocks == tuple(map(tuple, expected))


@pytest.mark.slow
def test_a_category_is_embedded_unless_it_is_not_wanted(make_packed):
    """The net has a layer for its levels, and none without them."""
    X = np.hstack([AGES / 100, one_hot(12)])
    y = np.arange(60) % 2
    nets = [
        packed_nets(make_packed(max_epochs=1, **settings).fit(X, y).model_)[0]
        for settings in ({}, {"categorical_embedding": None})
    ]
    names = [[layer.name for layer in net.layers] for net in nets]
    assert ["levels_1" in one for one in names] == [True, False]
    assert nets[0].get_layer("levels_1").get_weights()[0].shape == (12, 8)


def test_small_categories_keep_their_columns():
    """Ten levels are not embedded, eleven are."""
    features = np.hstack([one_hot(10), one_hot(11)])
    assert categories_to_embed(None, features) == (tuple(range(10, 21)),)


def test_the_preprocessor_knows_its_categories():
    """A level that has no row is still one of its category's."""
    table = pd.DataFrame({"age": np.arange(60.0) % 20, "job": list("abcdefghijkl") * 5})
    preprocessor = TabularPreprocessor().fit(table)
    features = preprocessor.transform(table[table["job"] != "l"])
    (block,) = categories_to_embed(preprocessor, features)
    names = preprocessor.get_feature_names_out()[list(block)]
    assert list(names) == [f"job_{level}" for level in "abcdefghijkl"]


def test_many_exclusive_flags_are_looked_at_once():
    """A category without its first level is none, however many columns it has."""
    features = np.eye(600)[:, 1:]
    assert one_hot_blocks(features) == ()


@given(
    n_values=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    seed=st.integers(0, 99),
)
def test_three_values_make_a_number(n_values, seed):
    """Order and spacing of the values play no part."""
    rng = np.random.default_rng(seed)
    scales = rng.normal(size=len(n_values)) + 5
    columns = [rng.permutation(np.arange(30) % many) for many in n_values]
    features = np.column_stack(columns) * scales
    expected = tuple(i for i, many in enumerate(n_values) if many > 2)
    assert numeric_positions("auto", features, None) == expected


def test_interleaved_rows_hide_no_number():
    """A column that is constant on every other row of a large table is a number."""
    features = np.zeros((40_000, 1))
    features[1::2, 0] = np.arange(20_000)
    assert numeric_positions("auto", features, None) == (0,)
