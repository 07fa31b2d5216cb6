"""Tables whose features are independent in each segment, with labels and truth."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, gen_batches

from segmentlearn.datasets._conditions import (
    MISSING,
    Conditions,
    missing_rows,
    plant_unseen_levels,
    read_description,
    take_levels,
    take_text,
    truth_of,
    whole_counts,
)
from segmentlearn.datasets._mall import mall_segments
from segmentlearn.datasets._population import Feature, Population

_CHUNK_ROWS = 100_000  # bounds the memory of the posterior


def class_mixture(kind: str, n_segments: int, weights: Any) -> Population:
    """The kind's mixture, with the class shares asked for."""
    about = read_description(kind)
    if kind == "mall":
        names, of = mall_segments(n_segments)
        about |= {"target": {"name": "segment"}, "classes": range(n_segments)}
    else:
        names, segments = about["segments"].keys(), about["segments"].values()
        of = {key: [facts[key] for facts in segments] for key in next(iter(segments))}
    population = Population.described(about, names, of)
    weights = about.get("class_shares") if weights is None else weights
    return population if weights is None else population.with_class_shares(weights)


def class_table(
    population: Population, flip_share: float, conditions: Conditions
) -> tuple[dict[str, Any], pd.Series, Callable[[], Bunch]]:
    """Draw customers, and the labels that follow their segments."""
    population = population.drifted(conditions.drift)
    n_samples, label_rng = conditions.n_samples, conditions.label_rng
    drawn = _draw_classes_and_segments(population, n_samples, label_rng)
    classes, flipped = _flip(drawn[0], population, flip_share, label_rng)
    codes = _draw_features(population, *drawn, conditions.feature_rng)
    codes = plant_unseen_levels(population.features, codes, conditions)
    missing = {f.name: missing_rows(f, codes, conditions) for f in population.features}
    codes = {
        name: np.where(missing[name], np.int16(MISSING), column)
        for name, column in codes.items()
    }
    is_complete = conditions.missing_scale == 0
    columns = _to_columns(population, codes, is_complete, conditions.value_rng)
    known = (population, codes, drawn[1], flipped, flip_share)
    return columns, _labels(population, classes), partial(_truth, *known)


def _flip(
    classes: np.ndarray, population: Population, share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the labels of a share of the rows anew from the class shares."""
    flipped = rng.random(len(classes)) < share
    edges = np.cumsum(population.joint.sum(axis=0))
    anew = np.searchsorted(edges / edges[-1], rng.random(len(classes)), side="right")
    return np.where(flipped, anew.astype(np.int16), classes), flipped


def _labels(population: Population, classes: np.ndarray) -> pd.Series:
    """The labels as a named column."""
    if population.classes.dtype.kind == "O":
        values = take_text(population.classes.tolist(), classes)
    else:
        values = population.classes[classes].astype(np.int64)
    return pd.Series(values, name=population.target)


def _truth(
    population: Population,
    codes: dict[str, np.ndarray],
    segments: np.ndarray,
    flipped: np.ndarray,
    flip_share: float,
) -> Bunch:
    """What the generator knows about the rows that it drew."""
    shares = population.joint.sum(axis=0)

    def label_proba(after_outcome: bool = True) -> np.ndarray:
        clean = _posterior(population, codes, after_outcome)
        return (1 - flip_share) * clean + flip_share * shares

    truth = truth_of(population, segments, label_proba(), flipped)
    if any(feature.after_outcome for feature in population.features):
        truth.proba_before_contact = label_proba(after_outcome=False)
    return truth


def _draw_classes_and_segments(
    population: Population, n_samples: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Class and segment codes, both in exact shares up to rounding, shuffled."""
    shares = population.joint.sum(axis=0)
    codes = np.arange(len(shares), dtype=np.int16)
    classes = rng.permutation(np.repeat(codes, whole_counts(shares, n_samples)))
    # a class without any row keeps a valid table: all tables are searched as one
    given_class = np.where(shares > 0, population.joint, 1.0).T
    return classes, _draw_levels(given_class, classes, rng)


def _draw_features(
    population: Population,
    classes: np.ndarray,
    segments: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Level codes of every feature, rows that have no value by nature as missing."""
    codes: dict[str, np.ndarray] = {}
    for feature in population.features:
        groups = classes if feature.after_outcome else segments
        codes[feature.name] = _draw_levels(feature.shares, groups, rng)
    for feature in population.features:
        absent = _absent_rows(population, feature, codes)
        if absent is not None:
            codes[feature.name][absent] = MISSING
    return codes


def _to_columns(
    population: Population,
    codes: dict[str, np.ndarray],
    absent_as_number: bool,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Values of every feature; `absent_as_number` writes −1 where none can exist."""
    columns: dict[str, Any] = {}
    for feature in population.features:
        column = codes[feature.name]
        if feature.is_category:
            columns[feature.name] = take_levels(feature, column)
            continue
        values = np.append(feature.levels, [np.nan, np.nan])[column]
        if feature.widths is not None:
            widths = np.append(feature.widths, [0.0, 0.0])[column]
            values = np.rint(values + widths * rng.random(len(values)))
        can_be_missing = feature.missing > 0
        absent = _absent_rows(population, feature, codes)
        if absent is not None:
            has_none = np.isnan(feature.absent_value)
            can_be_missing |= has_none
            values[absent] = (
                -1 if has_none and absent_as_number else feature.absent_value
            )
        # a column that can miss values is a float column in every table, as in a CSV
        if not can_be_missing and not np.isnan(values).any():
            values = values.astype(np.int64)
        columns[feature.name] = values
    return columns


def _posterior(
    population: Population, codes: dict[str, np.ndarray], after_outcome: bool = True
) -> np.ndarray:
    """Exact class probabilities of every row, given the values that it shows."""
    n_samples = len(next(iter(codes.values())))
    n_segments, n_classes = population.joint.shape
    proba = np.empty((n_samples, n_classes))
    evidence = {f.name: _evidence(f) for f in population.features}
    for rows in gen_batches(n_samples, _CHUNK_ROWS):
        n_rows = rows.stop - rows.start
        by_segment = np.zeros((n_rows, n_segments))
        by_class = np.zeros((n_rows, n_classes))
        for feature in population.features:
            of_rows = evidence[feature.name][codes[feature.name][rows]]
            if not feature.after_outcome:
                by_segment += of_rows
            elif after_outcome:
                by_class += of_rows
        by_segment -= by_segment.max(axis=1, keepdims=True)
        by_class -= by_class.max(axis=1, keepdims=True)
        unscaled = np.exp(by_class) * (np.exp(by_segment) @ population.joint)
        proba[rows] = unscaled / unscaled.sum(axis=1, keepdims=True)
    return proba


def _draw_levels(
    shares: np.ndarray, groups: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """One level code a row, from the row of `shares` that its group names."""
    n_groups, n_levels = shares.shape
    cumulated = np.cumsum(shares, axis=1)
    cumulated /= cumulated[:, -1:]
    # shifted by the group's number, all tables become one sorted array: one search
    edges = (cumulated + np.arange(n_groups)[:, None]).ravel()
    found = np.searchsorted(edges, rng.random(len(groups)) + groups, side="right")
    found -= groups.astype(np.int64) * n_levels
    return np.minimum(found, n_levels - 1).astype(np.int16)


def _absent_rows(
    population: Population, feature: Feature, codes: dict[str, np.ndarray]
) -> np.ndarray | None:
    """The rows in which the feature has no value by nature, None if it always has."""
    if feature.absent_where is None:
        return None
    name, level = feature.absent_where
    levels = next(f.levels for f in population.features if f.name == name)
    return codes[name] == levels.tolist().index(level)


def _evidence(feature: Feature) -> np.ndarray:
    """Log shares, one row a level; unseen and missing ones carry no evidence."""
    known = np.log(np.maximum(feature.shares, 1e-12)).T
    return np.pad(known, ((0, 2), (0, 0)))
