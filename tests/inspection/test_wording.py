"""Words for columns, levels and numbers."""

import pytest

from segmentlearn._formatting import number_text, percent
from segmentlearn.inspection._wording import (
    level_words,
    missing_words,
    number_words,
    short_name,
    tell_themselves,
)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("Annual Income (k$)", "annual income"),
        ("Spending Score (1-100)", "spending score"),
        ("customer_age", "customer age"),
        ("annualIncome", "annual income"),
        ("BMI [kg/m2]", "BMI"),
        ("Var_1", "var 1"),
    ],
)
def test_short_names(column, expected):
    """Words in lower case, the unit left out."""
    assert short_name(column) == expected


@pytest.mark.parametrize(
    ("column", "kind", "d", "expected"),
    [
        ("income", "number", -1.6, "very low income"),
        ("income", "number", 0.7, "high income"),
        ("income", "number", -0.3, "slightly lower income"),
        ("Age", "number", -0.7, "younger"),
        ("customer_age", "number", 1.7, "much older"),
        ("vehicle age", "number", 0.9, "high vehicle age"),
        ("signup", "datetime", 0.9, "late signup"),
        ("visit", "timedelta", -2.0, "very short visit"),
    ],
)
def test_numbers_in_words(column, kind, d, expected):
    """Two steps of strength, and one for what is slight."""
    assert number_words(column, kind, d) == expected


@pytest.mark.parametrize(
    ("column", "level", "share", "h", "alone", "expected"),
    [
        ("job", "Artist", 0.97, 1.0, True, "almost all Artist"),
        ("job", "Artist", 0.6, 1.0, True, "mostly Artist"),
        ("sex", "Female", 0.4, 0.6, True, "more Female than others"),
        ("job", "Artist", 0.01, -0.8, True, "hardly any Artist"),
        ("job", "Artist", 0.1, -0.6, True, "fewer Artist than others"),
        ("graduated", "No", 0.7, 0.9, False, "graduated: mostly no"),
        ("loan", True, 0.3, 0.6, False, "loan: more often yes"),
        ("loan", 0, 0.3, -0.6, False, "loan: less often no"),
        ("score", "Average", 0.6, 0.3, False, "score: slightly more often average"),
    ],
)
def test_levels_in_words(column, level, share, h, alone, expected):
    """By their share, with the column where the level says little alone."""
    assert level_words(column, level, share, h, alone) == expected


def test_missing_cells_in_words():
    """Without, or with."""
    assert missing_words("phone", 0.9, 1.0) == "mostly without phone"
    assert missing_words("phone", 0.3, 0.6) == "more often without phone"
    assert missing_words("phone", 0.1, -0.6) == "mostly with phone"


def test_levels_that_need_no_column():
    """Not bare measures, not codes, not what stands in two columns."""
    columns = {
        "job": ["Artist", "unknown", "Cat_6"],
        "plan": ["basic", "family"],
        "size": ["Low", "very low", "Retired"],
        "partner": ["retired", 3, True],
    }
    assert tell_themselves(columns) == {("job", "Artist")}


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (1234.5678, "number", "1,235"),
        (12.345, "number", "12.3"),
        (0.0001234, "number", "0.00012"),
        (24.0, "number", "24"),
        (float("nan"), "number", "unknown"),
        (18262.5, "datetime", "2020-01-01"),
        (2.5, "timedelta", "2.50 days"),
    ],
)
def test_numbers_as_text(value, kind, expected):
    """About three digits that tell something."""
    assert number_text(value, kind) == expected


def test_percent():
    """A digit more where whole percent would say none or all."""
    assert [percent(share) for share in (0.004, 0.25, 0.996, 1.0)] == [
        "0.4%",
        "25%",
        "99.6%",
        "100%",
    ]
