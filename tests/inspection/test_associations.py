"""associations: every pair by its measure, and the target's columns in order."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification

from segmentlearn.exceptions import SchemaError, SegmentLearnWarning
from segmentlearn.inspection import Associations, associations
from segmentlearn.metrics import association

TARGETS = {
    "classes": lambda z: np.where(z > 0.5, "stays", "leaves"),
    "amounts": lambda z: 10 * z + 0.5,
}


def mixed(n=400, seed=0):
    """Columns of every kind, some with missing values, and a number they follow."""
    rng = np.random.default_rng(seed)
    z = rng.random(n)
    X = pd.DataFrame(
        {
            "size": np.exp(z + rng.normal(0, 0.3, n)),
            "half": np.where(z + rng.normal(0, 0.3, n) > 0.5, "high", "low"),
            "bent": np.abs(z - 0.5) + rng.normal(0, 0.02, n),
            "noise": rng.normal(size=n),
            "many": pd.Categorical(rng.integers(0, 60, n).astype(str)),
            "same": "constant",
        }
    )
    X.loc[::5, "size"], X.loc[1::7, "half"] = np.nan, None
    return X, z


@pytest.fixture(scope="module")
def found():
    """Associations of the mixed table with a target of two classes."""
    X, z = mixed()
    return associations(X, pd.Series(TARGETS["classes"](z), name="churned"))


def test_each_cell_is_the_association_of_its_pair(found):
    """As `association` gives it, pairwise complete, in both halves."""
    X, _ = mixed()
    for first in X:
        for second in X:
            if first == second:
                continue
            result = association(X[first], X[second])
            np.testing.assert_allclose(found.matrix.loc[first, second], result.value)
            assert found.kinds.loc[first, second] == result.measure
            assert found.n_pairs.loc[second, first] == result.n_rows


def test_target_is_the_last_column_by_its_name(found):
    """And the columns stand beside it in the order of their association."""
    assert found.target == found.matrix.columns[-1] == "churned"
    sizes = found.with_target["association"].abs().dropna()
    assert sizes.is_monotonic_decreasing
    assert set(sizes.index[:2]) == {"half", "size"}
    assert found.with_target.index[-1] == "same"  # NaN


def test_chance_scores_as_chance(found):
    """Noise and sixty random levels: AUC 0.5, no association."""
    skill = found.with_target["auc"]
    assert skill["noise"] == pytest.approx(0.5, abs=0.08)
    assert skill["many"] == pytest.approx(0.5, abs=0.08)
    assert skill["same"] == 0.5
    assert found.with_target["association"]["many"] < 0.15


def test_auc_is_not_raised_by_a_large_class():
    """Always naming the class of 97 % is an accuracy of 0.97 and an AUC of 0.5."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"noise": rng.normal(size=2000)})
    y = rng.random(2000) < 0.03
    assert associations(X, y).with_target["auc"]["noise"] < 0.6


def test_auc_sees_what_is_not_monotone():
    """Both ends of a column are of one class: no rank correlation, a high AUC."""
    a = np.linspace(-1, 1, 400)
    row = associations(pd.DataFrame({"a": a}), np.abs(a) > 0.5).with_target.loc["a"]
    assert row["association"] < 0.05
    assert row["auc"] > 0.95


def test_auc_sees_what_is_told_by_missing_cells():
    """Of a number and of a category."""
    y = np.tile([0, 1], 100)
    a = np.where(y == 1, np.nan, 1.0)
    X = pd.DataFrame({"a": a, "b": np.where(y == 1, None, "known")})
    assert (associations(X, y).with_target["auc"] == 1).all()


def test_amounts_have_r2():
    """About 0 for noise, near 1 for the amount itself, whatever its shape."""
    X, z = mixed()
    X["itself"] = z
    skill = associations(X, TARGETS["amounts"](z)).with_target["r2"]
    assert skill["itself"] > 0.95
    assert abs(skill["noise"]) < 0.1
    assert skill["same"] == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("kind", list(TARGETS))
def test_row_order_leaves_the_matrix_as_it_is(kind):
    """Shuffled rows, the same associations."""
    X, z = mixed(80)
    y = TARGETS[kind](z)
    rows = np.random.default_rng(1).permutation(80)
    result, other = associations(X, y), associations(X.iloc[rows], y[rows])
    pd.testing.assert_frame_equal(result.matrix, other.matrix)


def test_arrays_have_columns_of_numbers():
    """Named x0, x1, and the target "target"."""
    X, y = make_classification(100, 4, random_state=0)
    found = associations(X, y, method="pearson")
    assert list(found.matrix) == ["x0", "x1", "x2", "x3", "target"]
    np.testing.assert_allclose(
        found.matrix.iloc[:4, :4], np.corrcoef(X, rowvar=False), atol=1e-12
    )


def test_name_of_the_target_is_made_free():
    """A column of that name stays what it is."""
    X = pd.DataFrame({"target": [1, 2, 3, 4]})
    assert associations(X, [0, 0, 1, 1]).target == "target_"


def test_without_a_target_there_is_no_table_of_it():
    """Asking for it names the cure."""
    found = associations(mixed(50)[0])
    assert (found.target, found.with_target) == (None, None)
    with pytest.raises(ValueError, match="pass y"):
        found.to_frame("target")
    with pytest.raises(ValueError, match="kind='x' is not one of"):
        found.to_frame("x")


def test_identifiers_are_left_out_of_frames():
    """With a warning that names them; "keep" keeps them."""
    X, z = mixed(60)
    X.insert(0, "customer_id", [f"C{at}" for at in range(60)])
    with pytest.warns(SegmentLearnWarning, match="'customer_id'"):
        found = associations(X, z)
    assert "customer_id" not in found.matrix
    kept = associations(X, z, identifiers="keep")
    assert kept.with_target["association"]["customer_id"] == 0


def test_sample_of_a_large_table_is_told():
    """In the counts, the text and the report."""
    X, z = mixed(300)
    found = associations(X, z, max_rows=100)
    assert (found.n_rows, found.n_sampled) == (300, 100)
    assert "100 rows drawn from 300" in repr(found)
    assert "100 rows drawn from 300" in found.to_markdown()
    assert found.n_pairs.loc["noise", "bent"] == 100


def test_sample_is_that_of_the_seed():
    """One integer, one answer."""
    X, z = mixed(300)
    result, same, other = (
        associations(X, z, max_rows=100, random_state=seed).with_target
        for seed in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(result, same)
    assert not result.equals(other)


def test_pairs_are_listed_once_strongest_first(found):
    """Without a column and itself."""
    pairs = found.to_frame()
    assert len(pairs) == 7 * 6 / 2
    assert pairs["association"].abs().dropna().is_monotonic_decreasing
    assert (pairs["first"] != pairs["second"]).all()


def test_report_is_a_document(found):
    """With tables, the measures used, and a warning of causes."""
    text = found.to_markdown(max_rows=2)
    assert "## With churned" in text
    assert "- cramers_v: Cramér's V" in text
    assert "not what causes what" in text


def test_bars_in_names_do_not_break_tables():
    """They are escaped."""
    X = pd.DataFrame({"a|b": [1, 2, 3, 4], "c": [1, 3, 2, 4]})
    assert "a\\|b" in associations(X).to_markdown()


def test_result_cannot_be_changed(found):
    """It is frozen."""
    assert isinstance(found, Associations)
    with pytest.raises(AttributeError):
        found.n_rows = 1


def test_infinite_numbers_are_named():
    """With the column."""
    with pytest.raises(SchemaError, match="'a' holds 1 infinite"):
        associations(pd.DataFrame({"a": [1.0, np.inf], "b": [1, 2]}))


def test_missing_labels_are_refused():
    """A row without one is no evidence on the target."""
    with pytest.raises(ValueError, match="y holds 1 missing"):
        associations(pd.DataFrame({"a": [1, 2, 3]}), ["x", None, "y"])


def test_lengths_must_agree():
    """One label a row."""
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        associations(pd.DataFrame({"a": [1, 2, 3]}), [0, 1])


def test_bank_age_is_not_useless(data_dir):
    """The young and the old subscribe: no rank correlation, yet an AUC above 0.5."""
    bank = pd.read_csv(data_dir / "bank.csv").drop(columns="id")
    y = bank.pop("term_deposit_subscribed")
    row = associations(bank, y, max_rows=10_000).with_target.loc["customer_age"]
    assert row["association"] < 0.05
    assert row["auc"] > 0.55
