"""A population with planted segments: what is drawn from it, and its exact posterior.

Every kind of generated table is a finite mixture. A row belongs to one class and to one
latent segment; given the segment its features are independent, except for features
that come into being after the outcome, which depend on the class instead. All features
are finite tables of shares, so Bayes' theorem gives the exact class probabilities of
any row, with its missing cells: a value missing at random carries no evidence.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.utils import Bunch, gen_batches

from segmentlearn.datasets._conditions import (
    DRIFT_STRETCH,
    DRIFT_TILT,
    MISSING,
    Conditions,
    class_shares,
    missing_rows,
    plant_unseen_levels,
    read_description,
    take_levels,
    take_text,
    truth_of,
    whole_counts,
)
from segmentlearn.datasets._mall import mall_segments

_CHUNK_ROWS = 100_000  # bounds the memory of the posterior


@dataclass(frozen=True)
class Feature:
    """One column: its levels and how often each occurs in each group of rows.

    The groups are the segments, or the classes where `after_outcome` is set. A numeric
    feature with `widths` is uniform over the cell that starts at its level.
    """

    name: str
    levels: np.ndarray
    shares: np.ndarray
    after_outcome: bool = False
    widths: np.ndarray | None = None
    missing: float = 0.0  # share of missing cells without drift
    drift_missing: float = 0.0  # share of missing cells that full drift adds
    missing_driver: str | None = None  # the complete column that they depend on
    unseen: str | None = None  # the level that only unseen rows get
    absent_where: list[str] | None = None  # column and level: no value by nature
    absent_value: float = np.nan

    @classmethod
    def read(cls, column: dict[str, Any], segments: dict[str, Any]) -> Self:
        """Read the description of a column; `segments` holds their values by key."""
        known = {field.name for field in fields(cls)}
        facts = {key: value for key, value in column.items() if key in known}
        if "grid" in column:
            edges = np.linspace(*column["grid"])
            cells = np.rint(np.sinh(edges) * column["unit"])
            facts |= {"levels": cells[:-1], "widths": np.diff(cells)}
        elif "range" in column:
            first, last = column["range"]
            facts["levels"] = edges = np.arange(first, last + 1)
        else:
            facts["levels"] = np.array(column["levels"], dtype=object)
        shares = column["shares"]
        table: Any
        if isinstance(shares, dict):
            keys = shares["of"]
            values = [segments[k] if isinstance(k, str) else k for k in keys]
            origin = [shares["origin"]] if "origin" in shares else []
            table = _FORMS[shares["form"]](edges, *values, *origin)
        elif isinstance(shares, list):
            table = [shares]
        elif "profiles" in column:
            table = [column["profiles"][name] for name in segments[shares]]
        else:
            table = _rows(segments[shares])
        if len(table) == 1:  # the same in all segments
            table = np.repeat(table, len(segments["share"]), axis=0)
        return cls(**facts | {"shares": _rows_to_one(table)})

    @property
    def is_category(self) -> bool:
        """Whether the levels are strings."""
        return self.levels.dtype.kind in "UO"

    def drifted(self, drift: float) -> Self:
        """Stretch a number's distribution, tilt a category's to the later levels."""
        if drift == 0 or len(self.levels) == 1:
            return self
        positions = np.arange(len(self.levels), dtype=float)
        if self.is_category:
            offsets = DRIFT_TILT * drift * (positions - positions.mean())
            tilt = np.exp(offsets / positions.std())
            return replace(self, shares=_rows_to_one(self.shares * tilt))
        origins = positions / (1.0 + DRIFT_STRETCH * drift)
        moved = [np.interp(origins, positions, row) for row in self.shares]
        return replace(self, shares=_rows_to_one(moved))


@dataclass(frozen=True)
class Population:
    """A mixture of segments, and what the table drawn from it looks like."""

    target: str
    classes: np.ndarray
    segments: tuple[str, ...]
    joint: np.ndarray  # (n_segments, n_classes), sums to one
    features: tuple[Feature, ...]
    identifier: str

    @classmethod
    def read(cls, about: dict, names: Iterable[str], segments: dict) -> Self:
        """Read a description; `segments` holds the values of these by key."""
        classes = np.array(about["classes"])
        joint = np.c_[segments["share"]] * _rows(segments["labels"])
        return cls(
            target=about["target"]["name"],
            classes=classes.astype(object) if classes.dtype.kind == "U" else classes,
            segments=tuple(names),
            joint=joint / joint.sum(),
            features=tuple(Feature.read(c, segments) for c in about["columns"]),
            identifier=about["identifier"],
        )

    def drifted(self, drift: float) -> Self:
        """Move every feature's distribution; the class shares stay the same."""
        moved = tuple(feature.drifted(drift) for feature in self.features)
        return replace(self, features=moved)


def _rows(values: Any) -> np.ndarray:
    """Return a table of percentages; single numbers are those of the second of two."""
    table = np.asarray(values, dtype=float)
    return table if table.ndim == 2 else np.c_[100 - table, table]


def _rows_to_one(table: Any) -> np.ndarray:
    """Scale every row of a table of non-negative numbers to the sum one."""
    table = np.atleast_2d(np.asarray(table, dtype=float))
    return table / table.sum(axis=1, keepdims=True)


def _normal_shares(levels: np.ndarray, mean: Any, deviation: Any) -> np.ndarray:
    """Shares of whole numbers under one normal distribution a row, cut to `levels`."""
    return _shares_between(levels - 0.5, levels + 0.5, mean, deviation)


def _lognormal_shares(
    levels: np.ndarray, median: Any, deviation: Any, origin: float
) -> np.ndarray:
    """Shares of whole numbers whose logarithm above `origin` is normal."""
    mean = np.log(np.asarray(median, float) - origin)
    lower, upper = np.log(levels - 0.5 - origin), np.log(levels + 0.5 - origin)
    return _shares_between(lower, upper, mean, deviation)


def _shares_between(
    lower: np.ndarray, upper: np.ndarray, mean: Any, deviation: Any
) -> np.ndarray:
    """Shares of cells under one normal distribution a row."""
    mean = np.c_[np.asarray(mean, float)]
    deviation = np.c_[np.asarray(deviation, float)]
    below = norm.cdf((lower - mean) / deviation)
    return norm.cdf((upper - mean) / deviation) - below + 1e-12


def _call_shares(counts: np.ndarray, mean_further: Any) -> np.ndarray:
    """Shares of numbers of calls: geometric, with a slow tail of stubborn callers."""
    further, mean_further = np.maximum(counts - 1, 0), np.c_[mean_further]
    quick = 1.0 / (1.0 + 0.7 * mean_further)
    slow = 1.0 / (1.0 + 3.0 * mean_further)
    tail = slow * (1 - slow) ** further
    shares = 0.85 * quick * (1 - quick) ** further + 0.15 * tail
    return shares * (counts > 0)


def _arcsinh_shares(edges: np.ndarray, mean: Any, deviation: Any) -> np.ndarray:
    """Shares of cells between edges that are even in the arcsinh of a number."""
    scores = ((edges[:-1] + edges[1:]) / 2 - np.c_[mean]) / np.c_[deviation]
    return np.exp(-0.5 * scores**2)


_FORMS: dict[str, Callable[..., np.ndarray]] = {
    "normal": _normal_shares,
    "lognormal": _lognormal_shares,
    "calls": _call_shares,
    "arcsinh": _arcsinh_shares,
}


def class_mixture(kind: str, n_segments: int, weights: Any) -> Population:
    """The kind's mixture, with the class shares asked for."""
    about = read_description(kind)
    names: Iterable[str]
    if kind == "mall":
        names, segments = mall_segments(n_segments)
        about |= {"target": {"name": "segment"}, "classes": range(n_segments)}
    else:
        names, facts = zip(*about["segments"].items(), strict=True)
        segments = {key: [segment[key] for segment in facts] for key in facts[0]}
    population = Population.read(about, names, segments)
    weights = about.get("class_shares") if weights is None else weights
    if weights is None:
        return population
    # what each class is stays the same
    given_class = population.joint / population.joint.sum(axis=0)
    joint = given_class * class_shares(weights, population.classes)
    return replace(population, joint=joint)


def class_table(
    population: Population, flip_share: float, conditions: Conditions
) -> tuple[dict[str, Any], pd.Series, Callable[[], Bunch]]:
    """Draw customers, and the labels that follow their segments."""
    population = population.drifted(conditions.drift)
    n_samples, label_rng = conditions.n_samples, conditions.label_rng
    drawn = _draw_classes_and_segments(population, n_samples, label_rng)
    classes, flipped = _flip(drawn[0], population, flip_share, label_rng)
    codes = _draw_features(population, drawn, conditions.feature_rng)
    codes = plant_unseen_levels(population.features, codes, conditions)
    missing = {f.name: missing_rows(f, codes, conditions) for f in population.features}
    codes = {
        name: np.where(missing[name], np.int16(MISSING), column)
        for name, column in codes.items()
    }
    is_complete = conditions.missing_scale == 0
    columns = _to_columns(population, codes, is_complete, conditions.value_rng)
    shares = population.joint.sum(axis=0)

    def label_proba(after_outcome: bool = True) -> np.ndarray:
        clean = _posterior(population, codes, after_outcome)
        return (1 - flip_share) * clean + flip_share * shares

    def make_truth() -> Bunch:
        truth = truth_of(population, drawn[1], label_proba(), flipped)
        if any(feature.after_outcome for feature in population.features):
            truth.proba_before_contact = label_proba(after_outcome=False)
        return truth

    return columns, _labels(population, classes), make_truth


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
    population: Population, drawn: tuple, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Level codes of every feature, rows that have no value by nature as missing."""
    codes: dict[str, np.ndarray] = {}
    for feature in population.features:
        groups = drawn[0 if feature.after_outcome else 1]  # classes, segments
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
            as_number = has_none and absent_as_number
            values[absent] = -1 if as_number else feature.absent_value
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
    evidence = {}
    for feature in population.features:  # unseen and missing levels carry none
        known = np.log(np.maximum(feature.shares, 1e-12)).T
        evidence[feature.name] = np.pad(known, ((0, 2), (0, 0)))
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
