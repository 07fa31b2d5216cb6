"""match_segments: which segment of one period is which of another."""

from dataclasses import asdict, dataclass, field
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.utils import check_random_state

from segmentlearn import engine
from segmentlearn._compat import Interval, validate_params
from segmentlearn._formatting import markdown_table, share_text
from segmentlearn.cluster import SURVIVAL, continues
from segmentlearn.inspection import last_step
from segmentlearn.metrics import lives_on, pair_segments, wilson_interval
from segmentlearn.monitoring import _matching_events as events
from segmentlearn.monitoring import _matching_evidence as evidence_of
from segmentlearn.monitoring._matching_events import (
    Change,
    Noise,
    Thresholds,
    distance_and_radius,
    external_changes,
    internal_changes,
)
from segmentlearn.monitoring._matching_evidence import Evidence
from segmentlearn.monitoring._matching_null import refit_noise
from segmentlearn.monitoring._segmentation import Segmentation

_CONFIDENCE = 0.95
_SHARE = Interval(Real, 0, 1, closed="neither")
_POSITIVE = Interval(Real, 0, None, closed="neither")


@dataclass(frozen=True)
class SegmentTransition:
    """Something that happened to segments between two periods.

    Attributes
    ----------
    kind : str
        "survived", "split", "merged", "died" or "born"; of a segment that survived also
        "grew", "shrank", "drifted", "tightened" or "loosened".
    old, new : tuple of int or str
        The segments of both periods that it happened to.
    amount : float
        How much. Of a survival the Jaccard index; of a split the share of the old
        segment that is in the new ones; of a merger the share of the new segment that
        comes from the old ones; of a death and a birth the largest share that went to,
        or came from, a single segment. Of growth the factor, beside that of most
        segments; of drift the distance in standard deviations within the segment,
        averaged over the columns; of looseness the factor of the radius.
    interval : tuple of two floats
        Of shares and factors of growth, within which they are with a confidence of
        95 %; NaN for others.
    p_value : float
        How likely resampling alone changes one of these segments: the share of refits
        to bootstrap samples in which it did not survive, the fit itself counted; 0
        where there were no refits.
    words : str
        The same as a sentence.
    """

    kind: str
    old: tuple
    new: tuple
    amount: float
    interval: tuple[float, float]
    p_value: float
    words: str


@dataclass(frozen=True, eq=False)
class SegmentMatch:
    """Segments of two periods beside each other, as :func:`match_segments` returns it.

    Attributes
    ----------
    evidence : str
        What they were matched by: "shared customers", "customers scored by both" or
        "centers".
    transitions : list of SegmentTransition
        What happened. What resampling alone would do is not among them.
    unstable : list of SegmentTransition
        Differences that resampling alone would bring about as well.
    partners : dict
        The new segment in which each old one lives on; those that don't are left out.
    ids : dict
        The id of each new segment: that of its partner, or one that is free.
    counts : DataFrame
        Customers by old segment (rows) and new segment (columns).
    segments : DataFrame
        A row for each pair of partners, and for each segment without one: `old`, `new`,
        `name`, `jaccard`, `old_size`, `new_size`, `old_share`, `new_share`, `distance`
        (of the means, in standard deviations within the segment) and `radius_ratio`.
    n_bootstraps : int
        Refits of each model.
    """

    evidence: str
    transitions: list[SegmentTransition]
    unstable: list[SegmentTransition]
    partners: dict
    ids: dict
    counts: pd.DataFrame = field(repr=False)
    segments: pd.DataFrame = field(repr=False)
    n_bootstraps: int

    def to_frame(self) -> pd.DataFrame:
        """Return the transitions as a frame.

        Returns
        -------
        frame : DataFrame
            A row for each, with the attributes of :class:`SegmentTransition` as
            columns.
        """
        names = list(SegmentTransition.__dataclass_fields__)
        rows = [[getattr(found, name) for name in names] for found in self.transitions]
        return pd.DataFrame(rows, columns=names)

    def to_dict(self) -> dict[str, Any]:
        """Return what happened as values that JSON can hold.

        Returns
        -------
        facts : dict
            `evidence`, `transitions`, `unstable`, and `partners` as pairs.
        """
        return {
            "evidence": self.evidence,
            "transitions": [_plain(asdict(found)) for found in self.transitions],
            "unstable": [_plain(asdict(found)) for found in self.unstable],
            "partners": [list(pair) for pair in self.partners.items()],
        }

    def to_markdown(self) -> str:
        """Return what happened as Markdown: sentences, and a table of the segments.

        Returns
        -------
        text : str
        """
        sentences = "\n".join(f"- {sentence}" for sentence in self._sentences())
        return f"{sentences}\n\n{markdown_table(self.segments)}"

    def __str__(self) -> str:
        return "\n".join([f"Matched by {self.evidence}.", *self._sentences()])

    def _sentences(self) -> list[str]:
        sentences = [found.words for found in self.transitions]
        if self.unstable:
            sentences.append("Explained by resampling alone:")
            sentences += [found.words for found in self.unstable]
        return sentences


@engine.pass_interrupts_on()
@validate_params(
    {
        "old": "no_validation",
        "new": "no_validation",
        "X": "no_validation",
        "new_X": "no_validation",
        "key": [str, None],
        "survival": [Interval(Real, 0.5, 1, closed="left")],
        "split": [_SHARE],
        "size": [_POSITIVE],
        "compactness": [_POSITIVE],
        "location": [_POSITIVE],
        "n_bootstraps": [Interval(Integral, 0, None, closed="left")],
        "alpha": [_SHARE],
        "max_rows": [Interval(Integral, 2, None, closed="left"), None],
        "random_state": ["random_state"],
    }
)
def match_segments(
    old: Any,
    new: Any,
    X: Any = None,
    new_X: Any = None,
    *,
    key: str | None = None,
    survival: float = SURVIVAL,
    split: float = 0.1,
    size: float = 0.25,
    compactness: float = 0.25,
    location: float = 0.5,
    n_bootstraps: int = 20,
    alpha: float = 0.05,
    max_rows: int | None = 5000,
    random_state: int | np.random.RandomState | None = None,
) -> SegmentMatch:
    """Find out which segments live on in another segmentation, and what became of them.

    Parameters
    ----------
    old, new : estimator or array-like of shape (n_samples,)
        The segmentations: fitted clusterers, pipelines that end in one, or labels of
        customers, where -1 is noise.
    X : frame or array of shape (n_samples, n_features), default=None
        Customers. Without `new_X` they are scored by both models; with it they are
        those of the old period. None matches labels of the same customers, and of
        models the centres alone, from which no split or merger can be seen.
    new_X : frame or array of shape (n_new, n_features), default=None
        Customers of the new period.
    key : str or None, default=None
        Column of `X` and `new_X` that names a customer. Who is in both counts for the
        pair of segments that he was in before and is in now. Without it, or where less
        than 30 % of the smaller table are in both, each table is scored by both models.
    survival : float, default=0.5
        Share of a segment that has to be in another, or to come from it, from 0.5 to 1.
    split : float, default=0.1
        Share of the whole that a part has at least, in a split or a merger.
    size : float, default=0.25
        Growth or loss that counts, beside that of most segments: 0.25 is a quarter.
    compactness : float, default=0.25
        Change of a segment's radius that counts.
    location : float, default=0.5
        Distance between the means that counts, in standard deviations within the
        segment, averaged over the columns.
    n_bootstraps : int, default=20
        Refits of each model to bootstrap samples of its customers, which show what
        resampling alone would do. With fewer than 1 / `alpha` - 1 nothing but survival
        is certain; 0 leaves them out, and so do labels.
    alpha : float, default=0.05
        A transition whose `p_value` is above is put down to resampling; sizes change at
        this level, corrected for the number of segments.
    max_rows : int or None, default=5000
        Customers for the refits, drawn at random; None takes all.
    random_state : int, RandomState instance or None, default=None
        Controls the refits.

    Returns
    -------
    match : SegmentMatch

    Raises
    ------
    SchemaError
        If `key` is not a column of both tables, or not unique.
    ValueError
        If labels do not fit the customers, or models without centres are given without
        customers.

    See Also
    --------
    segment_migration : Who moved between segments.
    segmentlearn.cluster.match_labels : Numbers as in an earlier labelling.

    Notes
    -----
    Partners have the largest sum of Jaccard indices of all assignments [1]_, each at
    least that of segments half of which are in each other. The transitions are those of
    MONIC [2]_. A segment splits if several new ones come from it for the most part, and
    several merge if most of each is in one new segment. One whose customers left, or
    went in all directions, died; one whose customers are new, or come from everywhere,
    was born. Where customers are only scored by both models, a segment died if these
    find next to nobody in it in the new period.

    Sizes are measured beside the median change, since shares of all others fall where
    one segment grows. Means and radii are those in the columns that the old model
    measures distances in.

    References
    ----------
    .. [1] H. W. Kuhn, "The Hungarian method for the assignment problem", Naval Research
       Logistics Quarterly 2, 1955.
    .. [2] M. Spiliopoulou, I. Ntoutsi, Y. Theodoridis and R. Schult, "MONIC: modeling
       and monitoring cluster transitions", KDD 2006.

    Examples
    --------
    >>> from segmentlearn import match_segments
    >>> april = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    >>> may = [1, 1, 1, 1, 0, 0, 2, 2, 3, 3, 3, 3]
    >>> match = match_segments(april, may)
    >>> for transition in match.transitions:
    ...     print(transition.kind, transition.old, transition.new)
    split (1,) (0, 2)
    survived (0,) (1,)
    survived (2,) (3,)
    """
    random_state = check_random_state(random_state)
    thresholds = Thresholds(survival, split, size, compactness, location, alpha)
    before = Segmentation(old, X, "old")
    after = Segmentation(new, X if new_X is None else new_X, "new")
    if X is None and new_X is not None:
        raise ValueError("new_X needs X, the customers of the old period.")
    if new_X is not None:
        evidence = evidence_of.of_two_tables(before, after, X, new_X, key)
    elif X is None and before.model is not None and after.model is not None:
        evidence = evidence_of.of_centers(before, after)
    else:
        evidence = evidence_of.of_one_table(before, after, X)
    sides = (before, X), (after, X if new_X is None else new_X)
    own: Any = thresholds, n_bootstraps, max_rows, random_state
    noise = tuple(refit_noise(side, table, key, *own) for side, table in sides)
    external = external_changes(evidence, thresholds)
    p_values = {change: _p_value(change, noise) for change in external}
    stable = [change for change in external if p_values[change] <= alpha]
    kept = [*stable, *internal_changes(evidence, stable, thresholds, noise)]
    kept.sort(key=lambda change: (events.KINDS.index(change.kind), change.old))
    # what happened comes first
    kept.sort(key=lambda change: change.kind == events.SURVIVED)
    describe = _Description(before, after, evidence, p_values)
    partners = pair_segments(evidence.likeness, lives_on(survival))
    if continues(last_step(old), last_step(new)):  # which was decided by the fit
        lookup = {segment: at for at, segment in enumerate(after.ids)}
        partners = np.array([lookup.get(segment, -1) for segment in before.ids])
    return SegmentMatch(
        evidence=evidence.kind,
        transitions=[describe(change) for change in kept],
        unstable=[describe(c) for c in external if p_values[c] > alpha],
        partners={
            before.ids[at]: after.ids[partner]
            for at, partner in enumerate(partners)
            if partner >= 0
        },
        ids=_ids(before.ids, after.ids, partners),
        counts=pd.DataFrame(
            evidence.counts,
            index=pd.Index(before.ids, name="old"),
            columns=pd.Index(after.ids, name="new"),
        ),
        segments=_segments(before, after, evidence, partners),
        n_bootstraps=max(one.n_refits for one in noise),
    )


def _p_value(change: Change, noise: tuple[Noise, ...]) -> float:
    """Return how likely resampling brings about a change; survival is no change."""
    if change.kind == events.SURVIVED:
        return 0.0
    return max(noise[0].p_value(change.old), noise[1].p_value(change.new))


def _ids(old: list, new: list, partners: np.ndarray) -> dict:
    """Return the id of each new segment; those without a partner get free ones."""
    of_new = {new[to]: old[at] for at, to in enumerate(partners) if to >= 0}
    rest = [segment for segment in new if segment not in of_new]
    numbers = [s for s in (*old, *new) if isinstance(s, int)]
    if len(numbers) == len(old) + len(new):
        free = max(old, default=-1) + 1
        of_new |= {segment: free + at for at, segment in enumerate(rest)}
    else:  # names of classes stay, as long as no other segment has them
        taken = set(of_new.values())
        of_new |= {s: s if s not in taken else f"{s} (new)" for s in rest}
    return {segment: of_new[segment] for segment in new}


def _segments(
    before: Segmentation, after: Segmentation, evidence: Evidence, partners: np.ndarray
) -> pd.DataFrame:
    """Return a row for each pair of partners, and for each segment without one."""
    pairs = [(at, int(to)) for at, to in enumerate(partners)]
    pairs += [(-1, to) for to in range(len(after.ids)) if to not in partners]
    rows = []
    for old, new in pairs:
        has_both = old >= 0 and new >= 0
        shift, ratio = np.nan, np.nan
        if has_both and evidence.old_moments is not None:
            shift, _, log_ratio = distance_and_radius(evidence, old, new)
            ratio = float(np.exp(log_ratio))
        old_id = before.ids[old] if old >= 0 else None
        new_id = after.ids[new] if new >= 0 else None
        old_size = int(evidence.old_sizes[old]) if old >= 0 else 0
        new_size = int(evidence.new_sizes[new]) if new >= 0 else 0
        rows.append(
            {
                "old": old_id,
                "new": new_id,
                "name": after.names.get(new_id, before.names.get(old_id)),
                "jaccard": float(evidence.likeness[old, new]) if has_both else np.nan,
                "old_size": old_size,
                "new_size": new_size,
                "old_share": old_size / max(evidence.n_old, 1),
                "new_share": new_size / max(evidence.n_new, 1),
                "distance": shift,
                "radius_ratio": ratio,
            }
        )
    frame = pd.DataFrame(rows, dtype=object)
    names = frame.columns[:3]  # whose whole numbers a missing one would make floats
    return frame.astype(dict.fromkeys(frame.columns.difference(names), float)).astype(
        {"old_size": int, "new_size": int}
    )


@dataclass
class _Description:
    """Turns changes of positions into transitions of segments, with words."""

    before: Segmentation
    after: Segmentation
    evidence: Evidence
    p_values: dict[Change, float]

    def __call__(self, change: Change) -> SegmentTransition:
        old = tuple(self.before.ids[at] for at in change.old)
        new = tuple(self.after.ids[at] for at in change.new)
        return SegmentTransition(
            kind=change.kind,
            old=old,
            new=new,
            amount=change.amount,
            interval=self._interval(change),
            p_value=self.p_values.get(change, 0.0),
            words=f"S{self._words(change)[1:]}",
        )

    def _interval(self, change: Change) -> tuple[float, float]:
        found, z = self.evidence, norm.isf((1 - _CONFIDENCE) / 2)
        old, new = list(change.old), list(change.new)
        if change.kind in (events.GREW, events.SHRANK):
            margin = z * np.sqrt(1 / found.old_sizes[old] + 1 / found.new_sizes[new])
            low, high = change.amount * np.exp(-margin), change.amount * np.exp(margin)
            return float(low[0]), float(high[0])
        if change.kind not in events.EXTERNAL or not found.counts.any():
            return np.nan, np.nan
        is_forward = change.kind in (events.SPLIT, events.DIED)
        n = found.old_sizes[old] if is_forward else found.new_sizes[new]
        if change.kind == events.SURVIVED:
            n = found.old_sizes[old] + found.new_sizes[new] - found.counts[old, new]
        if not n.sum():
            return np.nan, np.nan
        _, low, high = wilson_interval(change.amount * n.sum(), n.sum(), z)
        return float(np.maximum(low, 0.0)), float(np.minimum(high, 1.0))

    def _words(self, change: Change) -> str:
        old = _listed(self.before, change.old)
        new = _listed(self.after, change.new)
        share, amount = share_text(min(change.amount, 1.0)), change.amount
        sizes = self._sizes(change)
        if change.kind == events.SURVIVED:
            return f"{old} survived as {new}{sizes}."
        if change.kind == events.SPLIT:
            return f"{old} split into {new}: {share} of it is in these."
        if change.kind == events.MERGED:
            return f"{old} merged into {new}: {share} of it came from these."
        if change.kind == events.DIED:
            return f"{old} died: {share} of it at most went to one segment."
        if change.kind == events.BORN:
            return f"{new} was born: {share} of it at most came from one segment."
        if change.kind in (events.GREW, events.SHRANK):
            return (
                f"{old} {change.kind} to {amount:.2f} times its share, beside most "
                f"others{sizes}."
            )
        if change.kind == events.DRIFTED:
            return f"{old} drifted by {amount:.1f} standard deviations within it."
        return f"{old} {change.kind}: its radius is {amount:.2f} times what it was."

    def _sizes(self, change: Change) -> str:
        found = self.evidence
        if not (change.old and change.new and found.n_old and found.n_new):
            return ""
        shares = (
            found.old_sizes[change.old[0]] / found.n_old,
            found.new_sizes[change.new[0]] / found.n_new,
        )
        return f" ({share_text(shares[0])} before, {share_text(shares[1])} now)"


def _listed(side: Segmentation, positions: tuple[int, ...]) -> str:
    """Return segments as words: "segments 1 and 2 (big spenders)"."""
    texts = []
    for at in positions:
        segment = side.ids[at]
        name = side.names.get(segment)
        texts.append(f"{segment} ({name})" if name else str(segment))
    noun = "segment" if len(texts) == 1 else "segments"
    *others, last = texts or [""]
    return f"{noun} {', '.join(others)}{' and ' if others else ''}{last}"


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts with lists for tuples and None for NaN."""
    plain = {}
    for name, value in facts.items():
        if isinstance(value, tuple):
            value = [None if v != v else v for v in value]
        plain[name] = None if value != value else value
    return plain
