"""What two segmentations have in common: counts of customers, sizes, means, radii."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.exceptions import SchemaError
from segmentlearn.metrics import jaccard_indices, pair_segments, shared_counts
from segmentlearn.monitoring._segmentation import Segmentation

SHARED = "shared customers"
RESCORED = "customers scored by both"
CENTERS = "centers"
_FEWEST_SHARED = 0.3  # of the smaller table, to rely on the shared customers
_SAME_ROWS = 0.9  # of the labels agree with those of the fit
_FEWEST_ROWS = 2  # of a segment, for a mean and a radius


@dataclass
class Moments:
    """Means and radii of segments, and the rows they are of."""

    n_rows: np.ndarray
    means: np.ndarray
    radii: np.ndarray  # root mean squared distance to the mean

    @classmethod
    def of(cls, columns: np.ndarray, codes: np.ndarray, n_segments: int) -> "Moments":
        """Return those of the rows of each segment."""
        n_columns = columns.shape[1]
        means = np.full((n_segments, n_columns), np.nan)
        radii = np.full(n_segments, np.nan)
        n_rows = np.bincount(codes[codes >= 0], minlength=n_segments)
        for segment in np.flatnonzero(n_rows >= _FEWEST_ROWS):
            rows = columns[codes == segment]
            means[segment] = rows.mean(axis=0)
            radii[segment] = np.sqrt(rows.var(axis=0).sum())
        return cls(n_rows, means, radii)


@dataclass
class Evidence:
    """What is known of the pairs of an old and a new segment.

    Attributes
    ----------
    kind : str
        Where it comes from.
    counts : ndarray of shape (n_old, n_new)
        Customers in both.
    forward, backward : ndarray of shape (n_old, n_new)
        Share of the old segment that is in the new one, and of the new segment that
        comes from the old one.
    likeness : ndarray of shape (n_old, n_new)
        Jaccard indices; for centres alone how near they are.
    old_sizes, new_sizes : ndarray
        Customers of each segment in its own period.
    n_old, n_new : int
        Customers of the periods, noise included.
    old_presence, new_presence : ndarray
        Customers that each segment has in the other period, against what its own lets
        expect: near 0 where it has gone, or was not there.
    old_moments, new_moments : Moments or None
        In the columns of the old model.
    """

    kind: str
    counts: np.ndarray
    forward: np.ndarray
    backward: np.ndarray
    likeness: np.ndarray
    old_sizes: np.ndarray
    new_sizes: np.ndarray
    n_old: int
    n_new: int
    old_presence: np.ndarray
    new_presence: np.ndarray
    old_moments: Moments | None = None
    new_moments: Moments | None = None


def of_labels(old: np.ndarray, new: np.ndarray, shape: tuple[int, int]) -> Evidence:
    """Return the evidence of two labellings of the same customers."""
    counts = shared_counts(old, new, shape)
    old_sizes = np.bincount(old[old >= 0], minlength=shape[0])
    new_sizes = np.bincount(new[new >= 0], minlength=shape[1])
    return Evidence(
        kind=SHARED,
        counts=counts,
        forward=_over(counts, old_sizes[:, None]),
        backward=_over(counts, new_sizes),
        likeness=jaccard_indices(counts, old_sizes, new_sizes),
        old_sizes=old_sizes,
        new_sizes=new_sizes,
        n_old=len(old),
        n_new=len(new),
        old_presence=np.ones(shape[0]),
        new_presence=np.ones(shape[1]),
    )


def of_one_table(old: Segmentation, new: Segmentation, X: Any) -> Evidence:
    """Return the evidence of customers who are scored by both models."""
    shape = len(old.ids), len(new.ids)
    old_codes, new_codes = old.codes(X, within=True), new.codes(X, within=True)
    if len(old_codes) != len(new_codes):
        raise ValueError(
            f"old labels {len(old_codes)} customers and new {len(new_codes)}; pass "
            "labels of the same customers in the same order, or two tables and a key."
        )
    found = of_labels(old_codes, new_codes, shape)
    are_labels = old.model is None and new.model is None
    found.kind = SHARED if are_labels else RESCORED
    kept = old.codes_at_fit()
    is_old_table = kept is not None and len(kept) == len(old_codes)
    is_old_table = is_old_table and np.mean(kept == old_codes) > _SAME_ROWS
    if X is not None and not is_old_table:  # where nobody can have drifted yet
        columns = old.columns(X)
        found.old_moments = Moments.of(columns, old_codes, shape[0])
        found.new_moments = Moments.of(columns, new_codes, shape[1])
        centers = getattr(old.model, "cluster_centers_", None)
        if centers is not None and centers.shape == found.old_moments.means.shape:
            found.old_moments.means = centers  # of its own customers
    # each model knows how large its segments were among its own customers
    for side, segmentation in (("old", old), ("new", new)):
        sizes = segmentation.sizes_at_fit()
        if sizes is not None and sizes.sum():
            here = getattr(found, f"{side}_sizes") / len(old_codes)
            presence = _over(here, sizes / sizes.sum())
            setattr(found, f"{side}_presence", presence)
            setattr(found, f"{side}_sizes", sizes)
            setattr(found, f"n_{side}", int(sizes.sum()))
    return found


def of_two_tables(
    old: Segmentation, new: Segmentation, X: Any, new_X: Any, key: str | None
) -> Evidence:
    """Return the evidence of customers of two periods, by their key if they have one.

    Where too few are in both, and both sides are models, each table is scored by both.
    """
    shape = len(old.ids), len(new.ids)
    old_codes, new_codes = old.codes(X, key=key), new.codes(new_X, key=key)
    columns, new_columns = old.columns(X, key=key), old.columns(new_X, key=key)
    moments = Moments.of(columns, old_codes, shape[0])
    new_moments = Moments.of(new_columns, new_codes, shape[1])
    old_sizes = np.bincount(old_codes[old_codes >= 0], minlength=shape[0])
    new_sizes = np.bincount(new_codes[new_codes >= 0], minlength=shape[1])
    n_old, n_new = len(old_codes), len(new_codes)
    both_models = old.model is not None and new.model is not None
    if key is not None:
        old_rows, new_rows = shared_rows(X, new_X, key)
        enough = len(old_rows) >= _FEWEST_SHARED * min(n_old, n_new)
        if not (enough or both_models):
            raise ValueError(
                f"Only {len(old_rows)} customers have the same {key!r} in both tables; "
                "pass fitted models, so that each table can be scored by both."
            )
    elif not both_models:
        raise ValueError(
            "Labels of two tables need key=, the column that names a customer."
        )
    if key is not None and enough:
        of_old, of_new = old_codes[old_rows], new_codes[new_rows]
        found = of_labels(of_old, of_new, shape)
        # against a share of all who stay: a segment whose customers left has none
        kept, known = len(of_old) / max(n_old, 1), len(of_new) / max(n_new, 1)
        old_expected = np.maximum(found.old_sizes, kept * old_sizes)
        new_expected = np.maximum(found.new_sizes, known * new_sizes)
        old_presence = _over(found.old_sizes, kept * old_sizes)
        new_presence = _over(found.new_sizes, known * new_sizes)
        kind, counts, likeness = SHARED, found.counts, found.likeness
        forward = _over(counts, old_expected[:, None])
        backward = _over(counts, new_expected)
        likeness = jaccard_indices(counts, old_expected, new_expected)
    else:
        of_old = new.codes(X, key=key, within=True)
        of_new = old.codes(new_X, key=key, within=True)
        before = shared_counts(old_codes, of_old, shape)
        after = shared_counts(of_new, new_codes, shape)
        kind, counts = RESCORED, before + after
        forward = _over(before, old_sizes[:, None])
        backward = _over(after, new_sizes)
        shares = _over(after.sum(axis=1), np.array(n_new))
        old_presence = _over(shares, old_sizes / n_old)
        shares = _over(before.sum(axis=0), np.array(n_old))
        new_presence = _over(shares, new_sizes / n_new)
        # both tables count the same, however many customers they have
        union = 1 / forward.clip(1e-12) + 1 / backward.clip(1e-12) - 1
        likeness = np.where((forward > 0) & (backward > 0), 1 / union, 0.0)
    return Evidence(
        kind=kind,
        counts=counts,
        forward=forward,
        backward=backward,
        likeness=likeness,
        old_sizes=old_sizes,
        new_sizes=new_sizes,
        n_old=n_old,
        n_new=n_new,
        old_presence=old_presence,
        new_presence=new_presence,
        old_moments=moments,
        new_moments=new_moments,
    )


def of_centers(old: Segmentation, new: Segmentation) -> Evidence:
    """Return the evidence of centres alone: near pairs are taken for the same segment.

    A pair is near if the centres are closer than half the way from the old one to its
    nearest neighbour.
    """
    centers, new_centers = _centers(old), _centers(new)
    moved = hasattr(new.model, "inverse_transform_centers") and hasattr(
        old.model, "prepare"
    )
    if moved:
        new_centers = old.model.prepare(new.model.inverse_transform_centers())
    if centers.shape[1] != new_centers.shape[1]:
        raise SchemaError(
            f"The centres of old have {centers.shape[1]} columns and those of new "
            f"{new_centers.shape[1]}; pass customers that both models can predict."
        )
    gaps = np.linalg.norm(centers[:, None] - centers, axis=2)
    np.fill_diagonal(gaps, np.inf)
    room = gaps.min(axis=1, initial=np.inf) / 2
    distance = np.linalg.norm(centers[:, None] - new_centers, axis=2)
    near = np.exp(-distance / np.where(np.isfinite(room), room, 1.0)[:, None])
    likeness = np.where(distance <= room[:, None], near, 0.0)
    links = np.zeros(likeness.shape)
    partners = pair_segments(likeness, 0.0)
    paired = np.flatnonzero(partners >= 0)
    links[paired, partners[paired]] = 1.0
    sizes = [
        np.zeros(len(side.ids), dtype=int) if found is None else found
        for side in (old, new)
        for found in [side.sizes_at_fit()]
    ]
    return Evidence(
        kind=CENTERS,
        counts=np.zeros(likeness.shape, dtype=int),
        forward=links,
        backward=links,
        likeness=links,
        old_sizes=sizes[0],
        new_sizes=sizes[1],
        n_old=int(sizes[0].sum()),
        n_new=int(sizes[1].sum()),
        old_presence=np.ones(len(old.ids)),
        new_presence=np.ones(len(new.ids)),
    )


def shared_rows(
    X: Any, new_X: Any, key: str, what: tuple[str, str] = ("old_X", "new_X")
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of customers who are in both tables, by their key."""
    keys, new_keys = _keys(X, key, what[0]), _keys(new_X, key, what[1])
    place = keys.get_indexer(new_keys)
    new_rows = np.flatnonzero(place >= 0)
    return place[new_rows], new_rows


def _keys(X: Any, key: str, what: str) -> pd.Index:
    if not isinstance(X, pd.DataFrame) or key not in X.columns:
        raise SchemaError(
            f"key={key!r} is not a column of {what}; pass frames with the column that "
            "names a customer."
        )
    keys = pd.Index(X[key])
    if keys.hasnans:
        raise SchemaError(
            f"{what} has {int(keys.isna().sum())} row(s) without {key!r}; leave these "
            "out, or fill them in."
        )
    if keys.has_duplicates:
        repeated = keys[keys.duplicated()][0]
        raise SchemaError(
            f"key={key!r} has {repeated!r} in several rows of {what}; keep one row a "
            "customer, such as the latest."
        )
    return keys


def _centers(side: Segmentation) -> np.ndarray:
    centers = getattr(side.model, "cluster_centers_", None)
    if centers is None:
        raise ValueError(
            "Without customers segments are matched by their centres, which need "
            f"cluster_centers_; {type(side.model).__name__} has none. Pass X."
        )
    return np.asarray(centers, dtype=np.float64)


def _over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; 0 where there is nothing to divide by."""
    part, whole = np.broadcast_arrays(np.asarray(part, float), whole)
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
