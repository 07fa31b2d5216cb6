"""Which features of a prepared table are one column, and of what type."""

import dataclasses
from typing import Any

import numpy as np
from sklearn.utils.extmath import svd_flip

# rows that show what a column holds, and in which directions a table varies
_MOST_ROWS = 20_000


@dataclasses.dataclass(frozen=True)
class ColumnLayout:
    """The types of the features of a prepared table.

    Parameters
    ----------
    numeric : tuple of int
        Positions of the numbers.
    categories : tuple of tuple of int
        Positions of the one-hot columns of each category.
    indicators : tuple of int
        For each number the position of the indicator of its missing cells, or -1.
    """

    numeric: tuple[int, ...]
    categories: tuple[tuple[int, ...], ...] = ()
    indicators: tuple[int, ...] = ()

    @property
    def columns(self) -> tuple[tuple[int, ...], ...]:
        """Features that make up each column of the raw table."""
        numbers = [
            (position,) if indicator < 0 else (position, indicator)
            for position, indicator in zip(self.numeric, self.indicators, strict=True)
        ]
        return (*numbers, *self.categories)


def read_layout(preprocessor: Any, n_features: int) -> ColumnLayout:
    """Return the types of the features."""
    roles = getattr(preprocessor, "output_roles_", None)
    if roles is None:
        return ColumnLayout(tuple(range(n_features)), (), (-1,) * n_features)
    indicated = preprocessor.imputer_.indicator_features_
    place_of = dict(zip(indicated, roles["indicator"], strict=True))
    names = [
        name for name, role in preprocessor.column_roles_.items() if role == "numeric"
    ]
    numeric = [*roles["numeric"], *roles["ordinal"], *roles["target"]]
    indicators = [place_of.get(name, -1) for name in names]
    indicators += [-1] * (len(numeric) - len(indicators))
    one_hot = set(roles["onehot"])
    categories = tuple(
        tuple(group)
        for group in preprocessor.output_groups_.values()
        if group and set(group) <= one_hot
    )
    return ColumnLayout(tuple(numeric), categories, tuple(indicators))


def some_rows(features: np.ndarray) -> np.ndarray:
    """Return a sample of rows that represents a table; all of a small one."""
    if len(features) <= _MOST_ROWS:
        return features
    # drawn: any step may be in step with the rows
    return features[np.random.default_rng(0).integers(0, len(features), _MOST_ROWS)]


def principal_components(
    features: np.ndarray, n_components: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the directions in which a table varies most, and its means."""
    rows = np.asarray(some_rows(features), np.float64)
    center = rows.mean(axis=0)
    left, _, right = np.linalg.svd(rows - center, full_matrices=False)
    _, right = svd_flip(left, right, u_based_decision=False)
    directions = np.zeros((n_components, features.shape[1]))
    n_found = min(n_components, len(right))
    directions[:n_found] = right[:n_found]
    return directions, center
