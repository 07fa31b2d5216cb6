"""Results as text: a table in Markdown, numbers as one reads them."""

import numpy as np


def markdown_table(frame, digits=3):
    """Return a frame without its index as a Markdown table.

    Parameters
    ----------
    frame : DataFrame
        Its cells are written as they are, floats rounded, gaps as a dash.
    digits : int, default=3
        Significant digits of floats.

    Returns
    -------
    text : str

    Examples
    --------
    >>> import pandas as pd
    >>> from segmentlearn.model_selection.reporting import markdown_table
    >>> print(markdown_table(pd.DataFrame({"k": [2], "gap": [0.12345]})))
    |   k |   gap |
    | --: | ----: |
    |   2 | 0.123 |
    """
    is_number = [dtype.kind in "iufb" for dtype in frame.dtypes]
    cells = [[str(name) for name in frame]]
    cells += [
        [format_cell(value, digits) for value in row]
        for row in frame.itertuples(index=False, name=None)
    ]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(cells[0]))]
    lines = [_line(row, widths, is_number) for row in cells]
    rule = [
        "-" * (width - 1) + ":" if number else "-" * width
        for width, number in zip(widths, is_number, strict=True)
    ]
    return "\n".join([lines[0], "| " + " | ".join(rule) + " |", *lines[1:]])


def format_cell(value, digits=3):
    """Return a value as text, floats with few digits.

    Parameters
    ----------
    value : object
        A cell.
    digits : int, default=3
        Significant digits of a float below 1,000; larger ones become whole.

    Returns
    -------
    text : str

    Examples
    --------
    >>> from segmentlearn.model_selection.reporting import format_cell
    >>> format_cell(0.55551), format_cell(12345.6), format_cell(float("nan"))
    ('0.556', '12,346', '-')
    """
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return "-"
    if not isinstance(value, float | np.floating):
        return str(value)
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return f"{value:.{max(0, digits - whole)}f}"


def _line(row, widths, is_number):
    padded = [
        cell.rjust(width) if number else cell.ljust(width)
        for cell, width, number in zip(row, widths, is_number, strict=True)
    ]
    return "| " + " | ".join(padded) + " |"
