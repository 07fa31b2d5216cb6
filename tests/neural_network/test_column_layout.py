"""Which features of a prepared table are one column."""

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from segmentlearn import TabularPreprocessor
from segmentlearn.neural_network._autoencoder._column_layout import (
    principal_components,
    read_layout,
)


def test_the_preprocessor_tells_the_types():
    """Numbers with their indicators, categories with their columns."""
    table = pd.DataFrame(
        {
            "age": [20.0, None, 40.0, 20.0],
            "job": ["Artist", "Judge", "Artist", "Judge"],
            "cars": [0, 1, 2, 1],
        }
    )
    preprocessor = TabularPreprocessor(min_frequency=None).fit(table)
    assert preprocessor.get_feature_names_out().tolist() == [
        "age",
        "cars",
        "missingindicator_age",
        "job_Artist",
        "job_Judge",
    ]
    layout = read_layout(preprocessor, 5)
    assert layout.numeric == (0, 1)
    assert layout.indicators == (2, -1)
    assert layout.categories == ((3, 4),)
    assert layout.columns == ((0, 2), (1,), (3, 4))


def test_codes_of_levels_count_as_numbers():
    """An ordinal code has an order, which is all that a number needs."""
    table = pd.DataFrame({"job": list("abab"), "age": [1.0, 2.0, 3.0, 1.0]})
    preprocessor = TabularPreprocessor(encoding="ordinal").fit(table)
    layout = read_layout(preprocessor, 2)
    assert layout.numeric == (0, 1)
    assert layout.categories == ()


def test_components_are_those_of_pca():
    """Up to nothing: the signs are settled."""
    features = np.random.default_rng(0).normal(size=(40, 4)) * [1.0, 2.0, 3.0, 4.0]
    directions, center = principal_components(features, 2)
    expected = PCA(2, svd_solver="full").fit(features)
    np.testing.assert_allclose(directions, expected.components_, atol=1e-8)
    np.testing.assert_allclose(center, expected.mean_)


def test_more_components_than_there_are_directions():
    """The rest is zero."""
    directions, _ = principal_components(np.array([[1.0, 2.0], [3.0, 4.0]]), 3)
    assert directions.shape == (3, 2)
    assert not directions[2].any()
