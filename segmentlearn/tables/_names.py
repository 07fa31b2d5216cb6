"""Names of columns: those an estimator has seen, unique ones, the closest one."""

import difflib
from collections.abc import Collection, Iterable
from typing import Any

from numpy.typing import ArrayLike


def column_names(estimator: Any) -> list[str]:
    """Return the names of an estimator's input columns, ``x0`` … where it saw none."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return [f"x{position}" for position in range(estimator.n_features_in_)]
    return [str(name) for name in names]


def check_input_features(estimator: Any, input_features: ArrayLike | None) -> list[str]:
    """Return the input names for ``get_feature_names_out`` after checking them."""
    if input_features is None:
        return column_names(estimator)
    given = [str(name) for name in input_features]  # type: ignore[union-attr]
    seen = getattr(estimator, "feature_names_in_", None)
    if seen is not None and given != list(seen):
        raise ValueError("input_features is not equal to feature_names_in_")
    if len(given) != estimator.n_features_in_:
        raise ValueError(
            "input_features should have length equal to number of "
            f"features ({estimator.n_features_in_}), got {len(given)}"
        )
    return given


def unique_names(names: Iterable[str]) -> list[str]:
    """Make names unique by appending ``_2``, ``_3``, … to those that repeat."""
    names = list(names)
    wanted = set(names)
    unique: list[str] = []
    seen: set[str] = set()
    for name in names:
        candidate, number = name, 2
        while candidate in seen or (candidate != name and candidate in wanted):
            candidate = f"{name}_{number}"
            number += 1
        seen.add(candidate)
        unique.append(candidate)
    return unique


def free_name(name: str, taken: Collection[str]) -> str:
    """Return a name that is not taken, by appending underscores."""
    while name in taken:
        name += "_"
    return name


def closest_name(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that a name was probably meant to be, if there is any."""
    folded = {str(candidate).casefold(): candidate for candidate in candidates}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def spelling_variants(levels: Iterable[Any]) -> list[list[str]]:
    """Return groups of levels that differ by blanks or case alone."""
    groups: dict[str, list[str]] = {}
    for level in levels:
        if isinstance(level, str):
            groups.setdefault(" ".join(level.split()).casefold(), []).append(level)
    return [group for group in groups.values() if len(group) > 1]
