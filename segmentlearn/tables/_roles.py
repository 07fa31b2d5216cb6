"""Which columns are numbers and which are categories."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from segmentlearn.exceptions import SchemaError
from segmentlearn.tables._columns import BOOLEAN, CATEGORY, EMPTY, NUMBER, NUMERIC_KINDS

NUMERIC = "numeric"
CATEGORICAL = "categorical"


def resolve_roles(
    names: list[str],
    kinds: Sequence[str],
    categorical_features: Any = "auto",
    numeric_features: Any = "auto",
) -> tuple[list[str], set[str]]:
    """Return the role of every column, and the columns whose role the user has set."""
    categorical = listed_columns(names, categorical_features, "categorical_features")
    numeric = listed_columns(names, numeric_features, "numeric")
    both = [name for name in names if name in categorical & numeric]
    if both:
        raise ValueError(
            f"{both} are in both categorical and numeric; leave each in one of them."
        )
    kind_of = dict(zip(names, kinds, strict=True))
    text = [
        name
        for name in names
        if name in numeric and kind_of[name] not in (*NUMERIC_KINDS, BOOLEAN, EMPTY)
    ]
    if text:
        raise SchemaError(
            f"numeric lists {text}, which hold no numbers; convert them with "
            f"pandas.to_numeric(column, errors='coerce') or take them off the list."
        )
    is_numeric = [
        name in numeric or (kind in NUMERIC_KINDS and name not in categorical)
        for name, kind in kind_of.items()
    ]
    roles = [NUMERIC if numeric else CATEGORICAL for numeric in is_numeric]
    return roles, categorical | numeric


def expected_kinds(roles: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Return the kind that each column must have from now on."""
    return [
        CATEGORY if role != NUMERIC else kind if kind in NUMERIC_KINDS else NUMBER
        for role, kind in zip(roles, kinds, strict=True)
    ]


def listed_columns(names: list[str], features: Any, parameter: str) -> set[str]:
    """Translate names, positions or a mask into a set of names."""
    if features is None or (isinstance(features, str) and features == "auto"):
        return set()
    features = list(features)
    if features and all(isinstance(feature, bool | np.bool_) for feature in features):
        if len(features) != len(names):
            raise ValueError(
                f"{parameter} is a mask of {len(features)} columns, but X has "
                f"{len(names)}."
            )
        return {name for name, listed in zip(names, features, strict=True) if listed}
    known: dict[Any, str] = dict(enumerate(names))
    known |= {at - len(names): name for at, name in enumerate(names)}
    known |= {name: name for name in names}
    unknown = [feature for feature in features if feature not in known]
    if unknown:
        raise ValueError(
            f"{parameter} lists {unknown}, which X does not have; its columns are "
            f"{names}."
        )
    return {known[feature] for feature in features}
