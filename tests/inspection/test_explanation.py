"""explain: the columns that moved a customer's segment, by Shapley values."""

import itertools
import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import DBSCAN, KMeans
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

from segmentlearn import (
    BoostedTreesClassifier,
    InductiveClusterer,
    TabularPreprocessor,
    explain,
    make_customers,
)
from segmentlearn.exceptions import SchemaError

X, Y = make_customers("automobile", 300, random_state=0)
COLUMNS = ["Gender", "Age", "Profession", "Family_Size"]
X = X[COLUMNS]
BACKGROUND = X[:40]


@pytest.fixture(scope="module")
def model():
    return make_pipeline(TabularPreprocessor(), LogisticRegression()).fit(X, Y)


class Formula(ClassifierMixin, BaseEstimator):
    """Two classes with a probability that a formula gives; nothing is learnt."""

    def __init__(self, formula=None):
        self.formula = formula

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        p = self.formula(*np.asarray(X, dtype=float).T)
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def formula_of(function):
    return Formula(function).fit(None, [0, 1])


NUMBERS = np.random.default_rng(0).random((30, 3))


def test_values_of_a_sum_are_exact():
    """Each column's value is its own term's difference from the background's mean."""
    weights = np.array([0.5, 0.2, 0.0])
    linear = formula_of(lambda a, b, c: 0.5 * a + 0.2 * b + 0 * c)
    found = explain(linear, NUMBERS, segment=1)
    np.testing.assert_allclose(found.values, weights * (NUMBERS - NUMBERS.mean(axis=0)))


def test_values_with_interactions_are_shapley_values():
    """They agree with those over all orders and backgrounds, within their errors."""

    def product(a, b, c):
        return a * b * (0.5 + c / 2)

    own, others = NUMBERS[0], NUMBERS[10:]
    exact = np.zeros(3)
    for order in itertools.permutations(range(3)):
        mixed = others.copy()
        for column in order:
            before = product(*mixed.T).mean()
            mixed[:, column] = own[column]
            exact[column] += (product(*mixed.T).mean() - before) / math.factorial(3)
    found = explain(
        formula_of(product), own[None], background=others, segment=1, n_permutations=800
    )
    np.testing.assert_array_less(abs(found.values - exact), 4 * found.standard_errors)
    np.testing.assert_allclose(found.values[0], exact, atol=0.01)


def test_values_add_up_to_the_probability(model):
    """From the mean of the background, for the segment that is predicted."""
    found = explain(model, X[100:120], background=BACKGROUND)
    proba = model.predict_proba(X[100:120])
    assert found.segments.tolist() == model.predict(X[100:120]).tolist()
    np.testing.assert_allclose(found.probabilities, proba.max(axis=1), rtol=1e-5)
    total = found.base_values + found.values.sum(axis=1)
    np.testing.assert_allclose(total, found.probabilities)
    mean = model.predict_proba(BACKGROUND).mean(axis=0)
    expected = mean[proba.argmax(axis=1)]
    np.testing.assert_allclose(found.base_values, expected, rtol=1e-5)


def test_a_customer_has_the_same_reasons_beside_others(model):
    """And in frames of any kind; further columns change nothing."""
    found = explain(model, X[100:120], background=BACKGROUND)
    alone = explain(model, X[119:120], background=BACKGROUND.assign(other=1))
    np.testing.assert_allclose(alone.values[0], found.values[-1], atol=1e-6)
    frame = pl.from_pandas(X[100:120])
    other = explain(model, frame, background=pl.from_pandas(BACKGROUND))
    np.testing.assert_allclose(other.values, found.values, atol=1e-6)
    assert found.to_frame().index.equals(X.index[100:120])


def test_a_column_that_is_left_out_has_no_value():
    """An identifier is never mixed, and may be absent from the background."""
    table = X.assign(customer=[f"C{number:05}" for number in range(300)])
    with pytest.warns(UserWarning, match="identifier"):
        model = BoostedTreesClassifier(max_iter=5, random_state=0).fit(table, Y)
    found = explain(model, table[:3], background=BACKGROUND)
    assert (found.to_frame()["customer"] == 0).all()
    assert (found.to_frame()["Age"] != 0).all()


def test_cells_of_other_types_are_mixed(model):
    """Categories with other levels, missing cells, a background of objects."""
    table = X[100:105].astype({"Gender": "category", "Profession": "category"})
    expected = explain(model, X[100:105], background=BACKGROUND)
    others = BACKGROUND.astype(object)
    found = explain(model, table, background=others)
    np.testing.assert_allclose(found.values, expected.values, atol=1e-6)
    found = explain(model, table, background=BACKGROUND.astype({"Gender": "category"}))
    np.testing.assert_allclose(found.values, expected.values, atol=1e-6)


def test_segments_without_probabilities():
    """A segment counts 1 where it is predicted, noise as well."""
    spots = np.repeat([[0.0, 0.0], [0.0, 9.0]], 30, axis=0)
    spots += np.random.default_rng(0).normal(0, 0.1, spots.shape)
    found = explain(KMeans(2, random_state=0).fit(spots), spots)
    assert set(found.probabilities) == {1.0}
    assert found.base_values.tolist() == [0.5] * 60
    assert (found.values[:, 1] > 0.4).all()
    clusterer = InductiveClusterer(DBSCAN(1.0)).fit(spots)
    far = explain(clusterer, [[0.0, 5.0]], background=spots)
    assert far.segments.tolist() == [-1]
    np.testing.assert_allclose(far.values, [[0.0, 1.0]])


def test_reasons_in_words(model):
    """The largest first, with a sign; missing cells by name, hardly any left out."""
    table = pd.DataFrame(
        [["Male", 23, None, 1.0], ["Female", 61, "Artist", np.nan]], columns=COLUMNS
    )
    found = explain(model, table, background=BACKGROUND, segment="D")
    reasons, values = found.reasons(4), found.to_frame()
    assert reasons.columns.tolist() == [f"reason_{number}" for number in range(1, 5)]
    texts = {
        "Age": f"Age = 23 ({values.loc[0, 'Age']:+.2f})",
        "Profession": f"Profession is missing ({values.loc[0, 'Profession']:+.2f})",
    }
    order = values.loc[0].abs().sort_values(ascending=False).index
    for name, text in texts.items():
        assert reasons.loc[0].iloc[order.get_loc(name)] == text
    n_shown = (values.abs() >= 0.005).sum(axis=1)
    assert reasons.notna().sum(axis=1).tolist() == n_shown.tolist()


def test_means_by_segment(model):
    """One row for each segment, over its customers."""
    found = explain(model, X[:60])
    means = found.by_segment()
    assert means.index.tolist() == sorted(set(found.segments))
    own = found.segments == means.index[0]
    np.testing.assert_allclose(means.iloc[0], found.values[own].mean(axis=0))


@pytest.mark.parametrize(
    ("change", "error", "part"),
    [
        ({"X": X[:5]}, ValueError, "pass background"),
        ({"background": BACKGROUND[["Age"]]}, SchemaError, "'Gender'"),
        ({"background": np.ones((5, 2))}, SchemaError, "2 column"),
        ({"segment": "E"}, ValueError, r"segment='E'.*'D'"),
        ({"n_permutations": 0}, ValueError, "n_permutations"),
        ({"model": DBSCAN()}, TypeError, "DBSCAN"),
        ({"model": LinearRegression()}, TypeError, "LinearRegression"),
    ],
)
def test_what_cannot_be_explained(model, change, error, part):
    """The error names what was passed, and the cure."""
    given = {"model": model, "X": X[:60], **change}
    with pytest.raises(error, match=part):
        explain(given.pop("model"), given.pop("X"), **given)
