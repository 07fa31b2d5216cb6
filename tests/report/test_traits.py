"""What sets a segment apart, as a report tells it."""

import re

import numpy as np
import pandas as pd
import pytest

from segmentlearn.inspection import segment_profile
from segmentlearn.report._segments import list_segments
from segmentlearn.report._traits import show_traits


def describe(X, labels):
    return segment_profile(labels, X, n_exemplars=0, random_state=0)


@pytest.fixture(scope="module")
def middling():
    """Segment 0 lies close around the middle of the score; the others do not."""
    rng = np.random.default_rng(0)
    score = np.r_[rng.normal(50, 3, 80), rng.normal(50, 30, 120)]
    age = np.r_[rng.normal(45, 5, 80), rng.normal(35, 5, 120)]
    return pd.DataFrame({"Score": score, "Age": age}), np.repeat([0, 1], [80, 120])


def test_middling_segment_is_told_by_its_middle_half(middling):
    """Means that are alike are no difference; the spread is."""
    traits = show_traits(describe(*middling), 0, with_figures=True)
    (score,) = [one for one in traits if one.column == "Score"]
    assert score.words == "close around the middle"
    assert re.fullmatch(
        r"middle half 4[\d.]+ to 5[\d.]+, others [23][\d.]+ to [67][\d.]+",
        score.evidence,
    )


def test_few_customers_have_no_quartiles(middling):
    """Fewer than ten customers would lie beyond each end."""
    X, labels = middling
    kept = np.r_[:39, 80:200]
    traits = show_traits(describe(X.iloc[kept], labels[kept]), 0, with_figures=True)
    (score,) = [one for one in traits if one.column == "Score"]
    assert (score.words, score.evidence) == ("close around the middle", "")


def test_picture_shows_the_columns_of_the_list(middling):
    """Bars and list are of the same columns in the same order."""
    X, labels = middling
    (part, _) = list_segments([0, 1], np.array([80, 120]), describe(X, labels), {})
    said = part.picture.words.partition(": ")[2]
    drawn = [name.rpartition(" ")[0] for name in said.rstrip(".").split(", ")]
    assert drawn == [column for column, _ in part.traits] == ["Age", "Score"]


def test_level_of_the_list_is_that_of_the_picture():
    """A trait about "no" has a bar of "no", to the right."""
    X = pd.DataFrame({"Married": ["no"] * 60 + ["yes"] * 20 + ["no", "yes"] * 40})
    X["Married"] = X["Married"].where(np.arange(160) % 13 > 0, "yes")
    profile = describe(X, np.repeat([0, 1], 80))
    (trait,) = show_traits(profile, 0, with_figures=True)
    assert trait.title == "Married: no"
    assert trait.strength > 0
    assert trait.evidence.startswith("no: ")


def test_gaps_have_their_share():
    """How many cells are missing is told where these are many."""
    numbers = np.random.default_rng(0).normal(size=200)
    numbers[np.r_[:60, 100:120]] = np.nan
    profile = describe(pd.DataFrame({"Income": numbers}), np.repeat([0, 1], 100))
    trait = show_traits(profile, 0, with_figures=True)[0]
    assert trait.title == "Income: unknown"
    assert trait.evidence == "unknown: 60%, others 20%"


def test_few_gaps_have_none():
    """Five customers without a number are not counted."""
    numbers = np.random.default_rng(0).normal(size=200)
    numbers[np.r_[:60, 100:105]] = np.nan
    profile = describe(pd.DataFrame({"Income": numbers}), np.repeat([0, 1], 100))
    assert show_traits(profile, 0, with_figures=True)[0].evidence == ""
