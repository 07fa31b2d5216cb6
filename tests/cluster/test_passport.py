"""Ids and names of segments from fit to fit."""

import io
import json

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import DBSCAN, KMeans
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import InductiveClusterer, cluster_stability, inspect, load, save
from segmentlearn.cluster import continues

PLACES = {"a": (0, 0), "b": (10, 0), "c": (0, 10), "d": (10, 10), "e": (30, 30)}


def draw(seed=0, **sizes):
    """Draw rows around some of the places."""
    rng = np.random.default_rng(seed)
    return np.vstack(
        [rng.normal(PLACES[name], 0.5, (size, 2)) for name, size in sizes.items()]
    )


def fit(X, n_clusters, **parameters):
    """Fit k-means, whose numbers depend on the seed."""
    parameters = {"random_state": 0, **parameters}
    return InductiveClusterer(KMeans(n_clusters, n_init=5), **parameters).fit(X)


def id_at(clusterer, name):
    """Return the id of the segment at a place."""
    return int(clusterer.segment_ids_[clusterer.predict([PLACES[name]])[0]])


@pytest.fixture(scope="module")
def april():
    """Segments a, b and c, of which two have names."""
    fitted = fit(draw(a=60, b=50, c=40), 3, period="April")
    fitted.segment_names_ = {0: "savers", 2: "spenders"}
    return fitted


def test_first_segments_have_their_labels_as_ids(april):
    """And a passport each."""
    assert april.segment_ids_.tolist() == [0, 1, 2]
    assert april.passport_[0] == {
        "id": 0,
        "name": "savers",
        "born": "April",
        "parents": [],
        "status": "active",
        "successors": [],
        "sizes": {"April": 60},
    }


def test_sizes_change_and_ids_do_not(april):
    """Labels stay those of the baseline, though the order of the sizes is another."""
    may = fit(draw(1, a=30, b=50, c=90), 3, baseline=april, period="May")
    assert may.labels_.tolist() == [0] * 30 + [1] * 50 + [2] * 90
    assert may.segment_ids_.tolist() == [0, 1, 2]
    assert may.segment_names_ == {0: "savers", 2: "spenders"}
    assert may.passport_[2]["sizes"] == {"April": 40, "May": 90}
    np.testing.assert_allclose(may.cluster_centers_[1], PLACES["b"], atol=0.5)
    assert may.predict_proba([PLACES["c"]]).argmax() == 2


@pytest.mark.parametrize("seed", range(3))
def test_any_seed_gives_the_same_ids(april, seed):
    """The numbers that a clusterer gives do not matter."""
    may = fit(draw(seed, a=50, b=51, c=52), 3, baseline=april, random_state=seed)
    assert [id_at(may, name) for name in "abc"] == [0, 1, 2]


def test_born_and_gone(april):
    """An id is free for ever, and labels close the gap."""
    may = fit(draw(1, a=60, c=40, e=30), 3, baseline=april, period="May")
    june = fit(draw(2, a=60, b=50, c=40), 3, baseline=may, period="June")
    assert [id_at(may, name) for name in "ace"] == [0, 2, 3]
    assert may.predict([PLACES["c"]]).tolist() == [1]
    assert may.segment_names_ == {0: "savers", 1: "spenders"}
    gone, born = may.passport_[1], may.passport_[3]
    assert (gone["status"], gone["successors"]) == ("gone", [])
    assert (born["born"], born["parents"], born["status"]) == ("May", [], "active")
    # the customers at b come back, and are another segment
    assert [id_at(june, name) for name in "abc"] == [0, 4, 2]
    assert june.passport_periods() == ["April", "May", "June"]


def test_split_and_merger(april):
    """The larger part keeps the id; parents and successors are written down."""
    X = draw(1, a=60, b=50, c=40)
    X[:25] += [1.0, -1.0]
    may = fit(X, 4, baseline=april)
    assert id_at(may, "a") == 0
    assert may.passport_[3]["parents"] == [0]
    june = fit(draw(2, a=60, b=50, c=40), 3, baseline=may)
    assert june.passport_[3]["status"] == "gone"
    assert june.passport_[3]["successors"] == [0]


def test_periods_are_counted(april):
    """Where they have no names."""
    first = fit(draw(a=60, b=50), 2)
    second = fit(draw(a=60, b=50), 2, baseline=first)
    assert second.passport_[0]["sizes"] == {"1": 60, "2": 60}


def test_names_that_were_edited_live_on(april):
    """Whatever they were when the segment was found."""
    may = fit(draw(1, a=60, b=50, c=40), 3, baseline=april)
    may.segment_names_[1] = "the new name"
    june = fit(draw(2, a=60, b=50, c=40), 3, baseline=may)
    assert june.segment_names_[1] == "the new name"
    assert june.passport_[1]["name"] == "the new name"


def test_baseline_is_left_as_it_is(april):
    """It is not fitted again, copied or seeded, and a refit forgets nothing of it."""
    before = april.get_params(), april.labels_.copy()
    may = InductiveClusterer(KMeans(3, n_init=1), baseline=april, random_state=0)
    X = draw(1, a=60, b=50, c=40)
    copied = clone(may).fit(X)
    assert copied.baseline is april
    assert not [name for name in may.get_params() if name.startswith("baseline__")]
    cluster_stability(may, X, n_bootstraps=2, random_state=0)
    assert april.get_params() == before[0]
    np.testing.assert_array_equal(april.labels_, before[1])


def test_fit_without_baseline_starts_anew(april):
    """Names and ids are those of a first period."""
    may = fit(draw(1, a=60, c=40, e=30), 3, baseline=april)
    again = may.set_params(baseline=None).fit(draw(1, a=60, c=40, e=30))
    assert again.segment_ids_.tolist() == [0, 1, 2]
    assert again.segment_names_ == {}


def test_any_model_with_predict_is_a_baseline():
    """Its labels are ids."""
    X = draw(a=60, b=50, c=40)
    model = make_pipeline(StandardScaler(), KMeans(3, n_init=2, random_state=4)).fit(X)
    may = fit(draw(1, c=60, b=50, a=40), 3, baseline=model)
    for name in "abc":
        assert id_at(may, name) == model.predict([PLACES[name]])[0]


def test_baseline_has_to_be_fitted():
    """It says so itself."""
    with pytest.raises(NotFittedError, match="not fitted"):
        fit(draw(a=9, b=9), 2, baseline=KMeans(2))


def test_baselines_and_periods_that_make_no_sense(april):
    """A classifier has no segments that could live on, and a period is there once."""
    X = draw(1, a=30, b=30)
    classifier = LogisticRegression().fit(X, ["a"] * 30 + ["b"] * 30)
    with pytest.raises(ValueError, match="baseline=LogisticRegression must be"):
        fit(X, 2, baseline=classifier)
    with pytest.raises(ValueError, match="period='April' is one of the baseline's"):
        fit(X, 2, baseline=april, period="April")


def test_archive_keeps_the_passport_and_not_the_baseline(april):
    """It is in the manifest as JSON, and the next month goes on from it."""
    may = fit(draw(1, a=60, c=40, e=30), 3, baseline=april, period="May")
    file = io.BytesIO()
    save(may, file)
    loaded, info = load(file), inspect(file)
    assert loaded.baseline is None
    assert may.baseline is april
    assert loaded.passport_ == may.passport_ == info.segments
    json.dumps(info.segments)
    assert "1 (born April, gone, April: 50)" in str(info)
    june = fit(draw(2, a=60, c=40, e=30), 3, baseline=loaded)
    assert june.segment_ids_.tolist() == [0, 2, 3]
    assert continues(april, may)
    assert continues(loaded, june)
    assert not continues(june, may)


def test_an_older_clusterer_is_a_baseline(april):
    """One from an archive without ids, periods and radii."""
    old = fit(draw(a=60, b=50, c=40), 3)
    for name in ("baseline", "period", "_passport", "_reach", "segment_names_"):
        delattr(old, name)
    assert "baseline=" not in repr(old)
    may = fit(draw(1, a=30, b=50, c=90), 3, baseline=old)
    assert [id_at(may, name) for name in "abc"] == [0, 1, 2]


@pytest.mark.filterwarnings("ignore:.* labelled all rows as noise")
def test_noise_is_no_segment(april):
    """Where all is noise, all segments are gone."""
    may = InductiveClusterer(DBSCAN(eps=1e-6, min_samples=5), baseline=april)
    may.fit(draw(1, a=60, b=50))
    assert may.segment_ids_.tolist() == []
    assert [entry["status"] for entry in may.passport_] == ["gone"] * 3


def test_customers_of_another_kind_are_told(april):
    """They are far from all that the clusterer has seen."""
    labels = april.labels_within_reach([PLACES["a"], PLACES["e"]])
    assert labels.tolist() == [0, -1]


def test_a_new_kind_takes_no_id_of_a_pipeline(april):
    """Its clusterer knows how far its customers were, whatever stands before it."""
    scaler = StandardScaler(with_mean=False, with_std=False)
    old = make_pipeline(scaler.fit(april.cluster_centers_), april)
    may = fit(draw(1, a=60, b=50, e=90), 3, baseline=old)
    assert [id_at(may, name) for name in "abe"] == [0, 1, 3]
