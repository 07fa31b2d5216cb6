"""Values for missing numbers: constants, or predictions from the other columns."""

from typing import Any

import numpy as np

from segmentlearn.preprocessing._soft_robust_scaler import sorted_quantile


def constant_fill(numbers: np.ndarray, strategy: str) -> list[float]:
    """Return the median or mean of every column, missing values left out."""
    fill = []
    for column in numbers.T:
        present = column[~np.isnan(column)]
        if strategy == "mean":  # divided first: a sum of large numbers overflows
            fill.append(float(np.sum(present / len(present), dtype=np.float64)))
        else:
            middle = (len(present) - 1) // 2
            halves = np.partition(present, [middle, min(middle + 1, len(present) - 1)])
            fill.append(sorted_quantile(halves, len(halves), 0.5))
    return fill


def fit_model(
    scaled: np.ndarray, strategy: str, n_neighbors: int, **settings: Any
) -> Any:
    """Fit scikit-learn's imputer that predicts numbers from each other."""
    if strategy == "knn":
        from sklearn.impute import KNNImputer

        return KNNImputer(n_neighbors=n_neighbors).fit(scaled)
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    lowest, highest = np.nanmin(scaled, axis=0), np.nanmax(scaled, axis=0)
    return IterativeImputer(
        initial_strategy="median",
        min_value=lowest,
        max_value=np.where(lowest == highest, highest + 1, highest),  # must be above
        **settings,
    ).fit(scaled)


def fill_predictions(
    numbers: np.ndarray, missing: np.ndarray, scaler: Any, model: Any
) -> None:
    """Write a model's predictions into the missing cells, in place."""
    rows = np.flatnonzero(missing.any(axis=1))
    scaled = model.transform(scaler.transform(numbers[rows]))
    predicted = scaler.inverse_transform(scaled)
    numbers[rows] = np.where(missing[rows], predicted, numbers[rows])
