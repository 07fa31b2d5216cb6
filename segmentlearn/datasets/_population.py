"""A population with planted segments: what is drawn from it, and its exact posterior.

Every kind of generated table is a finite mixture. A row belongs to one class and to one
latent segment; given the segment its features are independent, except for features
that come into being after the outcome, which depend on the class instead. All features
are finite tables of shares, so Bayes' theorem gives the exact class probabilities of
any row, with its missing cells: a value missing at random carries no evidence.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.utils import Bunch, gen_batches

MISSING = -1  # the code of a missing cell; indexes the last entry of every lookup table
_MAX_MISSING_SHARE = 0.95
DRIFT_TILT = 0.5  # full drift: a level one standard deviation up is exp(0.5) likelier
DRIFT_STRETCH = 0.15  # full drift: a number lies 15 % further from its lowest level
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
    absent_where: tuple[str, str] | None = None  # (column, level): no value by nature
    absent_value: float = np.nan

    @property
    def is_category(self) -> bool:
        """Whether the levels are strings."""
        return self.levels.dtype.kind in "UO"

    def drifted(self, drift: float) -> "Feature":
        """Stretch a number's distribution, tilt a category's to the later levels."""
        if drift == 0 or len(self.levels) == 1:
            return self
        positions = np.arange(len(self.levels), dtype=float)
        if self.is_category:
            offsets = DRIFT_TILT * drift * (positions - positions.mean())
            tilt = np.exp(offsets / positions.std())
            return replace(self, shares=rows_to_one(self.shares * tilt))
        origins = positions / (1.0 + DRIFT_STRETCH * drift)
        moved = [np.interp(origins, positions, row) for row in self.shares]
        return replace(self, shares=rows_to_one(moved))


@dataclass(frozen=True)
class Population:
    """A mixture of segments, and what the table drawn from it looks like."""

    target: str
    classes: np.ndarray
    segments: tuple[str, ...]
    joint: np.ndarray  # (n_segments, n_classes), sums to one
    features: tuple[Feature, ...]
    identifier: str

    def with_class_shares(self, shares: np.ndarray) -> "Population":
        """Change how frequent the classes are; what each class is stays the same."""
        given_class = self.joint / self.joint.sum(axis=0)
        return replace(self, joint=given_class * shares)

    def drifted(self, drift: float) -> "Population":
        """Move every feature's distribution; the class shares stay the same."""
        moved = tuple(feature.drifted(drift) for feature in self.features)
        return replace(self, features=moved)


@dataclass(frozen=True)
class Conditions:
    """What one call asks of a table; a generator each, so that none moves another."""

    n_samples: int
    missing_scale: float
    unseen_share: float
    drift: float
    label_rng: np.random.Generator
    feature_rng: np.random.Generator
    missing_rng: np.random.Generator
    unseen_rng: np.random.Generator
    value_rng: np.random.Generator


@dataclass(frozen=True)
class GeneratedTable:
    """What one call generates; the truth is worked out only where it is asked for."""

    columns: dict[str, Any]
    y: pd.Series
    identifier: str
    make_truth: Callable[[], Bunch]


def rows_to_one(table: Any) -> np.ndarray:
    """Scale every row of a table of non-negative numbers to the sum one."""
    table = np.atleast_2d(np.asarray(table, dtype=float))
    return table / table.sum(axis=1, keepdims=True)


def category_feature(
    name: str, levels: Sequence[str], shares: Any, missing: float = 0.0, **how: Any
) -> Feature:
    """A feature of strings from a table of weights, one row a group."""
    names = np.array(levels, dtype=object)
    return Feature(name, names, rows_to_one(shares), missing=missing, **how)


def binary_feature(
    name: str, levels: Sequence[str], second: Any, missing: float = 0.0, **how: Any
) -> Feature:
    """A feature of two strings from the percentages of the second, one a group."""
    shares = np.asarray(second, dtype=float)
    return category_feature(name, levels, np.c_[100 - shares, shares], missing, **how)


def normal_shares(levels: np.ndarray, mean: Any, deviation: Any) -> np.ndarray:
    """Shares of whole numbers under one normal distribution a row, cut to `levels`."""
    return _shares_between(levels - 0.5, levels + 0.5, mean, deviation)


def lognormal_shares(
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
    return rows_to_one(norm.cdf((upper - mean) / deviation) - below + 1e-12)


def class_shares(weights: Any, classes: np.ndarray) -> np.ndarray:
    """The weights of the classes as shares that sum to one."""
    try:
        shares = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        shares = np.array([np.nan])
    is_share = np.isfinite(shares) & (shares >= 0)
    if shares.shape != classes.shape or not is_share.all() or shares.sum() == 0:
        raise ValueError(
            f"weights={weights!r} must be {len(classes)} numbers, none negative and "
            f"not all zero: one for each of the classes {classes.tolist()}."
        )
    return shares / shares.sum()


def take_text(lookup: list, codes: np.ndarray) -> Any:
    """Strings by their codes, in the dtype that pandas itself gives to strings."""
    return pd.Series(lookup).array.take(codes)


def take_levels(column: Any, codes: np.ndarray) -> Any:
    """The cells of a category, its unseen level and missing ones included."""
    return take_text([*column.levels, column.unseen or "", np.nan], codes)


def draw_classes_and_segments(
    population: Population, n_samples: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Class and segment codes, both in exact shares up to rounding, shuffled."""
    shares = population.joint.sum(axis=0)
    codes = np.arange(len(shares), dtype=np.int16)
    classes = rng.permutation(np.repeat(codes, whole_counts(shares, n_samples)))
    # a class without any row keeps a valid table: all tables are searched as one
    given_class = np.where(shares > 0, population.joint, 1.0).T
    return classes, _draw_levels(given_class, classes, rng)


def draw_features(
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


def missing_rows(
    column: Any, drawn: dict[str, np.ndarray], conditions: Conditions
) -> np.ndarray:
    """Which rows of a column miss their value; more where its driver is large."""
    drift, rng = conditions.drift, conditions.missing_rng
    chance = rng.random(conditions.n_samples, dtype=np.float32)
    share = column.missing * (1.0 + drift) + column.drift_missing * drift
    share *= conditions.missing_scale
    weight: Any = 1.0
    if column.missing_driver is not None and share > 0:
        driver = drawn[column.missing_driver]
        weight = 0.4 + 1.2 * driver / max(int(driver.max()), 1)
        weight = weight / weight.mean()
    return chance < np.minimum(share * weight, _MAX_MISSING_SHARE)


def plant_unseen_levels(
    columns: Iterable[Any], drawn: dict[str, np.ndarray], conditions: Conditions
) -> dict[str, np.ndarray]:
    """Give a share of the filled cells a level that the population doesn't have."""
    share, rng = conditions.unseen_share, conditions.unseen_rng
    planted = dict(drawn)
    for column in columns:
        if column.unseen is not None and share > 0:
            codes = drawn[column.name]
            hit = (rng.random(len(codes)) < share) & (codes != MISSING)
            planted[column.name] = np.where(hit, np.int16(len(column.levels)), codes)
    return planted


def to_columns(
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


def posterior(
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


def expected_scores(proba: np.ndarray) -> dict[str, float]:
    """What the best possible classifier can expect, if it knows these chances."""
    log_proba = np.log(np.maximum(proba, np.finfo(float).tiny))
    return {
        "bayes_accuracy": float(proba.max(axis=1).mean()),
        "bayes_log_loss": float((proba * -log_proba).sum(axis=1).mean()),
    }


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


def whole_counts(shares: np.ndarray, total: int) -> np.ndarray:
    """Split a total by shares into whole numbers (largest remainders)."""
    exact = shares * total
    counts = np.floor(exact).astype(np.int64)
    left_over = np.argsort(counts - exact, kind="stable")[: total - counts.sum()]
    counts[left_over] += 1
    return counts
