"""Numbers and tables as text."""

import numpy as np
import pandas as pd
import pytest

from segmentlearn._formatting import format_cell, markdown_table


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
        ("stable", "stable"),
    ],
)
def test_cells_have_few_digits(value, text):
    """Three that count, and no more."""
    assert format_cell(value) == text


def test_markdown_lines_are_equally_long():
    """Numbers to the right, words to the left."""
    frame = pd.DataFrame({"n": [1, 100], "verdict": ["stable", "doubtful"]})
    lines = markdown_table(frame).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[1].startswith("| --: | ---")
