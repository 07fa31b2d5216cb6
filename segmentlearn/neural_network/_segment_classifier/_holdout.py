"""The held-out rows that decide when to stop: stratified and seeded."""

import numpy as np


def stratified_holdout(
    codes: np.ndarray,
    fraction: float,
    rng: np.random.RandomState,
    class_names: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Split row numbers into training and validation rows, class by class.

    Every class that has rows is on both sides, and has as nearly as possible its share
    of the validation rows.
    """
    counts = np.bincount(codes, minlength=len(class_names))
    if (counts == 1).any():
        single = class_names[counts == 1].tolist()
        raise ValueError(
            f"class(es) {single!r} have 1 row each; early_stopping=True holds rows of "
            "every class out, so each needs at least 2. Merge or drop the class, pass "
            "X_val and y_val, or set early_stopping=False."
        )
    held_out = []
    for code in np.flatnonzero(counts):
        rows = rng.permutation(np.flatnonzero(codes == code))
        n_held_out = max(1, round(fraction * len(rows)))
        held_out.append(rows[: min(n_held_out, len(rows) - 1)])
    validation = np.sort(np.concatenate(held_out))
    train = np.setdiff1d(np.arange(len(codes)), validation, assume_unique=True)
    return train, validation
