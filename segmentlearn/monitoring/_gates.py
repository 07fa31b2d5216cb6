"""What the monitor looks at, and from which value on a model is watched or refitted."""

import collections
import dataclasses
import importlib.resources
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from segmentlearn._formatting import names_text, share_text
from segmentlearn.auditing import Finding, chance_of_unseen, make_finding
from segmentlearn.metrics import adjust, psi_critical_value
from segmentlearn.monitoring._reference import COLUMN_DRIFT, ColumnReference, Observed

VERDICTS = ("keep", "watch", "refit")
_SEVERITIES = dict(zip(VERDICTS, ("note", "warning", "error"), strict=True))

_FILE = importlib.resources.files("segmentlearn.monitoring").joinpath("gates.toml")
_TEXTS = tomllib.loads(_FILE.read_text(encoding="utf-8"))

# of what the model makes of customers
SEGMENT_SHARES = "segment-shares"
ENTROPY = "membership-entropy"
ERROR = "reconstruction-error"


@dataclasses.dataclass(frozen=True)
class Gate:
    """From which values on a model is watched and refitted.

    Attributes
    ----------
    watch, refit : float
        Least values, in the unit of what is measured.
    why : str
        The reason for these values.
    """

    watch: float
    refit: float
    why: str


@dataclasses.dataclass
class Check:
    """What was measured at a gate.

    Parameters
    ----------
    gate : str
        Name of the gate.
    column : str
        What it is about.
    value : float
        What was measured.
    p_value : float
        Chance of as much without a change.
    evidence : dict
        The numbers behind it.
    critical : float
        What `value` exceeds by chance alone with this risk.
    """

    gate: str
    column: str
    value: float
    p_value: float
    evidence: dict[str, Any]
    critical: float = 0.0
    p_adjusted: float = float("nan")
    verdict: str = VERDICTS[0]


def read_gates(given: Mapping[str, Sequence[float]] | None) -> dict[str, Gate]:
    """Return all gates, those of a user in place of the defaults."""
    gates = {
        name: Gate(texts["watch"], texts["refit"], texts["why"])
        for name, texts in _TEXTS.items()
    }
    for name, limits in (given or {}).items():
        if name not in gates:
            raise ValueError(f"gates has {name!r}, which is not one of {list(gates)}.")
        if len(limits) != 2 or not 0 < limits[0] <= limits[1]:
            raise ValueError(
                f"gates[{name!r}]={limits!r} must be two positive numbers: from which "
                "value on to watch, and from which to refit."
            )
        own = float(limits[0]), float(limits[1])
        if own != (gates[name].watch, gates[name].refit):
            gates[name] = Gate(*own, "Set by the user.")
    return gates


def evaluate_gates(
    references: Sequence[ColumnReference],
    observed: Sequence[Observed],
    gates: Mapping[str, Gate],
    alpha: float,
) -> list[Check]:
    """Measure every gate; one is hit where a change is large and no chance.

    The risk of all tests together is held by Holm's method, that of all critical values
    by Bonferroni's.
    """
    checks: list[Check] = []
    for reference, new in zip(references, observed, strict=True):
        checks.append(_check_drift(reference, new))
        if reference.gate == COLUMN_DRIFT:
            checks += _check_missing(reference, new)
            checks += _check_unseen(reference, new)
    n_tests = sum(not np.isnan(check.p_value) for check in checks)
    adjusted = adjust([check.p_value for check in checks], "holm")
    for check, p_adjusted in zip(checks, adjusted, strict=True):
        gate, check.p_adjusted = gates[check.gate], float(p_adjusted)
        if "n_bins" in check.evidence:
            old, new, n_bins = (
                check.evidence[n] for n in ("n_reference", "n_new", "n_bins")
            )
            level = alpha / max(1, n_tests)
            check.critical = psi_critical_value(old, new, n_bins, level)
        if p_adjusted < alpha and check.value > check.critical:
            check.verdict = VERDICTS[
                int(check.value >= gate.watch) + int(check.value >= gate.refit)
            ]
    return checks


def finding_of(check: Check) -> Finding:
    """Return a check in words."""
    is_own = check.gate in (SEGMENT_SHARES, ENTROPY, ERROR)
    columns = () if is_own else (check.column,)
    numbers = {"critical": check.critical, "p_adjusted": check.p_adjusted}
    evidence = {**check.evidence, **numbers}
    severity = _SEVERITIES[check.verdict]
    return make_finding(check.gate, severity, columns, evidence, texts=_TEXTS)


def _check_drift(reference: ColumnReference, new: Observed) -> Check:
    """Compare distributions, missing cells left out."""
    old, shift = reference.observed, reference.compare(new)
    evidence: dict[str, Any] = {"psi": shift.psi, "statistic": shift.statistic}
    evidence |= {"n_reference": old.n_present, "n_new": new.n_present}
    evidence["n_bins"] = shift.n_bins
    evidence["test"] = "chi-squared"
    if reference.edges is not None:
        evidence["test"] = "Kolmogorov-Smirnov"
        evidence |= {"mean": new.mean, "mean_reference": old.mean}
    gate = reference.gate
    if gate == SEGMENT_SHARES:
        evidence |= _share_changes(reference, new)
    elif gate != COLUMN_DRIFT:
        evidence["direction"] = "less" if new.mean > old.mean else "more"
    return Check(gate, reference.name, shift.psi, shift.p_value, evidence)


def _share_changes(reference: ColumnReference, new: Observed) -> dict[str, Any]:
    """Return the shares of the segments before and now, in numbers and words."""
    labels = [*(reference.levels or ()), *new.unseen]
    before, now = (
        dict(zip(labels, [*counts.tolist(), *unseen], strict=True))
        for counts, unseen in (
            (reference.observed.counts, [0] * len(new.unseen)),
            (new.counts, new.unseen.values()),
        )
    )
    n_before, n_now = max(1, sum(before.values())), max(1, sum(now.values()))
    shares = {n: (before[n] / n_before, now[n] / n_now) for n in labels}
    order = sorted(labels, key=lambda n: -abs(shares[n][1] - shares[n][0]))
    moved = [
        f"{n} ({share_text(shares[n][0])} to {share_text(shares[n][1])})" for n in order
    ]
    return {
        "shares": {str(n): share for n, share in shares.items()},
        "moved": names_text(moved, most=2),
    }


def _check_missing(reference: ColumnReference, new: Observed) -> Iterator[Check]:
    """Compare the shares of missing cells."""
    pair = reference.observed, new
    missing = np.array([one.n_missing for one in pair])
    n_rows = np.array([one.n_rows for one in pair])
    if not missing.any() or (missing == n_rows).all():
        return
    found = stats.fisher_exact([missing, n_rows - missing])
    before, now = (missing / np.maximum(1, n_rows)).tolist()
    evidence = {"share_reference": before, "share_new": now, "test": "Fisher's exact"}
    yield Check(
        "missing-values",
        reference.name,
        abs(now - before),
        float(found.pvalue),
        evidence,
    )


def _check_unseen(reference: ColumnReference, new: Observed) -> Iterator[Check]:
    """Look for levels that the reference does not have."""
    if not new.unseen or not reference.has_all_levels:
        return
    levels: collections.Counter = new.unseen
    (_, most), *_ = levels.most_common(1)
    n_rows = levels.total()
    chance = chance_of_unseen(reference.observed.n_rows, new.n_rows, most)
    shown = levels.most_common(50)
    evidence = {"levels": dict(shown), "n_levels": len(levels), "n_rows": n_rows}
    evidence["share_new"] = share = n_rows / new.n_rows
    evidence["listed"] = names_text(repr(level) for level, _ in shown)
    yield Check("unseen-levels", reference.name, share, chance, evidence)
