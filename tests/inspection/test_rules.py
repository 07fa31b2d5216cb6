"""Rules: their conditions hold where their rows are."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn.inspection import segment_profile


def rules_of(X, labels, **parameters):
    """Return the rules of each segment."""
    found = segment_profile(labels, X, **parameters).to_frame("rules")
    return found.groupby("segment")["rule"].apply(list).to_dict()


@pytest.fixture(scope="module")
def rng():
    """Random numbers."""
    return np.random.default_rng(0)


def test_numbers_between_thresholds():
    """Both ends in one condition."""
    x = np.arange(90)
    assert rules_of(pd.DataFrame({"x": x}), x // 30, columns="x") == {
        0: ["x <= 29.5"],
        1: ["29.5 < x <= 59.5"],
        2: ["x > 59.5"],
    }


def test_large_thresholds_are_rounded_down():
    """So that whole numbers stay on their side."""
    x = 10_000 * np.arange(60) + 1
    rules = rules_of(pd.DataFrame({"x": x}), np.arange(60) // 30, columns="x")
    assert rules == {0: ["x <= 295,001"], 1: ["x > 295,001"]}


def test_levels():
    """Of two levels one is named, of three the other two are excluded."""
    two = pd.DataFrame({"sex": ["F", "M"] * 30})
    assert rules_of(two, [0, 1] * 30) == {0: ["sex is F"], 1: ["sex is M"]}
    three = pd.DataFrame({"job": ["A", "B", "C"] * 20})
    assert rules_of(three, [0, 1, 1] * 20) == {0: ["job is A"], 1: ["job is not A"]}


def test_missing_cells(rng):
    """Numbers and categories."""
    x = rng.normal(size=60)
    x[:30] = np.nan
    job = np.where(np.arange(60) < 30, None, "A")
    labels = np.arange(60) // 30
    assert rules_of(pd.DataFrame({"x": x}), labels) == {
        0: ["x is missing"],
        1: ["x is known"],
    }
    assert rules_of(pd.DataFrame({"job": job}), labels)[0] == ["job is missing"]


def test_missing_cells_beside_numbers():
    """They go where most of their like go."""
    x = np.arange(60.0)
    x[:15] = np.nan
    rules = rules_of(pd.DataFrame({"x": x}), np.arange(60) // 30, columns="x")
    assert rules == {0: ["(x <= 29.5 or missing)"], 1: ["x > 29.5"]}


def test_ordered_levels():
    """From one to another, in their order."""
    size = pd.Categorical(
        ["S", "M", "L", "XL"] * 20, categories=["S", "M", "L", "XL"], ordered=True
    )
    assert rules_of(pd.DataFrame({"size": size}), [0, 1, 1, 2] * 20) == {
        0: ["size is S"],
        1: ["size is from M to L"],
        2: ["size is XL"],
    }


def test_dates():
    """As dates."""
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(60), unit="D")
    rules = rules_of(pd.DataFrame({"day": day}), np.arange(60) // 30)
    assert rules == {0: ["day <= 2020-01-30"], 1: ["day > 2020-01-30"]}


def test_precision_and_recall_are_counted():
    """Of the rows that a rule holds for."""
    X = pd.DataFrame({"sex": ["F", "M"] * 40})
    labels = np.array([0, 1] * 40)
    labels[:8:2] = 1  # four women in the segment of men
    rules = segment_profile(labels, X).to_frame("rules").set_index("segment")
    assert rules.loc[0, ["precision", "recall"]].tolist() == pytest.approx([0.9, 1.0])
    assert rules.loc[1, ["precision", "recall"]].tolist() == pytest.approx([1, 40 / 44])


def test_depth_bounds_the_conditions(rng):
    """One condition, or none at all."""
    X = rng.normal(size=(200, 5))
    labels = (X[:, 0] > 0) * 2 + (X[:, 1] > 0)
    rules = rules_of(X, labels, rule_depth=1)
    assert not any(" and " in rule for found in rules.values() for rule in found)
    assert segment_profile(labels, X, rule_depth=None).to_frame("rules").empty
