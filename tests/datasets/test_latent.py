"""make_customers("latent"): segments that are there, but curved in the columns."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.cluster import KMeans
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import cross_val_predict
from sklearn.svm import SVC, SVR

from segmentlearn.datasets import make_customers
from segmentlearn.preprocessing import DistancePreprocessor

LEVELS = {
    "channel": ["shop", "web", "app", "phone", "kiosk"],  # the last is the unseen one
    "favourite_department": [
        *("food", "home", "fashion", "sport", "electronics", "garden"),
    ],
    "payment": ["card", "cash", "invoice", "wallet"],
    "household": ["single", "couple", "family", "shared"],
    "delivery": ["pickup", "home", "locker"],
}
RANGES = {  # and decimals
    "tenure": (0, 240, 0),
    "visits": (0, 2_000, 0),
    "basket_value": (0, 9_999, 2),
    "items_per_visit": (1, 50, 1),
    "discount_share": (0, 1, 3),
    "usual_hour": (0, 24, 1),
    "satisfaction": (1, 5, 1),
}
PLAIN = ["tenure", "items_per_visit", "usual_hour", "satisfaction"]
INCOMPLETE = {"favourite_department", "return_share", "online_minutes", "distance"}
HEAVY = [
    "visits",
    "basket_value",
    "days_since_visit",
    "online_minutes",
    "distance",
    "newsletter_clicks",
]


def draw(n_samples=1000, **options):
    """Give a table with its truth."""
    options = {"random_state": 0, **options}
    return make_customers("latent", n_samples, return_truth=True, **options)


def test_columns_are_mixed_and_six_noise_columns_follow():
    """Nineteen informative columns come first, then six noise columns."""
    X, y, _ = draw(20, keep_id=True)
    assert X.columns[0] == "customer_id"
    assert X.columns[20:].tolist() == [f"noise_{number}" for number in range(6)]
    columns = X.iloc[:, 1:20]
    assert list(columns.select_dtypes(exclude="number")) == list(LEVELS)
    assert columns.select_dtypes("number").shape[1] == 14
    assert y.name == "segment"


@pytest.mark.parametrize("n_noise_columns", [0, 3])
def test_number_of_noise_columns_can_be_chosen(n_noise_columns):
    """A number replaces the kind's own six."""
    X, _, _ = draw(20, n_noise_columns=n_noise_columns)
    assert sum(name.startswith("noise_") for name in X) == n_noise_columns


def test_every_column_but_noise_is_informative():
    """Each column shares information with the segment, noise columns share none."""
    X, y, _ = draw(2000, missing_scale=0)
    codes = X.apply(lambda c: c if c.dtype.kind in "if" else pd.factorize(c)[0])
    is_level = [c.dtype.kind not in "if" for _, c in X.items()]
    shared = mutual_info_classif(codes, y, discrete_features=is_level, random_state=0)
    is_noise = X.columns.str.startswith("noise_")
    assert shared[~is_noise].min() > 0.1
    assert shared[is_noise].max() < 0.05


def test_heavy_tails_are_heavy():
    """The columns with a logarithmic scale have a long right tail, the plain none."""
    X, _, _ = draw(5000)
    skewness = X.skew(numeric_only=True)
    assert skewness[HEAVY].min() > 0.9
    assert skewness[PLAIN].abs().max() < 0.8
    assert (X[HEAVY].max() > 5 * X[HEAVY].median()).all()


@pytest.mark.parametrize("drift", [0, 10])
def test_values_stay_in_their_ranges(drift):
    """Shares lie between zero and one, counts are whole and not negative."""
    X, _, _ = draw(3000, drift=drift, unseen_share=0)
    for name, (low, high, decimals) in RANGES.items():
        values = X[name].dropna()
        assert values.between(low, high).all()
        assert values.equals(values.round(decimals))
    for name, levels in LEVELS.items():
        assert set(X[name].dropna()) <= set(levels)


def test_all_levels_appear():
    """No level of a category is one of the name only."""
    X, _, _ = draw(5000)
    for name, levels in LEVELS.items():
        assert set(X[name].dropna()) == set(levels) - {"kiosk", "garden"}


@pytest.mark.parametrize("drift", [0, 1])
def test_dtypes_do_not_depend_on_the_rows(drift):
    """A column that can miss values is a float column even where it is complete."""
    single, many = draw(1, drift=drift)[0], draw(2000, drift=drift)[0]
    incomplete = many.columns[many.isna().any()]
    assert single.dtypes.drop("usual_hour").equals(many.dtypes.drop("usual_hour"))
    assert set(incomplete) - {"usual_hour"} == INCOMPLETE


def test_shares_of_segments_are_those_of_the_population():
    """Segments are unequal, and in exact shares up to rounding."""
    counts = draw(10_000)[1].value_counts().sort_index()
    few = draw(1_000, random_state=1)[1].value_counts().sort_index()
    np.testing.assert_allclose(few, counts / 10, atol=1)
    assert counts.max() > 1.1 * counts.min()


def test_weights_are_planted():
    """Weights are met exactly; a segment of weight zero has no customer."""
    _, y, truth = draw(400, n_segments=4, weights=[1, 0, 2, 1])
    assert y.value_counts().to_dict() == {2: 200, 0: 100, 3: 100}
    np.testing.assert_array_equal(truth.proba[:, 1], 0)
    np.testing.assert_allclose(truth.proba.sum(axis=1), 1)


def test_labels_are_the_planted_segments():
    """The label is the truth itself, and none is flipped."""
    _, y, truth = draw(100)
    np.testing.assert_array_equal(y, truth.segment)
    assert not truth.flipped.any()
    assert truth.latent.shape == (100, 4)
    assert truth.segment_names == [f"segment {number}" for number in range(5)]


def test_proba_is_that_of_a_gaussian_mixture():
    """The posterior is nearly that of a mixture estimated from many positions."""
    _, _, truth = draw(20_000)
    kinds = {"covariance_type": "spherical", "tol": 1e-6, "max_iter": 500}
    centers = [
        truth.latent[truth.segment == number].mean(axis=0) for number in range(5)
    ]
    mixture = GaussianMixture(5, means_init=centers, **kinds).fit(truth.latent)
    found = mixture.predict_proba(truth.latent)
    np.testing.assert_allclose(found, truth.proba, atol=0.1)


@pytest.mark.parametrize("n_segments", [2, 8, 20])
@pytest.mark.parametrize("population", [0, 1])
def test_segments_are_clear_in_the_latent_dimensions(n_segments, population):
    """Who knows the position knows the segment nearly always."""
    _, y, truth = draw(2000, n_segments=n_segments, population=population)
    assert y.nunique() == n_segments
    best = truth.proba.argmax(axis=1)
    assert adjusted_rand_score(y, best) > 0.9
    assert (best == y).mean() == pytest.approx(truth.bayes_accuracy, abs=0.015)


@pytest.mark.parametrize("population", [0, 1, 2])
def test_classifiers_find_the_segments_but_distances_do_not(population):
    """A classifier finds the segments again, KMeans only partly."""
    X, y, _ = draw(1500, population=population)
    features = DistancePreprocessor().fit_transform(X)
    taught = cross_val_predict(SVC(C=3), features, y, cv=3)
    found = KMeans(5, n_init=5, random_state=0).fit_predict(features)
    scores = adjusted_rand_score(y, taught), adjusted_rand_score(y, found)
    assert scores[0] > 0.8
    assert 0.35 < scores[1] < scores[0] - 0.05


def test_latent_position_is_found_by_a_mixture():
    """The clouds are normal where nobody looks: a Gaussian mixture fits them."""
    _, y, truth = draw(1500)
    found = GaussianMixture(5, n_init=3, random_state=0).fit_predict(truth.latent)
    assert adjusted_rand_score(y, found) > 0.9


def test_map_is_the_same_for_any_seed_and_size():
    """A model of the columns, learnt on one table, holds for a table of another."""
    X, y, _ = draw(1500, missing_scale=0)
    new, y_new, _ = draw(400, missing_scale=0, random_state=1)
    preparation = DistancePreprocessor().fit(X)
    model = SVC(C=3).fit(preparation.transform(X), y)
    assert model.score(preparation.transform(new), y_new) > 0.85
    other, y_other, _ = draw(400, missing_scale=0, population=1)
    assert model.score(preparation.transform(other), y_other) < 0.6


def test_map_does_not_depend_on_segments_or_shares():
    """A model from positions to a column holds for other segments of the population."""
    X, _, truth = draw(2_000, n_segments=20, population=3)
    model = SVR(C=10).fit(truth.latent, X["satisfaction"])
    X, _, truth = draw(1_000, n_segments=2, weights=[1, 9], population=3)
    inside = np.linalg.norm(truth.latent, axis=1) < 1
    assert model.score(truth.latent[inside], X["satisfaction"][inside]) > 0.6
    X, _, truth = draw(1_000, n_segments=20, population=4)
    assert model.score(truth.latent, X["satisfaction"]) < 0


def test_more_segments_keep_the_first():
    """A further segment leaves the centres of the others where they were."""
    few, many = (draw(9_000, n_segments=n)[2] for n in (4, 9))
    for number in range(4):
        means = [t.latent[t.segment == number].mean(axis=0) for t in (few, many)]
        np.testing.assert_allclose(*means, atol=0.05)


def test_population_none_is_population_zero():
    """The default is one population, whatever the random state."""
    assert_frame_equal(draw(50)[0], draw(50, population=0)[0])
    assert not draw(50)[0].equals(draw(50, population=1)[0])


def test_options_leave_positions_alone():
    """Missing cells, unseen levels, noise columns and drift change no position."""
    _, y, truth = draw(100)
    options = {"missing_scale": 3, "unseen_share": 0.5, "drift": 2, "keep_id": True}
    _, y_other, other = draw(100, n_noise_columns=0, **options)
    assert y.equals(y_other)
    np.testing.assert_array_equal(truth.latent, other.latent)


def test_online_minutes_are_missing_for_old_customers():
    """Some missing cells depend on a complete column."""
    X, _, _ = draw(20_000)
    missing = X["online_minutes"].isna()
    old, young = X["tenure"].quantile([0.75, 0.25])
    assert missing[X["tenure"] > old].mean() > 1.3 * missing[X["tenure"] < young].mean()


def test_drift_makes_later_levels_more_frequent():
    """The last way of payment gains, the first loses."""
    before = draw(5000)[0]["payment"].value_counts(normalize=True)
    after = draw(5000, drift=1)[0]["payment"].value_counts(normalize=True)
    assert after["wallet"] > before["wallet"] + 0.03
    assert after["card"] < before["card"] - 0.03
