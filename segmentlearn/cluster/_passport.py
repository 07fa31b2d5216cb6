"""Passports: ids and names of segments that stay the same from fit to fit.

Labels are positions, ids are for ever. A fit with a baseline asks which of its segments
lives on in which of the new ones, and orders the labels by id, so that they are those
of the baseline until a segment dies.
"""

import copy
from typing import Any, Self

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from segmentlearn._compat import HasMethods, clone_parametrized
from segmentlearn.metrics import (
    jaccard_indices,
    lives_on,
    pair_segments,
    shared_counts,
)

CONSTRAINTS: dict[str, list] = {
    "baseline": [HasMethods(["predict"]), None],
    "period": [str, None],
}
SURVIVAL = 0.5  # share of a segment that makes another one its successor
_PARENT = 0.25  # share of a new segment that makes an older one a parent
_EMPTY = 0.2  # of what was expected: fewer customers say nothing on where they went
# farther from its centre than nearly all customers were, a customer is of another kind
_QUANTILE, _MARGIN = 0.995, 1.2
_MOST_ROWS = 100_000


class SegmentIdentity:
    """Mixin of clusterers whose segments have ids, names and a history."""

    # of clusterers in archives that were written before there were any
    baseline: Any = None
    period: str | None = None
    _passport: list[dict] | None = None
    _reach: np.ndarray | None = None

    @property
    def segment_ids_(self) -> np.ndarray:
        """Id of the segment of each label, which no other segment ever gets."""
        check_is_fitted(self)
        active = [e["id"] for e in self.passport_ if e["status"] == "active"]
        return np.array(active, dtype=np.int64)

    @property
    def passport_(self) -> list[dict]:
        """What is known of each segment there has been, by id."""
        check_is_fitted(self)
        entries = copy.deepcopy(self._passport)
        if entries is None:
            entries = first_passport(self, self.period)
        names = getattr(self, "segment_names_", {})
        active = [entry for entry in entries if entry["status"] == "active"]
        for label, entry in enumerate(active):
            entry["name"] = names.get(label, entry["name"])
        return entries

    def passport_periods(self) -> list[str]:
        """Return the periods that the passport knows of, in their order.

        Returns
        -------
        periods : list of str
        """
        sizes = [entry["sizes"] for entry in self.passport_]
        return list(dict.fromkeys(period for own in sizes for period in own))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, those of the fitted baseline left out.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the parameters of estimators inside as well.

        Returns
        -------
        params : dict of str to object
            Parameters by name.
        """
        found = super().get_params(deep)  # type: ignore[misc]
        return {n: v for n, v in found.items() if not n.startswith("baseline__")}

    def __sklearn_clone__(self) -> Self:
        # a clone of the baseline would not be fitted
        cloned = clone_parametrized(self)
        cloned.baseline = self.baseline
        return cloned

    def _identify(self, X: Any, columns: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Give segments ids and names; return their present labels in order of ids.

        `columns` are the numbers in which distances are measured.
        """
        n_segments = int(self.n_clusters_)  # type: ignore[attr-defined]
        self._reach = _reach(columns, labels, n_segments)
        self._passport, self.segment_names_ = None, {}
        if self.baseline is None:
            return np.arange(n_segments)
        entries, ids = continue_passport(
            self.baseline, X, labels, n_segments, self.period
        )
        order = np.argsort(ids)
        self._reach, self._passport = self._reach[order], entries
        active = [entry for entry in entries if entry["status"] == "active"]
        self.segment_names_ = {
            label: entry["name"] for label, entry in enumerate(active) if entry["name"]
        }
        return order

    def labels_within_reach(self, X: Any) -> np.ndarray:
        """Return the segment of each customer, and none for those of another kind.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers, with the columns seen by `fit`.

        Returns
        -------
        labels : ndarray of int64, shape (n_samples,)
            As `predict` gives them, but -1 for a customer who is farther from the mean
            of that segment than nearly all of its training rows were.
        """
        columns, labels = self._columns_and_labels(X)  # type: ignore[attr-defined]
        if self._reach is None or not len(self._reach):
            return labels
        centers = self.cluster_centers_  # type: ignore[attr-defined]
        offsets = columns - centers[labels]
        far = np.einsum("ij,ij->i", offsets, offsets) > self._reach[labels] ** 2
        return np.where(far, -1, labels)


def first_passport(clusterer: Any, period: str | None = None) -> list[dict]:
    """Return the passport of segments without a history: ids are labels."""
    kept = getattr(clusterer, "labels_", None)
    labels = np.array([], dtype=int) if kept is None else np.asarray(kept)
    found = getattr(clusterer, "n_clusters_", None)
    n_segments = int(labels.max(initial=-1)) + 1 if found is None else int(found)
    sizes = np.bincount(labels[labels >= 0], minlength=n_segments)
    names = getattr(clusterer, "segment_names_", {})
    period = "1" if period is None else period
    return [
        _entry(label, period, [], int(sizes[label]), names.get(label))
        for label in range(n_segments)
    ]


def continue_passport(
    baseline: Any, X: Any, labels: np.ndarray, n_segments: int, period: str | None
) -> tuple[list[dict], np.ndarray]:
    """Return the passport of segments that follow others, and the id of each label."""
    entries, known = _entries_and_segments(baseline, X)
    living = [entry for entry in entries if entry["status"] == "active"]
    counts = shared_counts(known, labels, (len(living), n_segments))
    sizes = np.bincount(labels[labels >= 0], minlength=n_segments)
    known_sizes = np.bincount(known[known >= 0], minlength=len(living))
    likeness = jaccard_indices(counts, known_sizes, sizes)
    partners = pair_segments(likeness, lives_on(SURVIVAL))
    periods = dict.fromkeys(p for entry in entries for p in entry["sizes"])
    period = str(len(periods) + 1) if period is None else period
    if period in periods:
        raise ValueError(
            f"period={period!r} is one of the baseline's, {list(periods)}; choose "
            "another name."
        )
    ids = np.full(n_segments, -1)
    free = max((entry["id"] for entry in entries), default=-1) + 1
    paired = partners >= 0
    ids[partners[paired]] = np.array([e["id"] for e in living], dtype=int)[paired]
    unnamed = np.flatnonzero(ids < 0)
    ids[unnamed] = free + np.arange(len(unnamed))
    before = np.array([list(e["sizes"].values())[-1] for e in living], dtype=float)
    expected = before / max(before.sum(), 1.0) * len(labels)
    for old, (entry, partner) in enumerate(zip(living, partners, strict=True)):
        if partner >= 0:
            entry["sizes"][period] = int(sizes[partner])
            continue
        entry["status"] = "gone"
        if known_sizes[old] >= _EMPTY * expected[old]:
            to = np.flatnonzero(counts[old] >= SURVIVAL * known_sizes[old])
            entry["successors"] = ids[to].tolist()
    for label in unnamed.tolist():
        of_whom = np.flatnonzero(counts[:, label] >= _PARENT * max(sizes[label], 1))
        parents = [living[old]["id"] for old in of_whom]
        entries.append(_entry(int(ids[label]), period, parents, int(sizes[label])))
    return entries, ids


def known_segments(baseline: Any, X: Any) -> np.ndarray:
    """Return the segment of an earlier period that each customer would be in, or -1."""
    return _entries_and_segments(baseline, X)[1]


def _entries_and_segments(baseline: Any, X: Any) -> tuple[list[dict], np.ndarray]:
    """Return the passport of a baseline, and the segments of customers, checked."""
    check_is_fitted(baseline)
    last = _last_step(baseline)
    has_passport = isinstance(last, SegmentIdentity)
    entries = last.passport_ if has_passport else first_passport(last)
    n_living = sum(entry["status"] == "active" for entry in entries)
    known = labels_within_reach(baseline, X)
    if known.dtype.kind not in "iu" or known.max(initial=-1) >= n_living:
        raise ValueError(
            f"baseline={type(last).__name__} must be a clusterer that numbers its "
            "segments from 0 and has labels_; such as InductiveClusterer."
        )
    return entries, known


def labels_within_reach(estimator: Any, X: Any) -> np.ndarray:
    """Return the segment of each customer; none of one unlike all that it has seen."""
    if isinstance(estimator, Pipeline):
        rows = estimator[:-1].transform(X) if len(estimator) > 1 else X
        return labels_within_reach(estimator[-1], rows)
    if isinstance(estimator, SegmentIdentity):
        return estimator.labels_within_reach(X)
    return np.asarray(estimator.predict(X))


def continues(old: Any, new: Any) -> bool:
    """Return whether the ids of one clusterer mean the same in another, later one."""
    both = isinstance(old, SegmentIdentity) and isinstance(new, SegmentIdentity)
    if not both or new._passport is None:
        return False
    later = {entry["id"]: entry for entry in new.passport_}
    return all(
        entry["id"] in later
        and entry["born"] == later[entry["id"]]["born"]
        and entry["sizes"].items() <= later[entry["id"]]["sizes"].items()
        for entry in old.passport_
    )


def _entry(
    number: int, period: str, parents: list[int], size: int, name: str | None = None
) -> dict:
    return {
        "id": number,
        "name": name,
        "born": period,
        "parents": parents,
        "status": "active",
        "successors": [],
        "sizes": {period: size},
    }


def _last_step(estimator: Any) -> Any:
    while isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    return estimator


def _reach(columns: np.ndarray, labels: np.ndarray, n_segments: int) -> np.ndarray:
    """Return within which distance of its mean nearly all of a segment is."""
    reach = np.zeros(n_segments)
    for label in range(n_segments):
        rows = np.flatnonzero(labels == label)
        rows = rows[:: max(1, len(rows) // _MOST_ROWS)]
        if len(rows):
            of_segment = columns[rows]
            distance = np.linalg.norm(of_segment - of_segment.mean(axis=0), axis=1)
            reach[label] = _MARGIN * np.quantile(distance, _QUANTILE)
    return reach
