"""Customers in a few hidden dimensions, seen through a nonlinear map.

A segment is a round normal cloud in the hidden dimensions. One hidden layer of random
units takes a position to all columns: numbers through a unit of their own, which is
logarithmic for those with heavy tails, categories through a preference for each level.
As the units saturate, the map stretches some regions and squeezes others, so that a
cloud is round in the hidden dimensions and curved in the columns. Centres and map
belong to the population; what is drawn from it belongs to the random state.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from scipy.special import expit, softmax
from sklearn.utils import Bunch

from segmentlearn.datasets._conditions import (
    DRIFT_STRETCH,
    DRIFT_TILT,
    Conditions,
    class_shares,
    missing_rows,
    plant_unseen_levels,
    read_description,
    take_levels,
    truth_of,
    whole_counts,
)

_N_DIMENSIONS = 4
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

    A number has its middle and its deviation as it is, or of its logarithm ("log", a
    heavy tail; the middle is as it is), or of its log odds ("logit", a share).
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
        center = np.log(self.center) if self.form == "log" else self.center
        values = center + self.deviation * noisy
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


class LatentPopulation:
    """Where the segments stand, and the map from a position to the columns' scores.

    Both belong to a seed, and the map to nothing else.
    """

    identifier = "customer_id"

    def __init__(self, n_segments: int, seed: int, weights: Any) -> None:
        center_rng, share_rng, map_rng = np.random.default_rng(seed).spawn(3)
        about = read_description("latent")
        self.columns = [LatentColumn(**column) for column in about["columns"]]
        self.classes = np.arange(n_segments)
        self.segments = [f"segment {number}" for number in range(n_segments)]
        self.centers = separate_centers(n_segments, center_rng)
        distances = cdist(self.centers, self.centers)
        np.fill_diagonal(distances, np.inf)
        self.deviations = np.minimum(_WIDEST, distances.min(axis=1) / _ROOM)
        if weights is None:
            weights = share_rng.uniform(1.0, _LARGEST_SHARE, n_segments)
        self.shares = class_shares(weights, self.classes)
        # positions in the ball then have unit variance in each dimension
        unit_scale = _BEND * np.sqrt(_N_DIMENSIONS + 2)
        self.inner = unit_scale * map_rng.standard_normal((_N_DIMENSIONS, _N_UNITS))
        self.bias = _BEND * map_rng.standard_normal(_N_UNITS)
        n_outputs = sum(column.n_outputs for column in self.columns)
        self.outer = map_rng.standard_normal((_N_UNITS, n_outputs))
        positions = _in_ball(_N_REFERENCE, map_rng)
        reference = np.tanh(positions @ self.inner + self.bias) @ self.outer
        self.outer /= reference.std(axis=0)
        self.offset = -reference.mean(axis=0) / reference.std(axis=0)

    def draw_positions(
        self, segments: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """A latent position for each row, from the cloud of its segment."""
        around = rng.standard_normal((len(segments), _N_DIMENSIONS))
        return self.centers[segments] + self.deviations[segments][:, None] * around

    def posterior(self, positions: np.ndarray) -> np.ndarray:
        """Exact probability of each segment, given the latent position."""
        with np.errstate(divide="ignore"):  # a segment of weight zero
            heights = np.log(self.shares) - _N_DIMENSIONS * np.log(self.deviations)
        squares = cdist(positions, self.centers, "sqeuclidean")
        return softmax(heights - squares / (2 * self.deviations**2), axis=1)

    def draw_columns(
        self, positions: np.ndarray, drift: float, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """Values of the numbers and level codes of the categories, none missing."""
        units = np.tanh(positions @ self.inner + self.bias)
        drawn, start = {}, 0
        for column in self.columns:
            outputs = slice(start, start + column.n_outputs)
            scores = units @ self.outer[:, outputs] + self.offset[outputs]
            start = outputs.stop
            if column.levels:
                drawn[column.name] = column.draw_level(scores, drift, rng)
            else:
                drawn[column.name] = column.draw_number(scores[:, 0], drift, rng)
        return drawn


def latent_table(
    population: LatentPopulation, conditions: Conditions
) -> tuple[dict[str, Any], pd.Series, Callable[[], Bunch]]:
    """Draw customers, whose labels are their segments."""
    counts = whole_counts(population.shares, conditions.n_samples)
    segments = conditions.label_rng.permutation(np.repeat(population.classes, counts))
    positions = population.draw_positions(segments, conditions.feature_rng)
    drawn = population.draw_columns(positions, conditions.drift, conditions.value_rng)
    y = pd.Series(segments.astype(np.int64), name="segment")

    def make_truth() -> Bunch:
        proba, flipped = population.posterior(positions), np.zeros(len(y), dtype=bool)
        truth = truth_of(population, segments, proba, flipped)
        return Bunch(latent=positions, **truth)

    return to_columns(population.columns, drawn, conditions), y, make_truth


def to_columns(
    latent: list[LatentColumn], drawn: dict[str, np.ndarray], conditions: Conditions
) -> dict[str, Any]:
    """The columns of the table, with unseen levels and missing cells."""
    planted = plant_unseen_levels(latent, drawn, conditions)
    columns: dict[str, Any] = {}
    for column in latent:
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


def separate_centers(
    n_centers: int,
    rng: np.random.Generator,
    n_dimensions: int = _N_DIMENSIONS,
    n_candidates: int = _CANDIDATES,
) -> np.ndarray:
    """Mitchell's best candidates (SIGGRAPH 1991): random positions, none too close."""
    centers = _in_ball(1, rng, n_dimensions)
    while len(centers) < n_centers:
        tried = _in_ball(n_candidates * len(centers), rng, n_dimensions)
        distances = cdist(tried, centers).min(axis=1)
        centers = np.vstack([centers, tried[distances.argmax()]])
    return centers


def _in_ball(
    n_points: int, rng: np.random.Generator, n_dimensions: int = _N_DIMENSIONS
) -> np.ndarray:
    """Points drawn uniformly from the ball of radius one."""
    directions = rng.standard_normal((n_points, n_dimensions))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions * rng.random((n_points, 1)) ** (1.0 / n_dimensions)
