"""What happened to segments: transitions from counts, sizes, means and radii."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from segmentlearn.metrics import lives_on, pair_segments
from segmentlearn.monitoring._matching_evidence import Evidence

SURVIVED, SPLIT, MERGED, BORN, DIED = "survived", "split", "merged", "born", "died"
GREW, SHRANK, DRIFTED = "grew", "shrank", "drifted"
TIGHTENED, LOOSENED = "tightened", "loosened"
EXTERNAL = (SURVIVED, SPLIT, MERGED, DIED, BORN)
KINDS = (*EXTERNAL, GREW, SHRANK, DRIFTED, TIGHTENED, LOOSENED)
_EMPTY = 0.2  # of what was expected: fewer customers are no segment any more
_SPREADS = 3.0  # standard deviations of a distance by chance


@dataclass(frozen=True)
class Thresholds:
    """From where on a difference is a transition; see `match_segments`."""

    survival: float
    split: float
    size: float
    compactness: float
    location: float
    alpha: float


@dataclass(frozen=True)
class Change:
    """A transition by positions of segments, with its size."""

    kind: str
    old: tuple[int, ...]
    new: tuple[int, ...]
    amount: float


@dataclass
class Noise:
    """What refits to samples of the same customers change.

    Attributes
    ----------
    changed : ndarray of shape (n_segments,)
        In how many refits a segment does not survive as a whole.
    size : ndarray of shape (n_segments,)
        Variance of the logarithm of its size.
    location, compactness : ndarray of shape (n_segments,)
        Largest distance of its mean, and largest change of the logarithm of its radius.
    n_refits : int
        Number of refits.
    """

    changed: np.ndarray
    size: np.ndarray
    location: np.ndarray
    compactness: np.ndarray
    n_refits: int

    @classmethod
    def none(cls, n_segments: int) -> "Noise":
        """Return the noise where there are no refits to tell."""
        nothing = np.zeros(n_segments)
        return cls(nothing, nothing, nothing, nothing, 0)

    def p_value(self, segments: tuple[int, ...]) -> float:
        """Return how likely refits change the least stable of some segments."""
        if not self.n_refits or not segments:
            return 0.0
        worst = max(self.changed[segment] for segment in segments)
        return float((1 + worst) / (1 + self.n_refits))


def external_changes(evidence: Evidence, thresholds: Thresholds) -> list[Change]:
    """Return what became of each old segment, and where each new one comes from."""
    survival = thresholds.survival
    is_gone = evidence.old_presence < _EMPTY
    is_new = evidence.new_presence < _EMPTY
    forward = np.where(is_gone[:, None], 0.0, evidence.forward)
    backward = np.where(is_new, 0.0, evidence.backward)
    children = (backward >= survival) & (forward >= thresholds.split)
    parents = (forward >= survival) & (backward >= thresholds.split)
    changes = []
    for old in np.flatnonzero(children.sum(axis=1) > 1).tolist():
        parts = np.flatnonzero(children[old]).tolist()
        changes.append(_change(SPLIT, [old], parts, forward[old, parts].sum()))
    for new in np.flatnonzero(parents.sum(axis=0) > 1).tolist():
        parts = np.flatnonzero(parents[:, new]).tolist()
        changes.append(_change(MERGED, parts, [new], backward[parts, new].sum()))
    done = {side: _touched(changes, side) for side in ("old", "new")}
    likeness = evidence.likeness.copy()
    likeness[done["old"] + np.flatnonzero(is_gone).tolist()] = 0.0
    likeness[:, done["new"] + np.flatnonzero(is_new).tolist()] = 0.0
    partners = pair_segments(likeness, lives_on(survival))
    for old in np.flatnonzero(partners >= 0).tolist():
        new = int(partners[old])
        changes.append(_change(SURVIVED, [old], [new], evidence.likeness[old, new]))
    done = {side: _touched(changes, side) for side in ("old", "new")}
    for old in sorted(set(range(len(likeness))) - set(done["old"])):
        changes.append(_change(DIED, [old], [], forward[old].max(initial=0.0)))
    for new in sorted(set(range(likeness.shape[1])) - set(done["new"])):
        changes.append(_change(BORN, [], [new], backward[:, new].max(initial=0.0)))
    return changes


def internal_changes(
    evidence: Evidence,
    external: list[Change],
    thresholds: Thresholds,
    noise: tuple[Noise, ...],
) -> list[Change]:
    """Return changes of size, place and compactness of segments that live on."""
    survivors = [change for change in external if change.kind == SURVIVED]
    changes = []
    growth, reference = _growth(evidence, external)
    # two sides of size, place and compactness of each
    quantile = norm.isf(thresholds.alpha / (2 * 3 * max(len(survivors), 1)))
    for change in survivors:
        (old,), (new,) = change.old, change.new
        p_values = noise[0].p_value((old,)), noise[1].p_value((new,))
        if max(p_values) > thresholds.alpha:
            continue  # refits do not even find it again
        ratio = growth.get(change, np.nan) - reference
        variance = _size_variance(evidence, change) + 2 * noise[0].size[old]
        # a median of few varies, too
        of_all = [_size_variance(evidence, one) for one in growth]
        variance += np.pi / 2 * np.mean(of_all) / max(len(of_all), 1)
        standard_error = np.sqrt(variance)
        if abs(ratio) >= max(np.log1p(thresholds.size), quantile * standard_error):
            kind = GREW if ratio > 0 else SHRANK
            changes.append(_change(kind, [old], [new], np.exp(ratio)))
        changes += _moved(evidence, old, new, thresholds, noise, quantile)
    return changes


def distance_and_radius(
    evidence: Evidence, old: int, new: int
) -> tuple[float, float, float]:
    """Return a segment's shift, the shift by chance, and the log ratio of its radii.

    Shifts are in standard deviations of the old segment in a column, averaged over the
    columns. The first is without what is expected by chance.
    """
    before, after = evidence.old_moments, evidence.new_moments
    if before is None or after is None or not before.radii[old] > 0:
        return 0.0, 0.0, 0.0
    n_columns = before.means.shape[1]
    rows = 1 / before.n_rows[old] + 1 / max(after.n_rows[new], 1)
    offset = after.means[new] - before.means[old]
    squared = n_columns * float(offset @ offset) / before.radii[old] ** 2
    by_chance = n_columns * rows
    ratio = after.radii[new] / before.radii[old]
    return (
        float(np.sqrt(np.nan_to_num(max(squared - by_chance, 0.0)))),
        float(np.sqrt(_SPREADS * np.sqrt(2 * n_columns) * rows)),
        float(np.log(ratio)) if ratio > 0 else 0.0,
    )


def _moved(
    evidence: Evidence,
    old: int,
    new: int,
    thresholds: Thresholds,
    noise: tuple[Noise, ...],
    quantile: float,
) -> list[Change]:
    """Return whether a segment has another place or another radius."""
    changes = []
    shift, by_chance, ratio = distance_and_radius(evidence, old, new)
    own, other = noise
    of_refits = np.hypot(own.location[old], other.location[new])
    if shift >= max(thresholds.location, by_chance, of_refits):
        changes.append(_change(DRIFTED, [old], [new], shift))
    before, after = evidence.old_moments, evidence.new_moments
    if before is not None and after is not None:
        standard_error = np.sqrt(
            0.5 / max(before.n_rows[old], 1) + 0.5 / max(after.n_rows[new], 1)
        )
        of_refits = np.hypot(own.compactness[old], other.compactness[new])
        least = np.log1p(thresholds.compactness)
        bound = max(least, quantile * standard_error, of_refits)
        if abs(ratio) >= bound:
            kind = LOOSENED if ratio > 0 else TIGHTENED
            changes.append(_change(kind, [old], [new], np.exp(ratio)))
    return changes


def _growth(
    evidence: Evidence, external: list[Change]
) -> tuple[dict[Change, float], float]:
    """Return log ratios of shares, and that of most customers.

    Where one segment doubles, the shares of all others fall: nothing happened to them.
    So changes are measured from the median over all that live on in some way.
    """
    old_shares = evidence.old_sizes / max(evidence.n_old, 1)
    new_shares = evidence.new_sizes / max(evidence.n_new, 1)
    growth = {}
    for change in external:
        before = old_shares[list(change.old)].sum()
        after = new_shares[list(change.new)].sum()
        if before > 0 and after > 0:
            growth[change] = float(np.log(after / before))
    reference = float(np.median(list(growth.values()))) if growth else 0.0
    # with two the middle is nowhere: they are compared by their shares
    return growth, reference if len(growth) > 2 else 0.0


def _size_variance(evidence: Evidence, change: Change) -> float:
    """Return the variance of the log ratio of sizes."""
    before = evidence.old_sizes[list(change.old)].sum()
    after = evidence.new_sizes[list(change.new)].sum()
    return 1 / max(before, 1) + 1 / max(after, 1)


def _change(kind: str, old: list[int], new: list[int], amount: float) -> Change:
    return Change(kind, tuple(old), tuple(new), float(amount))


def _touched(changes: list[Change], side: str) -> list[int]:
    return [segment for change in changes for segment in getattr(change, side)]
