"""cluster_stability: which segments come back."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, KMeans
from sklearn.datasets import make_blobs
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segmentlearn import TabularPreprocessor, cluster_stability, make_customers
from segmentlearn.model_selection import ClusterStability

CENTERS = [[0, 0], [20, 0], [0, 20]]


@pytest.fixture(scope="module")
def blobs():
    """Three well separated segments of fifty rows."""
    return make_blobs(150, centers=CENTERS, random_state=0)[0]


@pytest.mark.parametrize(
    "clusterer",
    [
        KMeans(3, n_init=3),
        GaussianMixture(3, n_init=2),
        AgglomerativeClustering(3),
        DBSCAN(eps=2.5),
        HDBSCAN(min_cluster_size=15, copy=True),
        make_pipeline(StandardScaler(), AgglomerativeClustering(3)),
    ],
)
def test_segments_that_are_there_come_back(clusterer, blobs):
    """Whatever finds them, and whether it predicts or not."""
    found = cluster_stability(clusterer, blobs, n_bootstraps=5, random_state=0)
    assert found.ari_mean > 0.9
    assert found.to_frame()["verdict"].isin(["stable", "highly stable"]).all()


def test_one_segment_cut_in_two_is_reported(blobs):
    """With four segments for three, one pair does not come back."""
    found = cluster_stability(KMeans(4, n_init=3), blobs, random_state=0)
    frame = found.to_frame()
    assert (frame["verdict"] == "highly stable").sum() == 2
    assert (frame["verdict"] == "unstable").any()
    assert frame["dissolved"].max() > 5


def test_refitting_all_tells_how_unstable_the_features_are():
    """Axes learnt from noise are other ones in each sample."""
    X = np.random.default_rng(0).normal(size=(60, 30))
    pipeline = make_pipeline(PCA(1), KMeans(2, n_init=3))
    whole = cluster_stability(pipeline, X, random_state=0)
    last = cluster_stability(pipeline, X, refit="clusterer", random_state=0)
    assert whole.ari_mean < last.ari_mean - 0.2


def test_raw_frames_are_refitted():
    """The pipeline takes samples of the frame as it is."""
    X, _ = make_customers("mall", 150, n_segments=3, random_state=0)
    pipeline = make_pipeline(TabularPreprocessor(), KMeans(3, n_init=3))
    found = cluster_stability(pipeline, X, n_bootstraps=3, random_state=0)
    assert found.jaccard.shape == (3, 3)


def test_given_labels_are_judged(blobs):
    """Segments of chance do not come back, those that are there do."""
    labels = np.random.default_rng(0).integers(0, 3, 150)
    found = cluster_stability(
        KMeans(3, n_init=3), blobs, labels=labels, n_bootstraps=5, random_state=0
    )
    assert set(found.to_frame()["verdict"]) == {"unstable"}
    assert found.ari_mean == pytest.approx(1.0)


def test_names_of_segments_are_kept(blobs):
    """Labels may be text."""
    labels = np.array(["a", "b", "c"])[KMeans(3, random_state=0).fit_predict(blobs)]
    found = cluster_stability(
        KMeans(3, n_init=3), blobs, labels=labels, n_bootstraps=3, random_state=0
    )
    assert found.segments.tolist() == ["a", "b", "c"]


def test_noise_is_not_judged(blobs):
    """But it counts among the customers."""
    labels = np.repeat([-1, 0, 1], 50)
    found = cluster_stability(
        KMeans(3, n_init=1), blobs, labels=labels, n_bootstraps=2, random_state=0
    )
    assert found.segments.tolist() == [0, 1]
    assert found.shares == pytest.approx([1 / 3, 1 / 3])


def test_nothing_but_noise_is_refused(blobs):
    """With what to change."""
    with pytest.raises(ValueError, match="eps of DBSCAN"):
        cluster_stability(DBSCAN(eps=1e-9), blobs, random_state=0)


def test_across_solutions(blobs):
    """The three come wholly from one; a fourth splits one and comes from it too."""
    found = cluster_stability(
        KMeans(3, n_init=3), blobs, n_clusters=[3, 2, 4], n_bootstraps=2, random_state=0
    )
    across = found.across
    assert across.groupby("n_clusters").size().tolist() == [2, 3, 4]
    assert across.loc[across["n_clusters"] == 2, "stability"].isna().all()
    assert across.loc[across["n_clusters"] > 2, "stability"].min() > 0.99


def test_long_tables_are_sampled(blobs):
    """Frames too, and the labels with them."""
    found = cluster_stability(
        KMeans(3, n_init=1),
        pd.DataFrame(blobs),
        labels=np.repeat([0, 1, 2], 50),
        max_rows=60,
        n_bootstraps=2,
        random_state=0,
    )
    assert found.n_rows == 60


def test_same_seed_same_result(blobs):
    """And another seed another one."""

    def overlap(seed):
        return cluster_stability(
            KMeans(4), blobs, n_bootstraps=3, random_state=seed
        ).jaccard

    np.testing.assert_array_equal(overlap(0), overlap(0))
    assert not np.array_equal(overlap(0), overlap(1))


def made(jaccard):
    """Return a result of one segment with these overlaps."""
    return ClusterStability(
        ari=np.array([0.9]),
        ari_mean=0.9,
        ari_interval=(0.9, 0.9),
        segments=np.array([0]),
        shares=np.array([1.0]),
        jaccard=np.array(jaccard, float).reshape(-1, 1),
        across=None,
        n_rows=10,
    )


@pytest.mark.parametrize(
    ("jaccard", "verdict"),
    [(0.86, "highly stable"), (0.8, "stable"), (0.7, "doubtful"), (0.5, "unstable")],
)
def test_verdicts_are_hennigs(jaccard, verdict):
    """From the mean overlap."""
    assert made([jaccard]).to_frame()["verdict"].tolist() == [verdict]


def test_recoveries_are_counted():
    """0.75 and more, 0.5 and less; unknown samples count as neither."""
    frame = made([0.75, 0.9, 0.5, 0.6, np.nan]).to_frame()
    assert frame[["recovered", "dissolved"]].to_numpy().tolist() == [[2, 1]]
    assert frame["jaccard"].tolist() == [pytest.approx(0.6875)]


def test_result_reads_well():
    """As text and as Markdown."""
    result = made([0.9, 0.9])
    assert "adjusted Rand index of 0.90" in str(result)
    assert "| highly stable |" in result.to_markdown()
