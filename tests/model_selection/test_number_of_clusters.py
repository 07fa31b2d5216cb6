"""select_n_clusters: from a table to a recommendation."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import (
    DBSCAN,
    AgglomerativeClustering,
    KMeans,
    MiniBatchKMeans,
    SpectralClustering,
)
from sklearn.datasets import make_blobs
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import TabularPreprocessor, make_customers, select_n_clusters

CENTERS = [[0, 0], [12, 0], [0, 12]]
QUICK = {"n_bootstraps": 4, "n_references": 4, "random_state": 0}

CRITERIA = [
    "elbow",
    "silhouette",
    "silhouette_gain",
    "calinski_harabasz",
    "davies_bouldin",
    "gap",
    "bic",
    "prediction_strength",
    "stability",
]


@pytest.fixture(scope="module")
def blobs():
    """Three segments of fifty."""
    return make_blobs(150, centers=CENTERS, random_state=0)[0]


@pytest.fixture(scope="module")
def found(blobs):
    """What is found in them."""
    return select_n_clusters(KMeans(n_init=3), blobs, range(2, 6), **QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("n_segments", [3, 5, 7])
def test_planted_segments_are_counted(n_segments):
    """On generated mall customers."""
    X, _ = make_customers("mall", 500, n_segments=n_segments, random_state=1)
    pipeline = make_pipeline(StandardScaler(), KMeans(n_init=10))
    found = select_n_clusters(pipeline, X.drop(columns="Gender"), **QUICK)
    assert found.recommended == n_segments


@pytest.mark.slow
@pytest.mark.realdata
def test_real_mall_customers_fall_into_five_or_six(data_dir):
    """As published segmentations of the table have it."""
    X = pd.read_csv(data_dir / "mall.csv").iloc[:, 2:]
    pipeline = make_pipeline(StandardScaler(), KMeans(n_init=10))
    assert select_n_clusters(pipeline, X, random_state=0).recommended in (5, 6)


@pytest.mark.parametrize("kind", ["normal", "uniform"])
def test_table_without_segments_has_none(kind):
    """A blob and a box are one segment."""
    X = getattr(np.random.default_rng(1), kind)(size=(200, 3))
    found = select_n_clusters(KMeans(n_init=3), X, range(2, 6), **QUICK)
    assert found.recommended == 1
    assert "no segments" in str(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "clusterer",
    [
        MiniBatchKMeans(n_init=3),
        GaussianMixture(),
        AgglomerativeClustering(),
        SpectralClustering(affinity="nearest_neighbors", n_neighbors=20),
    ],
)
@pytest.mark.filterwarnings("ignore:Graph is not fully connected")
def test_any_clusterer_with_a_number(clusterer, blobs):
    """Whatever it calls the number, and whether it predicts or not."""
    found = select_n_clusters(clusterer, blobs, range(2, 5), **QUICK)
    assert found.recommended == 3


def test_raw_frames_go_through_a_pipeline():
    """Text columns and all."""
    X, _ = make_customers("mall", 200, n_segments=3, random_state=0)
    pipeline = make_pipeline(TabularPreprocessor(), KMeans(n_init=3))
    found = select_n_clusters(
        pipeline, X, range(2, 5), criteria=["silhouette"], random_state=0
    )
    assert found.table["silhouette"].notna().sum() == 3


def test_table_holds_every_criterion(found):
    """A row for each number from 1, and a choice for each criterion."""
    assert found.table.index.tolist() == [1, 2, 3, 4, 5]
    assert list(found.choices) == CRITERIA
    columns = set(CRITERIA) - {"elbow"} | {"inertia", "smallest_share"}
    assert columns <= set(found.table)


def test_inertia_of_one_is_the_total(found, blobs):
    """All rows in a segment."""
    total = ((blobs - blobs.mean(axis=0)) ** 2).sum()
    assert found.table.at[1, "inertia"] == pytest.approx(total)


def test_same_seed_same_result(found, blobs):
    """And leaving criteria out does not change the others."""
    again = select_n_clusters(
        KMeans(n_init=3), blobs, range(2, 6), criteria=["stability", "gap"], **QUICK
    )
    for column in ("gap", "gap_se", "stability"):
        pd.testing.assert_series_equal(again.table[column], found.table[column])


def test_result_reads_well(found):
    """As text, as Markdown and as a frame."""
    assert str(found).startswith("Recommended: 3 segments.")
    assert found.reasons[0] in found.to_markdown()
    assert "BIC is that of Gaussian mixtures" in found.to_markdown()
    frame = found.to_frame()
    assert frame.loc[frame["recommended"], "n_clusters"].tolist() == [3]


def test_long_tables_are_sampled(blobs):
    """So many rows take part, which is noted."""
    found = select_n_clusters(
        KMeans(n_init=3), blobs, [2, 3], criteria=["elbow"], max_rows=60, **QUICK
    )
    assert found.notes[0].startswith("60 of 150 rows")
    whole = ((blobs - blobs.mean(axis=0)) ** 2).sum()
    assert found.table.at[1, "inertia"] < 0.6 * whole


def test_mixture_has_its_own_bic(blobs):
    """Not that of another mixture, so no note says so."""
    mixture = GaussianMixture(covariance_type="spherical")
    found = select_n_clusters(mixture, blobs, [2, 3], criteria=["bic"], **QUICK)
    assert found.notes == ()
    one = GaussianMixture(1, covariance_type="spherical").fit(blobs).bic(blobs)
    assert found.table.at[1, "bic"] == pytest.approx(one)


@pytest.mark.slow
def test_long_segments_of_a_mixture_are_counted():
    """Three parallel stripes, which silhouettes would cut across."""
    stripes = np.repeat([[0.0, 0.0], [2.5, 0.0], [5.0, 0.0]], 100, axis=0)
    X = stripes + np.random.default_rng(0).normal(size=(300, 2)) * [0.25, 2.5]
    found = select_n_clusters(GaussianMixture(n_init=10), X, range(2, 6), **QUICK)
    assert found.recommended == 3
    assert found.choices["silhouette"] != 3
    assert "lowest BIC" in found.reasons[0]


def test_estimator_is_left_alone(blobs):
    """Copies do the work."""
    clusterer = KMeans(7, n_init=1)
    select_n_clusters(clusterer, blobs, [2, 3], criteria=["elbow"], **QUICK)
    assert clusterer.n_clusters == 7
    assert not hasattr(clusterer, "labels_")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"estimator": DBSCAN()}, "DBSCAN has no parameter n_clusters"),
        ({"n_clusters": [2.5]}, "not a list of integers"),
        ({"n_clusters": [0, 2]}, "not a list of integers"),
        ({"n_clusters": [1]}, "no number of 2 or more"),
        ({"n_clusters": [2, 90]}, "numbers up to 75"),
        ({"criteria": ["elbow", "aic"]}, "aic"),
        ({"criteria": []}, "must name some"),
        ({"n_bootstraps": 1}, "n_bootstraps"),
        ({"X": np.ones((30, 2))}, "rows of X are the same"),
    ],
)
def test_mistakes_raise_errors(parameters, message, blobs):
    """With the parameter, the value and the cure."""
    given = {"estimator": KMeans(), "X": blobs, "n_clusters": [2, 3]} | parameters
    with pytest.raises(ValueError, match=message):
        select_n_clusters(**given)
