"""segment_playbook: the user's own rules, matched with the measured features."""

import dataclasses
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn._formatting import level_text
from segmentlearn._parameters import validate_parameters
from segmentlearn.inspection._contrasts import (
    NumberContrast,
    level_feature,
    number_feature,
)
from segmentlearn.inspection._membership import is_noise
from segmentlearn.inspection._segment_profile import SegmentProfile
from segmentlearn.inspection._wording import SIZEABLE, DistinguishingFeature

_FIELDS = ("rule", "column", "direction", "level", "min_effect", "action")
_DIRECTIONS = ("high", "low")
_NO_RULE = "no rule fits"


@validate_parameters(profile=[SegmentProfile])
def segment_playbook(profile: Any, rules: Any) -> pd.DataFrame:
    """Suggest an action for each segment, by your own rules.

    A rule gives an action where a column is high or low, or a level frequent or rare.
    Actions are decided by those who know the customers: there are no built-in rules.
    The playbook finds the segments in which the rule's condition was measured, and puts
    the measurement beside the action.

    Parameters
    ----------
    profile : SegmentProfile
        What is in each segment.
    rules : DataFrame or list of dict
        One row for each condition. Such a table can be kept as a CSV file and edited by
        those who run the campaigns. Empty cells are as if left out.

        - ``column``: a column of the profile.
        - ``direction``: "high" or "low", against all other customers; of dates, later
          is high. With a level, "high" (the default) means more frequent.
        - ``level``: of a column of categories, the level that is meant.
        - ``min_effect``: Cohen's d, or Cohen's h of a level, from which on the
          condition holds; 0.5 unless given.
        - ``action``: what to do, in words.
        - ``rule``: conditions with the same entry here must hold together. One of them
          must have the action. Without an entry a condition is a rule of its own.

    Returns
    -------
    playbook : DataFrame
        One row for each segment and rule that fits it, the rules of a segment in the
        order of `rules`:

        - ``segment``, ``name``: label and name, as in the profile.
        - ``action``: that of the rule; missing where no rule fits.
        - ``because``: what was measured in the segment and in the others; where no rule
          fits, a note with what distinguishes the segment most.

        Noise (-1) is no segment and is left out.

    Raises
    ------
    TypeError
        If rules are neither a DataFrame nor a list of dict.
    ValueError
        If there are no rules, or one has an unknown field, column, direction or level,
        a wrong ``min_effect``, no action, or two of them.

    See Also
    --------
    segment_profile : Describe the segments.

    Notes
    -----
    A condition holds if the effect reaches ``min_effect`` in its direction and its
    interval, of `SegmentProfile.confidence_level`, leaves 0 out: that of the difference
    of means, or of shares.

    That an action works does not follow from a playbook. It is an idea to be tried on a
    part of a segment, beside customers of the same segment who are left alone.

    Examples
    --------
    >>> import pandas as pd
    >>> from segmentlearn.inspection import segment_playbook, segment_profile
    >>> X = pd.DataFrame(
    ...     {
    ...         "Age": [22, 25, 21, 24, 23, 61, 58, 66, 59, 63],
    ...         "Plan": ["basic", "basic", "plus", "basic", "basic"] + ["plus"] * 5,
    ...     }
    ... )
    >>> profile = segment_profile([0] * 5 + [1] * 5, X)
    >>> rules = [
    ...     {"column": "Plan", "level": "basic", "action": "offer the plus plan"},
    ...     {"column": "Age", "direction": "high", "action": "write, do not call"},
    ... ]
    >>> playbook = segment_playbook(profile, rules)
    >>> print(playbook[["segment", "action"]].to_string(index=False))
     segment              action
           0 offer the plus plan
           1  write, do not call
    >>> playbook["because"][1]
    'Age: median 61, others 23 (d = 2.90)'
    """
    by_rule = _read_rules(rules, profile)
    rows = []
    for at, label in enumerate(profile.labels):
        if is_noise(label):
            continue
        fitting = [
            (action, "; ".join(condition.evidence(at) for condition in conditions))
            for action, conditions in by_rule
            if all(condition.holds[at] for condition in conditions)
        ]
        no_rule = (None, _without_rule(profile.distinguishing_features[at]))
        for action, because in fitting or [no_rule]:
            rows.append((label, profile.names[label], action, because))
    return pd.DataFrame(rows, columns=["segment", "name", "action", "because"])


@dataclasses.dataclass
class _Condition:
    """A column of the profile that is to be high or low, or one level of it."""

    contrast: Any
    level_at: int | None  # None for numbers
    holds: np.ndarray  # in which segments it was measured

    def evidence(self, segment: int) -> str:
        """Return what was measured in a segment and in the others."""
        if self.level_at is None:
            feature, measure = number_feature(self.contrast, segment), "d"
        else:
            feature = level_feature(self.contrast, segment, self.level_at)
            measure = "h"
        effect = f"{measure} = {feature.strength:.2f}"
        return f"{feature.column}: {feature.evidence} ({effect})"


def _without_rule(features: list[DistinguishingFeature]) -> str:
    """Return what would have been there to make a rule of."""
    if not features:
        return f"{_NO_RULE}; no column differs much from the other customers"
    strongest = features[0]
    return f"{_NO_RULE}; strongest: {strongest.words} ({strongest.evidence})"


def _read_rules(rules: Any, profile: SegmentProfile) -> list[tuple[Any, list]]:
    """Return action and conditions of each rule, in the order of first appearance."""
    contrasts = {contrast.name: contrast for contrast in profile.contrasts}
    conditions: dict[Any, list] = {}
    actions: dict[Any, Any] = {}
    for at, row in enumerate(_rows_of(rules)):
        unknown = [field for field in row if field not in _FIELDS]
        if unknown:
            raise ValueError(
                f"rules, row {at}: unknown field(s) {unknown}; the fields are "
                f"{list(_FIELDS)}."
            )
        row = {field: value for field, value in row.items() if not _is_empty(value)}
        # a tuple is no entry that a user could have written
        name = row.get("rule", ("row", at))
        conditions.setdefault(name, []).append(_condition(at, row, contrasts))
        known = actions.get(name)
        actions[name] = action = row.get("action", known)
        if known is not None and action != known:
            raise ValueError(
                f"rules, row {at}: the rule {name!r} has two actions, {known!r} and "
                f"{action!r}; give the second a rule of its own."
            )
    if not conditions:
        raise ValueError(
            "rules are empty; a rule has at least a column, a direction or level, and "
            "an action."
        )
    for name, action in actions.items():
        if action is None:
            where = f"row {name[1]}" if isinstance(name, tuple) else f"rule {name!r}"
            raise ValueError(
                f"rules, {where}: no action; write in 'action' what to do."
            )
    return [(actions[name], together) for name, together in conditions.items()]


def _rows_of(rules: Any) -> list[dict]:
    """Return the rows of a table of rules as dicts."""
    if isinstance(rules, pd.DataFrame):
        return rules.astype(object).to_dict("records")
    is_list = isinstance(rules, list | tuple)
    if not is_list or not all(isinstance(row, Mapping) for row in rules):
        raise TypeError(
            f"rules must be a DataFrame or a list of dict, one for each condition, "
            f"with the fields {list(_FIELDS)}; got {rules!r}."
        )
    return [dict(row) for row in rules]


def _is_empty(value: Any) -> bool:
    """Return whether a cell of the table is empty."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _condition(at: int, row: dict, contrasts: dict) -> _Condition:
    """Return the checked condition of a row."""
    name = row.get("column")
    if name not in contrasts:
        raise ValueError(
            f"rules, row {at}: column {name!r} is not in the profile; its columns are "
            f"{list(contrasts)}."
        )
    contrast = contrasts[name]
    has_numbers = isinstance(contrast, NumberContrast)
    level_at = _level_at(at, row, contrast, has_numbers)
    direction = row.get("direction", None if has_numbers else "high")
    if direction not in _DIRECTIONS:
        raise ValueError(
            f"rules, row {at}: direction {direction!r} of column {name!r} is not one "
            f"of {list(_DIRECTIONS)}."
        )
    if level_at is None:
        strength, low, high = contrast.effect
    else:
        strength = contrast.h[:, level_at]
        _, low, high = (ends[:, level_at] for ends in contrast.differences)
    if direction == "low":
        strength, low = -strength, -high
    holds = (low > 0) & (strength >= _min_effect(at, row))
    return _Condition(contrast, level_at, holds)


def _level_at(at: int, row: dict, contrast: Any, has_numbers: bool) -> int | None:
    """Return the position of the level that is meant; None for numbers."""
    if has_numbers and "level" in row:
        raise ValueError(
            f"rules, row {at}: level {row['level']!r}, and column {contrast.name!r} "
            f"holds numbers; leave the level out, or list the column in "
            f"categorical_features of segment_profile."
        )
    if has_numbers:
        return None
    if "level" not in row:
        raise ValueError(
            f"rules, row {at}: column {contrast.name!r} holds categories; give the "
            f"level that is meant, one of {contrast.levels}."
        )
    level = row["level"]
    # as it is first; a table read from a file has text where levels may have none
    for same in (_is_same, _is_same_text):
        for position, known in enumerate(contrast.levels):
            if same(level, known):
                return position
    raise ValueError(
        f"rules, row {at}: column {contrast.name!r} has no level {level!r}; its levels "
        f"are {contrast.levels}."
    )


def _is_same(level: Any, known: Any) -> bool:
    """Return whether two levels are the same; 1 is not the truth value True."""
    is_flag, known_is_flag = (isinstance(x, bool | np.bool_) for x in (level, known))
    return is_flag == known_is_flag and level == known


def _is_same_text(level: Any, known: Any) -> bool:
    """Return whether two levels read the same: "1" and 1, "yes" and True."""
    if isinstance(known, Integral) and str(level).lower() == level_text(known, ""):
        return True
    return str(level) == str(known)


def _min_effect(at: int, row: dict) -> float:
    """Return the effect from which on a condition holds."""
    value = row.get("min_effect", SIZEABLE)
    try:
        effect = float(value)
    except (TypeError, ValueError):
        effect = np.nan
    if not effect >= 0:
        raise ValueError(
            f"rules, row {at}: min_effect {value!r} is not a number of 0 or more, such "
            f"as 0.5 for a sizeable effect."
        )
    return effect
