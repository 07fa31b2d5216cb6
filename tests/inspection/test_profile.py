"""segment_profile: numbers, names, rules and people that are true."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import TabularPreprocessor
from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.inspection import segment_profile


@pytest.fixture(scope="module")
def profile(customers, labels):
    """The profile of the known segments."""
    return segment_profile(labels, customers)


def one(frame, **where):
    """Return the only row of a frame with these values."""
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_sizes_and_shares(profile):
    """They sum to all customers."""
    summary = profile.to_frame()
    assert summary["size"].tolist() == [60, 40, 20]
    assert summary["share"].tolist() == pytest.approx([1 / 2, 1 / 3, 1 / 6])


def test_numbers_are_those_of_pandas(profile, customers, labels):
    """Of the segment and of the rest, missing cells left out."""
    row = one(profile.to_frame("numbers"), segment=1, column="visits")
    inside = customers["visits"][labels == 1].astype(float)
    rest = customers["visits"][labels != 1].astype(float)
    for prefix, values in (("", inside), ("rest_", rest)):
        assert row[f"{prefix}mean"] == pytest.approx(values.mean())
        assert row[f"{prefix}median"] == pytest.approx(values.median())
        assert row[f"{prefix}sd"] == pytest.approx(values.std())
        assert row[f"{prefix}missing"] == pytest.approx(values.isna().mean())


def test_large_numbers_keep_their_spread(labels):
    """A standard deviation of one at a billion is not lost in rounding."""
    x = 1e9 + np.random.default_rng(0).normal(size=len(labels))
    numbers = segment_profile(labels, pd.DataFrame({"x": x})).to_frame("numbers")
    assert numbers["rest_sd"][0] == pytest.approx(x[labels != 0].std(ddof=1), rel=1e-6)


def test_shares_of_levels(profile, customers, labels):
    """Beside those of the rest; the lift is against all."""
    row = one(profile.to_frame("categories"), segment=1, column="job", level="Judge")
    judges = (customers["job"] == "Judge").to_numpy()
    inside, rest = judges[labels == 1].mean(), judges[labels != 1].mean()
    assert row["share"] == pytest.approx(inside)
    assert row["difference"] == pytest.approx(inside - rest)
    assert row["lift"] == pytest.approx(inside / judges.mean())


def test_missing_categories_are_reported(profile):
    """The old have no phone, and all others have one."""
    row = one(profile.to_frame("categories"), segment=1, column="phone")
    assert (row["missing"], row["rest_missing"]) == (1, 0)


def test_p_values_are_of_ranks_corrected_by_holm(profile, customers, labels):
    """The largest stays, the smallest is multiplied by the number of tests."""
    effects = profile.to_frame("effects")
    row = one(effects, segment=0, column="Age")
    groups = (customers["Age"][labels == 0], customers["Age"][labels != 0])
    p_value = stats.mannwhitneyu(*groups, method="asymptotic").pvalue
    assert row["p_value"] == pytest.approx(p_value, rel=1e-6)
    known = effects.dropna(subset="p_value")
    least = known.loc[known["p_value"].idxmin()]
    assert least["p_adjusted"] == pytest.approx(least["p_value"] * len(known))


def test_false_discovery_rate_is_milder(profile, customers, labels):
    """Never above Holm's, never below none."""
    adjusted = {
        correction: segment_profile(labels, customers, correction=correction)
        .to_frame("effects")["p_adjusted"]
        .dropna()
        for correction in (None, "fdr_bh", "holm")
    }
    assert (adjusted[None] <= adjusted["fdr_bh"]).all()
    assert (adjusted["fdr_bh"] <= adjusted["holm"] + 1e-15).all()


def test_names_say_what_is_so(profile):
    """Age in its own words, units left out, levels by their share."""
    assert profile.names == {
        0: "younger, low annual income",
        1: "older, mostly without phone",
        2: "high annual income, newsletter: yes",
    }


def test_alike_segments_get_more_words():
    """Two halves of the same customers are average, with different names."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=400), "z": rng.normal(size=400)})
    X.loc[:199, "x"] += 0.2
    names = segment_profile(np.repeat([0, 1], 200), X).names
    assert names[0] == "average customer, slightly higher x"
    assert names[1] == "average customer, slightly lower x"
    same = segment_profile(np.arange(400) % 2, X[["z"]]).names
    assert same == {
        0: "average customer (segment 0)",
        1: "average customer (segment 1)",
    }


def test_exemplars_are_real_customers(profile, customers, labels):
    """Three of each segment, with the index and the cells of the frame."""
    exemplars = profile.exemplars
    assert exemplars["segment"].tolist() == [0] * 3 + [1] * 3 + [2] * 3
    found = customers.index.get_indexer(exemplars.index)
    assert labels[found].tolist() == exemplars["segment"].tolist()
    pd.testing.assert_frame_equal(exemplars[list(customers)], customers.iloc[found])


def test_columns_may_be_called_segment_and_distance():
    """A table that was scored before is described like any other."""
    X = pd.DataFrame({"segment": np.arange(40.0), "distance": np.arange(40.0) % 7})
    profile = segment_profile(np.arange(40) // 20, X, n_exemplars=1)
    assert list(profile.exemplars) == ["segment_", "distance_", "segment", "distance"]
    assert "Typical: " in str(profile)


def test_exemplars_lie_in_the_middle():
    """Not at the edge; a number of large unit does not decide alone."""
    X = pd.DataFrame({"a": np.arange(11.0), "b": 1e6 * (np.arange(11) % 2)})
    exemplar = segment_profile(np.zeros(11, int), X, n_exemplars=1).exemplars
    assert exemplar["a"].tolist() == [4.0]  # 5 has the rarer b


def test_rules_find_the_segments_again(profile):
    """In raw columns, measured on rows that the tree has not seen."""
    rules = profile.to_frame("rules")
    assert rules.groupby("segment")["recall"].sum().tolist() == pytest.approx([1] * 3)
    assert profile.fidelity["accuracy"] > 0.9
    assert profile.fidelity["accuracy_of_largest"] == 0.5
    assert profile.to_frame("fidelity").loc[2, "recall"] > 0.8


def test_rules_of_chance_are_worth_nothing():
    """Held-out rows show what the tree has learnt by heart."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    fidelity = segment_profile(rng.integers(0, 2, 300), X).fidelity
    assert abs(fidelity["balanced_accuracy"] - 0.5) < 0.1


def test_value_of_segments(customers, labels):
    """By name or as numbers; a missing value is worth nothing."""
    worth = np.where(labels == 2, 10.0, 1.0)
    worth[0] = np.nan
    profile = segment_profile(labels, customers.assign(worth=worth), value="worth")
    assert profile.value_sums.tolist() == [59, 40, 200]
    assert profile.value_shares.sum() == pytest.approx(1)
    again = segment_profile(labels, customers, value=worth)
    assert again.to_frame()["value_share"].tolist() == profile.value_shares.tolist()
    with pytest.raises(ValueError, match="finite and positive"):
        segment_profile(labels, customers, value=-np.ones(120))
    with pytest.raises(ValueError, match="'job' is a column without numbers"):
        segment_profile(labels, customers, value="job")


def test_noise_is_last_and_has_no_rule(customers, labels):
    """It is no segment."""
    profile = segment_profile(np.where(labels == 0, -1, labels), customers)
    assert profile.labels == [1, 2, -1]
    assert profile.names[-1] == "noise (unassigned)"
    assert -1 not in profile.to_frame("rules")["segment"].tolist()
    assert -1 not in profile.exemplars["segment"].tolist()
    assert profile.sizes[-1] == 60


def test_few_customers_are_marked(customers, labels):
    """Six of them are too few."""
    few = labels.copy()
    few[:6] = 9
    profile = segment_profile(few, customers)
    assert profile.is_small.tolist() == [False, False, False, True]
    assert "Fewer than 10 customers" in str(profile)


def test_one_segment_and_one_customer(customers):
    """Nobody to compare with, and nobody to learn from."""
    alone = segment_profile(np.zeros(120, int), customers)
    assert alone.names == {0: "average customer"}
    assert alone.to_frame("effects")["effect"].isna().all()
    assert alone.fidelity == {}
    single = segment_profile([0] + [1] * 119, customers)
    assert single.sizes.tolist() == [1, 119]
    assert "Segment 0" in str(single)


@pytest.mark.parametrize("kind", ["list", "series", "categorical", "text"])
def test_labels_of_any_kind(kind, customers, labels, profile):
    """They mean the same."""
    given = {
        "list": labels.tolist(),
        "series": pd.Series(labels, index=customers.index),
        "categorical": pd.Categorical(labels),
        "text": labels.astype(str),
    }[kind]
    found = segment_profile(given, customers)
    assert list(found.names.values()) == list(profile.names.values())
    assert found.labels == (["0", "1", "2"] if kind == "text" else [0, 1, 2])


def test_wrong_labels_are_refused(customers, labels):
    """Too few, missing, shuffled, or no labels at all."""
    with pytest.raises(ValueError, match="one label for each row"):
        segment_profile(labels[:-1], customers)
    with pytest.raises(ValueError, match=r"1 label\(s\) are missing"):
        segment_profile(np.where(np.arange(120) == 3, np.nan, labels), customers)
    shuffled = pd.Series(labels, index=customers.index[::-1])
    with pytest.raises(ValueError, match="in another order"):
        segment_profile(shuffled, customers)
    with pytest.raises(TypeError, match="must be a fitted estimator"):
        segment_profile("labels", customers)


def test_estimators(customers, labels):
    """A pipeline predicts; a clusterer without predict has its labels."""
    pipeline = make_pipeline(TabularPreprocessor(), KMeans(3, n_init=3, random_state=0))
    pipeline.fit(customers)
    found = segment_profile(pipeline, customers)
    assert found.sizes.tolist() == np.bincount(pipeline.predict(customers)).tolist()
    dense = HDBSCAN(min_cluster_size=10, copy=True).fit(customers[["Age"]])
    assert segment_profile(dense, customers).sizes.sum() == 120
    with pytest.raises(ValueError, match="HDBSCAN has no predict, and no labels_"):
        segment_profile(dense, customers[:50])


def test_raw_rows_for_a_clusterer_of_scaled_ones(customers):
    """What it predicts is nonsense, which is worth a warning; labels_ help out."""
    numbers = customers[["Age", "Annual Income (k$)"]]
    scaled = StandardScaler().fit_transform(numbers)
    clusterer = KMeans(3, n_init=3, random_state=0).fit(scaled)
    with pytest.warns(SegmentLearnWarning, match=r"predict\(X\) and labels_ differ"):
        segment_profile(clusterer, numbers.to_numpy())
    found = segment_profile(clusterer, customers)  # text, which it cannot predict
    assert found.sizes.tolist() == np.bincount(clusterer.labels_).tolist()


def test_identifiers_are_left_out(customers, labels):
    """With a warning, unless they are asked for."""
    known = customers.assign(CustomerID=np.arange(120), note="")
    known["note"] = None
    with pytest.warns(SegmentLearnWarning) as caught:
        found = segment_profile(labels, known)
    assert found.columns == list(customers)
    assert "identifiers" in str(caught[0].message)
    assert "hold no value" in str(caught[1].message)
    asked = segment_profile(labels, known, columns=["CustomerID", 0])
    assert asked.columns == ["Age", "CustomerID"]
    with pytest.raises(ValueError, match=r"columns lists \['age'\]"):
        segment_profile(labels, known, columns=["age"])


def test_arrays_and_names(labels):
    """Columns of an array have the names that are given."""
    X = np.random.default_rng(0).normal(size=(120, 2))
    assert segment_profile(labels, X).columns == ["x0", "x1"]
    named = segment_profile(labels, X, feature_names=["age", "income"])
    assert named.columns == ["age", "income"]
    with pytest.raises(ValueError, match="1 names for the 2 columns"):
        segment_profile(labels, X, feature_names=["age"])


def test_codes_as_categories(labels):
    """Numbers that are only 0 and 1 always, others on request."""
    X = pd.DataFrame({"flag": (labels == 0) * 1, "region": labels + 5})
    assert segment_profile(labels, X).to_frame("numbers")["column"].unique() == "region"
    found = segment_profile(labels, X, categorical_features=["region"])
    assert found.to_frame("numbers").empty
    assert "flag: yes" in found.names[0]


def test_rare_levels_are_put_together(labels):
    """Shares still sum to one."""
    X = pd.DataFrame({"town": [f"town {row % 50}" for row in range(120)]})
    found = segment_profile(labels, X, columns="town", max_levels=4)
    levels = found.to_frame("categories").query("segment == 0")
    assert levels["level"].tolist()[-1] == "(all others)"
    assert levels["share"].sum() == pytest.approx(1)


def test_infinite_numbers_are_refused(labels):
    """The error names the column."""
    X = pd.DataFrame({"x": np.where(np.arange(120) == 5, np.inf, 1.0)})
    with pytest.raises(SchemaError, match="column 'x' holds 1 infinite"):
        segment_profile(labels, X)


def test_input_is_left_alone_and_results_are_the_same(customers, labels):
    """Same seed, same report; the frame as it was."""
    before = customers.copy()
    reports = {str(segment_profile(labels, customers, random_state=3)) for _ in "ab"}
    assert len(reports) == 1
    pd.testing.assert_frame_equal(customers, before)


def test_large_tables_are_sampled():
    """Rules and exemplars come from a sample, and still stand for all customers."""
    rng = np.random.default_rng(0)
    labels = (rng.random(30_000) < 0.01).astype(int)
    X = pd.DataFrame({"x": rng.normal(size=30_000) + 6 * labels})
    found = segment_profile(labels, X)
    rules = found.to_frame("rules")
    assert rules["customers"].sum() == pytest.approx(30_000)
    assert found.fidelity["accuracy_of_largest"] == pytest.approx(np.mean(labels == 0))
    assert rules.set_index("segment").loc[1, "recall"] > 0.95


def test_polars_frames(customers, labels, profile):
    """The same profile."""
    pl = pytest.importorskip("polars")
    columns = ["Age", "job", "newsletter"]
    frame = pl.DataFrame({name: customers[name].tolist() for name in columns})
    expected = segment_profile(labels, customers, columns=columns)
    assert segment_profile(labels, frame).names == expected.names


def test_unpickled_profile_is_the_same(profile):
    """It holds numbers only."""
    assert str(pickle.loads(pickle.dumps(profile))) == str(profile)


def test_classifier(customers, labels):
    """Segments without a customer are not shown."""
    clf = DummyClassifier(strategy="constant", constant=1).fit(customers, labels)
    assert segment_profile(clf, customers).labels == [1]
