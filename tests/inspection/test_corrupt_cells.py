"""A few wrong cells change neither what a segment is called nor its figures."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn.inspection import segment_profile

_FAST = {"n_exemplars": 0, "rule_depth": None}


def spenders(n=400, seed=0):
    """Half of the customers spend five times as much, and visit less often."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    amount = np.where(labels, 13_000, 2_600) * rng.lognormal(0, 0.4, n)
    visits = rng.poisson(np.where(labels, 4, 9)) + 1.0
    return pd.DataFrame({"amount": amount, "visits": visits}), labels


@pytest.mark.parametrize("wrong", [-1, 999_999, lambda x: -x, lambda x: 1000 * x])
def test_names_and_effects_stay(wrong):
    """With five percent of the amounts as placeholders, with a wrong sign or unit."""
    X, labels = spenders()
    before = segment_profile(labels, X, **_FAST)
    rows = np.random.default_rng(1).choice(len(X), 20, replace=False)
    X.loc[rows, "amount"] = wrong(X.loc[rows, "amount"]) if callable(wrong) else wrong
    after = segment_profile(labels, X, **_FAST)
    assert after.names == before.names
    assert after.outliers == {"amount": 20}
    effects = [p.to_frame("effects")["effect"] for p in (before, after)]
    np.testing.assert_allclose(*effects, atol=0.3)
    assert "20 of amount" in str(after)


def test_outliers_are_counted_beside_missing_cells():
    """By segment; means and deviations are of the others."""
    X, labels = spenders()
    X.loc[[0, 2], "amount"] = 999_999
    X.loc[[4], "amount"] = np.nan
    numbers = segment_profile(labels, X, **_FAST).to_frame("numbers")
    row = numbers[numbers["column"] == "amount"].iloc[0]
    own = X["amount"][(labels == 0) & (X["amount"] < 999_999)]
    assert row["mean"] == pytest.approx(own.mean())
    assert row["outliers"] == pytest.approx(2 / 199)
    assert (row["missing"], row["rest_outliers"]) == (1 / 200, 0)


def test_a_segment_of_large_values_keeps_them():
    """They are no errors where they are what the segment has in common."""
    X, labels = spenders()
    labels = np.where(np.arange(400) < 15, 2, labels)
    X.loc[labels == 2, "amount"] *= 1_000
    profile = segment_profile(labels, X, **_FAST)
    assert profile.names[2] == "high amount"
    assert profile.outliers == {}


def test_a_flag_with_placeholders_stays_a_flag():
    """Its levels are no and yes."""
    X, labels = spenders()
    X["loan"] = labels.astype(float)
    X.loc[:19, "loan"] = 999_999
    categories = segment_profile(labels, X, **_FAST).to_frame("categories")
    assert categories["level"].unique().tolist() == [0, 1]
    assert categories["outliers"].iloc[0] == pytest.approx(0.05)


def test_means_where_medians_do_not_differ():
    """Of a column that is mostly zero."""
    X = pd.DataFrame({"returns": [0] * 60 + [3] * 40 + [0] * 95 + [3] * 5})
    feature = segment_profile([0] * 100 + [1] * 100, X, **_FAST)
    (found,) = feature.distinguishing_features[0]
    assert found.evidence == "1.20 on average, others 0.15"


def test_correlated_columns_count_once_in_a_name():
    """Whatever they are called, numbers and levels."""
    rng = np.random.default_rng(0)
    cash = np.r_[rng.gamma(2, 1, 200), rng.gamma(2, 9, 200)]
    net = ["No internet service"] * 200 + ["Yes"] * 100 + ["No"] * 100
    X = pd.DataFrame(
        {
            "CASH_ADVANCE": cash,
            "CASH_ADVANCE_TRX": (cash * rng.uniform(0.9, 1.1, 400)).round(),
            "withdrawals": cash + rng.normal(0, 1, 400),
            "online security": net,
            "online backup": net,
        }
    )
    names = segment_profile(np.repeat([0, 1], 200), X, **_FAST).names
    assert names[1] == "high cash advance"
    assert names[0] == "low cash advance"


def test_correlated_columns_tell_segments_apart():
    """One stands in for the other where names would be equal."""
    rng = np.random.default_rng(0)
    age = np.concatenate([rng.normal(mean, 4, 60) for mean in (60, 56, 25, 30)])
    income = np.concatenate([rng.normal(mean, 5, 60) for mean in (20, 62, 95, 64)])
    X = pd.DataFrame({"age": age, "income": income})
    names = segment_profile(np.repeat(range(4), 60), X, **_FAST).names
    assert [*names.values()] == ["low income", "older", "high income", "younger"]


def test_long_names_are_cut_and_stay_distinct():
    """Forty-eight characters at most."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 100)
    column = "how satisfied the customer was with the last delivery on time"
    X = pd.DataFrame({column: 5.0 * (labels == 0) + rng.normal(size=300)})
    names = segment_profile(labels, X, **_FAST).names
    assert len(set(names.values())) == 3
    assert max(map(len, names.values())) <= 48
