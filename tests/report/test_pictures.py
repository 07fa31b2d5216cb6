"""Pictures of a report: one scale, whole names."""

import matplotlib.figure
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from segmentlearn.report import write_report


@pytest.fixture
def figures(monkeypatch, tmp_path):
    """Return the figures of a report by the labels of their axes."""

    def write(X, names=None):
        kept = {}
        monkeypatch.setattr(
            matplotlib.figure.Figure,
            "savefig",
            lambda figure, *_, **__: kept.setdefault(
                figure.axes[0].get_xlabel().split(" (")[0], figure
            ),
        )
        model = KMeans(2, n_init=1, random_state=0).fit(X[["Age"]])
        model.feature_names_in_ = np.array(X.columns, dtype=object)
        model.predict = lambda X: model.labels_
        model.segment_names_ = names or {}
        write_report(model, X, tmp_path / "page.html")
        return kept

    return write


@pytest.fixture
def customers():
    rng = np.random.default_rng(0)
    age = np.r_[rng.normal(30, 3, 60), rng.normal(60, 3, 60)]
    return pd.DataFrame({"Age": age, "Town": rng.choice(list("ab"), 120)})


def test_areas_have_the_axis_of_their_numbers(figures, customers):
    """Bars end at the area that is written beside; at most 0.5 is no bar."""
    (ax,) = figures(customers)["from nothing"].axes
    areas = [float(text.get_text()) for text in ax.texts]
    ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
    assert areas[0] == 1.0
    assert areas[1] < 0.6
    assert np.allclose(ends, np.maximum(areas, 0.5))
    assert np.allclose(ax.get_xticks()[[0, -1]], [0.5, 1.0])
    assert ax.get_xlim()[0] == 0.5


def _ticks(figures, customers, name):
    (ax,) = figures(customers, {0: name, 1: "other"})["percent of the customers"].axes
    return ax.get_yticklabels()[0].get_text()


def test_name_of_four_lines_is_whole(figures, customers):
    """Names of segments are not cut while there is room."""
    name = "ever married: almost all yes, spending score: mostly average"
    label = _ticks(figures, customers, name)
    assert label.replace("\n", " ") == f"0: {name}"
    assert label.count("\n") == 3


def test_longer_name_is_cut(figures, customers):
    """Dots stand for a fifth line."""
    label = _ticks(figures, customers, " ".join(["customers"] * 20))
    assert label.count("\n") == 3
    assert label.endswith("…")


def test_rows_grow_with_their_names(figures, customers):
    """Names of four lines do not run into each other."""
    heights = [
        figures(customers, {0: name, 1: "b"})[
            "percent of the customers"
        ].get_figheight()
        for name in ("a", "customers of a very large shop " * 3)
    ]
    assert heights[1] > heights[0] + 0.5
