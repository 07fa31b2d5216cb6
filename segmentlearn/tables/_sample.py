"""A stratified sample of customers, small enough to look at each of them."""

import numpy as np

_MOST_ROWS = 20_000
_FEWEST_OF_SEGMENT = 200


def draw_sample(codes, sizes, random_state, most_rows=_MOST_ROWS):
    """Draw rows of every segment."""
    n_rows = len(codes)
    if n_rows <= most_rows:
        return np.arange(n_rows), np.ones(n_rows)
    wanted = np.maximum(
        sizes * most_rows // n_rows, min(_FEWEST_OF_SEGMENT, most_rows // len(sizes))
    )
    wanted = np.minimum(wanted, sizes)
    drawn = [
        random_state.choice(np.flatnonzero(codes == segment), size, replace=False)
        for segment, size in enumerate(wanted)
    ]
    rows = np.sort(np.concatenate(drawn))
    return rows, (sizes / np.maximum(wanted, 1))[codes[rows]]
