"""TargetRelationDisplay: boxes, rates, shares and means."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from segmentlearn.inspection import associations
from segmentlearn.plotting import TargetRelationDisplay

mpl.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def _close():
    """Leave no figure open."""
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def table():
    """A number and a category that predict three classes, noise, a constant."""
    rng = np.random.default_rng(0)
    kind = np.arange(120) % 3
    X = pd.DataFrame(
        {
            "noise": rng.normal(size=120),
            "income": rng.normal(4 * kind, 1),
            "job": np.where(kind == 2, "Nurse", rng.choice(["Judge", "Artist"], 120)),
            "country": "DE",
        }
    )
    X.loc[:9, "job"] = None
    return X, pd.Series(np.array(["a", "b", "c"])[kind], name="segment")


def test_columns_are_ordered_by_their_association(table):
    """As in the table of associations; constant ones are counted."""
    display = TargetRelationDisplay.from_frame(*table)
    names = associations(*table).with_target.index[:3].tolist()
    assert [relation.name for relation in display.relations] == names
    assert "1 column not shown" in display.figure_.get_suptitle()


def test_boxes_are_those_of_each_class(table):
    """In the order of the classes."""
    X, y = table
    (relation,) = TargetRelationDisplay.from_frame(X, y, columns=["income"]).relations
    for box, (_, values) in zip(relation.boxes, X["income"].groupby(y), strict=True):
        np.testing.assert_allclose(box[1:4], values.quantile([0.25, 0.5, 0.75]))
        assert values.min() <= box[0] <= box[1]


def test_classes_are_counted_at_each_level(table):
    """Missing cells are a level of their own."""
    X, y = table
    (relation,) = TargetRelationDisplay.from_frame(X, y, columns="job").relations
    expected = pd.crosstab(X["job"].fillna("missing"), y).loc[relation.levels]
    np.testing.assert_array_equal(relation.counts, expected)
    assert relation.levels[-1] == "missing"
    np.testing.assert_allclose(relation.shares.sum(axis=1), 1)


def test_rates_of_the_rarer_class_have_wilson_intervals(table):
    """Those of scipy, drawn as lines."""
    X, y = table
    leaves = y == "c"
    display = TargetRelationDisplay.from_frame(X, leaves, columns="job")
    rates, low, high = display.relations[0].rates(1)
    for at, level in enumerate(display.relations[0].levels):
        rows = X["job"].fillna("missing") == level
        test = stats.binomtest(int(leaves[rows].sum()), int(rows.sum()))
        interval = test.proportion_ci(method="wilson")
        assert (low[at], high[at]) == pytest.approx(tuple(interval))
    assert display.axes_[0].get_xlabel().startswith("share of yes")
    dots = [line for line in display.axes_[0].lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(dots[0].get_xdata(), rates)


def test_rarer_class_may_be_the_first(table):
    """Whatever its name."""
    X, y = table
    stays = pd.Series(np.where(y == "c", "gone", "stays"))
    display = TargetRelationDisplay.from_frame(X, stays, columns="job")
    assert display.axes_[0].get_xlabel().startswith("share of gone")


def test_means_of_numbers_are_taken_in_tenths(table):
    """Of a target that is no class."""
    X, _ = table
    y = 2.0 * X["income"] + 0.5
    display = TargetRelationDisplay.from_frame(X, y, columns=["income", "job"])
    by_name = {relation.name: relation for relation in display.relations}
    income = by_name["income"]
    assert len(income.sizes) == 10
    np.testing.assert_allclose(income.means, 2 * income.centres + 0.5)
    expected = y.groupby(X["job"].fillna("missing")).agg(["mean", "sem"])
    job = by_name["job"]
    np.testing.assert_allclose(job.means, expected.loc[job.levels, "mean"])
    np.testing.assert_allclose(job.errors, expected.loc[job.levels, "sem"])


def test_axes_of_the_caller_are_used(table):
    """One a column."""
    figure, axes = plt.subplots(1, 2)
    display = TargetRelationDisplay.from_frame(*table, max_columns=2, axes=axes)
    assert display.figure_ is figure
    assert len(plt.get_fignums()) == 1


def test_nothing_that_could_be_told(table):
    """The error names what is needed."""
    X, y = table
    with pytest.raises(ValueError, match="need two different values"):
        TargetRelationDisplay.from_frame(X, y, columns="country")


def test_classes_are_written_as_in_the_data(table):
    """In capitals, where they are."""
    X, y = table
    target = np.where(y == "c", "Yes", "No")
    display = TargetRelationDisplay.from_frame(X, target, columns="job")
    assert display.classes == ["No", "Yes"]
    assert display.axes_[0].get_xlabel().startswith("share of Yes")


@pytest.mark.parametrize(
    ("name", "heading"), [(None, "Target"), ("target", "Target"), ("a", "Target: a")]
)
def test_heading_has_the_name_of_the_target(table, name, heading):
    """If there is one."""
    X, y = table
    display = TargetRelationDisplay.from_frame(X[["income"]], y.rename(name))
    assert display.figure_.get_suptitle() == heading
