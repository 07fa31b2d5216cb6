"""MissingValuesDisplay: counts, bands and correlations of missing cells."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pytest

from segmentlearn.plotting import MissingValuesDisplay

mpl.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def _close():
    """Leave no figure open."""
    yield
    plt.close("all")


@pytest.fixture
def table():
    """Eight rows: columns missing in turn, an empty one and a complete one."""
    nan = np.nan
    return pd.DataFrame(
        {
            "age": [nan, nan, nan, nan, 1, 2, 3, 4],
            "job": ["a", "b", "c", "d", None, None, None, None],
            "empty": [nan] * 8,
            "whole": range(8),
        }
    )


def texts(display):
    """Return all that is written into the panels, titles too."""
    found = [text.get_text() for ax in display.axes_ for text in ax.texts]
    return found + [ax.get_title() for ax in display.axes_]


def test_bands_are_shares_of_successive_rows():
    """Two hundred bands of five rows, the first with two missing cells."""
    cells = np.r_[np.nan, 1, np.nan, 1, 1, [2] * 995]
    display = MissingValuesDisplay.from_frames(pd.DataFrame({"a": cells}))
    bands = display.before["table"].bands["a"]
    assert bands[0] == 0.4
    assert (bands[1:] == 0).all()
    assert len(bands) == 200
    assert "0.2% of cells missing" in display.axes_[0].get_title()


def test_bands_of_uneven_sizes():
    """Each row counts once."""
    mask = np.arange(1_037) % 3 == 0
    X = pd.DataFrame({"a": np.where(mask, np.nan, 1.0)})
    display = MissingValuesDisplay.from_frames(X)
    assert len(display.before["table"].bands) == 200
    assert display.to_frame()["n_missing"].tolist() == [mask.sum()]


def test_frame_has_counts_and_shares(table):
    """Of each column, in order."""
    frame = MissingValuesDisplay.from_frames(table).to_frame()
    assert frame["column"].tolist() == list(table)
    assert frame["n_missing"].tolist() == [4, 4, 8, 0]
    assert frame["share_missing"].tolist() == [0.5, 0.5, 1.0, 0.0]


def test_matrix_draws_the_bands(table):
    """A line a column, a cell a row of a small table."""
    display = MissingValuesDisplay.from_frames(table)
    (image,) = display.axes_[0].get_images()
    np.testing.assert_array_equal(image.get_array(), table.isna().to_numpy().T)


def test_columns_missing_in_turn_have_a_correlation_of_minus_one(table):
    """Written with a minus sign; empty columns have none."""
    display = MissingValuesDisplay.from_frames(table, kind="correlation")
    phi = display.correlations["table", "before"]
    assert list(phi) == ["age", "job"]
    assert phi.loc["age", "job"] == pytest.approx(-1)
    assert "−1.00" in texts(display)  # noqa: RUF001


def test_correlation_is_that_of_the_indicators():
    """Numpy's, of any three columns."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(np.where(rng.random((60, 3)) < 0.3, np.nan, 1.0)).add_prefix("x")
    display = MissingValuesDisplay.from_frames(X, kind="correlation")
    expected = np.corrcoef(X.isna().to_numpy().T)
    np.testing.assert_allclose(display.correlations["table", "before"], expected)


@pytest.mark.parametrize(
    ("columns", "words"),
    [(["whole"], "No column has"), (["age", "whole"], "A single column has")],
)
def test_too_few_missing_values_to_correlate(table, columns, words):
    """In words, without an empty axes."""
    display = MissingValuesDisplay.from_frames(table[columns], kind="correlation")
    assert texts(display)[0].startswith(words)
    assert not display.axes_[0].axison


def test_bars_have_counts_and_leave_out_complete_columns(table):
    """Which the heading counts."""
    display = MissingValuesDisplay.from_frames(table, kind="bar")
    ax = display.axes_[0]
    assert [bar.get_width() for bar in ax.patches] == [0.5, 0.5, 1.0]
    assert ax.texts[0].get_text().strip() == "4 (50.0%)"
    assert "not shown: 1 complete column" in display.figure_.get_suptitle()


def test_complete_table_has_no_bars(table):
    """But a sentence."""
    display = MissingValuesDisplay.from_frames(table[["whole"]], kind="bar")
    assert texts(display)[0] == "No value is missing in 1 column."
    assert not display.axes_[0].axison


@pytest.mark.parametrize("kind", ["matrix", "bar"])
def test_dropped_columns_are_marked(table, kind):
    """Those of imputation and those of another table are distinguished."""
    after = table.drop(columns="empty").fillna({"age": 0, "job": "a"})
    frames = {"train": table, "new": table.drop(columns="job")}
    display = MissingValuesDisplay.from_frames(
        frames, after={"train": after}, kind=kind
    )
    assert len(display.axes_) == 3
    written = [text.strip() for text in texts(display)]
    assert written.count("dropped by imputation") == 1
    assert written.count("not in this table") == 1
    frame = display.to_frame().set_index(["table", "stage", "column"])
    assert frame.loc[("train", "after", "empty"), "status"] == "dropped"
    assert frame.loc[("new", "before", "job"), "status"] == "absent"
    assert pd.isna(frame.loc[("train", "after", "empty"), "n_missing"])


def test_columns_that_imputation_added(table):
    """Are in the frame, and counted in the heading."""
    after = table.assign(missing_age=1)
    display = MissingValuesDisplay.from_frames(table, after=after)
    assert "imputation added 1 column" in display.figure_.get_suptitle()
    assert display.to_frame()["status"].tolist()[-1] == "added"


def test_imputed_array_has_the_names_of_its_table(table):
    """Where it has as many columns."""
    after = table[["age", "whole"]].fillna(0).to_numpy()
    display = MissingValuesDisplay.from_frames(table[["age", "whole"]], after=after)
    assert list(display.after["table"].counts.index) == ["age", "whole"]
    with pytest.raises(ValueError, match="after has 2 columns without names"):
        MissingValuesDisplay.from_frames(table, after=after)


def test_columns_beyond_the_most_are_counted(table):
    """Those with the most missing values stay, in the order of the table."""
    display = MissingValuesDisplay.from_frames(table, max_columns=2)
    assert display.columns == ["age", "empty"]
    heading = display.figure_.get_suptitle().replace("\n", " ")
    assert "2 left out" in heading
    assert len(display.to_frame()) == 4


def test_axes_of_the_caller_are_used(table):
    """One a panel, and no other figure."""
    figure, axes = plt.subplots(1, 2)
    frames = {"train": table, "new": table}
    display = MissingValuesDisplay.from_frames(frames, max_columns=3, axes=axes)
    assert display.figure_ is figure
    assert len(plt.get_fignums()) == 1
    assert "1 left out" in axes[0].get_title()
    with pytest.raises(ValueError, match="axes holds 1 axes and there are 2 panels"):
        display.plot(axes=axes[:1])


def test_polars_counts_as_pandas(table):
    """Nulls are missing cells."""
    X = pl.from_pandas(table[["job", "whole"]])
    frame = MissingValuesDisplay.from_frames(X).to_frame()
    assert frame["n_missing"].tolist() == [4, 0]


def test_plot_draws_another_kind(table):
    """Of the same counts."""
    display = MissingValuesDisplay.from_frames(table)
    assert len(display.plot("bar").axes_[0].patches) == 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "dots"}, "kind='dots' is not one of"),
        ({"max_columns": 0}, "max_columns=0 is not a whole number"),
        ({"after": {"new": [[1.0]]}}, r"after holds \['new'\]"),
    ],
)
def test_wrong_parameters_are_named(table, wrong, message):
    """With what they may be."""
    with pytest.raises(ValueError, match=message):
        MissingValuesDisplay.from_frames(table, **wrong)


def test_tables_without_rows_are_named(table):
    """With their shape."""
    with pytest.raises(ValueError, match=r"table 'new' has the shape \(0, 4\)"):
        MissingValuesDisplay.from_frames({"train": table, "new": table[:0]})


def test_each_table_has_a_row_of_its_own(table):
    """Also where only the second is known after imputation."""
    frames = {"train": table, "new": table}
    after = {"new": table.drop(columns="empty").fillna({"age": 0})}
    display = MissingValuesDisplay.from_frames(frames, after=after)
    rows = [ax.get_subplotspec().rowspan.start for ax in display.axes_]
    assert rows == [0, 1, 1]
