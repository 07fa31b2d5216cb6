"""make_customers: its tables look like the real ones and its truth is true."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, adjusted_rand_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn.datasets import make_customers

KINDS = ["automobile", "bank", "mall", "latent"]


def dummies(X):
    """A complete numeric matrix: one column a level, missing cells as the median."""
    return pd.get_dummies(X.fillna(X.median(numeric_only=True))).astype(float)


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_gives_same_table(kind):
    """Two calls with one integer agree in everything."""
    first = make_customers(kind, 300, random_state=7, return_truth=True)
    second = make_customers(kind, 300, random_state=7, return_truth=True)
    assert_frame_equal(first[0], second[0])
    assert_series_equal(first[1], second[1])
    np.testing.assert_array_equal(first[2].proba, second[2].proba)


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_gives_another_table(kind):
    """The random state matters."""
    X, _ = make_customers(kind, 50, random_state=0)
    assert not X.equals(make_customers(kind, 50, random_state=1)[0])


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_random_state_may_be_a_generator(make):
    """A generator is drawn from: it repeats when made anew, and moves when reused."""
    rng = make(3)
    first, _ = make_customers(n_samples=40, random_state=rng)
    again, _ = make_customers(n_samples=40, random_state=rng)
    assert not first.equals(again)
    assert_frame_equal(first, make_customers(n_samples=40, random_state=make(3))[0])


def test_global_random_state_is_not_touched_by_a_seeded_call():
    """A seeded call leaves NumPy's global generator where it was."""
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_customers(n_samples=10, random_state=0)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("kind", ["automobile", "bank", "latent"])
def test_missing_values_and_noise_columns_change_no_customer(kind):
    """The same seed with other side options gives the same values and labels."""
    plain, y_plain = make_customers(kind, 200, missing_scale=0, random_state=0)
    plain = plain.loc[:, ~plain.columns.str.startswith("noise_")]
    other, y_other = make_customers(
        kind, 200, missing_scale=3, n_noise_columns=2, keep_id=True, random_state=0
    )
    assert_series_equal(y_plain, y_other)
    shared = other[plain.columns]
    assert shared.isna().any(axis=None)
    if kind == "bank":
        never = plain["days_since_prev_campaign_contact"] == -1
        assert shared["days_since_prev_campaign_contact"][never].isna().all()
        plain = plain.drop(columns="days_since_prev_campaign_contact")
    for name in plain:
        seen = shared[name].notna()
        assert (plain[name][seen] == shared[name][seen]).all()


@pytest.mark.parametrize(
    ("kind", "shares"),
    [
        ("automobile", {"A": 2323, "B": 1972, "C": 2348, "D": 3357}),
        ("bank", {0: 8930, 1: 1070}),
        ("mall", {0: 4000, 1: 1750, 2: 1950, 3: 1150, 4: 1150}),
    ],
)
def test_default_class_shares(kind, shares):
    """Without flipped labels the class shares are exact."""
    flip = {} if kind == "mall" else {"flip_y": 0}
    _, y = make_customers(kind, 10_000, random_state=0, **flip)
    assert y.value_counts().sort_index().to_dict() == shares


def test_weights_set_the_class_shares():
    """Weights are scaled to one and met exactly before labels are flipped."""
    _, y = make_customers("bank", 1000, weights=[1, 1], flip_y=0, random_state=0)
    assert y.sum() == 500


def test_flipping_keeps_the_class_shares():
    """Labels drawn anew come from the class shares, so the rare class stays rare."""
    _, y = make_customers("bank", 20_000, flip_y=1.0, random_state=0)
    assert y.mean() == pytest.approx(0.107, abs=0.007)


def test_a_class_of_weight_zero_does_not_appear():
    """A class without weight has no rows and probability zero."""
    _, y, truth = make_customers(
        weights=[1, 0, 1, 1], return_truth=True, random_state=0
    )
    assert sorted(y.unique()) == ["A", "C", "D"]
    np.testing.assert_array_equal(truth.proba[:, 1], 0)


def test_small_tables_have_the_rare_class():
    """Ten bank customers hold the one subscriber that the share asks for."""
    _, y = make_customers("bank", 10, flip_y=0, random_state=0)
    assert y.sum() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_one_row(kind):
    """A table of one row is generated, with its truth."""
    X, y, truth = make_customers(kind, 1, return_truth=True, random_state=0)
    assert len(X) == len(y) == len(truth.proba) == 1


@pytest.mark.parametrize(
    ("kind", "column", "share"),
    [
        ("automobile", "Work_Experience", 0.103),
        ("automobile", "Family_Size", 0.042),
        ("automobile", "Profession", 0.015),
        ("automobile", "Age", 0.0),
        ("bank", "days_since_prev_campaign_contact", 0.816),
        ("bank", "customer_age", 0.020),
        ("bank", "job_type", 0.0),
        ("latent", "online_minutes", 0.05),
        ("latent", "favourite_department", 0.03),
        ("latent", "tenure", 0.0),
    ],
)
def test_shares_of_missing_values_are_the_real_ones(kind, column, share):
    """The columns miss as many values as those of the real table."""
    X, _ = make_customers(kind, 20_000, random_state=0)
    assert X[column].isna().mean() == pytest.approx(share, abs=0.01)


def test_some_missing_values_depend_on_an_observed_column():
    """Work experience is missing more often for older customers."""
    X, _ = make_customers(n_samples=20_000, random_state=0)
    missing = X["Work_Experience"].isna()
    assert missing[X["Age"] > 60].mean() > 1.5 * missing[X["Age"] < 30].mean()


@pytest.mark.parametrize("kind", KINDS)
def test_missing_scale_zero_leaves_no_missing_value(kind):
    """At scale 0 every cell is filled, even in a drifting table."""
    X, _ = make_customers(kind, 500, missing_scale=0, drift=1, random_state=0)
    assert not X.isna().any(axis=None)


def test_missing_scale_multiplies_up_to_a_limit():
    """Twice the scale is twice the missing cells; no column loses all its values."""
    X, _ = make_customers(n_samples=20_000, missing_scale=2, random_state=0)
    assert X["Work_Experience"].isna().mean() == pytest.approx(0.206, abs=0.01)
    X, _ = make_customers(n_samples=2000, missing_scale=1000, random_state=0)
    assert X["Family_Size"].notna().any()


def test_previous_campaign_columns_agree():
    """Days and number of contacts exist exactly where an outcome is known."""
    X, _ = make_customers("bank", 2000, random_state=0)
    never = X["prev_campaign_outcome"] == "unknown"
    assert X["days_since_prev_campaign_contact"].isna().equals(never)
    assert (X["num_contacts_prev_campaign"] == 0).equals(never)


@pytest.mark.parametrize(
    ("kind", "column", "low", "high"),
    [
        ("automobile", "Age", 18, 89),
        ("automobile", "Work_Experience", 0, 14),
        ("automobile", "Family_Size", 1, 9),
        ("bank", "customer_age", 18, 97),
        ("bank", "balance", -8020, 102_128),
        ("bank", "last_contact_duration", 0, 4900),
        ("mall", "Age", 18, 70),
        ("mall", "Annual Income (k$)", 15, 137),
        ("mall", "Spending Score (1-100)", 1, 99),
    ],
)
@pytest.mark.parametrize("drift", [0, 3])
def test_numbers_are_whole_and_in_range(kind, column, low, high, drift):
    """Numbers keep to the real ranges, however far the table drifts."""
    X, _ = make_customers(kind, 5000, drift=drift, random_state=0)
    values = X[column].dropna()
    assert values.between(low, high).all()
    assert (values % 1 == 0).all()


def test_rare_levels_appear():
    """Each table has levels of about one percent."""
    X, _ = make_customers(n_samples=5000, random_state=0)
    assert 0.004 < (X["Var_1"] == "Cat_5").mean() < 0.02
    X, _ = make_customers("bank", 5000, random_state=0)
    assert 0.002 < (X["job_type"] == "unknown").mean() < 0.015


@pytest.mark.parametrize(
    ("kind", "column", "level"),
    [
        ("automobile", "Profession", "Data Scientist"),
        ("automobile", "Var_1", "Cat_8"),
        ("bank", "job_type", "gig worker"),
        ("bank", "education", "vocational"),
        ("mall", "Gender", "Diverse"),
        ("latent", "channel", "kiosk"),
        ("latent", "favourite_department", "garden"),
    ],
)
def test_unseen_share_plants_new_levels(kind, column, level):
    """A level that the table never has otherwise gets the share asked for."""
    X, _ = make_customers(kind, 5000, random_state=0)
    assert level not in X[column].unique()
    X, _ = make_customers(kind, 5000, unseen_share=0.2, random_state=0)
    assert (X[column] == level).mean() == pytest.approx(0.2, abs=0.025)


@pytest.mark.parametrize(
    ("kind", "number", "complete", "unseen"),
    [
        ("automobile", "Age", "Spending_Score", ("Var_1", "Cat_8")),
        ("bank", "balance", "housing_loan", ("job_type", "gig worker")),
        ("mall", "Annual Income (k$)", "Annual Income (k$)", ("Gender", "Diverse")),
        ("latent", "tenure", "usual_hour", ("channel", "kiosk")),
    ],
)
def test_drift_moves_numbers_adds_levels_and_missing_values(
    kind, number, complete, unseen
):
    """Drift raises numbers, brings unseen levels, and missing cells where none were."""
    before, _ = make_customers(kind, 5000, random_state=0)
    after, _ = make_customers(kind, 5000, drift=1, random_state=0)
    assert after[number].mean() > 1.05 * before[number].mean()
    assert not before[complete].isna().any()
    assert after[complete].isna().any()
    assert (after[unseen[0]] == unseen[1]).mean() == pytest.approx(0.03, abs=0.01)
    assert after.isna().to_numpy().sum() > before.isna().to_numpy().sum()


def test_drift_keeps_the_class_shares():
    """Drift moves the customers, not how frequent the classes are."""
    _, y = make_customers("bank", 1000, drift=1, flip_y=0, random_state=0)
    assert y.sum() == 107


def test_drift_accepts_a_switch():
    """True is a drift of 1."""
    switched, _ = make_customers(n_samples=50, drift=True, random_state=0)
    assert_frame_equal(
        switched, make_customers(n_samples=50, drift=1.0, random_state=0)[0]
    )


def test_noise_columns_alternate():
    """Noise columns are alternately numbers and categories, named in order."""
    X, _ = make_customers("mall", 100, n_noise_columns=3, random_state=0)
    assert X.columns[-3:].tolist() == ["noise_0", "noise_1", "noise_2"]
    assert X["noise_0"].dtype == np.float64
    assert sorted(X["noise_1"].unique()) == [f"level_{i}" for i in range(5)]


@pytest.mark.parametrize("kind", KINDS)
def test_identifiers_are_unique(kind):
    """No two customers share an identifier."""
    X, _ = make_customers(kind, 1000, keep_id=True, random_state=0)
    assert X.iloc[:, 0].is_unique


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("drift", [0.0, 1.0])
def test_true_probabilities_are_calibrated(kind, drift):
    """Among rows given a class with probability p, a share p has that label."""
    _, y, truth = make_customers(
        kind, 40_000, drift=drift, return_truth=True, random_state=0
    )
    np.testing.assert_allclose(truth.proba.sum(axis=1), 1)
    for column, label in enumerate(truth.classes):
        p = truth.proba[:, column]
        hit = (y == label).to_numpy()
        band = np.digitize(p, [0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
        for number in np.unique(band):
            rows = band == number
            if rows.sum() > 300:
                error = 4 * np.sqrt(0.25 / rows.sum())
                assert p[rows].mean() == pytest.approx(hit[rows].mean(), abs=error)


@pytest.mark.parametrize(("kind", "accuracy"), [("automobile", 0.585), ("bank", 0.917)])
def test_bayes_accuracy_is_what_the_truth_reaches(kind, accuracy):
    """The likeliest label of each row is right as often as the truth says."""
    _, y, truth = make_customers(kind, 40_000, return_truth=True, random_state=0)
    best = truth.classes[truth.proba.argmax(axis=1)]
    assert truth.bayes_accuracy == pytest.approx(accuracy, abs=0.008)
    assert accuracy_score(y, best) == pytest.approx(truth.bayes_accuracy, abs=0.008)


def test_truth_of_flipped_labels():
    """With all labels drawn anew the features say nothing about them."""
    _, _, truth = make_customers(
        "automobile", 200, flip_y=1.0, return_truth=True, random_state=0
    )
    assert truth.flipped.all()
    np.testing.assert_allclose(truth.proba - truth.proba[0], 0, atol=1e-12)


def test_truth_names_segments_and_classes():
    """Each row's segment has a name; the classes are the sorted labels."""
    _, y, truth = make_customers("automobile", 500, return_truth=True, random_state=0)
    assert len(truth.segment_names) == 10
    assert set(truth.segment) == set(range(10))
    assert truth.classes.tolist() == sorted(y.unique())


def test_mall_labels_are_the_planted_segments():
    """For the mall, y is the truth itself."""
    _, y, truth = make_customers("mall", 100, return_truth=True, random_state=0)
    np.testing.assert_array_equal(y, truth.segment)


def test_duration_is_a_leak():
    """The call's duration predicts the outcome better than all the rest does."""
    X, y, truth = make_customers(
        "bank", 20_000, flip_y=0, return_truth=True, random_state=0
    )
    known = X["last_contact_duration"].notna()
    assert roc_auc_score(y[known], X["last_contact_duration"][known]) > 0.78
    before = roc_auc_score(y, truth.proba_before_contact[:, 1])
    assert 0.78 < before < roc_auc_score(y, truth.proba[:, 1]) - 0.05


@pytest.mark.slow
def test_automobile_has_more_than_linear_structure():
    """Boosting beats logistic regression clearly, and doesn't beat the truth."""
    X, y, truth = make_customers(n_samples=12_000, return_truth=True, random_state=0)
    data = dummies(X)
    train, test = slice(0, 8000), slice(8000, None)
    linear = make_pipeline(
        StandardScaler(), LogisticRegression(solver="newton-cholesky")
    )
    boosting = HistGradientBoostingClassifier(
        learning_rate=0.06, max_leaf_nodes=12, random_state=0
    )
    scores = [
        model.fit(data[train], y[train]).score(data[test], y[test])
        for model in (linear, boosting)
    ]
    best = accuracy_score(y[test], truth.classes[truth.proba[test].argmax(axis=1)])
    assert scores[1] > scores[0] + 0.02
    assert scores[1] <= best


@pytest.mark.parametrize("n_segments", [2, 3, 4, 5, 6, 7, 8, 12])
def test_mall_segments_are_well_separated(n_segments):
    """KMeans on scaled age, income and score finds the planted segments again."""
    X, y = make_customers("mall", 600, n_segments=n_segments, random_state=0)
    data = StandardScaler().fit_transform(X.drop(columns="Gender"))
    found = KMeans(n_segments, n_init=20, random_state=0).fit_predict(data)
    assert y.nunique() == n_segments
    assert adjusted_rand_score(y, found) > 0.93


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "boat"}, "'kind' parameter of make_customers"),
        ({"n_samples": 0}, "'n_samples' parameter"),
        ({"drift": -1}, "'drift' parameter"),
        ({"flip_y": 1.5}, "'flip_y' parameter"),
        ({"kind": "mall", "n_segments": 1}, "'n_segments' parameter"),
        ({"kind": "bank", "n_segments": 3}, "n_segments=3 is only for kind='mall' or"),
        ({"kind": "mall", "flip_y": 0.1}, "flip_y=0.1 is not for kind='mall'"),
        ({"kind": "latent", "flip_y": 0.1}, "flip_y=0.1 is not for kind='latent'"),
        ({"population": 1}, "population=1 is only for kind='latent'"),
        ({"kind": "latent", "population": -1}, "'population' parameter"),
        ({"kind": "latent", "n_segments": 21}, "'n_segments' parameter"),
        ({"kind": "latent", "weights": [1, 2]}, "must be 5 numbers"),
        ({"weights": [1, 2]}, r"weights=\[1, 2\] must be 4 numbers"),
        ({"kind": "bank", "weights": [0, 0]}, "not all zero"),
        ({"kind": "bank", "weights": [2, -1]}, "none negative"),
        ({"kind": "bank", "weights": [1, np.nan]}, "must be 2 numbers"),
        ({"kind": "bank", "weights": ["many", "few"]}, "must be 2 numbers"),
        ({"kind": "bank", "weights": [[1], [1, 2]]}, "must be 2 numbers"),
    ],
)
def test_bad_options_are_named(options, message):
    """A wrong option is refused with its name and value."""
    with pytest.raises(ValueError, match=message):
        make_customers(**options)


@pytest.mark.slow
def test_importing_datasets_does_not_import_tensorflow():
    """The room stands on the lowest floor: no Keras, no TensorFlow."""
    code = (
        "import sys; from segmentlearn.datasets import make_customers; "
        "make_customers(n_samples=5, return_truth=True); "
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("kind", "filename"),
    [("automobile", "auto_train.csv"), ("bank", "bank.csv"), ("mall", "mall.csv")],
)
def test_generated_table_has_the_real_dtypes_and_levels(data_dir, kind, filename):
    """Dtypes agree with the real table, and so do the levels of every category."""
    real = pd.read_csv(data_dir / filename)
    X, _ = make_customers(kind, 20_000, random_state=0)
    real = real[X.columns]
    assert X.dtypes.equals(real.dtypes)
    for name in X.select_dtypes(exclude="number"):
        assert set(X[name].dropna()) == set(real[name].dropna())
