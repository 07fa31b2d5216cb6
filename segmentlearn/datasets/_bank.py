"""The planted segments of the generated bank customers.

The shape follows the public tables of a bank's phone campaigns: the same columns,
levels, shares of missing values and rarity of a subscription, segments of a comparable
look. No row is copied. How long the call took comes into being after the outcome, so it
depends on the class: the column is a leak, as in the real tables.
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
    normal_shares,
    rows_to_one,
)

# fmt: off
_JOBS = (
    "blue-collar", "management", "technician", "admin.", "services", "retired",
    "self-employed", "entrepreneur", "unemployed", "housemaid", "student", "unknown",
)
_MARITAL = ("divorced", "married", "single")
_MONTHS = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)
# how popular each day of the month is for a call, from the 1st to the 31st
_DAYS = (
    7, 28, 24, 32, 42, 42, 40, 40, 35, 11, 34, 35, 34, 41, 38, 31,
    43, 51, 39, 61, 45, 20, 21, 10, 18, 23, 25, 40, 39, 34, 15,
)
# fmt: on
_BALANCE_UNIT = 300.0  # balances are laid out evenly in arcsinh(balance / unit)


# shares in percent, in the order of the levels in `bank_population`; `balance` is the
# mean of arcsinh(balance / 300), `days` are those since the previous campaign, and
# `persistence` is the mean number of further calls in this one
_Segment = namedtuple(
    "_Segment",
    "share subscribes age age_deviation jobs marital education default balance "
    "balance_deviation housing loan contact months previous days days_deviation "
    "persistence",
)


# fmt: off
_SEGMENTS = {
    "home owners in may": _Segment(
        17, 1.5, 37, 0.36, (40, 5, 17, 15, 14, 1, 2, 2, 2, 0.5, 1, 0.1),
        (11, 60, 29), (19, 69, 7, 5), 2.4, 1.0, 1.2, 93, 16, (0.5, 0.2, 99.3),
        (0.1, 0.1, 0.1, 0.2, 81, 18, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1),
        (0.1, 0.1, 0.1, 99.7), 340, 60, 1.8),
    "managers with a house": _Segment(
        12, 2.5, 37, 0.32, (0.5, 75, 8, 2, 0.2, 0.1, 7, 6, 1, 0.4, 0.1, 0.1),
        (12, 62, 26), (0.2, 1, 98, 0.8), 1.7, 1.4, 1.4, 90, 18, (70, 5, 25),
        (4, 7, 0.5, 9, 36, 7, 15, 1, 0.5, 1, 19, 0.3),
        (16, 6, 0.4, 77.6), 230, 110, 1.4),
    "young professionals": _Segment(
        5, 33, 31, 0.26, (1, 62, 14, 8, 2, 0.1, 6, 2, 3, 0.2, 2, 0.2),
        (8, 32, 60), (0.5, 8, 90, 1.5), 0.4, 2.0, 1.2, 12, 4, (95, 4, 1),
        (7, 12, 5, 16, 12, 10, 8, 12, 6, 6, 5, 1),
        (11, 6, 9, 74), 170, 90, 0.7),
    "borrowers in july": _Segment(
        13, 4, 40, 0.36, (31, 3, 16, 16, 16, 2.5, 3, 4, 2, 6, 0.1, 0.3),
        (12, 71, 17), (23, 70, 4, 3), 4.3, 0.8, 1.15, 46, 34, (85, 11, 4),
        (1, 4, 0.2, 0.3, 1, 0.3, 73, 18, 0.1, 0.1, 2, 0.1),
        (1, 0.2, 0.1, 98.7), 300, 120, 2.6),
    "families in november": _Segment(
        11, 6, 40, 0.29, (27, 6, 22, 18, 14, 0.5, 3, 3.5, 5, 1.5, 0.1, 0.1),
        (14, 67, 19), (14, 77, 6, 3), 0.8, 1.6, 1.3, 72, 20, (91, 8, 1),
        (10, 17, 0.5, 12, 14, 1, 1, 1, 0.6, 1, 39, 0.4),
        (30, 9, 1.5, 59.5), 185, 60, 0.9),
    "called again in spring": _Segment(
        10, 3, 36, 0.35, (43, 3, 12, 16, 16, 1, 2, 2.5, 1.5, 1.2, 1, 0.1),
        (11, 57, 32), (21, 72, 4, 3), 1.1, 1.0, 1.1, 96, 15, (93, 6, 1),
        (0.2, 0.1, 0.1, 24, 75, 0.2, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1),
        (31, 11, 0.8, 57.2), 342, 24, 1.3),
    "graduates in august": _Segment(
        9, 3.5, 38, 0.30, (0.5, 49, 39, 2, 1, 0.1, 4, 1.4, 1, 1.4, 0.1, 0.6),
        (12, 57, 31), (0.2, 36, 63, 0.8), 2.0, 1.3, 1.3, 18, 9, (97, 2.8, 0.2),
        (1, 2, 0.1, 0.1, 0.3, 0.5, 11, 82, 0.1, 0.1, 3, 0.1),
        (1.4, 0.3, 0.3, 98), 96, 30, 3.0),
    "pensioners with savings": _Segment(
        6, 28, 61, 0.20, (8, 9, 5, 5, 2, 55, 2, 2, 2, 8, 0.1, 2),
        (17, 81, 2), (33, 37, 20, 10), 0.2, 2.1, 1.35, 5, 5, (76, 23, 1),
        (5, 9, 4, 9, 4, 5, 13, 24, 6, 9, 10, 2),
        (10, 4, 9, 77), 160, 88, 1.0),
    "calls to old numbers": _Segment(
        8, 2, 47, 0.24, (21, 17, 10, 7, 8, 12, 4, 6, 4, 8, 0.2, 2.8),
        (16, 72, 12), (29, 41, 22, 8), 1.6, 1.6, 1.4, 31, 11, (1, 0.5, 98.5),
        (0.1, 0.1, 0.1, 0.1, 20, 78, 0.5, 0.1, 0.2, 0.4, 0.2, 0.2),
        (0.4, 0.2, 0.1, 99.3), 500, 130, 1.7),
    "students and singles": _Segment(
        5, 32, 27, 0.30, (5, 9, 18, 17, 8, 0.1, 4, 0.5, 7, 0.5, 30, 0.9),
        (1, 9, 90), (3, 55, 33, 9), 0.2, 1.5, 1.15, 18, 4, (89, 6, 5),
        (7, 14, 6, 11, 11, 10, 9, 9, 7, 6, 7, 3),
        (11, 9, 9, 71), 165, 100, 0.6),
    "loyal savers": _Segment(
        2.5, 72, 41, 0.33, (10, 28, 18, 13, 5, 10, 3, 1, 4, 2, 5, 1),
        (11, 58, 31), (10, 45, 40, 5), 0.1, 1.9, 1.25, 28, 6, (91, 8, 1),
        (5, 9, 7, 10, 12, 10, 8, 12, 9, 9, 7, 2),
        (8, 7, 80, 5), 150, 75, 0.5),
    "stuck in debt": _Segment(
        1.5, 0.6, 38, 0.28, (29, 14, 16, 10, 12, 1.5, 3, 7, 4, 3, 0.3, 0.2),
        (16, 62, 22), (18, 58, 20, 4), 34, -0.9, 0.9, 58, 42, (66, 7, 27),
        (4, 5, 0.2, 3, 22, 14, 27, 11, 0.4, 0.4, 13, 0.2),
        (3, 1, 0.1, 95.9), 260, 110, 2.8),
}
# fmt: on


def bank_population() -> Population:
    """The mixture behind ``make_customers("bank")``."""
    of: Any = _Segment._make(zip(*_SEGMENTS.values(), strict=True))
    n_segments = len(_SEGMENTS)
    ages, days, previous = np.arange(18, 98), np.arange(1, 872), np.arange(41)
    calls, seconds = np.arange(1, 64), np.arange(4901)
    age_shares = lognormal_shares(ages, of.age, of.age_deviation, origin=12)
    second_shares = lognormal_shares(seconds, [157, 440], [0.87, 0.71], origin=-6)
    day_shares = normal_shares(days, of.days, of.days_deviation)
    call_shares = rows_to_one([_calls(calls, mean) for mean in of.persistence])
    previous_shares = rows_to_one([_calls(previous, 2.2) * (previous > 0)] * n_segments)
    channels = ("cellular", "telephone", "unknown")
    outcomes = ("failure", "other", "success", "unknown")
    education = ("primary", "secondary", "tertiary", "unknown")
    rare: dict[str, Any] = {"drift_missing": 0.04, "unseen": "vocational"}
    if_new: dict[str, Any] = {"absent_where": ("prev_campaign_outcome", "unknown")}
    features = (
        Feature(
            "customer_age",
            ages,
            age_shares,
            missing=0.020,
            missing_driver="communication_type",
        ),
        category_feature("job_type", _JOBS, of.jobs, unseen="gig worker"),
        category_feature("marital", _MARITAL, of.marital, 0.005),
        category_feature("education", education, of.education, **rare),
        binary_feature("default", ("no", "yes"), of.default),
        _balance(of),
        binary_feature("housing_loan", ("no", "yes"), of.housing, drift_missing=0.03),
        binary_feature("personal_loan", ("no", "yes"), of.loan, 0.005),
        category_feature("communication_type", channels, of.contact),
        Feature("day_of_month", np.arange(1, 32), rows_to_one([_DAYS] * n_segments)),
        category_feature("month", _MONTHS, of.months),
        Feature(
            "last_contact_duration",
            seconds,
            second_shares,
            after_outcome=True,
            missing=0.010,
        ),
        Feature("num_contacts_in_campaign", calls, call_shares, missing=0.0035),
        Feature("days_since_prev_campaign_contact", days, day_shares, **if_new),
        Feature(
            "num_contacts_prev_campaign",
            previous,
            previous_shares,
            absent_value=0.0,
            **if_new,
        ),
        category_feature("prev_campaign_outcome", outcomes, of.previous),
    )
    share, subscribes = np.array(of.share), np.array(of.subscribes)
    joint = np.c_[share * (100 - subscribes), share * subscribes]
    return Population(
        target="term_deposit_subscribed",
        classes=np.array([0, 1]),
        segments=tuple(_SEGMENTS),
        joint=joint / joint.sum(),
        features=features,
        identifier="id",
    )


def _balance(of: Any) -> Feature:
    """The account's balance: fine cells that are even in arcsinh, values within."""
    grid = np.linspace(-3.9, 6.5, 417)
    edges = np.rint(np.sinh(grid) * _BALANCE_UNIT)
    middles = (grid[:-1] + grid[1:]) / 2
    means, deviations = np.array(of.balance), np.array(of.balance_deviation)
    scores = (middles - np.c_[means]) / np.c_[deviations]
    return Feature(
        "balance",
        edges[:-1],
        rows_to_one(np.exp(-0.5 * scores**2)),
        widths=np.diff(edges),
        missing=0.013,
        missing_driver="month",
    )


def _calls(counts: np.ndarray, mean_further: float) -> np.ndarray:
    """Shares of numbers of calls: geometric, with a slow tail of stubborn callers."""
    further = np.maximum(counts - 1, 0)
    quick = 1.0 / (1.0 + 0.7 * mean_further)
    slow = 1.0 / (1.0 + 3.0 * mean_further)
    tail = slow * (1 - slow) ** further
    return 0.85 * quick * (1 - quick) ** further + 0.15 * tail
