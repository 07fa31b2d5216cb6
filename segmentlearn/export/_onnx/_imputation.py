"""Missing numbers in a graph: constants, or predictions from the other columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn.export._onnx._graph import Graph

LARGEST = float(np.finfo(np.float64).max)


def fill_numbers(
    g: Graph, numbers: str, imputer: Any, names: Sequence[str]
) -> tuple[str, str]:
    """Return numbers without missing ones, and which were missing.

    Infinite numbers, which the library refuses, count as missing.
    """
    known = g.known(numbers)
    missing = g.op("Not", known)
    model = imputer.numeric_imputer_
    if model is None:
        fill: Any = np.array([imputer.fill_values_[name] for name in names])
    else:
        scaler = imputer.numeric_scaler_
        zero = g.op("Where", known, numbers, scaler.center_)
        scaled = g.op("Mul", g.op("Sub", zero, scaler.center_), scaler.scale_)
        how = _by_neighbors if imputer.numeric == "knn" else _by_regressions
        fill = how(g, scaled, known, missing, model)
        varies = scaler.scale_ > 0
        width = np.where(varies, 1 / np.where(varies, scaler.scale_, 1), 0.0)
        fill = g.op("Add", g.op("Mul", fill, width), scaler.center_)
    return g.op("Where", known, numbers, fill), missing


def _by_regressions(g: Graph, scaled: str, known: str, missing: str, model: Any) -> str:
    """Return predictions by scikit-learn's IterativeImputer."""
    start = np.asarray(model.initial_imputer_.statistics_, np.float64)
    filled = g.op("Where", known, scaled, start)
    n_columns = len(start)
    for at, neighbors, regression in model.imputation_sequence_:
        kernel = np.zeros((n_columns, 1))
        kernel[neighbors, 0] = regression.coef_
        found = g.op("MatMul", filled, kernel)
        found = g.op("Add", found, np.float64(regression.intercept_))
        bounds = model._min_value[at], model._max_value[at]
        found = g.op("Clip", found, *map(np.float64, bounds))
        own = g.op("And", missing, np.arange(n_columns) == at)
        filled = g.op("Where", own, found, filled)
    return filled


def _by_neighbors(g: Graph, scaled: str, known: str, missing: str, model: Any) -> str:
    """Return predictions by scikit-learn's KNNImputer."""
    rows = np.asarray(model._fit_X, np.float64)
    present = ~np.isnan(rows)
    rows, n_columns = np.where(present, rows, 0.0), rows.shape[1]
    weights = g.cast(known, np.float64)
    scaled = g.op("Mul", scaled, weights)
    counts = g.op("MatMul", weights, present.T.astype(np.float64))
    squares = g.op("Mul", scaled, scaled)
    distance = g.op("MatMul", squares, present.T.astype(np.float64))
    distance = g.op("Add", distance, g.op("MatMul", scaled, -2.0 * rows.T))
    distance = g.op("Add", distance, g.op("MatMul", weights, (rows**2).T))
    distance = g.op("Div", g.op("Max", distance, np.float64(0)), counts)
    is_comparable = g.op("Greater", counts, np.float64(0))
    distance = g.op("Where", is_comparable, distance, np.float64(np.inf))
    columns = []
    for at in range(n_columns):
        donors = np.flatnonzero(present[:, at])
        of_donors = g.op("Gather", distance, donors, axis=1)
        size = np.array([min(model.n_neighbors, len(donors))])
        nearest, places = g.op("TopK", of_donors, size, n_outputs=2, axis=1, largest=0)
        counts = g.cast(g.op("Not", g.op("IsInf", nearest)), np.float64)
        values = g.op("Gather", rows[donors, at], places)
        axis = np.array([1])
        total = g.op("ReduceSum", g.op("Mul", values, counts), axis)
        number = g.op("ReduceSum", counts, axis)
        mean = g.op("Div", total, g.op("Max", number, np.float64(1)))
        some = g.op("Greater", number, np.float64(0))
        columns.append(g.op("Where", some, mean, rows[donors, at].mean()))
    return g.concat(columns)
