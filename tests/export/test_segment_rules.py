"""segment_rules: what rules are made, and what is known of them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from segmentlearn import SegmentRules, make_customers, segment_rules
from segmentlearn.exceptions import SchemaError, SegmentLearnWarning


def two_groups(n_rows=200, seed=0):
    """Customers below and above 50 in one column, beside one of noise."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"spend": rng.uniform(0, 100, n_rows), "luck": rng.random(n_rows)})
    return X, np.where(X["spend"] > 50, "high", "low")


def test_a_threshold_is_found_and_short():
    """The number between two groups is written with few digits."""
    X, y = two_groups()
    rules = segment_rules(y, X)
    texts = rules.rules_["rule"].str.replace("or missing", "").str.strip("( )")
    assert list(texts) == ["spend > 50", "spend <= 50"]
    assert list(rules.rules_["segment"]) == ["high", "low"]


def test_no_value_of_the_table_is_a_threshold():
    """Whole numbers are cut between two of them."""
    X = pd.DataFrame({"age": np.arange(100) % 10})
    rules = segment_rules(np.where(X["age"] > 6, 1, 0), X)
    assert all("6.5" in text for text in rules.rules_["rule"])


def test_numbers_that_are_equal_in_single_precision_are_told_apart():
    """16,777,216 and 16,777,217 are one number in float32."""
    X = pd.DataFrame({"amount": np.repeat([16_777_216.0, 16_777_217.0], 30)})
    y = np.repeat([0, 1], 30)
    rules = segment_rules(y, X)
    np.testing.assert_array_equal(rules.predict(X), y)


@pytest.mark.slow
def test_each_rule_has_enough_customers(awkward):
    """No rule is about fewer customers than asked for, and all are in one."""
    X, segments = awkward
    for fewest in (10, 40):
        rules = segment_rules(segments, X, max_rules=16, min_customers=fewest)
        assert rules.rules_["customers"].min() >= fewest
        assert rules.rules_["customers"].sum() == len(X)


@pytest.mark.slow
def test_rare_levels_are_not_named():
    """A level of three customers would give them away."""
    X, y = make_customers("automobile", 400, random_state=0)
    X["Profession"] = X["Profession"].astype(object)
    X.loc[:2, "Profession"] = "Astronaut"
    rules = segment_rules(y, X, max_rules=16)
    assert "Astronaut" not in rules.to_json()


def test_recommended_size_is_on_the_curve(rules):
    """It is the smallest within one standard error of the best."""
    curve = rules.curve_.set_index("rules")
    best = curve.loc[curve["agreement"].idxmax()]
    enough = best["agreement"] - best["standard_error"]
    assert curve.loc[rules.recommended_, "agreement"] >= enough
    assert (curve.loc[: rules.recommended_ - 1, "agreement"] < enough).all()


def test_auto_takes_the_recommended_number():
    """Two groups need two rules."""
    X, y = two_groups()
    rules = segment_rules(y, X)
    assert len(rules.rules_) == rules.recommended_ == 2


@pytest.mark.slow
def test_max_rules_is_kept(awkward):
    """There are at most as many rules as wanted."""
    X, segments = awkward
    for most in (1, 3):
        assert len(segment_rules(segments, X, max_rules=most).rules_) <= most


def test_unsure_rules_ask_the_model():
    """Segments by lot are left to the model, and coverage says so."""
    X, _ = two_groups()
    y = np.random.default_rng(0).integers(0, 3, len(X))
    rules = segment_rules(y, X, max_rules=4, min_confidence=0.9)
    assert set(rules.predict(X)) == {None}
    assert rules.coverage_ < 0.2
    assert "ask the model" in str(rules)


def test_agreement_is_fidelity_times_coverage(rules):
    """The curve's columns belong together."""
    curve = rules.curve_
    np.testing.assert_allclose(
        curve["agreement"], curve["fidelity"] * curve["coverage"]
    )


def test_noise_is_a_label_as_others():
    """Customers without a segment get rules of their own."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": np.r_[rng.normal(0, 0.1, 80), rng.uniform(5, 90, 40)]})
    clusterer = DBSCAN(eps=0.3).fit(X)
    assert set(clusterer.labels_) == {0, -1}
    rules = segment_rules(clusterer, X)
    assert rules.segments_ == [0, -1]
    assert set(rules.predict(X)) == {0, -1}
    assert rules.predict(X).dtype.kind == "i"


def test_a_pipeline_is_described_in_its_raw_columns():
    """Thresholds are in the unit of X, not in that of the scaled columns."""
    X, y = two_groups()
    model = make_pipeline(StandardScaler(), DecisionTreeClassifier()).fit(X, y)
    rules = segment_rules(model, X)
    assert rules.columns_ == ["spend"]
    assert rules.fidelity_["overall"] > 0.97


def test_missing_cells_are_a_branch_of_their_own():
    """Customers without a number are a segment here."""
    X, y = two_groups()
    X.loc[::4, "spend"] = np.nan
    y = np.where(X["spend"].isna(), "unknown", y)
    rules = segment_rules(y, X)
    found = dict(rules.rules_[["segment", "rule"]].to_numpy())
    assert found["unknown"] == "spend is missing"
    assert set(rules.predict(X)) == {"high", "low", "unknown"}


def test_levels_are_grouped():
    """One rule names several levels."""
    job = np.tile([*"abcdefgh"], 30)
    X = pd.DataFrame({"job": job})
    rules = segment_rules(np.isin(job, ["a", "c", "e", "g"]).astype(int), X)
    assert len(rules.rules_) == 2


def test_spellings_of_a_level_are_kept():
    """Texts that are read as one level, or as missing, are so in the rules."""
    job = np.tile(["yes", "yes\u00a0", "no", "n/a", "", "perhaps"], 30)
    X = pd.DataFrame({"job": job})
    y = np.tile([1, 1, 0, 2, 2, 0], 30)
    rules = segment_rules(y, X, max_rules=5)
    np.testing.assert_array_equal(rules.predict(X), y)
    assert list(rules.predict(pd.DataFrame({"job": [" yes ", None]}))) == [1, 2]


def test_identifiers_are_left_out():
    """A number that names the row is no reason for a segment."""
    X, y = two_groups()
    X["customer_id"] = np.arange(len(X)) + 1000
    with pytest.warns(SegmentLearnWarning, match="customer_id"):
        rules = segment_rules(y, X)
    assert rules.columns_ == ["spend"]


def test_only_chosen_columns_are_used():
    """A column that must not decide is left out by naming the others."""
    X, y = two_groups()
    assert segment_rules(y, X, columns=["luck"]).columns_ in ([], ["luck"])


def test_fidelity_is_weighted_by_value():
    """Where all value is with customers who are put right, it is one."""
    X, y = two_groups()
    y[:40] = np.random.default_rng(0).permutation(y[:40])
    value = np.r_[np.zeros(40), np.ones(160)]
    rules = segment_rules(y, X, max_rules=2, value=value)
    assert rules.fidelity_["weighted"] > rules.fidelity_["overall"]
    assert rules.rules_["value_share"].sum() == pytest.approx(1)
    by_name = segment_rules(
        y, X.assign(v=value), max_rules=2, value="v", columns=["spend"]
    )
    assert by_name.fidelity_ == rules.fidelity_


@pytest.mark.slow
def test_same_seed_same_rules(awkward):
    """Nothing but random_state is random, and X stays as it is."""
    X, segments = awkward
    before = X.copy()
    one, two = (segment_rules(segments, X, random_state=3).to_json() for _ in "ab")
    assert one == two
    pd.testing.assert_frame_equal(X, before)


def test_held_out_fidelity_is_not_that_of_the_training_rows():
    """Random segments cannot be found in other customers."""
    X, _ = two_groups()
    y = np.random.default_rng(1).integers(0, 2, len(X))
    rules = segment_rules(y, X, max_rules=8, min_confidence=0)
    assert rules.fidelity_["overall"] < 0.65
    assert np.mean(rules.predict(X) == y) > 0.6


def test_per_segment_figures_are_of_all_segments(rules):
    """Each segment has its fidelity, whether it has a rule or not."""
    assert list(rules.per_segment_["segment"]) == rules.segments_
    assert rules.per_segment_["fidelity"].dropna().between(0, 1).all()


def test_too_few_customers_are_refused():
    """Fewer rows than a rule needs make no rule."""
    X, y = two_groups(8)
    with pytest.raises(ValueError, match="min_customers=10"):
        segment_rules(y, X)


def test_a_table_of_rare_levels_is_refused():
    """No rule could name any of them."""
    X = pd.DataFrame({"job": [*"abcdefghijklmnopqrst"]})
    with pytest.raises(SchemaError, match="no column"):
        segment_rules(np.arange(20) % 2, X, columns=["job"])


@pytest.mark.parametrize("kind", ["polars", "array", "nullable", "categorical"])
def test_any_table_is_taken(kind):
    """Frames of other kinds, arrays, and pandas' own dtypes."""
    X, y = two_groups()
    X["job"] = np.where(X["luck"] > 0.5, "x", "y")
    y = np.where(X["job"] == "x", y, "y")
    if kind == "polars":
        table = pytest.importorskip("polars").DataFrame(X.to_dict("list"))
    elif kind == "array":
        table = X.to_numpy(dtype=object)
    elif kind == "nullable":
        table = X.convert_dtypes()
    else:
        table = X.astype({"job": pd.CategoricalDtype(["y", "x"], ordered=True)})
    rules = segment_rules(y, table, max_rules=3)
    assert np.mean(rules.predict(table) == y) > 0.98


def test_infinite_numbers_are_refused():
    """As in every other table that something is learnt from."""
    X, y = two_groups()
    X.loc[3, "spend"] = np.inf
    with pytest.raises(SchemaError, match="infinite"):
        segment_rules(y, X)


@pytest.mark.parametrize(
    ("value", "message"),
    [("none", "not a column"), ([1.0], "shape"), (np.full(200, -1.0), "negative")],
)
def test_bad_values_are_refused(value, message):
    """The error says what is wrong with the value."""
    X, y = two_groups()
    with pytest.raises(ValueError, match=message):
        segment_rules(y, X, value=value)


def test_new_rows_need_the_columns_of_the_rules():
    """The error names the missing column, and the one it may be."""
    X, y = two_groups()
    rules = segment_rules(y, X)
    with pytest.raises(SchemaError, match="'spend' is missing; is 'Spend' the same"):
        rules.predict(X.rename(columns={"spend": "Spend"}))
    with pytest.raises(SchemaError, match="holds category values now"):
        rules.predict(X.assign(spend="much"))


def test_other_columns_of_new_rows_are_ignored():
    """Columns that no rule looks at may be missing."""
    X, y = two_groups()
    rules = segment_rules(y, X)
    assert isinstance(rules, SegmentRules)
    np.testing.assert_array_equal(rules.predict(X[["spend"]]), rules.predict(X))
