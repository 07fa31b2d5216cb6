"""Which columns are numbers and which are categories."""

from numbers import Integral

import numpy as np

from segmentlearn.exceptions import SchemaError
from segmentlearn.tables._columns import BOOLEAN, CATEGORY, EMPTY, NUMBER, NUMERIC_KINDS

NUMERIC = "numeric"
CATEGORICAL = "categorical"


def resolve_roles(names, kinds, categorical_features="auto", numeric_features="auto"):
    """Give every column its role, from its kind or from the user's word."""
    categorical = _positions(names, categorical_features, "categorical_features")
    numeric = _positions(names, numeric_features, "numeric_features")
    both = [names[position] for position in sorted(categorical & numeric)]
    if both:
        raise ValueError(
            f"{both} stand in both categorical_features and numeric_features; leave "
            f"each in one of them"
        )
    text = [
        names[position]
        for position in sorted(numeric)
        if kinds[position] not in (*NUMERIC_KINDS, BOOLEAN, EMPTY)
    ]
    if text:
        raise SchemaError(
            f"numeric_features lists {text}, which hold no numbers; convert them with "
            f"pandas.to_numeric(column, errors='coerce') or take them off the list"
        )
    roles = []
    for position, kind in enumerate(kinds):
        by_kind = NUMERIC if kind in NUMERIC_KINDS else CATEGORICAL
        by_word = CATEGORICAL if position in categorical else NUMERIC
        roles.append(by_word if position in categorical | numeric else by_kind)
    return roles, categorical | numeric


def expected_kinds(roles, kinds):
    """Return what each column must hold from now on."""
    return [
        CATEGORY if role != NUMERIC else kind if kind in NUMERIC_KINDS else NUMBER
        for role, kind in zip(roles, kinds, strict=True)
    ]


def _positions(names, features, parameter):
    """Translate names and positions into a set of positions."""
    if features is None or (isinstance(features, str) and features == "auto"):
        return set()
    features = list(features)
    if features and all(isinstance(feature, bool | np.bool_) for feature in features):
        if len(features) != len(names):
            raise ValueError(
                f"{parameter} is a mask of {len(features)} columns, but X has "
                f"{len(names)}"
            )
        return {position for position, listed in enumerate(features) if listed}
    position_of = {name: position for position, name in enumerate(names)}
    unknown = [
        feature
        for feature in features
        if not (
            -len(names) <= feature < len(names)
            if isinstance(feature, Integral)
            else feature in position_of
        )
    ]
    if unknown:
        raise ValueError(
            f"{parameter} lists {unknown}, which X does not have; its columns are "
            f"{names}"
        )
    return {
        int(feature) % len(names)
        if isinstance(feature, Integral)
        else position_of[feature]
        for feature in features
    }
