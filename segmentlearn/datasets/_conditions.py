"""What tables of all kinds share: descriptions, missing cells, unseen levels."""

import importlib.resources
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

MISSING = -1  # the code of a missing cell; indexes the last entry of every lookup table
DRIFT_TILT = 0.5  # full drift: a level one standard deviation up is exp(0.5) likelier
DRIFT_STRETCH = 0.15  # full drift: a number lies 15 % further from its lowest level
_MAX_MISSING_SHARE = 0.95


def read_description(kind: str) -> dict[str, Any]:
    """Read what the columns of a table are, and the segments that are planted in it."""
    file = importlib.resources.files("segmentlearn.datasets").joinpath(f"{kind}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


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


def truth_of(
    planted: Any, segments: np.ndarray, proba: np.ndarray, flipped: np.ndarray
) -> Bunch:
    """What a generator knows about rows, and the best that a classifier can expect."""
    log_proba = np.log(np.maximum(proba, np.finfo(float).tiny))
    return Bunch(
        segment=segments.astype(np.int64),
        segment_names=list(planted.segments),
        classes=planted.classes.copy(),
        proba=proba,
        flipped=flipped,
        bayes_accuracy=float(proba.max(axis=1).mean()),
        bayes_log_loss=float((proba * -log_proba).sum(axis=1).mean()),
    )


def whole_counts(shares: np.ndarray, total: int) -> np.ndarray:
    """Split a total by shares into whole numbers (largest remainders)."""
    exact = shares * total
    counts = np.floor(exact).astype(np.int64)
    left_over = np.argsort(counts - exact, kind="stable")[: total - counts.sum()]
    counts[left_over] += 1
    return counts
