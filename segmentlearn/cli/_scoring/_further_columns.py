"""Columns of `predict` beside segments: sets of segments, and who is novel."""

import dataclasses
import pathlib
import threading
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.cli._screen import InputError, row_progress, warned_before
from segmentlearn.inspection import Scores, last_step, model_features
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
