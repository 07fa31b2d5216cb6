"""Autoencoder: codes, and the way back."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import Autoencoder, load, save
from segmentlearn.exceptions import SegmentLearnWarning


def tiny(**parameters):
    """Return an autoencoder whose fits in this file share a program."""
    settings = {
        "hidden_layer_sizes": (8,),
        "n_components": 2,
        "max_epochs": 5,
        "batch_size": 16,
        "random_state": 0,
        **parameters,
    }
    return Autoencoder(**settings)


@pytest.fixture(scope="module")
def customers():
    """Eighty customers of two kinds: numbers with missing values, and a category."""
    rng = np.random.default_rng(0)
    kind = np.arange(80) % 2
    age = 30 + 25 * kind + rng.normal(0, 2, 80)
    age[::20] = np.nan
    return pd.DataFrame(
        {
            "age": age,
            "income": 20 + 50 * kind + rng.normal(0, 4, 80),
            "score": 80 - 40 * kind + rng.normal(0, 4, 80),
            "job": np.where(kind == 1, "Judge", "Artist"),
        }
    )


@pytest.fixture(scope="module")
def fitted(customers):
    """An autoencoder that has learnt the two kinds."""
    return tiny(max_epochs=60, learning_rate=0.01).fit(customers)


@pytest.mark.slow
def test_codes_are_few(fitted, customers):
    """One row each, as many numbers as asked for."""
    codes = fitted.transform(customers)
    assert codes.shape == (80, 2)
    assert np.isfinite(codes).all()


@pytest.mark.slow
def test_customers_come_back(fitted, customers):
    """Numbers nearly, categories as they were, in the columns of the table."""
    back = fitted.inverse_transform(fitted.transform(customers))
    assert list(back) == list(customers)
    assert (back["job"] == customers["job"]).mean() == 1.0
    known = customers["age"].notna()
    assert np.corrcoef(back["age"][known], customers["age"][known])[0, 1] > 0.95


@pytest.mark.slow
def test_odd_customers_score_low(fitted, customers):
    """A judge with an artist's numbers is like nobody."""
    odd = customers.iloc[[1]].assign(job="Artist", income=300.0)
    scores = fitted.score_samples(customers)
    assert fitted.score_samples(odd)[0] < scores.min()
    assert fitted.score(customers) == pytest.approx(scores.mean())


@pytest.mark.slow
def test_scores_are_the_loss(customers):
    """Of mean squared error: that of the features that come back, below 0."""
    coder = tiny(loss="mse").fit(customers)
    features = coder.preprocessor_.transform(customers)
    back = np.asarray(coder.model_(features))
    expected = -np.mean((features - back) ** 2, axis=1)
    np.testing.assert_allclose(coder.score_samples(customers), expected, rtol=1e-4)


@pytest.mark.slow
def test_history_tells_training_and_held_out_rows(fitted):
    """The best epoch is counted from 1."""
    assert set(fitted.history_) == {"loss", "val_loss", "learning_rate"}
    best = int(np.argmin(fitted.history_["val_loss"])) + 1
    assert fitted.best_epoch_ == best


@pytest.mark.slow
def test_without_early_stopping_all_rows_are_learnt_from(customers):
    """And all epochs are trained."""
    coder = tiny(early_stopping=False).fit(customers)
    assert coder.n_iter_ == 5
    assert coder.best_epoch_ is None
    assert "val_loss" not in coder.history_


def test_few_rows_hold_none_out(customers):
    """Nine rows in ten of forty would say nothing."""
    assert tiny().fit(customers[:40]).best_epoch_ is None


def test_same_seed_same_codes(customers):
    """Bit for bit; another seed gives others."""
    codes = [
        tiny(random_state=seed).fit_transform(customers).tolist() for seed in (1, 1, 2)
    ]
    assert codes[0] == codes[1] != codes[2]


@pytest.mark.slow
def test_it_starts_from_the_principal_components(customers):
    """After hardly any training rows come back as well as from as many components."""
    coder = tiny(loss="mse", noise=0.0, max_epochs=1, learning_rate=1e-6)
    coder.fit(customers)
    features = np.asarray(coder.preprocessor_.transform(customers), np.float64)
    centred = features - features.mean(axis=0)
    left = np.linalg.svd(centred, compute_uv=False)[2:]
    best = (left**2).sum() / features.size
    assert -coder.score(customers) < best * 1.3 + 1e-3


@pytest.mark.slow
def test_a_code_as_wide_as_the_table_is_worth_a_warning(customers):
    """It compresses nothing."""
    numbers = customers[["income", "score"]].to_numpy() / 100
    with pytest.warns(SegmentLearnWarning, match="n_components=2 is not less than"):
        tiny(max_epochs=1).fit(numbers)


@pytest.mark.slow
@pytest.mark.parametrize(("n_columns", "expected"), [(3, 2), (12, 6), (40, 10)])
def test_length_of_the_code_by_default(n_columns, expected):
    """Half the columns, from two to ten."""
    X = np.random.default_rng(0).normal(size=(60, n_columns))
    assert tiny(n_components="auto", max_epochs=1).fit(X).n_components_ == expected


@pytest.mark.slow
def test_published_net_of_the_mall_customers(customers):
    """Three numbers in, six units, three codes, six units, three numbers out."""
    coder = Autoencoder.from_preset("mall", max_epochs=1, random_state=0)
    with pytest.warns(SegmentLearnWarning, match="compresses nothing"):
        coder.fit(customers[["income", "score"]].assign(age=40.0 + np.arange(80)))
    shapes = [weight.shape for weight in coder.model_.get_weights()]
    assert shapes == [(3, 6), (6,), (6, 3), (3,), (3, 6), (6,), (6, 3), (3,)]
    assert coder.batch_size == 8
    with pytest.raises(ValueError, match="preset 'shop' is not one of"):
        Autoencoder.from_preset("shop")


@pytest.mark.slow
def test_codes_of_another_length_are_refused(fitted):
    """The error says how long a code is."""
    with pytest.raises(ValueError, match="X has 3 columns; a code has 2"):
        fitted.inverse_transform(np.zeros((1, 3)))


@pytest.mark.slow
def test_names_of_the_codes(fitted, customers):
    """Frames on request, named as scikit-learn names components."""
    framed = pickle.loads(pickle.dumps(fitted)).set_output(transform="pandas")
    assert list(framed.transform(customers)) == ["autoencoder0", "autoencoder1"]


@pytest.mark.slow
def test_saved_and_loaded(fitted, customers, tmp_path):
    """The archive codes and decodes as the fitted one does."""
    save(fitted, tmp_path / "coder.seg")
    loaded = load(tmp_path / "coder.seg")
    codes = fitted.transform(customers)
    np.testing.assert_array_equal(loaded.transform(customers), codes)
    pd.testing.assert_frame_equal(
        loaded.inverse_transform(codes), fitted.inverse_transform(codes)
    )


@pytest.mark.slow
def test_searched_in_a_pipeline(customers):
    """The held-out likelihood chooses."""
    numbers = customers[["income", "score"]].assign(
        sum=customers.sum(axis=1, numeric_only=True)
    )
    search = GridSearchCV(
        make_pipeline(StandardScaler(), tiny(max_epochs=2)),
        {"autoencoder__noise": [0.1, 0.2]},
        cv=2,
    ).fit(numbers)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.slow
def test_a_clone_is_not_fitted(fitted):
    """Parameters only."""
    assert not hasattr(clone(fitted), "model_")
