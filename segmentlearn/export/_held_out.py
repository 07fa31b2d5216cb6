"""How far rules agree with their model on rows that they were not made from."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.export._columns import TreeColumn
from segmentlearn.export._tree import TreeSpec, grow

_FOLDS = 5


@dataclasses.dataclass
class HeldOut:
    """Held-out predictions of the rules of each number.

    Attributes
    ----------
    spec : TreeSpec
        How the trees were grown.
    predicted : ndarray of int of shape (max_rules, n_rows)
        Segment numbers by 1, 2, … rules, -1 where the model is asked.
    codes : ndarray of int of shape (n_rows,)
        Segment numbers of the model.
    """

    spec: TreeSpec
    predicted: np.ndarray
    codes: np.ndarray

    def curve(self) -> pd.DataFrame:
        """Return fidelity and coverage by the number of rules."""
        rows = []
        for at, predicted in enumerate(self.predicted):
            answered, hits = predicted >= 0, predicted == self.codes
            agreement = float(hits.mean())
            rows.append(
                {
                    "rules": at + 1,
                    "fidelity": float(hits[answered].mean()) if answered.any() else 0.0,
                    "coverage": float(answered.mean()),
                    "agreement": agreement,
                    "standard_error": float(
                        np.sqrt(agreement * (1 - agreement) / len(hits))
                    ),
                }
            )
        return pd.DataFrame(rows)


def recommended_size(curve: pd.DataFrame) -> int:
    """Return the fewest rules within one standard error of the best number [1]_.

    References
    ----------
    .. [1] L. Breiman, J. Friedman, R. Olshen and C. Stone, "Classification and
       regression trees", Wadsworth 1984, section 3.4.3.
    """
    best = curve.loc[curve["agreement"].idxmax()]
    enough = curve["agreement"] >= best["agreement"] - best["standard_error"]
    return int(curve.loc[enough, "rules"].iloc[0])


def find_spec(
    columns: list[TreeColumn],
    codes: np.ndarray,
    spec: TreeSpec,
    random_state: np.random.RandomState,
) -> HeldOut:
    """Return the held-out predictions of the way to grow trees that agrees best."""
    folds = _folds(codes, random_state)
    specs = [
        dataclasses.replace(spec, groups=groups) for groups in _worth_trying(columns)
    ]
    tried = [
        HeldOut(spec, _held_out(columns, codes, spec, folds), codes) for spec in specs
    ]
    return max(tried, key=lambda each: each.curve()["agreement"].max())


def _worth_trying(columns: list[TreeColumn]) -> tuple[bool, ...]:
    """Return whether groups of levels are tried."""
    has_many = any(len(column.levels) > 2 for column in columns)
    return (True, False) if has_many else (False,)


def _folds(codes: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
    """Return a fold for each row, each with its share of every segment."""
    shuffled = random_state.permutation(len(codes))
    by_segment = shuffled[np.argsort(codes[shuffled], kind="stable")]
    folds = np.empty(len(codes), dtype=np.intp)
    folds[by_segment] = np.arange(len(codes)) % _FOLDS
    return folds


def _held_out(
    columns: list[TreeColumn], codes: np.ndarray, spec: TreeSpec, folds: np.ndarray
) -> np.ndarray:
    """Return held-out predictions of 1, 2, … rules."""
    predicted = np.full((spec.max_rules, len(codes)), -1, dtype=np.intp)
    for fold in range(_FOLDS):
        own, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        if not len(own) or not len(rest):
            continue
        found = grow([column.take(rest) for column in columns], codes[rest], spec)
        held_out = [column.take(own) for column in columns]
        for size in range(1, spec.max_rules + 1):
            predicted[size - 1, own] = found.best(size).predict(held_out, size)
    return predicted


@dataclasses.dataclass
class HeldOutFigures:
    """What is known of rules from held-out customers.

    Attributes
    ----------
    fidelity : dict of str to float or None
        "overall", "balanced" and "weighted".
    coverage : float
        Share of the customers that the rules put in a segment.
    per_segment : DataFrame
        Customers, fidelity, precision and coverage of each segment.
    """

    fidelity: dict[str, float | None]
    coverage: float
    per_segment: pd.DataFrame


def held_out_figures(
    predicted: np.ndarray, codes: np.ndarray, labels: list, values: Any
) -> HeldOutFigures:
    """Return the figures of one number of rules."""
    answered, hits = predicted >= 0, predicted == codes
    rows = []
    for code, label in enumerate(labels):
        own = codes == code
        rows.append(
            {
                "segment": label,
                "customers": int(own.sum()),
                "fidelity": _share(hits, own & answered),
                "precision": _share(hits, predicted == code),
                "coverage": _share(answered, own),
            }
        )
    per_segment = pd.DataFrame(rows)
    per_segment["segment"] = per_segment["segment"].astype(object)
    present = per_segment[per_segment["customers"] > 0]  # all, unless rows were drawn
    weighted = None
    if values is not None and values[answered].sum() > 0:
        weighted = float(values[hits].sum() / values[answered].sum())
    fidelity = {
        "overall": _share(hits, answered),
        "balanced": float(present["fidelity"].fillna(0.0).mean()),
        "weighted": weighted,
    }
    return HeldOutFigures(fidelity, float(answered.mean()), per_segment)


def _share(hits: np.ndarray, of: np.ndarray) -> float:
    return float(hits[of].mean()) if of.any() else float("nan")
