"""match_segments: what became of segments, and what resampling alone would do."""

import collections
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import make_customer_panel, match_segments
from segmentlearn.exceptions import SchemaError
from tests.monitoring.matching.conftest import COLUMNS, k_means

PLANTED = {"split": "split", "died": "death", "born": "birth", "drifted": "drift"}


def kinds(match):
    """Return how often each kind of transition is found."""
    return collections.Counter(found.kind for found in match.transitions)


def planted_of(segments, labels):
    """Return the planted segment of each label."""
    return {
        label: np.bincount(segments[labels == label]).argmax()
        for label in range(labels.max() + 1)
    }


def events(match, panel, old, new):
    """Return transitions other than survivals, in numbers of planted segments."""
    before = planted_of(panel.old_segment, old.labels_)
    after = planted_of(panel.new_segment, new.labels_)
    return sorted(
        (
            PLANTED.get(found.kind, found.kind),
            sorted(before[segment] for segment in found.old),
            sorted(after[segment] for segment in found.new),
        )
        for found in match.transitions
        if found.kind != "survived"
    )


def truth(panel):
    """Return the transitions that were planted."""
    return sorted(
        (event["kind"], sorted(event["old"]), sorted(event["new"]))
        for event in panel.transitions
    )


def test_shared_customers_tell_what_happened(panel, april, may):
    """All that was planted is found, and nothing else."""
    tables = panel.old, panel.new
    match = match_segments(april, may, *tables, key="CustomerID", random_state=0)
    assert match.evidence == "shared customers"
    assert match.n_bootstraps == 20
    assert events(match, panel, april, may) == truth(panel)


@pytest.mark.parametrize("table", ["both", "new"])
def test_customers_scored_by_both_models_tell_it_too(table, panel, april, may):
    """Without a customer in common, and with the new ones alone."""
    tables = [panel.old[COLUMNS], panel.new[COLUMNS]]
    tables = tables if table == "both" else tables[1:]
    match = match_segments(april, may, *tables, n_bootstraps=0)
    assert match.evidence == "customers scored by both"
    assert events(match, panel, april, may) == truth(panel)


def test_few_shared_customers_do_not_decide(panel, april, may):
    """Each table is scored by both models then."""
    strangers = panel.new.assign(CustomerID=panel.new["CustomerID"] + 600)
    match = match_segments(
        april, may, panel.old, strangers, key="CustomerID", n_bootstraps=0
    )
    assert match.evidence == "customers scored by both"
    assert events(match, panel, april, may) == truth(panel)


def test_centers_alone_pair_what_is_near(quiet):
    """No customers are needed for that, and nothing happened."""
    _, old, new = quiet
    match = match_segments(old, new)
    assert match.evidence == "centers"
    assert kinds(match) == {"survived": 5}
    for before, after in match.partners.items():
        gap = np.abs(old.cluster_centers_[before] - new.cluster_centers_[after])
        assert gap.max() < 3


@pytest.mark.parametrize("seed", range(3))
def test_permuted_labels_keep_their_ids(seed):
    """Numbers mean nothing."""
    rng = np.random.default_rng(seed)
    labels, order = rng.integers(6, size=300), rng.permutation(6)
    match = match_segments(labels, order[labels])
    assert match.ids == {int(order[label]): label for label in range(6)}
    assert kinds(match) == {"survived": 6}


def test_a_merger_of_labels():
    """The id goes on in the larger part, and the new segment has both."""
    match = match_segments(["a"] * 6 + ["b"] * 4 + ["c"] * 5, [0] * 10 + [1] * 5)
    merger, survival = match.transitions
    assert (merger.kind, merger.old, merger.new) == ("merged", ("a", "b"), (0,))
    assert merger.amount == 1.0
    assert survival.old == ("c",)
    assert match.partners == {"a": 0, "c": 1}
    assert match.counts.loc["b", 0] == 4


def test_sizes_are_measured_beside_most_others():
    """A segment that doubles lowers the shares of all others."""
    old, new = np.repeat(range(5), 200), np.repeat(range(5), [400, *[200] * 4])
    before = pd.DataFrame({"no": range(len(old)), "x": old})
    now = pd.DataFrame({"no": _keys(old, new), "x": new})
    match = match_segments(old, new, before, now, key="no")
    grown = [found for found in match.transitions if found.kind != "survived"]
    assert [(found.kind, found.old) for found in grown] == [("grew", (0,))]
    assert grown[0].amount == pytest.approx(2.0)
    assert grown[0].interval[0] < 2 < grown[0].interval[1]


def _keys(old, new):
    """Return keys of new customers so that those of a segment were in it before."""
    keys = np.arange(10_000, 10_000 + len(new))
    for segment in range(5):
        known, rows = np.flatnonzero(old == segment), np.flatnonzero(new == segment)
        keys[rows[: len(known)]] = known
    return keys


def test_a_tighter_segment_is_reported():
    """One whose customers are nearer together."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 300)
    old = np.where(labels == 0, 0.0, 20.0)[:, None] + rng.standard_normal((600, 2))
    new = np.where(labels == 0, 0.0, 20.0)[:, None] + rng.standard_normal((600, 2))
    new[:300] *= 0.5
    frames = [
        pd.DataFrame(x, columns=["x", "y"]).assign(no=range(600)) for x in (old, new)
    ]
    match = match_segments(labels, labels, *frames, key="no")
    changed = [found for found in match.transitions if found.kind != "survived"]
    assert [(found.kind, found.old) for found in changed] == [("tightened", (0,))]
    assert changed[0].amount == pytest.approx(0.5, abs=0.1)


def test_thresholds_are_parameters(panel, april, may):
    """A drift of two standard deviations is none where three are asked for."""
    tables = panel.old, panel.new
    match = match_segments(
        april, may, *tables, key="CustomerID", location=5.0, n_bootstraps=0
    )
    assert "drifted" not in kinds(match)


@pytest.mark.slow
def test_what_resampling_does_is_no_transition():
    """Twelve segments of five that are there are drawn anew by each fit."""
    panel = make_customer_panel(n_samples=500, population=3, random_state=0)
    old, new = k_means(panel.old, 12), k_means(panel.new, 12, random_state=1)
    tables = panel.old, panel.new
    bare = match_segments(old, new, *tables, key="CustomerID", n_bootstraps=0)
    assert set(kinds(bare)) > {"survived"}
    match = match_segments(old, new, *tables, key="CustomerID", random_state=0)
    external = {"split", "merged", "died", "born"}
    assert not external & set(kinds(match))
    assert {found.kind for found in match.unstable} <= external
    assert match.unstable
    assert all(found.p_value > 0.05 for found in match.unstable)
    assert "Explained by resampling alone:" in str(match)


def test_nothing_happens_where_nothing_happened(quiet):
    """Segments of the same customers, some of whom left while others entered."""
    panel, old, new = quiet
    tables = panel.old, panel.new
    match = match_segments(old, new, *tables, key="CustomerID", random_state=0)
    assert kinds(match) == {"survived": 5}
    assert match.unstable == []


def test_pipelines_and_noise():
    """Pipelines are asked as a whole, and noise is no segment."""
    X = np.r_[np.zeros((30, 2)), np.full((30, 2), 5.0)]
    X += np.random.default_rng(0).normal(0, 0.1, X.shape)
    model = make_pipeline(StandardScaler(), KMeans(2, n_init=2, random_state=0)).fit(X)
    labels = np.repeat([7, -1], 30)
    match = match_segments(labels, model.predict(X), X)
    assert len(match.partners) == 1
    assert kinds(match) == {"survived": 1, "born": 1}
    match = match_segments(model, model, X)
    assert match.partners == {0: 0, 1: 1}


def test_results_can_be_written(panel, april, may):
    """As frames, JSON, Markdown and words with the names."""
    match = match_segments(april, may, panel.new[COLUMNS], n_bootstraps=0)
    facts = json.loads(json.dumps(match.to_dict()))
    assert len(facts["transitions"]) == len(match.to_frame())
    assert match.to_markdown().count("\n| ") >= 7
    assert "(kind 0)" in str(match)
    assert match.segments["new_share"].sum() == pytest.approx(1.0)


def test_new_ids_are_free():
    """A new segment never gets the number of an old one."""
    match = match_segments([0, 0, 1, 1, 4, 4, -1, -1], [0, 0, 1, 1, 2, 2, 3, 3])
    assert match.ids == {0: 0, 1: 1, 2: 4, 3: 5}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("april", "may"), TypeError, "fitted estimator"),
        (([0, 1], [0, 1, 1]), ValueError, "same customers"),
        (([0, 1], [0, 1], np.zeros((3, 1))), ValueError, "2 labels and 3 rows"),
        (([0, None], [0, 1]), ValueError, "1 label.s. are missing"),
    ],
)
def test_what_cannot_be_matched(arguments, error, words):
    """The message says what is wrong."""
    with pytest.raises(error, match=words):
        match_segments(*arguments)


def test_keys_are_checked(panel, april, may):
    """One row a customer, and a column that is there."""
    with pytest.raises(SchemaError, match="'nobody' is not a column"):
        match_segments(april, may, panel.old, panel.new, key="nobody")
    twice = pd.concat([panel.new, panel.new.head(1)])
    with pytest.raises(SchemaError, match="in several rows of new_X"):
        match_segments(april, may, panel.old, twice, key="CustomerID")
    with pytest.raises(ValueError, match="need key="):
        match_segments([0, 1], [0, 1], panel.old.head(2), panel.new.head(2))
