"""segment_migration: who moved, and what label noise explains."""

import json

import numpy as np
import pandas as pd
import pytest

from segmentlearn import make_customer_panel, segment_migration
from segmentlearn.exceptions import SchemaError
from segmentlearn.monitoring import SegmentMigration, compare_scored
from tests.monitoring.matching.conftest import COLUMNS, k_means

BEFORE = pd.DataFrame({"no": list("abcdef"), "worth": [1.0, 2, 3, 4, 5, np.nan]})
NOW = pd.DataFrame({"no": list("gfedcb"), "worth": [10.0, 20, 30, 40, 50, 60]})
OLD, NEW = [0, 0, 0, 1, 1, 1], [1, 1, 1, 1, 1, 0]


@pytest.fixture(scope="module")
def moved():
    """Customer a left, g entered, c moved."""
    return segment_migration(OLD, NEW, BEFORE, NOW, key="no", value="worth")


def test_matrix(moved):
    """Counts by key, whatever the order of the rows."""
    assert moved.counts.to_numpy().tolist() == [[1, 1, 1], [0, 3, 0], [0, 1, 0]]
    assert moved.counts.index.tolist() == [0, 1, "entered"]
    assert moved.counts.columns.tolist() == [0, 1, "left"]
    assert (moved.n_shared, moved.n_moved, moved.moved_share) == (5, 1, 0.2)


def test_values(moved):
    """By what a customer was worth, and those who entered by what they are."""
    assert moved.values.to_numpy().tolist() == [[2, 3, 1], [0, 9, 0], [0, 10, 0]]


def test_intervals(moved):
    """Wilson's, of the shares of those who were in a segment."""
    row = moved.to_frame().iloc[0]
    assert (row["old"], row["new"], row["customers"]) == (0, 0, 1)
    assert row["share"] == pytest.approx(1 / 3)
    assert row["low"] == pytest.approx(0.0615, abs=1e-3)
    assert row["high"] == pytest.approx(0.7923, abs=1e-3)


def test_labels_know_no_noise(moved):
    """That takes models."""
    assert moved.expected is None
    assert np.isnan(moved.real_share)
    assert moved.sizes["mix"].isna().all()
    assert "Label noise" not in str(moved)


def test_nobody_moved(quiet):
    """Two models of the same population: next to nothing is called real."""
    panel, old, new = quiet
    found = segment_migration(
        old, new, panel.old, panel.new, key="CustomerID", random_state=0
    )
    assert found.real_share <= 0.02
    assert found.explained_by_noise <= 1


@pytest.mark.slow
def test_five_percent_moved():
    """They are found, beside the noise of values that are drawn anew."""
    panel = make_customer_panel(
        n_samples=2000, moving_share=0.05, persistence=0.0, random_state=0
    )
    old, new = k_means(panel.old, 5), k_means(panel.new, 5, random_state=1)
    found = segment_migration(
        old, new, panel.old, panel.new, key="CustomerID", random_state=0
    )
    assert 0.035 <= found.real_share <= 0.065
    frame = found.to_frame()
    assert frame.loc[frame["is_real"], "customers"].sum() > 40
    assert "really moved" in str(found)


def test_parts_of_the_change_of_sizes(panel, april, may):
    """Mix and redefinition add up, and a segment that split is redefined."""
    found = segment_migration(
        april, may, panel.old, panel.new, key="CustomerID", random_state=0
    )
    sizes = found.sizes
    np.testing.assert_allclose(sizes["mix"] + sizes["redefinition"], sizes["change"])
    assert sizes["redefinition"].abs().max() > 0.05
    assert found.redefined_share > 0.05
    assert found.names[0] == "kind 0"


def test_one_model_for_both_periods(panel, april):
    """Nothing is redefined."""
    found = segment_migration(
        april, april, panel.old, panel.new, key="CustomerID", n_bootstraps=0
    )
    assert found.n_redefined == 0
    np.testing.assert_allclose(found.sizes["redefinition"], 0, atol=1e-12)


def test_ids_of_a_baseline_are_kept(panel, april):
    """Who stays in a segment that lives on has not moved."""
    may = k_means(panel.new, 6, random_state=1, baseline=april, period="May")
    found = segment_migration(
        april, may, panel.old, panel.new, key="CustomerID", n_bootstraps=0
    )
    assert set(found.segments) == {*april.segment_ids_, *may.segment_ids_}
    lasting = [entry["id"] for entry in may.passport_ if len(entry["sizes"]) > 1]
    for segment in lasting:
        row = found.counts.loc[segment].drop("left")
        assert row.idxmax() == segment


def history():
    """Return three periods of four customers."""
    return pd.DataFrame(
        {
            "CustomerID": ["a", "b", "c", "a", "b", "d", "a", "b", "d"],
            "period": ["04"] * 3 + ["05"] * 3 + ["06"] * 3,
            "segment": list("001011111"),
            "segment_name": ["few" if s == "0" else "many" for s in "001011111"],
            "probability": 0.9,
            "model": "x",
        }
    )


def test_history(tmp_path):
    """The last two periods, from a frame, a file or a folder."""
    history().to_parquet(tmp_path / "history.parquet")
    for source in (history(), tmp_path / "history.parquet", tmp_path):
        found = SegmentMigration.from_history(source)
        assert found.periods == ("05", "06")
        assert found.counts.to_numpy().tolist() == [[0, 1, 0], [0, 2, 0], [0, 0, 0]]
        assert found.title("0") == "0: few"


def test_chosen_periods():
    """Of any two; those who left and entered between are seen as such."""
    found = SegmentMigration.from_history(history(), old_period="04", new_period="06")
    assert found.counts["left"].sum() == found.counts.loc["entered"].sum() == 1
    with pytest.raises(SchemaError, match="'07' is not in the history"):
        SegmentMigration.from_history(history(), new_period="07")
    with pytest.raises(SchemaError, match="it needs 'period'"):
        SegmentMigration.from_history(history().drop(columns="period"))


def test_periods_follow_the_order_in_which_they_were_scored():
    """Names such as months do not sort by time."""
    names = {"04": "April", "05": "May", "06": "June"}
    scored = history().assign(scored=lambda frame: frame["period"])
    scored["period"] = scored["period"].map(names)
    assert SegmentMigration.from_history(scored).periods == ("May", "June")


def test_dates_are_in_order_whenever_they_were_scored():
    """A month that is scored once more does not become the last."""
    dated = history().assign(scored=lambda frame: -frame["period"].astype(int))
    dated["period"] = "2026-" + dated["period"]
    found = SegmentMigration.from_history(dated)
    assert found.periods == ("2026-05", "2026-06")


def test_scored_files_may_differ_in_how_they_write_a_number():
    """As text in one and as a number with gaps in the other."""
    before = pd.DataFrame({"no": ["1", "2"], "group": ["0", "1"]})
    now = pd.DataFrame({"no": [1.0, 2.0], "group": [0, 0]})
    found = compare_scored(before, now, key="no", segment="group")
    assert found.counts.loc[["0", "1"], "0"].tolist() == [1, 1]
    with pytest.raises(SchemaError, match="in several rows of now; keep one row"):
        compare_scored(before, now.assign(no=1.0), key="no", segment="group")


def test_results_can_be_written(moved):
    """As JSON and Markdown."""
    facts = json.loads(json.dumps(moved.to_dict()))
    assert facts["n_moved"] == 1
    assert facts["noise_share"] is None
    assert "## Value" in moved.to_markdown()
    assert "1 customer left and 1 customer entered" in moved.to_markdown()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key": "name"}, "key='name' is not a column of old_X"),
        ({"value": "name"}, "value='name' is not a column of old_X"),
        ({"value": "no"}, "no column of numbers"),
    ],
)
def test_what_cannot_be_counted(changes, words):
    """The message names parameter and table."""
    with pytest.raises(SchemaError, match=words):
        segment_migration(OLD, NEW, BEFORE, NOW, **{"key": "no", **changes})


def test_columns_of_the_model_are_enough(panel, april, may):
    """Other columns than those of the model are left alone."""
    tables = [t[["CustomerID", *COLUMNS]] for t in (panel.old, panel.new)]
    found = segment_migration(april, may, *tables, key="CustomerID", n_bootstraps=0)
    assert found.n_shared == panel.new["CustomerID"].isin(panel.old["CustomerID"]).sum()
