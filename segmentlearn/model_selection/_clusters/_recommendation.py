"""From criteria to one number of segments, with reasons in words."""

from collections import Counter
from itertools import pairwise

import numpy as np

from segmentlearn._formatting import cell_text

STRONG = 0.8  # prediction strength of clusters that are there (Tibshirani & Walther)
_LEAST_GAIN = 0.05
_LEAST_STABILITY = 0.6
_NEARLY = 0.9  # of the highest gain: what chance may take from a number
_LOW_IS_GOOD = ("davies_bouldin", "bic")


def choose(criterion, table):
    """Return the number of segments that a criterion would choose by itself."""
    values = table["inertia" if criterion == "elbow" else criterion].dropna()
    if values.empty:
        return None
    if criterion == "elbow":
        return _elbow(values)
    if criterion == "gap":
        return _first_within_one_error(values, table["gap_se"])
    if criterion == "prediction_strength":
        strong = _upper_strength(table) >= STRONG
        return int(max(strong.index[strong], default=1))
    if criterion in _LOW_IS_GOOD:
        return int(values.idxmin())
    if criterion == "silhouette_gain" and values.max() < _LEAST_GAIN:
        return 1
    return int(values.idxmax())


def _elbow(values):
    """Return where a falling curve is farthest below the line between its ends."""
    if len(values) < 3 or np.ptp(values) == 0:
        return None
    x = np.array(values.index, float)
    across = (x - x[0]) / (x[-1] - x[0])
    fallen = (values.iloc[0] - values) / (values.iloc[0] - values.iloc[-1])
    return int(values.index[np.argmax(fallen.to_numpy() - across)])


def _first_within_one_error(gaps, errors):
    """Return the first number whose gap the next one does not beat by its error."""
    numbers = gaps.index.tolist()
    for k, following in pairwise(numbers):
        if gaps[k] >= gaps[following] - errors[following]:
            return int(k)
    return int(numbers[-1])


def _upper_strength(table):
    """Return the prediction strength plus its standard error."""
    return (table["prediction_strength"] + table["prediction_strength_se"]).dropna()


def recommend(table, choices, is_mixture=False, has_own_bic=False):
    """Return the recommended number of segments and sentences that say why.

    The rule is told in the notes of `select_n_clusters`.
    """
    if is_mixture and "bic" in choices:
        return _recommend_mixture(table, choices)
    if has_own_bic and "bic" in choices:
        return _recommend_classes(table, choices)
    leader = next((n for n in ("silhouette_gain", "silhouette") if n in choices), None)
    if leader is None:
        recommended, reasons = _vote(choices)
        return recommended, reasons + _stability_of(table, recommended)
    values = table[leader].dropna()
    stable, reasons = _without_unstable(values, table)
    if stable.empty:
        return 1, reasons
    best = int(stable.idxmax())
    top = float(stable[best])
    if leader == "silhouette":
        reasons.append(
            f"The mean silhouette is highest with {best} segments "
            f"({cell_text(top)}). Whether there are segments at all was not asked; "
            "the criterion silhouette_gain asks it."
        )
    elif top < _LEAST_GAIN:
        reasons.append(
            f"No number of segments raises the mean silhouette by {_LEAST_GAIN} or "
            "more above that of tables without segments; the most is "
            f"{cell_text(top)}, with {best}."
        )
        return 1, reasons
    elif _nobody_sees_any(choices):
        reasons.append(
            f"The silhouettes speak for {best} segments, but both the gap statistic "
            "and the prediction strength see no more than one."
        )
        return 1, reasons
    else:
        reasons.append(
            f"With {best} segments the mean silhouette is farthest above that of "
            f"tables without segments (by {cell_text(top)})."
        )
        best, said = _settle_tie(stable, best, table, choices)
        reasons += said
    reasons += _stability_of(table, best)
    return best, reasons + _others(choices, best, leader)


def _recommend_mixture(table, choices):
    """Return the number of components that the BIC prefers, and why."""
    if choices["bic"] == 1:
        return 1, ["A single component has the lowest BIC."]
    negative = -table["bic"].drop(index=1).dropna()
    stable, reasons = _without_unstable(negative, table)
    if stable.empty:
        return 1, reasons
    best = int(stable.idxmax())
    if _nobody_sees_any(choices):
        reasons.append(
            f"The BIC speaks for {best} components, but both the gap statistic and the "
            "prediction strength see no more than one: the components together may "
            "describe one segment that is not normal."
        )
        return 1, reasons
    reasons.append(
        f"The mixture of {best} components has the lowest BIC. Segments of a mixture "
        "may be long or lie within each other, which silhouettes do not do justice."
    )
    reasons += _stability_of(table, best)
    return best, reasons + _others(choices, best, "bic")


def _recommend_classes(table, choices):
    """Return the number with the lowest BIC of those that lie apart, and why."""
    if choices["bic"] == 1:
        return 1, ["A single segment has the lowest BIC."]
    values = -table["bic"].drop(index=1).dropna()
    if "silhouette_gain" in table:
        apart = table["silhouette_gain"].reindex(values.index) >= _LEAST_GAIN
        values = values[apart]
    if values.empty:
        return 1, [
            f"No number of segments raises the mean silhouette by {_LEAST_GAIN} or "
            "more above that of tables without segments."
        ]
    stable, reasons = _without_unstable(values, table)
    if stable.empty:
        return 1, reasons
    best = int(stable.idxmax())
    reasons.append(
        f"The model with {best} segments has the lowest BIC of those that lie farther "
        "apart than in tables without segments and come back."
    )
    reasons += _stability_of(table, best)
    return best, reasons + _others(choices, best, "bic")


def _nobody_sees_any(choices):
    """Whether both the gap statistic and the prediction strength see one segment."""
    return choices.get("gap") == 1 and choices.get("prediction_strength") == 1


def _without_unstable(values, table):
    """Return the values of stable numbers of segments, and a word on the rest."""
    if values.empty:
        return values, ["No number has a value: there was one cluster each time."]
    if "stability" not in table:
        return values, []
    is_stable = ~(table["stability"].reindex(values.index) < _LEAST_STABILITY)
    stable = values[is_stable]
    if stable.empty:
        return stable, [
            "Whatever their number, segments change when the customers are drawn "
            f"again: no adjusted Rand index reaches {_LEAST_STABILITY}."
        ]
    best = values.idxmax()
    agreement = cell_text(float(table.at[best, "stability"]))
    if is_stable[best]:
        return stable, []
    return stable, [
        f"{best} segments were left out, as they change when the customers are drawn "
        f"again (adjusted Rand index {agreement})."
    ]


def _settle_tie(stable, best, table, choices):
    """Return the number of those nearly as good that Calinski-Harabasz prefers."""
    if "calinski_harabasz" not in choices:
        return best, []
    near = stable.index[stable >= _NEARLY * stable.max()]
    preferred = int(table.loc[near, "calinski_harabasz"].idxmax())
    if preferred == best:
        return best, []
    return preferred, [
        f"{preferred} segments come near to that ({cell_text(stable[preferred])})"
        " and have the highest Calinski-Harabasz index of all that do, which sets what "
        "further segments explain against their number."
    ]


def _stability_of(table, recommended):
    """Return a sentence on the stability of the recommended segments."""
    if recommended == 1 or "stability" not in table:
        return []
    value = float(table.at[recommended, "stability"])
    return [
        "Clusterings of customers drawn again agree by an adjusted Rand index of "
        f"{cell_text(value)}."
    ]


def _others(choices, recommended, leader):
    """Return a sentence on which other criteria choose the same."""
    others = [name for name in choices if name != leader]
    same = [name for name in others if choices[name] == recommended]
    if not others:
        return []
    if not same:
        return [f"None of the other {len(others)} criteria chooses it."]
    said = ", ".join(same)
    return [f"{len(same)} of the other {len(others)} criteria choose it too: {said}."]


def _vote(choices):
    """Return what most criteria choose, the fewest segments among equals."""
    votes = Counter(chosen for chosen in choices.values() if chosen is not None)
    if not votes:
        return 1, ["No criterion chooses a number."]
    most = max(votes.values())
    recommended = min(chosen for chosen, count in votes.items() if count == most)
    return recommended, [
        f"{most} of {len(choices)} criteria choose {recommended}; the silhouettes, "
        "which the recommendation is best made from, were not computed."
    ]
