"""Short names of segments: a few features that say different things."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from segmentlearn.inspection._membership import is_noise
from segmentlearn.inspection._wording import (
    NOISE_NAME,
    DistinguishingFeature,
    short_name,
)
from segmentlearn.metrics import AssociationColumn, associate
from segmentlearn.tables import Column

_AVERAGE = "average customer"
_FEATURES, _MOST_FEATURES = 2, 3  # the second where it makes names differ
_WIDTH, _MOST_WIDTH = 40, 48  # characters
_STRONG = 1.0  # features of such an effect and more are equally good for a name
_LONG = 30  # characters of a feature that leave no room for another
_RELATED = 0.68  # correlation from which on two columns tell the same story
_RELATED_BY_NAME = 0.4  # of columns whose names share their words


class RelatedFeatures:
    """Which features tell the same story, by the correlations of their columns.

    Parameters
    ----------
    columns : list of Column
        Sampled rows of the columns described.
    """

    def __init__(self, columns: list[Column]) -> None:
        self._columns = {column.name: column for column in columns}
        self._known: dict[tuple[str, ...], float] = {}

    def __call__(
        self, first: DistinguishingFeature, second: DistinguishingFeature
    ) -> bool:
        """Return whether a name needs only one of two features."""
        if first.column == second.column:
            return True
        names = tuple(sorted((first.column, second.column)))
        words, others = (set(short_name(name).split()) for name in names)
        least = _RELATED_BY_NAME if words <= others or others <= words else _RELATED
        if names not in self._known:
            self._known[names] = self._strength(*names)
        if self._known[names] >= least:
            return True
        own, other = self._rows_of(first), self._rows_of(second)
        if own is None or other is None:
            return False
        pair = (AssociationColumn(rows.astype(np.intp), 2) for rows in (own, other))
        return bool(associate(next(pair), next(pair), False).value >= least)

    def order(self, feature: DistinguishingFeature) -> tuple[int, float, bool, int]:
        """Sort by strength, and what is strong as the columns are.

        Of what is less strong, shares come first: wrong cells move numbers, not them.
        """
        is_number = feature.kind not in ("level", "missing")
        is_negative = feature.kind == "missing" or (
            feature.kind == "level" and feature.strength < 0
        )
        strength = min(abs(feature.strength), _STRONG)
        if strength == _STRONG:
            step = 0
        else:
            is_slight = feature.kind == "middle" or not feature.is_sizeable
            step = 1 + is_number + 2 * is_slight
        return step, -strength, is_negative, self.place(feature)

    def place(self, feature: DistinguishingFeature) -> int:
        """Return the position of a feature's column."""
        return list(self._columns).index(feature.column)

    def _strength(self, first: str, second: str) -> float:
        """Return the strongest of the correlations of two columns."""
        pair = [self._columns[name] for name in (first, second)]
        ranked = [True, False] if all(c.is_numeric for c in pair) else [True]
        found = [
            abs(associate(_prepare(pair[0], by_rank), _prepare(pair[1], by_rank)).value)
            for by_rank in ranked
        ]
        return float(np.nanmax([0.0, *found]))

    def _rows_of(self, feature: DistinguishingFeature) -> np.ndarray | None:
        """Return the rows of a level, or of missing cells; None for numbers."""
        column = self._columns[feature.column]
        if feature.kind == "missing":
            return column.missing
        if feature.kind == "level":
            return column.factor.codes == feature.level_at
        return None


def _prepare(column: Column, ranked: bool) -> AssociationColumn:
    if column.is_numeric:
        return AssociationColumn(column.numbers, ranked=ranked)
    return AssociationColumn(column.factor.codes, len(column.factor.levels))


def name_segments(
    labels: list,
    features: list[list[DistinguishingFeature]],
    known: dict[Any, str],
    are_related: RelatedFeatures,
) -> dict[Any, str]:
    """Return a name for each segment, no two of them equal."""
    names = {label: NOISE_NAME for label in labels if is_noise(label)} | known
    names = {label: names[label] for label in labels if label in names}
    found = dict(zip(labels, features, strict=True))
    drafts = {
        label: _drafts(found[label], are_related)
        for label in labels
        if label not in names
    }
    chosen = {label: next(variants) for label, variants in drafts.items()}
    while True:
        given = Counter([*names.values(), *chosen.values()])
        colliding = [label for label, name in chosen.items() if given[name] > 1]
        # all of them change, so that none depends on the order of the segments
        others = {label: next(drafts[label], None) for label in colliding}
        changed = {label: name for label, name in others.items() if name is not None}
        if not changed:
            break
        chosen |= changed
    for label in colliding:
        end = f" (segment {_cut(str(label), 16)})"
        chosen[label] = _cut(chosen[label], _MOST_WIDTH - len(end)) + end
    names |= chosen
    return {label: names[label] for label in labels}


def _drafts(
    features: list[DistinguishingFeature], are_related: RelatedFeatures
) -> Iterator[str]:
    """Yield names of a segment, the best one first."""
    # equally strong ones by their columns: a few cells do not turn names around
    features = sorted(features, key=are_related.order)
    sizeable = [own for own in features if own.is_sizeable]
    differing = [own for own in sizeable if own.kind != "middle"] or sizeable
    start = [] if differing else [_AVERAGE]
    base = _choose(differing, are_related, _WIDTH)[:_FEATURES]
    if len(base) == 1:
        is_long = len(base[0].name_words(True)) > _LONG
        for first in [0, 1] if is_long else [0]:
            longer = _choose(differing[first:], are_related, _MOST_WIDTH)
            base = max(base, longer[:_FEATURES], key=len)
    width = _WIDTH if len(_text(base, _WIDTH)) <= _WIDTH else _MOST_WIDTH
    yield _text(sorted(base, key=are_related.place), width, start)
    # beside what another segment has, too, something else
    for kept in (base, base[:1]):
        for extra in features:
            longer = _choose([*kept, extra], are_related, _MOST_WIDTH)
            if extra in longer and len(longer) > len(kept):
                longer.sort(key=are_related.place)
                yield _text(longer, _MOST_WIDTH, start)
    # or one of those that tell the same story in place of the first
    for lead in differing[1:]:
        other = _choose([lead, *differing], are_related, _WIDTH)[:_FEATURES]
        yield _text(sorted(other, key=are_related.place), _WIDTH, start)


def _choose(
    features: list[DistinguishingFeature], are_related: RelatedFeatures, width: int
) -> list[DistinguishingFeature]:
    """Return the first features that say different things and fit into the width."""
    chosen: list[DistinguishingFeature] = []
    for feature in features:
        if len(chosen) == _MOST_FEATURES:
            break
        fits = not chosen or len(_text([*chosen, feature], width)) <= width
        if fits and not any(are_related(feature, used) for used in chosen):
            chosen.append(feature)
    return chosen


def _text(
    features: list[DistinguishingFeature], width: int, start: Sequence[str] = ()
) -> str:
    """Return features in words, in few words where that would be too long."""
    for is_short in (False, True):
        text = ", ".join([*start, *(own.name_words(is_short) for own in features)])
        if len(text) <= width:
            return text
    return text if len(features) > 1 else _cut(text, _MOST_WIDTH)


def _cut(text: str, width: int) -> str:
    """Cut a text between words."""
    if len(text) <= width:
        return text
    cut = textwrap.shorten(text, width, placeholder="…")
    return cut if len(cut) > 1 else f"{text[: width - 1]}…"
