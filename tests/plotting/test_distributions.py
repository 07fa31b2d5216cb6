"""DistributionDisplay: bins, boxes and levels of columns."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pytest

from segmentlearn.plotting import DistributionDisplay

mpl.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def _close():
    """Leave no figure open."""
    yield
    plt.close("all")


def distribution(values, **how):
    """Return what is drawn of a single column."""
    display = DistributionDisplay.from_frame(pd.DataFrame({"a": values}), **how)
    return display.distributions[0]


def test_whole_numbers_have_a_bin_each():
    """Around each of them."""
    found = distribution([2, 3, 3, 5])
    assert found.edges.tolist() == [1.5, 2.5, 3.5, 4.5, 5.5]
    assert found.counts.tolist() == [[1, 2, 0, 1]]


def test_bins_of_many_whole_numbers_hold_as_many_of_them_each():
    """Or some bins would be higher than others for that reason alone."""
    found = distribution(np.repeat(np.arange(90), 2))
    assert np.unique(found.counts).tolist() == [6]


def test_shares_add_up_to_the_values_inside():
    """Missing cells are no values, and are counted below."""
    values = [*np.linspace(0, 1, 99), np.nan]
    display = DistributionDisplay.from_frame(pd.DataFrame({"a": values}))
    assert display.distributions[0].shares.sum() == pytest.approx(1)
    assert display.axes_[0].get_xlabel() == "missing: 1.0%"


def test_far_values_are_counted_outside():
    """An infinite one among them."""
    values = np.r_[np.linspace(0, 1, 497), 50.0, 60.0, -np.inf]
    display = DistributionDisplay.from_frame(pd.DataFrame({"a": values}))
    (found,) = display.distributions
    assert (found.n_below[0], found.n_above[0]) == (1, 2)
    assert found.counts.sum() == 497
    low, high = (
        line.split(": ")[1] for line in display.axes_[0].get_xlabel().split("\n")
    )
    assert (low, high) == ("1", "2")


def test_range_ends_at_the_values_where_none_are_far():
    """And where most values are the same."""
    for values in ([1.5, 2, 3, 4], [0.5] * 999 + [7]):
        found = distribution(values)
        assert (found.edges[0], found.edges[-1]) == (min(values), max(values))


def test_box_has_quartiles_and_reaches_of_them():
    """A value further than 1.5 interquartile ranges is outside."""
    (box,) = distribution([1.0, 2, 3, 4, 5, 99]).boxes
    assert box.tolist() == [1.0, 2.25, 3.5, 4.75, 5.0]


def test_levels_beyond_the_first_are_put_together():
    """With how many they are."""
    found = distribution(list("aaaaabbbbcccdefgh"))
    assert found.levels == ["a", "b", "c", "d", "e", "f", "2 others"]
    assert found.counts.tolist() == [[5, 4, 3, 1, 1, 1, 2]]


def test_a_single_further_level_has_its_name():
    """Rather than being the other one."""
    assert distribution(list("aabbccddeeffg")).levels[-1] == "g"


@pytest.mark.parametrize("values", [[0.0, 1.0, 1.0, np.nan], [False, True, True, None]])
def test_flags_are_categories(values):
    """Of yes and no."""
    found = distribution(values)
    assert found.levels == ["yes", "no"]
    assert found.shares.tolist() == [[2 / 3, 1 / 3]]


def test_ordered_levels_keep_their_order():
    """Whatever their frequencies."""
    levels = pd.Categorical(["high", "high", "low"], ["low", "high"], ordered=True)
    assert distribution(levels).levels == ["low", "high"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([np.nan] * 3, "all 3 cells missing"),
        ([7, 7, 7], "always 7"),
        ([1, 1, np.nan], "always 1"),
        ([-2.5, -2.5, np.nan], "always −2.50"),  # noqa: RUF001
        (["DE", "DE", None], "always DE"),
        ([np.inf, -np.inf], "no finite number"),
        (pd.to_datetime(["2024-05-31"] * 2), "always 2024-05-31"),
        ([f"c{at}" for at in range(40)], "an identifier:\n40 distinct values"),
    ],
)
def test_nothing_to_draw_is_told(values, words):
    """In words, without an empty axes."""
    display = DistributionDisplay.from_frame(pd.DataFrame({"a": values}))
    assert [text.get_text() for text in display.axes_[0].texts] == [words]
    assert not display.axes_[0].axison


def test_tables_share_bins_and_levels():
    """As shares of each one's own values; a level may be in one alone."""
    train = pd.DataFrame({"n": [1, 1, 2, 3], "c": ["a", "a", "b", None]})
    new = pd.DataFrame({"n": [3, 4], "c": ["c", "a"]})
    display = DistributionDisplay.from_frame({"train": train, "new": new})
    numbers, levels = display.distributions
    assert numbers.shares.tolist() == [[0.5, 0.25, 0.25, 0], [0, 0, 0.5, 0.5]]
    assert levels.levels == ["a", "b", "c"]
    assert levels.counts.tolist() == [[2, 1, 0], [1, 0, 1]]
    assert display.axes_[1].get_xlabel() == "missing: train 25.0%, new 0%"
    (legend,) = display.figure_.legends
    assert [text.get_text() for text in legend.get_texts()] == ["train", "new"]


def test_column_of_one_table_alone():
    """Which is written below it."""
    train = pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]})
    display = DistributionDisplay.from_frame({"train": train, "new": train[["a"]]})
    assert display.axes_[1].get_xlabel() == "not in new"
    assert display.distributions[1].n_rows.tolist() == [3, 0]


def test_number_that_is_text_elsewhere_is_a_category():
    """Since both must be drawn on one axis."""
    tables = {
        "train": pd.DataFrame({"a": [1, 2]}),
        "new": pd.DataFrame({"a": ["1", "x"]}),
    }
    display = DistributionDisplay.from_frame(tables)
    assert len(display.distributions[0].levels) == 4


def test_columns_are_chosen_and_counted():
    """In the order of the choice; those beyond the most in the heading."""
    X = pd.DataFrame(np.arange(12).reshape(3, 4), columns=list("abcd"))
    display = DistributionDisplay.from_frame(X, columns=["d", "a", "b"], max_columns=2)
    assert [found.name for found in display.distributions] == ["d", "a"]
    assert "1 left out" in display.figure_.get_suptitle()
    with pytest.raises(ValueError, match=r"\['e'\]"):
        DistributionDisplay.from_frame(X, columns=["e"])


def test_axes_of_the_caller_are_used():
    """One a column."""
    X = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    figure, axes = plt.subplots(1, 2)
    display = DistributionDisplay.from_frame({"x": X, "y": X}, axes=axes)
    assert display.figure_ is figure
    assert len(plt.get_fignums()) == 1
    with pytest.raises(ValueError, match="axes holds 1 axes and there are 2 panels"):
        display.plot(axes=axes[0])


def test_polars_counts_as_pandas():
    """Dates too."""
    X = pd.DataFrame(
        {"a": pd.date_range("2024-01-01", periods=9), "b": list("xxxyyyzzz")}
    )
    display = DistributionDisplay.from_frame(pl.from_pandas(X))
    expected = DistributionDisplay.from_frame(X)
    for found, other in zip(display.distributions, expected.distributions, strict=True):
        np.testing.assert_array_equal(found.counts, other.counts)


def test_levels_are_written_as_in_the_data():
    """In capitals, where they are."""
    assert distribution(["Low", "Low", "Yes"]).levels == ["Low", "Yes"]


def test_names_of_many_levels_stand_on_one_line():
    """Cut where they are long, so that none reaches into the next row."""
    levels = [f"{letter} and a long name, too" for letter in "abcdefgh"]
    display = DistributionDisplay.from_frame(pd.DataFrame({"a": levels * 3}))
    ticks = [tick.get_text() for tick in display.axes_[0].get_yticklabels()]
    assert ticks[0] == "a and a long name…"
    assert not any("\n" in tick for tick in ticks)


def test_notes_are_not_wider_than_their_panel():
    """They are broken into lines."""
    X = pd.DataFrame({"a": [1.0, 2.0, np.nan]})
    figure, ax = plt.subplots(figsize=(2.6, 2.2), layout="constrained")
    tables = {"customers of the last year": X, "customers of this year": X}
    DistributionDisplay.from_frame(tables, axes=[ax])
    figure.draw_without_rendering()
    assert "\n" in ax.get_xlabel()
    assert ax.xaxis.label.get_window_extent().width <= ax.bbox.width
