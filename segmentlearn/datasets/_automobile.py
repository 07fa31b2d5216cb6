"""The planted segments of the generated automobile customers.

The shape follows the public table of an automobile company's customers: the same
columns, levels and shares of missing values, segments of a comparable look. No row is
copied.
"""

from collections import namedtuple
from typing import Any

import numpy as np

from segmentlearn.datasets._population import (
    Feature,
    Population,
    binary_feature,
    category_feature,
    lognormal_shares,
    rows_to_one,
)

# fmt: off
_PROFESSIONS = (
    "Artist", "Healthcare", "Entertainment", "Engineer", "Doctor", "Lawyer",
    "Executive", "Marketing", "Homemaker",
)
# fmt: on
# how many years of work experience: 0, 1, 2 … 14
_EXPERIENCE = {
    "short": [42, 43, 4, 2, 2, 1, 1, 1, 2, 2, 0.2, 0.2, 0.2, 0.2, 0.2],
    "usual": [31, 32, 4, 4, 4, 3, 3, 3, 7, 7, 0.6, 0.6, 0.6, 0.6, 0.6],
    "long": [23, 25, 4, 4, 4, 4, 4, 4, 12, 13, 1.2, 1.2, 1.1, 1.1, 1.1],
}
# how many people: 1, 2 … 9
_FAMILY = {
    "alone": [72, 20, 5, 1.5, 0.8, 0.3, 0.2, 0.1, 0.1],
    "couple": [4, 72, 15, 6, 2, 0.5, 0.2, 0.2, 0.1],
    "family": [2, 27, 29, 28, 10, 2.5, 0.8, 0.4, 0.3],
    "large": [5, 9, 25, 33, 17, 7, 2.5, 1, 0.7],
}
# the anonymous category Cat_1 … Cat_7
_VARIABLE = {
    "usual": [1.5, 5, 10, 8, 0.9, 72, 2.5],
    "young": [2, 8, 13, 18, 1.8, 54, 3],
    "mixed": [2.2, 4, 14, 35, 1.1, 40.5, 3.2],
    "old": [1.4, 1.5, 3, 5, 0.4, 88, 0.7],
}


# shares in percent; `labels` is how the segment splits into A, B, C and D, `spending`
# into Low, Average and High
_Segment = namedtuple(
    "_Segment",
    "share labels age age_deviation male married graduated professions spending family "
    "experience variable",
)


# fmt: off
_SEGMENTS = {
    "settled artists": _Segment(
        19, (4, 18, 77, 1), 48, 0.28, 55, 99, 92,
        (72, 1, 13, 5, 7, 1, 0.5, 0.5, 1), (12, 77, 11), "family", "usual", "usual"),
    "single artists": _Segment(
        16, (64, 25, 6, 5), 42, 0.30, 42, 25, 88,
        (60, 2, 16, 9, 7, 1, 0.5, 2.5, 2), (99, 0.5, 0.5), "alone", "long", "usual"),
    "young starters": _Segment(
        15, (8, 4, 6, 82), 27, 0.26, 46, 4, 50,
        (8, 42, 10, 9, 15, 0.5, 1.5, 9, 5), (99, 0.5, 0.5), "large", "usual", "young"),
    "beginners": _Segment(
        10, (1, 2, 4, 93), 20, 0.32, 62, 1, 3,
        (1, 79, 3, 2, 7, 0.3, 0.7, 6, 1), (98, 1, 1), "large", "short", "young"),
    "technical families": _Segment(
        9, (80, 12, 4, 4), 38, 0.35, 60, 97, 40,
        (8, 7, 24, 30, 10, 1, 8, 7, 5), (45, 38, 17), "family", "usual", "mixed"),
    "technical couples": _Segment(
        9, (5, 8, 4, 83), 40, 0.38, 60, 93, 48,
        (10, 6, 24, 28, 12, 1, 9, 5, 5), (55, 32, 13), "couple", "long", "mixed"),
    "young academics": _Segment(
        7, (12, 68, 15, 5), 34, 0.22, 45, 55, 95,
        (42, 12, 8, 6, 22, 2, 1, 5, 2), (80, 18, 2), "couple", "usual", "usual"),
    "well-off retired": _Segment(
        6, (12, 24, 60, 4), 74, 0.15, 50, 99, 64,
        (11, 0.5, 2, 1, 1, 69, 13.5, 1, 1), (7, 4, 89), "couple", "short", "old"),
    "lonely retired": _Segment(
        5, (34, 8, 4, 54), 73, 0.16, 68, 88, 56,
        (12, 1, 9, 4, 2, 64, 5, 2, 1), (98, 0.5, 1.5), "alone", "short", "old"),
    "executives": _Segment(
        5, (5, 66, 25, 4), 50, 0.28, 96, 99, 66,
        (3, 2, 2, 1, 1, 1, 88, 1.5, 0.5), (9, 12, 79), "large", "usual", "usual"),
}
# fmt: on


def automobile_population() -> Population:
    """The mixture behind ``make_customers("automobile")``."""
    of: Any = _Segment._make(zip(*_SEGMENTS.values(), strict=True))
    ages = np.arange(18, 90)
    age_shares = lognormal_shares(ages, of.age, of.age_deviation, origin=14)
    years = rows_to_one([_EXPERIENCE[name] for name in of.experience])
    people = rows_to_one([_FAMILY[name] for name in of.family])
    variable = [_VARIABLE[name] for name in of.variable]
    variable_levels = [f"Cat_{number}" for number in range(1, 8)]
    spending_levels = ("Low", "Average", "High")
    unseen_job: dict[str, Any] = {"missing": 0.015, "unseen": "Data Scientist"}
    of_age: dict[str, Any] = {"missing_driver": "Age"}
    features = (
        binary_feature("Gender", ("Female", "Male"), of.male),
        binary_feature("Ever_Married", ("No", "Yes"), of.married, 0.017),
        Feature("Age", ages, age_shares),
        binary_feature("Graduated", ("No", "Yes"), of.graduated, 0.010),
        category_feature("Profession", _PROFESSIONS, of.professions, **unseen_job),
        Feature("Work_Experience", np.arange(15), years, missing=0.103, **of_age),
        category_feature(
            "Spending_Score", spending_levels, of.spending, drift_missing=0.03
        ),
        Feature("Family_Size", np.arange(1, 10), people, missing=0.042, **of_age),
        category_feature("Var_1", variable_levels, variable, 0.009, unseen="Cat_8"),
    )
    joint = np.c_[np.array(of.share)] * rows_to_one(of.labels)
    return Population(
        target="Segmentation",
        classes=np.array(["A", "B", "C", "D"], dtype=object),
        segments=tuple(_SEGMENTS),
        joint=joint / joint.sum(),
        features=features,
        identifier="ID",
    )
