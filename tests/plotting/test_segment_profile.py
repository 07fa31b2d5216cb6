"""SegmentProfileDisplay: the numbers of a profile, drawn."""

import itertools

import matplotlib
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from segmentlearn.inspection import segment_profile
from segmentlearn.plotting import SegmentProfileDisplay

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    """Leave no figure open."""
    yield
    matplotlib.pyplot.close("all")


@pytest.fixture(scope="module")
def customers():
    """Numbers, a truth value and a category of three levels."""
    rng = np.random.default_rng(0)
    kind = np.arange(90) // 30
    return pd.DataFrame(
        {
            "income": rng.normal(kind * 5, 1),
            "noise": rng.normal(size=90),
            "member": kind == 2,
            "job": np.array(["Artist", "Judge", "Nurse"])[kind],
        }
    )


@pytest.fixture(scope="module")
def profile(customers):
    """Three segments."""
    return segment_profile(np.arange(90) // 30, customers)


def test_heatmap_shows_effects(profile):
    """Cohen's d, and the level that differs most with its h."""
    display = SegmentProfileDisplay.from_result(profile).plot()
    effects = profile.to_frame("effects").query("column == 'income'")["effect"]
    at = display.effect_columns.index("income")
    assert display.effects[:, at].tolist() == effects.tolist()
    assert "member: yes" in display.effect_columns
    job = display.effect_columns.index("job")
    assert [levels[job] for levels in display.levels] == ["Artist", "Judge", "Nurse"]
    assert display.effects[:, job] == pytest.approx([np.pi] * 3)
    assert display.ax_.figure is display.figure_
    texts = [text.get_text() for text in display.ax_.texts]
    assert "Artist\n+3.1" in texts


def test_strongest_columns_come_first(profile):
    """And weak ones are left out where there are too many."""
    display = SegmentProfileDisplay.from_result(profile).plot(max_columns=3)
    shown = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert len(shown) == 3
    assert "noise" not in shown


def test_snake_shows_standardised_means(profile, customers):
    """One line a segment."""
    display = SegmentProfileDisplay.from_result(profile).plot("snake")
    income = customers["income"]
    expected = (income[:30].mean() - income.mean()) / income.std()
    assert display.means[0, 0] == pytest.approx(expected)
    captions = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert len(captions) == 3
    assert captions[0].startswith("0: ")
    assert captions[0].endswith("(33%)")


def test_from_estimator(customers):
    """It describes and draws."""
    numbers = customers[["income", "noise"]]
    clusterer = KMeans(2, n_init=2, random_state=0).fit(numbers)
    display = SegmentProfileDisplay.from_estimator(clusterer, numbers, kind="snake")
    assert display.means.shape == (2, 2)
    assert display.ax_.get_legend() is not None


def test_given_axes_are_used(profile):
    """No figure is made."""
    _, ax = matplotlib.pyplot.subplots()
    assert SegmentProfileDisplay.from_result(profile).plot(ax=ax).ax_ is ax
    assert len(matplotlib.pyplot.get_fignums()) == 1


def test_what_cannot_be_drawn_is_told(customers):
    """No such picture, or no numbers."""
    words = segment_profile(np.arange(90) // 30, customers[["job"]])
    with pytest.raises(ValueError, match="kind='pie' is not one of"):
        SegmentProfileDisplay.from_result(words).plot("pie")
    with pytest.raises(ValueError, match="needs columns of numbers"):
        SegmentProfileDisplay.from_result(words).plot("snake")


def test_effects_of_full_separation_are_drawn():
    """Segments that never overlap and never vary: as if half a pair did."""
    X = pd.DataFrame({"x": [1.0] * 20 + [3.0] * 20})
    display = SegmentProfileDisplay.from_result(
        segment_profile([0] * 20 + [1] * 20, X)
    ).plot()
    assert [text.get_text() for text in display.ax_.texts] == ["−4.3", "+4.3"]  # noqa: RUF001


@pytest.mark.slow
@pytest.mark.parametrize("n_segments", [3, 9])
def test_captions_fit_into_narrow_axes(customers, n_segments):
    """Beside other axes that are drawn later, too."""
    profile = segment_profile(np.arange(90) * n_segments // 90, customers)
    figure, axes = matplotlib.pyplot.subplots(
        1, 2, figsize=(8, 3), layout="constrained"
    )
    for ax in axes:
        SegmentProfileDisplay.from_result(profile).plot(ax=ax)
    figure.draw_without_rendering()
    for ax in axes:
        boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
        for box, other in itertools.pairwise(boxes):
            assert box.x1 < other.x0
