"""Rows cut into blocks that stay in the processor's cache."""

_ROWS_A_BLOCK = 16_384


def row_blocks(n_rows):
    """Cut rows into blocks small enough to stay in the processor's cache."""
    for start in range(0, n_rows, _ROWS_A_BLOCK):
        yield slice(start, min(start + _ROWS_A_BLOCK, n_rows))
