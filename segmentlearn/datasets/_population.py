"""A population with planted segments: what is drawn from it, and its exact posterior.

Every kind of generated table is a finite mixture. A row belongs to one class and to one
latent segment; given the segment its features are independent, except for features
that come into being after the outcome, which depend on the class instead. All features
are finite tables of shares, so Bayes' theorem gives the exact class probabilities of
any row, with its missing cells: a value missing at random carries no evidence.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from scipy.stats import norm

from segmentlearn.datasets._conditions import DRIFT_STRETCH, DRIFT_TILT, class_shares


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
    def described(cls, column: dict[str, Any], of: dict[str, Any]) -> Self:
        """Read the description of a column, for the values of the segments."""
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
            values = [of[key] if isinstance(key, str) else key for key in shares["of"]]
            origin = [shares["origin"]] if "origin" in shares else []
            table = _FORMS[shares["form"]](edges, *values, *origin)
        elif isinstance(shares, list):
            table = [shares]
        elif "profiles" in column:
            table = [column["profiles"][name] for name in of[shares]]
        else:
            table = _rows(of[shares])
        if len(table) == 1:  # the same in all segments
            table = np.repeat(table, len(of["share"]), axis=0)
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
    def described(cls, about: dict[str, Any], names: Any, of: dict[str, Any]) -> Self:
        """Read a description, for the values of the segments of these names."""
        classes = np.array(about["classes"])
        joint = np.c_[of["share"]] * _rows(of["labels"])
        return cls(
            target=about["target"]["name"],
            classes=classes.astype(object) if classes.dtype.kind == "U" else classes,
            segments=tuple(names),
            joint=joint / joint.sum(),
            features=tuple(Feature.described(c, of) for c in about["columns"]),
            identifier=about["identifier"],
        )

    def with_class_shares(self, weights: Any) -> Self:
        """Change how frequent the classes are; what each class is stays the same."""
        given_class = self.joint / self.joint.sum(axis=0)
        return replace(self, joint=given_class * class_shares(weights, self.classes))

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
