"""Columns of `predict` beside segments: sets of segments, who is novel, reasons."""

import dataclasses
import pathlib
import threading
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_regressor

from segmentlearn.cli._screen import InputError, row_progress, warned_before
from segmentlearn.inspection import Scores, explain, last_step, model_features
from segmentlearn.tables import TableFile, TableScan

_OR, _NONE = " or ", "none"


class FurtherColumns:
    """What is added to the scores of each batch.

    Parameters
    ----------
    model : estimator
        From the archive.
    archive : path
        As errors name it.
    """

    def __init__(self, model: Any, archive: pathlib.Path) -> None:
        self._model, self._archive = model, archive
        self._limits: pd.DataFrame | None = None
        self._detector: Any = None
        self._most_p, self._coverage, self._fdr = 0.0, 0.0, 0.0
        self._background: Any = None
        self._n_reasons = 0
        self._lock = threading.Lock()
        self._n_rows = self._n_certain = self._n_novel = 0

    def add_sets(self, coverage: float) -> None:
        """Add sets of segments that hold the true one with this probability."""
        net = last_step(self._model)
        if not hasattr(net, "conformal_thresholds"):
            raise InputError(
                f"--sets needs a net for known segments, as fit --model net writes; "
                f"{self._archive} holds a {type(net).__name__}."
            )
        self._limits = net.conformal_thresholds(coverage=coverage)
        self._coverage = coverage

    def add_novelty(self, fdr: float, scan: TableScan) -> None:
        """Add who is novel; which p-values are small enough depends on all of them."""
        from segmentlearn.monitoring import discovery_threshold

        self._detector = getattr(last_step(self._model), "novelty_detector_", None)
        if self._detector is None:
            raise InputError(
                f"{self._archive} does not know who is novel; write it again with fit "
                "or cluster, from 20 customers or more."
            )
        p_values = []
        with row_progress("comparing", scan) as show:
            for batch in scan:
                p_values.append(self._p_values(batch))
                show()
        self._most_p = discovery_threshold(np.concatenate(p_values), fdr)
        self._fdr = fdr

    def add_reasons(self, n_reasons: int, stored: Any, background: Any) -> None:
        """Add the columns that moved each customer's segment most.

        Customers are compared with those of a table, or with ones that are drawn from
        the reference of the archive.
        """
        from segmentlearn.monitoring import SegmentMonitor

        if is_regressor(self._model):
            raise InputError(
                f"--reasons explains segments; {self._archive} holds a "
                f"{type(last_step(self._model)).__name__}."
            )
        self._n_reasons = n_reasons
        if background is not None:
            self._background = model_features(self._model, background)
        elif isinstance(stored, dict):
            monitor = SegmentMonitor.from_dict(stored, self._model)
            self._background = monitor.background()
        else:
            raise InputError(
                f"{self._archive} has no reference to compare customers with; name a "
                "table of customers with --background."
            )

    def of(self, table: TableFile, scores: Scores) -> Scores:
        """Return the scores of a batch with the columns that were asked for."""
        others: dict[str, np.ndarray] = {}
        if self._limits is not None:
            proba = np.column_stack(list(scores.probabilities.values()))
            sets = 1 - proba <= self._limits["threshold"].to_numpy()
            others["segment_set"] = _set_texts(sets, list(scores.probabilities))
            with self._lock:
                self._n_certain += int((sets.sum(axis=1) == 1).sum())
        if self._detector is not None:
            p_values = self._p_values(table)
            others["novelty_p_value"] = p_values
            others["is_novel"] = p_values <= self._most_p
            with self._lock:
                self._n_novel += int(others["is_novel"].sum())
        if self._n_reasons:
            others |= self._reasons(table)
        with self._lock:
            self._n_rows += len(scores.segments)
        return dataclasses.replace(scores, others=others)

    @property
    def counts(self) -> tuple[int, int, int]:
        """Customers, those with a single segment in their set, and those novel."""
        return self._n_rows, self._n_certain, self._n_novel

    def add_counts(self, counts: tuple[int, int, int]) -> None:
        """Count customers who have got their columns elsewhere."""
        self._n_rows += counts[0]
        self._n_certain += counts[1]
        self._n_novel += counts[2]

    def notes(self) -> list[str]:
        """Return what the columns say of all customers, and what holds for them."""
        found = []
        if self._limits is not None:
            found.append(
                f"{self._n_certain:,} of {self._n_rows:,} customers have a single "
                f"segment in their set; sets hold the true one with a probability of "
                f"{self._coverage:g}, {self._guarantee()}."
            )
        if self._detector is not None:
            found.append(
                f"{self._n_novel:,} of {self._n_rows:,} customers are novel; "
                f"{self._fdr:.0%} of these are known ones, at most and on average."
            )
        return found

    def _reasons(self, table: TableFile) -> dict[str, np.ndarray]:
        X = model_features(self._model, table)
        with warned_before():
            found = explain(self._model, X, background=self._background)
        reasons = found.reasons(self._n_reasons).fillna("")
        return {str(name): reasons[name].to_numpy(dtype=object) for name in reasons}

    def _p_values(self, table: TableFile) -> np.ndarray:
        with warned_before():
            return self._detector.p_values(model_features(self._model, table))

    def _guarantee(self) -> str:
        """Return for whom the sets hold the true segment, and how exactly."""
        limits: Any = self._limits
        pooled = limits.index[limits["guarantee"] != "class"]
        scope = "in each segment"
        if len(pooled):
            names = ", ".join(map(str, pooled))
            scope = f"in each segment but {names}, which had too few rows of their own"
        if len(pooled) == len(limits):
            scope = "over all customers (too few rows for each segment)"
        is_exact = (limits["calibration"] == "held-out").all()
        return f"{scope}{'' if is_exact else ' (approximately: out-of-fold rows)'}"


def _set_texts(sets: np.ndarray, labels: list[str]) -> np.ndarray:
    """Return each set as text; there are few different ones."""
    different, position = np.unique(sets, axis=0, return_inverse=True)
    names = [
        _OR.join(label for label, is_in in zip(labels, row, strict=True) if is_in)
        for row in different
    ]
    return np.array([name or _NONE for name in names], dtype=object)[position.ravel()]
