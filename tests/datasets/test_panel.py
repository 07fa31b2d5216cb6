"""make_customer_panel: two periods, and what is planted between them."""

import numpy as np
import pytest
from pandas.testing import assert_frame_equal
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from segmentlearn.datasets import make_customer_panel, make_customers

KINDS = ["split", "merge", "birth", "death", "growth", "drift"]
PLACE = ["Annual Income (k$)", "Spending Score (1-100)"]


@pytest.fixture(scope="module")
def panel():
    """Everything happens once."""
    return make_customer_panel(
        n_samples=4000, n_segments=8, transitions=KINDS, random_state=0
    )


def event(panel, kind):
    """Return the segments before and after."""
    (found,) = [one for one in panel.transitions if one["kind"] == kind]
    return found["old"], found["new"]


def test_the_same_call_gives_the_same_panel():
    """And another seed other customers of the same segments."""
    first, again, other = (
        make_customer_panel(n_samples=50, transitions=["split"], random_state=seed)
        for seed in (0, 0, 1)
    )
    assert_frame_equal(first.new, again.new)
    assert first.transitions == other.transitions
    assert not first.old.equals(other.old)


def test_keys_name_customers(panel):
    """Those of both periods are the same persons."""
    both = panel.old.merge(panel.new, on="CustomerID", suffixes=("", "_now"))
    assert 0.5 < len(both) / len(panel.old) < 0.8
    assert (both["Gender"] == both["Gender_now"]).all()
    assert panel.new["CustomerID"].is_unique


def test_who_goes_where(panel):
    """By the segments of the customers of both periods."""
    place = panel.old["CustomerID"].to_numpy().searchsorted(panel.new["CustomerID"])
    stays = panel.new["CustomerID"].isin(panel.old["CustomerID"]).to_numpy()
    before, now = panel.old_segment[place[stays]], panel.new_segment[stays]
    (split,), parts = event(panel, "split")
    assert set(now[before == split]) == set(parts)
    merged, (whole,) = event(panel, "merge")
    assert set(before[now == whole]) == set(merged)
    assert event(panel, "death")[0][0] not in before
    assert event(panel, "birth")[1][0] not in now
    for old, new in panel.partners.items():
        assert set(now[before == old]) == {new}


def test_sizes(panel):
    """One segment doubles, and one to which nothing happens keeps its size."""
    sizes = [np.bincount(s) for s in (panel.old_segment, panel.new_segment)]
    (old,), (new,) = event(panel, "growth")
    assert sizes[1][new] == pytest.approx(2 * sizes[0][old], rel=0.15)
    named = {old for one in panel.transitions for old in one["old"]}
    for old, new in panel.partners.items():
        if old not in named:
            assert sizes[1][new] == pytest.approx(sizes[0][old], rel=0.2)


@pytest.mark.parametrize("period", ["old", "new"])
def test_segments_of_a_period_are_clear(panel, period):
    """k-means finds them from where they are."""
    table, segment = panel[period], panel[f"{period}_segment"]
    centers = table[PLACE].groupby(segment).mean().to_numpy()
    found = KMeans(len(centers), init=centers, n_init=1).fit_predict(table[PLACE])
    assert adjusted_rand_score(segment, found) > 0.95


def test_nothing_changes():
    """Where all return and nobody changes, the values are the same."""
    panel = make_customer_panel(
        n_samples=80, returning_share=1.0, persistence=1.0, random_state=0
    )
    shared = panel.new[panel.new["CustomerID"] <= 80].sort_values("CustomerID")
    assert_frame_equal(shared.reset_index(drop=True), panel.old)


def test_movers():
    """So many of those who return, to segments that live on."""
    panel = make_customer_panel(n_samples=4000, moving_share=0.1, random_state=0)
    stays = panel.new["CustomerID"] <= 4000
    before = panel.old_segment[panel.new.loc[stays, "CustomerID"] - 1]
    moved = panel.new_segment[stays] != before
    assert moved.mean() == pytest.approx(0.1, abs=0.02)


def test_latent_has_the_columns_of_the_generator():
    """Behind the key, and noise columns as asked for."""
    panel = make_customer_panel("latent", 60, n_noise_columns=2, random_state=0)
    X, _ = make_customers("latent", 10, n_noise_columns=0, random_state=0)
    names = ["customer_id", *X.columns, "noise_0", "noise_1"]
    assert panel.old.columns.tolist() == names
    assert panel.old["visits"].dtype == X["visits"].dtype


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"transitions": ["vanish"]}, "transitions has 'vanish'"),
        ({"transitions": ["merge"] * 3}, "happen to 6 segments and n_segments=5"),
        ({"transitions": ["death"], "n_segments": 2}, "leave 1 segment"),
    ],
)
def test_impossible_panels(options, words):
    """The message says what there is."""
    with pytest.raises(ValueError, match=words):
        make_customer_panel(**options)
