"""Preprocessors in a graph: from columns to the matrix that a net takes."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from segmentlearn.export._onnx._columns import Columns
from segmentlearn.export._onnx._graph import Graph
from segmentlearn.export._onnx._imputation import LARGEST, fill_numbers
from segmentlearn.export._onnx._levels import Levels
from segmentlearn.preprocessing import DistancePreprocessor, TabularPreprocessor
from segmentlearn.tables import NUMBER, NUMERIC_KINDS

_SATURATED = 1e9
_LARGEST_SINGLE = float(np.finfo(np.float32).max)


def prepare(g: Graph, columns: Columns, preprocessor: Any) -> str:
    """Return the matrix, of float32 or float64, that a preprocessor gives."""
    if preprocessor is None:
        return columns.numbers(dict.fromkeys(columns.names, NUMBER))
    for kind, emit in _EMITTERS.items():
        if type(preprocessor) is kind:
            return emit(g, columns, preprocessor)
    raise TypeError(
        f"the preprocessor {type(preprocessor).__name__} cannot be exported; those "
        f"that can are {', '.join(kind.__name__ for kind in _EMITTERS)}."
    )


def _tabular(g: Graph, columns: Columns, preprocessor: Any) -> str:
    kinds = {
        name: kind
        for name, kind in preprocessor.column_kinds_.items()
        if kind in NUMERIC_KINDS
    }
    imputer, encoder = preprocessor.imputer_, preprocessor.encoder_
    parts: list[str] = []
    missing: dict[str, tuple[str, int]] = {}
    if kinds:
        numbers, is_missing = fill_numbers(
            g, columns.numbers(kinds), imputer, list(kinds)
        )
        missing |= {name: (is_missing, at) for at, name in enumerate(kinds)}
        if preprocessor.scaler_ is not None:
            numbers = _soft_scaled(g, numbers, preprocessor.scaler_, preprocessor.clip)
        parts.append(g.cast(numbers, np.float32))
    encoded = None
    if encoder is not None:
        levels = [_levels(preprocessor, name) for name in encoder.levels_]
        codes, is_missing, order = columns.codes(levels)
        missing |= {name: (is_missing, at) for at, name in enumerate(order)}
        encoded = _encoded(g, codes, order, preprocessor)
    indicators = [
        g.op("Gather", missing[name][0], np.array([missing[name][1]]), axis=1)
        for name in imputer.indicator_features_
    ]
    if indicators:
        parts.append(g.cast(g.concat(indicators), np.float32))
    if encoded is not None:
        parts.append(encoded)
    _describe(columns, preprocessor)
    return g.concat(parts)


def _levels(preprocessor: Any, name: str) -> Levels:
    """Return the levels of a column and their codes."""
    encoder, fill = preprocessor.encoder_, preprocessor.imputer_.fill_values_[name]
    kept, merged = encoder.levels_[name], encoder.merged_levels_[name]
    codes = {level: code for code, level in enumerate(kept)}
    other = len(codes)
    missing = codes.get(fill, other)
    # the level of missing cells, a text, may stand beside numbers
    others = [level for level in (*kept, *merged) if level != fill]
    is_text = any(isinstance(level, str) for level in others or [fill])
    # rare levels, which could give a customer away, are others like unseen ones, but
    # for a column that has no others
    codes = codes or dict.fromkeys(merged, other)
    if not is_text:
        codes = {n: code for n, code in codes.items() if not isinstance(n, str)}
    return Levels(name, codes, other, missing, is_text)


def _encoded(g: Graph, codes: str, order: list[str], preprocessor: Any) -> str:
    """Return the encoded columns of categories, as the encoder orders them."""
    encoder = preprocessor.encoder_
    owners: dict[str, list[int]] = {"onehot": [], "table": []}
    places: dict[str, list[int]] = {"onehot": [], "table": []}
    wanted: dict[str, list[int]] = {"onehot": [], "table": []}
    values, start = [], 0
    tables = _scaled_tables(preprocessor)
    for name, group in encoder.output_groups_.items():
        owner, table = order.index(name), tables[name]
        is_onehot = encoder.column_encodings_[name] == "onehot"
        kind = "onehot" if is_onehot else "table"
        owners[kind] += [owner] * len(group)
        wanted[kind] += group
        if is_onehot:
            places[kind] += range(len(group))
            continue
        for column in table.T:
            places[kind].append(start)
            values.append(column)
            start += len(column)
    parts = []
    if owners["onehot"]:
        cells = g.op("Gather", codes, np.array(owners["onehot"]), axis=1)
        fits = g.op("Equal", cells, np.array(places["onehot"]))
        parts.append(g.cast(fits, np.float32))
    if owners["table"]:
        cells = g.op("Gather", codes, np.array(owners["table"]), axis=1)
        cells = g.op("Add", cells, np.array(places["table"]))
        parts.append(g.op("Gather", np.concatenate(values), cells))
    made = wanted["onehot"] + wanted["table"]
    back = np.argsort(made, kind="stable")
    return g.take(g.concat(parts), back.tolist(), len(made))


def _scaled_tables(preprocessor: Any) -> dict[str, np.ndarray]:
    """Return what each level of a column becomes; target means are scaled."""
    encoder, scaler = preprocessor.encoder_, preprocessor.target_scaler_
    tables = dict(encoder.tables_)
    targets = [n for n, how in encoder.column_encodings_.items() if how == "target"]
    start = 0
    for name in targets if scaler is not None else ():
        table = tables[name]
        filled = np.zeros((len(table), scaler.n_features_in_), np.float32)
        own = slice(start, start + table.shape[1])
        filled[:, own], start = table, own.stop
        tables[name] = scaler.transform(filled)[:, own]
    return tables


def _soft_scaled(g: Graph, numbers: str, scaler: Any, clip: float | None) -> str:
    """Scale by median and quartiles, and squash."""
    z = g.op("Sub", numbers, np.asarray(scaler.center_, np.float64))
    z = g.op("Clip", z, np.float64(-LARGEST), np.float64(LARGEST))
    z = g.op("Mul", z, np.asarray(scaler.scale_, np.float64))
    limit = np.float64(_LARGEST_SINGLE if clip is None else clip * _SATURATED)
    z = g.op("Clip", z, -limit, limit)
    if clip is None:
        return z
    root = g.op("Div", z, np.float64(clip))
    root = g.op("Sqrt", g.op("Add", g.op("Mul", root, root), np.float64(1)))
    return g.op("Div", z, root)


def _describe(columns: Columns, preprocessor: Any) -> None:
    """Note what the columns hold and what stands for missing cells."""
    encoder, imputer = preprocessor.encoder_, preprocessor.imputer_
    readings = getattr(preprocessor, "column_readings_", {})
    for name in preprocessor.column_kinds_:
        facts: dict[str, Any] = {"n_missing": imputer.n_missing_[name]}
        written = (readings.get(name) or {}).get("format")
        facts |= {"written": written} if written else {}
        if encoder is not None and name in encoder.levels_:
            facts["levels"] = encoder.levels_[name]
        columns.describe(name, **facts)


def _distance(g: Graph, columns: Columns, preprocessor: DistancePreprocessor) -> str:
    table = preprocessor.table_
    features = _tabular(g, columns, table)
    width = len(table.get_feature_names_out())
    numeric, onehot = table.output_roles_["numeric"], table.output_roles_["onehot"]
    parts = []
    if numeric:
        numbers = g.cast(g.take(features, numeric, width), np.float64)
        if preprocessor.is_heavy_.any():
            heavy = g.op("Where", preprocessor.is_heavy_, _arcsinh(g, numbers), numbers)
            numbers = heavy
        varies = preprocessor.scale_ > 0
        inverse = np.where(varies, 1 / np.where(varies, preprocessor.scale_, 1), 0.0)
        numbers = g.op("Mul", g.op("Sub", numbers, preprocessor.center_), inverse)
        indicators = preprocessor._indicators()
        if indicators:
            # the last column of 0 stands for columns that have no indicator
            padded = g.op("Pad", features, np.array([0, 0, 0, 1]))
            places = [indicators.get(at, width) for at in numeric]
            missing = g.op("Gather", padded, np.array(places), axis=1)
            missing = g.op("Greater", missing, np.float32(0))
            numbers = g.op("Where", missing, np.float64(0), numbers)
        if preprocessor.clip is not None:
            bound = np.float64(preprocessor.clip)
            numbers = g.op("Clip", numbers, -bound, bound)
        parts.append(g.cast(numbers, np.float32))
    if onehot:
        factors = np.ones(width, np.float32)
        for name, group in table.output_groups_.items():
            factors[group] = preprocessor.block_scales_[name]
        levels = g.take(features, onehot, width)
        parts.append(g.op("Mul", levels, factors[onehot]))
    return g.concat(parts)


def _arcsinh(g: Graph, x: str) -> str:
    """Return the inverse hyperbolic sine; ONNX Runtime has it in float32 only."""
    size = g.op("Abs", x)
    root = g.op("Sqrt", g.op("Add", g.op("Mul", size, size), np.float64(1)))
    return g.op("Mul", g.op("Sign", x), g.op("Log", g.op("Add", size, root)))


def _affine(g: Graph, columns: Columns, scaler: Any) -> str:
    """Shift and scale each column, as scikit-learn's own scalers do."""
    numbers = columns.numbers(dict.fromkeys(columns.names, NUMBER))
    if isinstance(scaler, MinMaxScaler):
        numbers = g.op("Mul", numbers, np.asarray(scaler.scale_, np.float64))
        numbers = g.op("Add", numbers, np.asarray(scaler.min_, np.float64))
    else:
        center = getattr(scaler, "mean_", getattr(scaler, "center_", None))
        centers = getattr(scaler, "with_mean", getattr(scaler, "with_centering", True))
        if centers and center is not None:
            numbers = g.op("Sub", numbers, np.asarray(center, np.float64))
        if scaler.scale_ is not None:
            numbers = g.op("Div", numbers, np.asarray(scaler.scale_, np.float64))
    if getattr(scaler, "clip", False):
        bounds = map(np.float64, scaler.feature_range)
        numbers = g.op("Clip", numbers, *bounds)
    return numbers


_EMITTERS: dict[type, Callable[[Graph, Columns, Any], str]] = {
    TabularPreprocessor: _tabular,
    DistancePreprocessor: _distance,
    **dict.fromkeys(
        (StandardScaler, MinMaxScaler, RobustScaler, MaxAbsScaler), _affine
    ),
}
