"""Which columns a model really uses."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline

from segmentlearn.inspection import used_columns
from segmentlearn.preprocessing import DistancePreprocessor, TabularPreprocessor

NAMES = ["ID", "Age", "Kind"]


@pytest.fixture(scope="module")
def customers():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "ID": rng.permutation(90_000)[:90] + 100_000,
            "Age": rng.integers(20, 70, 90),
            "Kind": ["a", "b", "c"] * 30,
        }
    )


@pytest.mark.filterwarnings("ignore:The column")
@pytest.mark.parametrize("made", [TabularPreprocessor, DistancePreprocessor])
def test_identifiers_of_the_preprocessor_do_not_count(made, customers):
    """What the first step of a pipeline took for an identifier is not used."""
    model = make_pipeline(made(), KMeans(2, n_init=1, random_state=0)).fit(customers)
    assert used_columns(model, NAMES) == ["Age", "Kind"]


@pytest.mark.filterwarnings("ignore:The column")
def test_preprocessor_inside_an_estimator_is_asked(customers):
    """Estimators of this library keep theirs in an attribute."""
    model = KMeans(2, n_init=1, random_state=0).fit(customers[["Age"]])
    model.preprocessor_ = TabularPreprocessor().fit(customers)
    assert used_columns(model, NAMES) == ["Age", "Kind"]


def test_columns_that_are_kept_count(customers):
    """An identifier that the preprocessor was set to keep is used."""
    model = TabularPreprocessor(identifiers="keep").fit(customers)
    assert used_columns(model, NAMES) == NAMES


def test_other_estimators_use_all(customers):
    """Without a preprocessor all columns of fit count."""
    X = customers[["ID", "Age"]]
    model = KMeans(2, n_init=1, random_state=0).fit(X)
    assert used_columns(model, ["ID", "Age"]) == ["ID", "Age"]
