"""SegmentProfile: what `segment_profile` finds, and its numbers as frames."""

import dataclasses
from typing import Any, Self

import numpy as np
import pandas as pd

from segmentlearn._parameters import check_option
from segmentlearn.inspection import _profile_text as texts
from segmentlearn.inspection._contrasts import CategoryContrast, NumberContrast
from segmentlearn.inspection._membership import is_noise, last_step
from segmentlearn.inspection._surrogate import RULE_COLUMNS, Surrogate
from segmentlearn.inspection._wording import DistinguishingFeature

_MOMENTS = ("mean", "median", "sd", "missing", "outliers")
_SMALL = 10


def _summary_frame(profile: "SegmentProfile") -> pd.DataFrame:
    """Return one row a segment: name, size, share, value."""
    index = pd.Index(profile.labels, name="segment")
    frame = pd.DataFrame({"name": list(profile.names.values())}, index=index)
    frame["size"], frame["share"] = profile.sizes, profile.shares
    if profile.value_sums is not None:
        frame["value"], frame["value_share"] = profile.value_sums, profile.value_shares
        frame["value_per_customer"] = profile.value_sums / profile.sizes
    frame["is_small"] = profile.is_small
    return frame


def _numbers_frame(profile: "SegmentProfile") -> pd.DataFrame:
    """Return one row for each segment and column of numbers."""
    rows = [
        (label, contrast.name, contrast.kind, *_with_rest(contrast, at, _MOMENTS))
        for at, label in enumerate(profile.labels)
        for contrast in profile.contrasts
        if isinstance(contrast, NumberContrast)
    ]
    names = [name for moment in _MOMENTS for name in (moment, f"rest_{moment}")]
    return pd.DataFrame(rows, columns=["segment", "column", "kind", *names])


def _categories_frame(profile: "SegmentProfile") -> pd.DataFrame:
    """Return one row for each segment, column of categories and level."""
    columns = ["segment", "column", "level", "count", "share", "rest_share"]
    columns += ["difference", "low", "high", "lift", "cohen_h", "is_mode"]
    columns += ["missing", "rest_missing", "outliers", "rest_outliers"]
    frames = [pd.DataFrame(columns=columns)]
    contrasts = [c for c in profile.contrasts if isinstance(c, CategoryContrast)]
    for at, label in enumerate(profile.labels):
        for contrast in contrasts:
            counts = contrast.counts[:, at]
            shares, rest_shares = contrast.shares[:, at]
            with np.errstate(invalid="ignore", divide="ignore"):
                lift = shares / (counts.sum(axis=0) / contrast.n[:, at].sum())
            is_mode = np.arange(len(shares)) == np.argmax(counts[0])
            numbers = [counts[0], shares, rest_shares]
            numbers += [ends[at] for ends in contrast.differences]
            numbers += [lift, contrast.h[at], is_mode & (counts[0] > 0)]
            left_out = _with_rest(contrast, at, ("missing", "outliers"))
            cells = (label, contrast.name, contrast.levels, *numbers, *left_out)
            frame = pd.DataFrame(dict(zip(columns, cells, strict=True)))
            frames.append(frame)
    return pd.concat(frames[1:] or frames, ignore_index=True)


def _effects_frame(profile: "SegmentProfile") -> pd.DataFrame:
    """Return one row for each segment and column: effect, interval, p-values."""
    rows = [
        (
            *(label, contrast.name, contrast.measure),
            *(ends[at] for ends in contrast.effect),
            *(contrast.p_values[at], profile.p_adjusted[at, position]),
        )
        for at, label in enumerate(profile.labels)
        for position, contrast in enumerate(profile.contrasts)
    ]
    columns = ["segment", "column", "measure", "effect", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "p_value", "p_adjusted"])


def _rules_frame(profile: "SegmentProfile") -> pd.DataFrame:
    """Return one row for each rule."""
    if profile.surrogate is None:
        return pd.DataFrame(columns=RULE_COLUMNS)
    rules = profile.surrogate.rules
    return rules.assign(segment=[profile.labels[at] for at in rules["segment"]])


def _fidelity_frame(profile: "SegmentProfile") -> pd.DataFrame:
    """Return how well the tree finds each segment again on held-out rows."""
    columns = ["precision", "recall"]
    if profile.surrogate is None:
        return pd.DataFrame(columns=columns, dtype=np.float64)
    precision, recall = profile.surrogate.precision, profile.surrogate.recall
    index = pd.Index(profile.labels[: len(precision)], name="segment")
    return pd.DataFrame({"precision": precision, "recall": recall}, index=index)


def _with_rest(
    contrast: NumberContrast | CategoryContrast, at: int, names: tuple[str, ...]
) -> list[float]:
    """Return numbers of a segment, each beside that of the rest."""
    return [value for name in names for value in getattr(contrast, name)[:, at]]


_FRAMES = {
    "summary": _summary_frame,
    "numbers": _numbers_frame,
    "categories": _categories_frame,
    "effects": _effects_frame,
    "rules": _rules_frame,
    "fidelity": _fidelity_frame,
}


@dataclasses.dataclass(kw_only=True, eq=False, repr=False)
class SegmentProfile:
    """What is in each segment of customers.

    Made by :func:`segment_profile`. Printed, it is a report to read; `to_markdown`
    gives the same for a document, and `to_frame` the numbers.

    Attributes
    ----------
    labels : list of int or str
        The segments, sorted; noise (-1) last.
    names : dict of label to str
        A name in plain words for each segment; see `rename`.
    sizes : ndarray of int of shape (n_segments,)
        Customers of each segment.
    shares : ndarray of float of shape (n_segments,)
        Their share.
    is_small : ndarray of bool of shape (n_segments,)
        Whether a segment has fewer than ten customers, so that little is certain.
    value_sums, value_shares : ndarray of float of shape (n_segments,) or None
        Sum of the value of each segment, and its share; None without `value`.
    value_name : str or None, default=None
        Name of the value, if it has one.
    columns : list of str
        The columns described.
    exemplars : DataFrame
        Real customers near the centre of their segment: "segment", "distance" (1 is
        that of two customers taken at random), then the columns described, with the
        index of X. Where one of those has such a name too, the first two have an
        underscore more.
    outliers : dict of str to int
        Values left out as implausible in each column that has some.
    fidelity : dict of str to float
        How well the rules find the segments again on held-out rows: "accuracy" and
        "balanced_accuracy", beside "accuracy_of_largest" and
        "balanced_accuracy_of_largest" of always naming the largest segment. Empty
        without rules.
    confidence_level : float
        Coverage of the intervals.
    correction : {"holm", "fdr_bh"} or None
        How p-values are corrected for their number.

    See Also
    --------
    segment_profile : Make one.
    segmentlearn.plotting.SegmentProfileDisplay : Its pictures.

    Notes
    -----
    Segments that were found on the columns described differ in them by construction
    [1]_: the p-values describe and do not test.

    References
    ----------
    .. [1] L. L. Gao, J. Bien and D. Witten, "Selective inference for hierarchical
       clustering", Journal of the American Statistical Association 119 (2024), 332-342.
    """

    labels: list
    names: dict[Any, str]
    sizes: np.ndarray
    contrasts: list[NumberContrast | CategoryContrast]
    distinguishing_features: list[list[DistinguishingFeature]]
    p_adjusted: np.ndarray
    value_sums: np.ndarray | None
    exemplars: pd.DataFrame
    surrogate: Surrogate | None
    confidence_level: float
    correction: str | None
    value_name: str | None = None

    @property
    def shares(self) -> np.ndarray:
        """Share of the customers of each segment."""
        return self.sizes / self.sizes.sum()

    @property
    def value_shares(self) -> np.ndarray | None:
        """Share of the value of each segment."""
        sums = self.value_sums
        return None if sums is None else sums / sums.sum()

    @property
    def is_small(self) -> np.ndarray:
        """Whether a segment has fewer than ten customers."""
        return self.sizes < _SMALL

    @property
    def columns(self) -> list[str]:
        """Names of the columns described."""
        return [contrast.name for contrast in self.contrasts]

    @property
    def outliers(self) -> dict[str, int]:
        """Values left out as implausible in each column that has some."""
        counts = {c.name: int(c.n_outliers[0].sum()) for c in self.contrasts}
        return {name: count for name, count in counts.items() if count}

    @property
    def fidelity(self) -> dict[str, float]:
        """How well the rules find the segments again on held-out rows."""
        return {} if self.surrogate is None else dict(self.surrogate.fidelity)

    def rename(self, names: dict[Any, str]) -> Self:
        """Give segments other names.

        Parameters
        ----------
        names : dict of label to str
            Such as ``{0: "young savers"}``; segments left out keep their name.

        Returns
        -------
        self : SegmentProfile
            Changed in place.

        Raises
        ------
        ValueError
            If a label is unknown, a name is no text or two segments get the same name.
        """
        unknown = [label for label in names if label not in self.names]
        if unknown:
            raise ValueError(
                f"names has the label(s) {unknown}; the segments are {self.labels}."
            )
        wrong = [n for n in names.values() if not isinstance(n, str) or not n]
        if wrong:
            raise ValueError(f"names must be text that is not empty; got {wrong}.")
        renamed = {**self.names, **names}
        renamed = {label: renamed[label] for label in self.labels}
        if len(set(renamed.values())) < len(renamed):
            raise ValueError(
                f"Two segments would have the same name: {list(renamed.values())}; "
                f"give each a name of its own."
            )
        self.names = renamed
        return self

    def store(self, estimator: Any) -> Self:
        """Write the names into an estimator, as ``segment_names_``.

        `segment_profile` reads them back, and an archive of the estimator keeps them.

        Parameters
        ----------
        estimator : estimator instance
            Gets the attribute; of a pipeline the last step does.

        Returns
        -------
        self : SegmentProfile
            Unchanged.
        """
        named = {
            label: self.names[label] for label in self.names if not is_noise(label)
        }
        last_step(estimator).segment_names_ = named
        return self

    def to_frame(self, kind: str = "summary") -> pd.DataFrame:
        """Return the numbers as a frame.

        Parameters
        ----------
        kind : str, default="summary"
            "summary": name, size, share and value of each segment. "numbers": mean,
            median and standard deviation of the plausible values of each segment and
            column, the share of missing cells, and that of values left out as
            implausible, beside those of the rest; dates are days since 1970-01-01,
            durations days. "categories": for each level its share, that of the rest,
            their difference with interval, Cohen's h and the lift, which is the share
            in the segment by the share among all. "effects": Cohen's d by ranks
            ("rank_d") or Cramér's V (with Bergsma's correction) of each segment and
            column, with interval and p-values. "rules": the rules with their precision
            and recall on the rows they were learnt from. "fidelity": precision and
            recall of the rules on held-out rows. "exemplars": as the attribute.

        Returns
        -------
        frame : DataFrame
            A new one. Segments are given by their labels.

        Raises
        ------
        ValueError
            If there is no such kind.
        """
        check_option("kind", kind, sorted([*_FRAMES, "exemplars"]))
        if kind == "exemplars":
            return self.exemplars.copy()
        return _FRAMES[kind](self)

    def to_markdown(self) -> str:
        """Return the report as Markdown, for readers without statistics.

        Returns
        -------
        text : str
            A table of the segments, then what sets each apart.
        """
        return texts.to_markdown(self)

    def __repr__(self) -> str:
        return (
            f"SegmentProfile({len(self.labels)} segments, {self.sizes.sum():,} "
            f"customers, {len(self.contrasts)} columns)"
        )

    def __str__(self) -> str:
        return texts.to_text(self)

    def _repr_html_(self) -> str:
        return texts.to_html(self)


def segment_facts(segmenter: Any, profile: SegmentProfile) -> dict[str, Any]:
    """Return what an archive says of its segments before it is loaded."""
    names = ("silhouette", "latent_silhouette")
    silhouettes = {name: getattr(segmenter, f"{name}_", np.nan) for name in names}
    return {
        "n_customers": int(profile.sizes.sum()),
        "n_clusters": sum(not is_noise(label) for label in profile.labels),
        "selected": getattr(segmenter, "selected_", None),
        # JSON has no NaN
        **{
            name: round(float(value), 4) if value == value else None
            for name, value in silhouettes.items()
        },
        "segment_names": {str(label): name for label, name in profile.names.items()},
        "segment_sizes": {
            str(label): int(size)
            for label, size in zip(profile.labels, profile.sizes, strict=True)
        },
    }
