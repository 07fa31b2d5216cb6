"""The displays draw what the results hold, on the given axes."""

import builtins
import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs

from segmentlearn.inspection import associations
from segmentlearn.metrics import silhouette_sampled
from segmentlearn.model_selection import cluster_stability, select_n_clusters
from segmentlearn.plotting import (
    AssociationDisplay,
    ClusterStabilityDisplay,
    NumberOfClustersDisplay,
    SilhouetteDisplay,
)

mpl.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def _close():
    """Leave no figure open."""
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def blobs():
    """Three segments, rows and labels."""
    return make_blobs(120, centers=3, random_state=0)


@pytest.fixture(scope="module")
def numbers(blobs):
    """Numbers of segments compared by every criterion."""
    return select_n_clusters(
        KMeans(n_init=2),
        blobs[0],
        range(2, 5),
        n_bootstraps=3,
        n_references=3,
        random_state=0,
    )


@pytest.fixture(scope="module")
def stability(blobs):
    """Stability of three segments."""
    return cluster_stability(
        KMeans(3, n_init=2), blobs[0], n_bootstraps=3, random_state=0
    )


def test_number_of_clusters_has_a_panel_a_criterion(numbers):
    """With the recommended number as a dashed line in each."""
    display = NumberOfClustersDisplay.from_result(numbers).plot()
    assert isinstance(display, NumberOfClustersDisplay)
    assert len(display.axes_) == len(numbers.choices)
    for panel in display.axes_:
        dashed = [line for line in panel.get_lines() if line.get_linestyle() == "--"]
        assert [line.get_xdata()[0] for line in dashed] == [numbers.recommended]


def test_panels_fit_into_given_axes(numbers):
    """The axes' place is divided, in their figure."""
    figure, ax = plt.subplots()
    display = NumberOfClustersDisplay.from_result(numbers).plot(ax=ax)
    assert display.figure_ is figure
    assert plt.get_fignums() == [figure.number]


def test_large_criteria_are_written_shortly(blobs):
    """Without a power of ten that stands in the title of the panel."""
    display = NumberOfClustersDisplay.from_estimator(
        KMeans(n_init=1), 1e4 * blobs[0], n_clusters=[2, 3], criteria=["elbow"]
    )
    display.figure_.draw_without_rendering()
    assert not display.ax_.yaxis.get_offset_text().get_text()


def test_number_of_clusters_from_estimator(blobs):
    """Parameters go to select_n_clusters."""
    display = NumberOfClustersDisplay.from_estimator(
        KMeans(n_init=1), blobs[0], n_clusters=[2, 3], criteria=["bic"], random_state=0
    )
    assert len(display.axes_) == 1


def test_stability_draws_means_and_samples(stability):
    """A row a segment, from the top."""
    display = ClusterStabilityDisplay.from_result(stability).plot()
    assert isinstance(display, ClusterStabilityDisplay)
    means = display.ax_.get_lines()[-1]
    np.testing.assert_array_equal(
        means.get_xdata(), stability.to_frame()["jaccard"].to_numpy()
    )
    assert display.ax_.yaxis_inverted()


def test_stability_has_hennigs_words(stability):
    """Above the bands."""
    words = {
        text.get_text()
        for text in ClusterStabilityDisplay.from_result(stability).plot().ax_.texts
    }
    assert {"unstable", "doubtful", "stable"} <= words


def test_stability_names_segments(stability):
    """By the caller's names, beside their labels."""
    ax = plt.subplots()[1]
    display = ClusterStabilityDisplay.from_result(stability).plot(
        ax=ax, names={0: "Savers"}
    )
    assert display.ax_ is ax
    assert ax.get_yticklabels()[0].get_text().startswith("0: Savers")


def test_silhouettes_are_drawn_segment_by_segment(blobs):
    """A patch each, and the mean as a dashed line."""
    X, labels = blobs
    display = SilhouetteDisplay.from_predictions(X, labels)
    mean = silhouette_sampled(X, labels).mean
    assert len(display.ax_.patches) == 3
    assert display.ax_.get_lines()[-1].get_xdata()[0] == pytest.approx(mean)


def test_names_of_silhouettes_stand_in_a_legend(blobs):
    """A name of many words does not push the silhouettes out of the picture."""
    X, labels = blobs
    name = "older, average annual income, very low spending score"
    ax = SilhouetteDisplay.from_predictions(X, labels, names={0: name}).ax_
    entry = ax.get_legend().get_texts()[0].get_text()
    assert entry.replace("\n", " ").startswith(f"0: {name} (")
    assert ax.get_yticklabels()[0].get_text().startswith("0  (")


def test_negative_silhouettes_have_a_minus_sign():
    """As the axis below them."""
    display = SilhouetteDisplay(
        values=np.array([-0.3, -0.2]),
        labels=np.array([0, 1]),
        weights=np.ones(2),
        mean=-0.25,
    ).plot()
    ticks = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert "silhouette −0.25" in display.ax_.get_title()  # noqa: RUF001
    assert ticks == ["0  (50%, mean −0.30)", "1  (50%, mean −0.20)"]  # noqa: RUF001


def test_silhouettes_from_estimator(blobs):
    """Clustered first."""
    display = SilhouetteDisplay.from_estimator(KMeans(4, n_init=1), blobs[0])
    assert len(display.ax_.patches) == 4


def test_one_segment_has_no_silhouette(blobs):
    """Which the title states."""
    X, _ = blobs
    display = SilhouetteDisplay.from_predictions(X, np.zeros(len(X), int))
    assert "no silhouette" in display.ax_.get_title()


@pytest.fixture(scope="module")
def table():
    """Three numbers, a category with long names, and a target."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=200)
    X = pd.DataFrame(
        {
            "noise": rng.normal(size=200),
            "number_of_support_calls_since_the_last_renewal": -z,
            "CustomerLifetimeValueEstimatedByTheMarketingDepartment": z**3 + 1,
            "half": np.where(z + rng.normal(size=200) > 0, "high", "low"),
        }
    )
    return X, pd.Series(np.where(z > 0, "stays", "leaves"), name="churned")


def test_associations_have_a_cell_a_pair(table):
    """The lower half alone, each with the value of its pair."""
    found = associations(*table)
    display = AssociationDisplay.from_result(found).plot()
    assert isinstance(display, AssociationDisplay)
    assert len(display.ax_.texts) == 5 * 4 / 2
    for text in display.ax_.texts:
        column, row = text.get_position()
        pair = display.shown_[row + 1], display.shown_[column]
        written = float(text.get_text().replace("−", "-"))  # noqa: RUF001
        assert written == pytest.approx(found.matrix.loc[pair], abs=0.006)


def test_target_is_the_framed_row_at_the_bottom(table):
    """The column that has most to do with it first."""
    display = AssociationDisplay.from_frame(*table)
    assert display.shown_[-1] == "churned"
    assert display.shown_[-2] == "noise"
    (frame,) = display.ax_.patches
    assert frame.get_y() == 2.5
    assert display.ax_.get_yticklabels()[-1].get_fontweight() == "bold"


def test_pairs_with_a_category_have_colours_of_their_own(table):
    """Two scales: from -1 to 1 for numbers, from 0 to 1 for the others."""
    images = AssociationDisplay.from_frame(*table).ax_.get_images()
    assert [image.get_clim() for image in images] == [(-1, 1), (0, 1)]
    numbers = table[0].drop(columns="half")
    (image,) = AssociationDisplay.from_frame(numbers).ax_.get_images()
    assert image.get_clim() == (-1, 1)


def test_names_of_columns_are_not_cut_and_do_not_overlap(table):
    """They are broken into lines, in cells that are high enough for them."""
    display = AssociationDisplay.from_frame(*table)
    display.figure_.canvas.draw()
    texts = [label.get_text() for label in display.ax_.get_yticklabels()]
    joined = [text.replace("\n", "") for text in texts]
    assert joined == [name.replace(" ", "") for name in display.shown_[1:]]
    for labels in (display.ax_.get_yticklabels(), display.ax_.get_xticklabels()):
        boxes = [label.get_window_extent() for label in labels]
        for box, other in itertools.pairwise(boxes):
            assert not box.overlaps(other)
        for box in boxes:
            assert box.x0 >= 0
            assert box.y0 >= 0


def test_weakest_associations_are_left_out(table):
    """Beyond max_columns; the target stays."""
    display = AssociationDisplay.from_result(associations(*table)).plot(
        max_columns=2, annotate=False
    )
    assert len(display.shown_) == 3
    assert "noise" not in display.shown_
    assert not display.ax_.texts


def test_associations_of_one_column_are_no_picture():
    """There is no pair."""
    with pytest.raises(ValueError, match="needs two columns"):
        AssociationDisplay.from_result(
            associations(pd.DataFrame({"a": [1, 2, 3]}))
        ).plot()


def test_associations_fit_into_given_axes(table):
    """In their figure; a pair that is not defined has a dash."""
    X = table[0].assign(same=1)
    figure, ax = plt.subplots()
    display = AssociationDisplay.from_result(associations(X)).plot(ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    dashes = [text for text in ax.texts if text.get_text() == "–"]  # noqa: RUF001
    assert len(dashes) == 4


def test_missing_matplotlib_is_told(stability, monkeypatch):
    """With how to install it."""
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"segmentlearn\[plot\]"):
        ClusterStabilityDisplay.from_result(stability).plot()
