"""BoostedTreesClassifier: raw tables, folds to stop on, and how trees are stored."""

import io
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from segmentlearn import BoostedTreesClassifier, load, make_customers, save


@pytest.fixture(scope="module")
def customers():
    """A raw table with text, missing cells, a constant and an empty column."""
    X, y = make_customers("automobile", 300, random_state=0)
    X["one level"] = "same"
    X["amount"] = np.random.default_rng(0).choice(["1,200 €", "80 €", None], 300)
    return X, y


@pytest.fixture(scope="module")
def trees(customers):
    """Trees over three folds, fitted."""
    return BoostedTreesClassifier(0.2, cv=3, random_state=0).fit(*customers)


@pytest.fixture(scope="module")
def dates():
    """Answers that depend on the day of the year, in columns of day and month."""
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "month": random.choice([f"m{i}" for i in range(8)], 3000),
            "day": random.integers(1, 9, 3000),
            "age": random.normal(40, 10, 3000),
        }
    )
    busy = random.random((8, 9)) < 0.3
    chance = np.where(busy[X["month"].str[1:].astype(int), X["day"]], 0.8, 0.1)
    return X, (random.random(3000) < chance).astype(int)


@pytest.fixture(scope="module")
def of_pairs(dates):
    """Trees that were given the means of pairs, fitted."""
    return BoostedTreesClassifier(cv=3, random_state=0).fit(*dates)


def test_pairs_of_columns_tell_what_each_alone_does_not(of_pairs, dates):
    """Trees of few leaves find the days of the year only with them."""
    plain = BoostedTreesClassifier(cv=3, random_state=0, pairs=False).fit(*dates)
    n_features = {trees.n_features_in_ for trees in of_pairs.estimators_}
    assert n_features == {plain.estimators_[0].n_features_in_ + 1}
    with_pairs, without = (
        log_loss(dates[1], found.oof_proba_) for found in (of_pairs, plain)
    )
    assert with_pairs < without - 0.01


def test_sums_of_columns_need_no_pairs():
    """Nothing is added where no pair says more than its columns do."""
    random = np.random.default_rng(0)
    X = random.normal(size=(2000, 4))
    y = (X.sum(axis=1) + random.normal(size=2000) > 0).astype(int)
    found = BoostedTreesClassifier(cv=2, random_state=0).fit(X, y)
    assert {trees.n_features_in_ for trees in found.estimators_} == {4}


def test_cells_that_no_training_row_had(of_pairs, dates):
    """Unseen levels and missing cells get probabilities, too."""
    new = dates[0].head(3).assign(month=["m0", "new", None], day=[99, None, 3])
    assert np.isfinite(of_pairs.predict_proba(new)).all()


def test_raw_table_and_text_labels(trees, customers):
    """Probabilities are of the labels in their order."""
    X, y = customers
    probabilities = trees.predict_proba(X)
    assert probabilities.shape == (300, 4)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert (trees.predict(X) == y).mean() > (y == pd.Series(y).mode()[0]).mean()


def test_chunks_of_rows_are_scored_as_all_are(trees, customers, monkeypatch):
    """To the last bit, and in their order."""
    X, _ = customers
    whole = trees.predict_proba(X)
    monkeypatch.setattr("segmentlearn.ensemble._row_threads._CHUNK", 40)
    np.testing.assert_array_equal(trees.predict_proba(X), whole)


@pytest.mark.parametrize("n_leaves", [4, 12, 30, 60, 80])
@pytest.mark.parametrize("thresholds", [[0], [-1, 1]], ids=["two", "three"])
def test_many_rows_are_scored_as_a_few_are(thresholds, n_leaves):
    """To the last bit, whatever the number of leaves and of classes."""
    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(1200, 3)), 2)
    y = np.digitize(np.sin(3 * X[:, 0]) + X[:, 1], thresholds)
    model = BoostedTreesClassifier(
        max_iter=4,
        max_leaf_nodes=n_leaves,
        min_samples_leaf=2,
        cv=2,
        preprocessor=None,
        random_state=0,
    ).fit(X, y)
    few = [model.predict_proba(part) for part in np.split(X, 4)]
    np.testing.assert_array_equal(model.predict_proba(X), np.concatenate(few))


def test_boosting_stops_on_the_fold(trees):
    """Long before the most trees that there may be."""
    assert len(trees.estimators_) == 3
    assert max(trees.n_iter_) < 100


def test_out_of_fold_probabilities_are_of_trees_that_held_the_row_out(trees, customers):
    """They are worse than those of all trees."""
    X, y = customers
    assert np.isfinite(trees.oof_proba_).all()
    inside, outside = (
        roc_auc_score(y, found, multi_class="ovo")
        for found in (trees.predict_proba(X), trees.oof_proba_)
    )
    assert outside < inside


def test_one_in_a_hundred():
    """A class of a few rows is in every fold, and found by rank."""
    random = np.random.default_rng(0)
    X = random.normal(size=(1000, 3))
    y = (X[:, 0] + 0.3 * random.normal(size=1000) > 2.35).astype(int)
    found = BoostedTreesClassifier(random_state=0).fit(X, y)
    assert 5 < y.sum() < 20
    assert roc_auc_score(y, found.oof_proba_[:, 1]) > 0.9


@pytest.mark.parametrize("fitted", [("trees", "customers"), ("of_pairs", "dates")])
def test_travels_without_a_bit_of_difference(fitted, request):
    """As a pickle and as an archive."""
    trees, (X, _) = map(request.getfixturevalue, fitted)
    file = io.BytesIO()
    save(trees, file)
    for copy in (load(file), pickle.loads(pickle.dumps(trees))):
        assert np.array_equal(copy.predict_proba(X), trees.predict_proba(X))
        assert copy.n_iter_ == trees.n_iter_


@pytest.mark.parametrize(
    ("field", "value"),
    [("left", 2**31), ("right", 0), ("feature_idx", 999), ("feature_idx", -1)],
)
def test_stored_tree_that_leads_astray_is_refused(trees, field, value):
    """Nodes are looked up without any check once they are read."""
    state = trees.__getstate__()
    state["_trees"][field][0] = value
    with pytest.raises(ValueError, match="damaged"):
        BoostedTreesClassifier().__setstate__(state)


def test_trees_stay_where_they_are(trees):
    """Storing takes nothing from the fitted trees."""
    before = trees.estimators_[0]._predictors[0][0].nodes.copy()
    pickle.dumps(trees)
    assert np.array_equal(trees.estimators_[0]._predictors[0][0].nodes, before)


def test_categories_of_many_levels_tell_no_labels():
    """Target means would let trees know the labels of the rows held out."""
    random = np.random.default_rng(0)
    X = pd.DataFrame({"city": random.choice([f"c{i}" for i in range(60)], 600)})
    y = random.integers(0, 2, 600)
    found = BoostedTreesClassifier(random_state=0).fit(X, y)
    assert set(found.preprocessor_.encoder_.column_encodings_.values()) == {"onehot"}
