"""Customers in a few hidden dimensions, seen through a nonlinear map.

A segment is a round normal cloud in the hidden dimensions. One hidden layer of random
units takes a position to all columns: numbers through a unit of their own, which is
logarithmic for those with heavy tails, categories through a preference for each level.
As the units saturate, the map stretches some regions and squeezes others, so that a
cloud is round in the hidden dimensions and curved in the columns. Centres and map
belong to the population; what is drawn from it belongs to the random state.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from scipy.special import expit, softmax
from sklearn.utils import Bunch

from segmentlearn.datasets._population import (
    DRIFT_STRETCH,
    DRIFT_TILT,
    Conditions,
    GeneratedTable,
    class_shares,
    expected_scores,
    missing_rows,
    plant_unseen_levels,
    take_levels,
    whole_counts,
)

N_DIMENSIONS = 4
_N_UNITS = 16
_BEND = 2.5  # how steep the units are: near 0 the map is linear
_WIDEST = 0.4  # standard deviation of a segment with much room, in a ball of radius 1
_ROOM = 5.0  # standard deviations to the nearest other centre
_CANDIDATES = 3  # positions tried for a centre, for each centre so far
_LARGEST_SHARE = 2.5  # against a segment of share 1
_NUMBER_NOISE = 0.3  # against a standard deviation of 1 that the position explains
_PREFERENCE = 2.0  # standard deviation of the log odds of a level
_N_REFERENCE = 4_000  # positions that fix the scales of the map


@dataclass(frozen=True)
class LatentColumn:
    """One column: a category where it has levels, otherwise a number.

    A number is `center` and `deviation` in its form: as it is, or its logarithm ("log",
    a heavy tail), or its log odds ("logit", a share).
    """

    name: str
    levels: tuple[str, ...] = ()
    unseen: str | None = None  # the level that only unseen rows get
    form: str = "plain"
    center: float = 0.0
    deviation: float = 1.0
    low: float = 0.0
    high: float = 1.0
    decimals: int = 0
    missing: float = 0.0  # share of missing cells without drift
    drift_missing: float = 0.0  # share of missing cells that full drift adds
    missing_driver: str | None = None  # the complete number that they depend on

    @property
    def n_outputs(self) -> int:
        """How many outputs of the map the column takes."""
        return max(len(self.levels), 1)

    def draw_number(
        self, scores: np.ndarray, drift: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Values in the column's unit, for standard scores of the map."""
        noisy = scores + _NUMBER_NOISE * rng.standard_normal(len(scores))
        values = self.center + self.deviation * noisy
        if self.form == "log":
            values = np.exp(values)
        elif self.form == "logit":
            values = expit(values)
        values = self.low + (values - self.low) * (1.0 + DRIFT_STRETCH * drift)
        return np.clip(values, self.low, self.high).round(self.decimals)

    def draw_level(
        self, scores: np.ndarray, drift: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Level codes: the logit model of choice over the levels' scores."""
        positions = np.arange(len(self.levels), dtype=float)
        tilt = DRIFT_TILT * drift * (positions - positions.mean()) / positions.std()
        # the largest of the utilities with Gumbel noise is a draw from their softmax
        utilities = _PREFERENCE * scores + tilt + rng.gumbel(size=scores.shape)
        return utilities.argmax(axis=1).astype(np.int16)


def _heavy(
    name: str, median: float, deviation: float, high: float, **how: Any
) -> LatentColumn:
    """A positive number with a heavy tail."""
    how |= {"center": float(np.log(median)), "deviation": deviation, "high": high}
    return LatentColumn(name, form="log", **how)


def _share(name: str, center: float, deviation: float, **how: Any) -> LatentColumn:
    """A share between zero and one."""
    how |= {"center": center, "deviation": deviation, "decimals": 3}
    return LatentColumn(name, form="logit", **how)


COLUMNS = (
    LatentColumn("tenure", center=60, deviation=24, high=240),
    _heavy("visits", 18, 0.8, 2_000),
    _heavy("basket_value", 35, 0.7, 9_999, decimals=2),
    LatentColumn("items_per_visit", center=9, deviation=3, low=1, high=50, decimals=1),
    LatentColumn("channel", ("shop", "web", "app", "phone"), unseen="kiosk"),
    _share("discount_share", -1.0, 0.9),
    _heavy("days_since_visit", 25, 0.9, 3_650),
    LatentColumn(
        "favourite_department",
        ("food", "home", "fashion", "sport", "electronics"),
        unseen="garden",
        missing=0.03,
    ),
    _share("weekend_share", -0.3, 0.8),
    LatentColumn(
        "usual_hour", center=14, deviation=2.5, high=24, decimals=1, drift_missing=0.03
    ),
    _share("return_share", -2.0, 0.8, missing=0.02),
    _heavy("online_minutes", 40, 0.8, 9_999, missing=0.05, missing_driver="tenure"),
    LatentColumn("payment", ("card", "cash", "invoice", "wallet")),
    _heavy("distance", 6, 0.7, 999, decimals=1, missing=0.04),
    _heavy("newsletter_clicks", 5, 0.6, 999),
    _share("app_share", 0.0, 0.8),
    LatentColumn("satisfaction", center=3.5, deviation=0.6, low=1, high=5, decimals=1),
    LatentColumn("household", ("single", "couple", "family", "shared")),
    LatentColumn("delivery", ("pickup", "home", "locker")),
)


@dataclass(frozen=True)
class LatentPopulation:
    """Where the segments stand, and the map from a position to the columns' scores."""

    classes: np.ndarray
    segments: tuple[str, ...]
    shares: np.ndarray
    centers: np.ndarray  # (n_segments, N_DIMENSIONS)
    deviations: np.ndarray  # (n_segments,)
    inner: np.ndarray  # (N_DIMENSIONS, n_units)
    bias: np.ndarray
    outer: np.ndarray  # (n_units, n_outputs)
    offset: np.ndarray

    def draw_positions(
        self, segments: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """A latent position for each row, from the cloud of its segment."""
        around = rng.standard_normal((len(segments), N_DIMENSIONS))
        return self.centers[segments] + self.deviations[segments][:, None] * around

    def posterior(self, positions: np.ndarray) -> np.ndarray:
        """Exact probability of each segment, given the latent position."""
        with np.errstate(divide="ignore"):  # a segment of weight zero
            heights = np.log(self.shares) - N_DIMENSIONS * np.log(self.deviations)
        squares = cdist(positions, self.centers, "sqeuclidean")
        return softmax(heights - squares / (2 * self.deviations**2), axis=1)

    def draw_columns(
        self, positions: np.ndarray, drift: float, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """Values of the numbers and level codes of the categories, none missing."""
        units = np.tanh(positions @ self.inner + self.bias)
        drawn, start = {}, 0
        for column in COLUMNS:
            outputs = slice(start, start + column.n_outputs)
            scores = units @ self.outer[:, outputs] + self.offset[outputs]
            start = outputs.stop
            if column.levels:
                drawn[column.name] = column.draw_level(scores, drift, rng)
            else:
                drawn[column.name] = column.draw_number(scores[:, 0], drift, rng)
        return drawn


def latent_population(n_segments: int, seed: int, weights: Any) -> LatentPopulation:
    """The mixture and the map that belong to a seed; the map to nothing else."""
    classes = np.arange(n_segments)
    center_rng, share_rng, map_rng = np.random.default_rng(seed).spawn(3)
    centers = _separate_centers(n_segments, center_rng)
    distances = cdist(centers, centers)
    np.fill_diagonal(distances, np.inf)
    if weights is None:
        weights = share_rng.uniform(1.0, _LARGEST_SHARE, n_segments)
    # positions in the ball then have the variance one in each dimension
    unit_scale = _BEND * np.sqrt(N_DIMENSIONS + 2)
    inner = unit_scale * map_rng.standard_normal((N_DIMENSIONS, _N_UNITS))
    bias = _BEND * map_rng.standard_normal(_N_UNITS)
    n_outputs = sum(column.n_outputs for column in COLUMNS)
    outer = map_rng.standard_normal((_N_UNITS, n_outputs))
    reference = np.tanh(_in_ball(_N_REFERENCE, map_rng) @ inner + bias) @ outer
    outer /= reference.std(axis=0)
    return LatentPopulation(
        classes=classes,
        segments=tuple(f"segment {number}" for number in range(n_segments)),
        shares=class_shares(weights, classes),
        centers=centers,
        deviations=np.minimum(_WIDEST, distances.min(axis=1) / _ROOM),
        inner=inner,
        bias=bias,
        outer=outer,
        offset=-reference.mean(axis=0) / reference.std(axis=0),
    )


def latent_table(
    population: LatentPopulation, conditions: Conditions
) -> GeneratedTable:
    """Draw customers, whose labels are their segments."""
    counts = whole_counts(population.shares, conditions.n_samples)
    segments = conditions.label_rng.permutation(np.repeat(population.classes, counts))
    positions = population.draw_positions(segments, conditions.feature_rng)
    drawn = population.draw_columns(positions, conditions.drift, conditions.value_rng)
    return GeneratedTable(
        columns=_to_columns(drawn, conditions),
        y=pd.Series(segments.astype(np.int64), name="segment"),
        identifier="customer_id",
        make_truth=partial(_truth, population, segments, positions),
    )


def _truth(
    population: LatentPopulation, segments: np.ndarray, positions: np.ndarray
) -> Bunch:
    """What the generator knows about the rows that it drew."""
    proba = population.posterior(positions)
    return Bunch(
        segment=segments.astype(np.int64),
        segment_names=list(population.segments),
        classes=population.classes.copy(),
        proba=proba,
        flipped=np.zeros(len(segments), dtype=bool),
        latent=positions,
        **expected_scores(proba),
    )


def _to_columns(drawn: dict[str, np.ndarray], conditions: Conditions) -> dict[str, Any]:
    """The columns of the table, with unseen levels and missing cells."""
    planted = plant_unseen_levels(COLUMNS, drawn, conditions)
    columns: dict[str, Any] = {}
    for column in COLUMNS:
        values = planted[column.name]
        missing = missing_rows(column, drawn, conditions)
        if column.levels:
            columns[column.name] = take_levels(column, np.where(missing, -1, values))
        # a column that can miss values is a float column in every table, as in a CSV
        elif column.decimals == 0 and column.missing == 0 and not missing.any():
            columns[column.name] = values.astype(np.int64)
        else:
            columns[column.name] = np.where(missing, np.nan, values)
    return columns


def _separate_centers(n_centers: int, rng: np.random.Generator) -> np.ndarray:
    """Mitchell's best candidates (SIGGRAPH 1991): random positions, none too close."""
    centers = _in_ball(1, rng)
    while len(centers) < n_centers:
        tried = _in_ball(_CANDIDATES * len(centers), rng)
        distances = cdist(tried, centers).min(axis=1)
        centers = np.vstack([centers, tried[distances.argmax()]])
    return centers


def _in_ball(n_points: int, rng: np.random.Generator) -> np.ndarray:
    """Points drawn uniformly from the ball of radius one."""
    directions = rng.standard_normal((n_points, N_DIMENSIONS))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions * rng.random((n_points, 1)) ** (1.0 / N_DIMENSIONS)
