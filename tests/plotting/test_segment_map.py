"""SegmentMapDisplay: customers as points."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from segmentlearn.plotting import SegmentMapDisplay

matplotlib.use("Agg")


class _ByIncome(KMeans):
    """A clusterer that prepares a table by taking two of its columns, doubled."""

    def fit(self, X, y=None):
        """Find segments in the prepared columns."""
        return super().fit(self.prepare(X))

    def predict(self, X):
        """Say which segment rows are in."""
        return super().predict(self.prepare(X))

    def prepare(self, X):
        """Return two columns."""
        return 2.0 * X[["income", "score"]].to_numpy()


@pytest.fixture(autouse=True)
def _close_figures():
    """Leave no figure open."""
    yield
    matplotlib.pyplot.close("all")


@pytest.fixture(scope="module")
def labels():
    """Four segments."""
    return np.arange(120) % 4


@pytest.fixture(scope="module")
def customers(labels):
    """Two columns that separate together, a copy of one, noise and text."""
    rng = np.random.default_rng(0)
    income = rng.normal(6 * (labels // 2), 1)
    return pd.DataFrame(
        {
            "noise": rng.normal(size=120),
            "income": income,
            "salary": income + rng.normal(0, 0.1, 120),
            "score": rng.normal(5 * (labels % 2), 1),
            "job": np.where(labels == 0, "Artist", "Judge"),
        }
    )


def test_columns_that_separate_best_together(customers, labels):
    """Not two with the same information, though each separates well."""
    display = SegmentMapDisplay.from_predictions(customers, labels)
    assert "score" in display.axis_names
    assert "noise" not in display.axis_names
    assert display.ax_.get_xlabel() == display.axis_names[0]


def test_centres_are_means(customers, labels):
    """Of each segment in the two columns."""
    display = SegmentMapDisplay.from_predictions(
        customers, labels, x="income", y="score"
    )
    expected = customers.groupby(labels)[["income", "score"]].mean()
    np.testing.assert_allclose(display.centres, expected)
    assert [text.get_text() for text in display.ax_.texts] == ["0", "1", "2", "3"]


def test_one_column_given(customers, labels):
    """The other is the best beside it."""
    display = SegmentMapDisplay.from_predictions(customers, labels, y="noise")
    assert display.axis_names[1] == "noise"
    assert display.axis_names[0] in ("income", "salary", "score")


def test_large_tables_are_sampled(customers, labels):
    """Shares are those of all customers."""
    display = SegmentMapDisplay.from_predictions(customers, labels, max_points=40)
    assert len(display.points) == 40
    assert display.shares.tolist() == [0.25] * 4


def test_legend_has_names_and_shares(customers, labels):
    """One's own names, where there are some."""
    names = {0: "artists"}
    display = SegmentMapDisplay.from_predictions(customers, labels, names=names)
    captions = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert captions[0] == "0: artists (25%)"
    assert len(captions) == 4


def test_principal_components(customers, labels):
    """Of all columns, text included."""
    display = SegmentMapDisplay.from_predictions(customers, labels, space="pca")
    assert display.points.shape == (120, 2)
    assert display.axis_names[0].startswith("principal component 1 (")
    with pytest.raises(ValueError, match="leave them out"):
        SegmentMapDisplay.from_predictions(customers, labels, x="income", space="pca")


def test_latent_space_is_the_estimators(customers):
    """Two columns as they are, more through their principal components."""
    numbers = customers[["income", "score"]]
    for n_clusters, title in ((2, "latent dimension 1"), (3, "latent component 1")):
        clusterer = KMeans(n_clusters, n_init=2, random_state=0).fit(numbers)
        display = SegmentMapDisplay.from_estimator(clusterer, numbers, space="latent")
        assert display.axis_names[0].startswith(title)
    with pytest.raises(ValueError, match="needs an estimator with transform"):
        SegmentMapDisplay.from_predictions(numbers, clusterer.labels_, space="latent")


def test_names_of_the_estimator(customers):
    """Those that a profile stored."""
    numbers = customers[["income", "score"]]
    clusterer = KMeans(2, n_init=2, random_state=0).fit(numbers)
    clusterer.segment_names_ = {0: "poor", 1: "rich"}
    display = SegmentMapDisplay.from_estimator(clusterer, numbers)
    assert display.names == ["poor", "rich"]


def test_noise_has_no_centre(customers, labels):
    """It is grey, and drawn all the same."""
    noisy = np.where(labels == 3, -1, labels)
    display = SegmentMapDisplay.from_predictions(customers, noisy)
    assert display.labels == [0, 1, 2, -1]
    assert len(display.ax_.texts) == 3


def test_missing_cells_are_left_out(customers, labels):
    """Of the picture and of the centres."""
    X = customers.copy()
    X.loc[:7, "income"] = np.nan
    display = SegmentMapDisplay.from_predictions(X, labels, x="income", y="score")
    assert np.isfinite(display.centres).all()


def test_too_few_numbers(customers, labels):
    """The error names what can be drawn instead."""
    with pytest.raises(ValueError, match="space='pca'"):
        SegmentMapDisplay.from_predictions(customers[["job", "noise"]], labels)
    with pytest.raises(ValueError, match="x or y='job' is a column without numbers"):
        SegmentMapDisplay.from_predictions(customers, labels, x="job", y="noise")


def test_few_values_are_spread_out():
    """By less than half a step, so that none is taken for its neighbour."""
    points = np.column_stack([np.arange(1000) % 3, np.linspace(0, 1, 1000)])
    display = SegmentMapDisplay.from_predictions(points, np.arange(1000) % 2)
    drawn = np.vstack([dots.get_offsets() for dots in display.ax_.collections])
    drawn = drawn[np.argsort(drawn[:, 1])]
    assert (np.round(drawn[:, 0]) == points[:, 0]).all()
    assert len(np.unique(drawn[:, 0])) > 900
    np.testing.assert_array_equal(drawn[:, 1], points[:, 1])


def test_far_points_are_counted():
    """Two customers of a thousand do not squeeze the others into a corner."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 2))
    X[:2, 0] = 1e4
    display = SegmentMapDisplay.from_predictions(X, np.arange(1000) % 2)
    assert display.ax_.get_xlim()[1] < 100
    assert "0.2% of the points lie outside" in display.ax_.get_xlabel()


def test_labels_are_pushed_apart():
    """Even where they start at the same place; far ones stay."""
    X = np.array([[0.0, 0], [2, 2], [0, 2], [2, 0], [98, 99], [100, 99]])
    display = SegmentMapDisplay.from_predictions(X, [0, 0, 1, 1, 2, 2])
    places = np.array([label.xyann for label in display.ax_.texts])
    first, second, _ = display.ax_.transData.transform(places)
    inch = display.figure_.dpi
    assert np.hypot(*(first - second)) >= 0.33 * inch
    assert places[2] == pytest.approx([99, 99])


def test_missing_matplotlib(customers, labels, monkeypatch):
    """The error names how to install it."""
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"segmentlearn\[plot\]"):
        SegmentMapDisplay.from_predictions(customers, labels)


def test_components_of_the_columns_that_the_estimator_prepares(customers):
    """Distances in the map are those in which the segments were found."""
    estimator = _ByIncome(2, n_init=1, random_state=0).fit(customers)
    display = SegmentMapDisplay.from_estimator(estimator, customers, space="pca")
    prepared = estimator.prepare(customers)
    assert display.points.var(axis=0).sum() == pytest.approx(prepared.var(axis=0).sum())
