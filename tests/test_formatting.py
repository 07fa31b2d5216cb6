"""Numbers, levels and tables as text."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn._formatting import (
    cell_text,
    effect_text,
    escape_markdown,
    markdown_table,
    names_text,
    number_text,
    percent,
    share_text,
    short_number_text,
)


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (1234.5678, "number", "1,235"),
        (12.345, "number", "12.3"),
        (0.0001234, "number", "0.00012"),
        (24.0, "number", "24"),
        (float("nan"), "number", "unknown"),
        (float("-inf"), "number", "-∞"),
        (18262.5, "datetime", "2020-01-01"),
        (2.5, "timedelta", "2.50 days"),
    ],
)
def test_numbers_have_three_digits(value, kind, expected):
    """Dates and durations are written as such."""
    assert number_text(value, kind) == expected


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (-123456, "number", "\N{MINUS SIGN}123.5k"),
        (3.2e6, "number", "3.2M"),
        (9999, "number", "9,999"),
        (18262.5, "datetime", "2020-01-01"),
    ],
)
def test_numbers_of_pictures_are_short(value, kind, expected):
    """By k, M and G, with a true minus."""
    assert short_number_text(value, kind) == expected


def test_effects_have_a_sign():
    """But for what is practically none."""
    effects = (0.51, -1.26, -0.01, np.inf, -np.inf)
    assert [effect_text(one) for one in effects] == ["+0.5", "-1.3", "0.0", "+∞", "-∞"]


def test_whole_percent():
    """A digit more where whole percent would say none or all."""
    shares = (0.004, 0.25, 0.996, 1.0, np.nan)
    texts = ["0.4%", "25%", "99.6%", "100%", "unknown"]
    assert [percent(share) for share in shares] == texts


def test_tenths_of_a_percent():
    """What is only near none or all is not shown as none or all."""
    shares = (0, 0.00001, 0.25, 0.99999, 1)
    texts = ["0%", "<0.1%", "25.0%", ">99.9%", "100%"]
    assert [share_text(share) for share in shares] == texts


def test_many_names_are_cut():
    """How many are left out is reported."""
    assert names_text("abcdefgh") == "a, b, c, d, e, f and 2 more"
    assert names_text("ab") == "a, b"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"),
        (12.345, "12.3"),
        (-1.5, "-1.50"),
        (98765.4, "98,765"),
        (np.nan, "-"),
        (None, "-"),
        (7, "7"),
        (12345, "12,345"),
        (True, "True"),
        ("stable", "stable"),
    ],
)
def test_cells_have_few_digits(value, text):
    """Three significant ones, and no more."""
    assert cell_text(value) == text


def test_markdown_table():
    """Numbers are aligned to the right, and a bar does not end its cell."""
    frame = pd.DataFrame({"n": [1, 1000], "a|b": ["stable\nnow", "*doubtful*"]})
    assert markdown_table(frame).splitlines() == [
        r"| n | a\|b |",
        "| --: | --- |",
        "| 1 | stable now |",
        r"| 1,000 | \*doubtful\* |",
    ]


def test_markup_is_escaped():
    """But not underscores within a word, or a lesser sign before a number."""
    text = "family_size _x_ `y` <b> x < 3"
    assert escape_markdown(text) == r"family_size \_x\_ \`y\` \<b> x < 3"
