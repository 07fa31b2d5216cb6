"""The recommended number of segments, with reasons in words."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from segmentlearn._formatting import cell_text, percent

_STRONG = 0.8  # prediction strength of clusters that are there (Tibshirani & Walther)
_MIN_GAIN = 0.05
_MIN_STABILITY = 0.6
_NEARLY = 0.9  # of the highest gain: differences above may be due to chance
_STABLE = 0.75  # of a number that is worth a look beside the recommended one
_AS_STABLE = 0.06  # below the recommended one
_SMALLEST = 0.02  # share of a segment with which something can be done
_FALL = 0.03  # of the stability with one segment more
_MOST_ALTERNATIVES = 2
_LOW_IS_GOOD = ("davies_bouldin", "bic")
_NO_GAIN = (
    "With no number of segments are customers clearly further apart than in tables "
    f"without any (the mean silhouette has to be {_MIN_GAIN} higher)"
)
_Choices = dict[str, int | None]
_Recommendation = tuple[int, list[str]]


def choose(criterion: str, table: pd.DataFrame) -> int | None:
    """Return the number of segments that a criterion would choose by itself."""
    values = table["inertia" if criterion == "elbow" else criterion].dropna()
    if values.empty:
        return None
    if criterion == "elbow":
        return _elbow(values)
    if criterion == "gap":
        # the first number whose gap the next one does not beat by its standard error
        for k, following in pairwise(values.index):
            if values[k] >= values[following] - table["gap_se"][following]:
                return int(k)
        return int(values.index[-1])
    if criterion == "prediction_strength":
        upper = values + table["prediction_strength_se"]
        return int(max(upper.index[upper >= _STRONG], default=1))
    if criterion in _LOW_IS_GOOD:
        return int(values.idxmin())
    if criterion == "silhouette_gain" and values.max() < _MIN_GAIN:
        return 1
    return int(values.idxmax())


def _elbow(values: pd.Series) -> int | None:
    """Return where a falling curve is farthest below the line between its ends."""
    if len(values) < 3 or np.ptp(values) == 0:
        return None
    x = np.array(values.index, float)
    across = (x - x[0]) / (x[-1] - x[0])
    fallen = (values.iloc[0] - values) / (values.iloc[0] - values.iloc[-1])
    return int(values.index[np.argmax(fallen.to_numpy() - across)])


def recommend(
    table: pd.DataFrame,
    choices: _Choices,
    is_mixture: bool = False,
    has_own_bic: bool = False,
) -> _Recommendation:
    """Return the recommended number of segments and sentences that say why.

    The notes of `select_n_clusters` describe the rule.
    """
    leaders = ["bic"] * (is_mixture or has_own_bic) + ["silhouette_gain", "silhouette"]
    leader = next((name for name in leaders if name in choices), "")
    if leader == "bic":
        recommended, reasons = _by_bic(table, choices, is_mixture)
    elif leader:
        recommended, reasons = _by_silhouette(table, choices, leader)
    else:
        recommended, reasons = _by_votes(choices)
    if recommended == 1:
        return recommended, reasons
    if "stability" in table:
        agreement = cell_text(float(table.at[recommended, "stability"]))
        reasons.append(
            f"Segments found in random samples of the customers agree: stability "
            f"{agreement} (adjusted Rand index; 1 is full agreement, 0 chance)."
        )
    others = [name for name in choices if name != leader]
    same = [name for name in others if choices[name] == recommended]
    if leader and same:
        reasons.append(
            f"{len(same)} of the other {len(others)} criteria choose it too: "
            f"{', '.join(same)}."
        )
    return recommended, reasons


def _by_silhouette(
    table: pd.DataFrame, choices: _Choices, leader: str
) -> _Recommendation:
    stable, reasons = _without_unstable(table[leader].dropna(), table)
    if stable.empty:
        return 1, reasons
    best = int(stable.idxmax())
    top = cell_text(float(stable[best]))
    if leader == "silhouette":
        reasons.append(
            f"Customers are furthest apart with {best} segments (mean silhouette "
            f"{top}). That does not show whether there are segments at all; the "
            "criterion silhouette_gain can."
        )
    elif stable[best] < _MIN_GAIN:
        reasons.append(f"{_NO_GAIN}; the highest gain is {top}, with {best}.")
        best = 1
    elif _find_no_segments(choices):
        reasons.append(
            f"Customers are furthest apart with {best} segments, but two tests of "
            "whether there is more than one kind of customer (gap statistic, "
            "prediction strength) find no more than one."
        )
        best = 1
    else:
        reasons.append(
            f"With {best} segments customers are most clearly further apart than in "
            f"tables without segments (mean silhouette higher by {top})."
        )
        if "calinski_harabasz" in choices:
            near = stable.index[stable >= _NEARLY * stable.max()]
            preferred = int(table.loc[near, "calinski_harabasz"].idxmax())
            if preferred != best:
                best = preferred
                reasons.append(
                    f"{best} segments are close to that ({cell_text(stable[best])}) "
                    "and explain most for their number of all that are "
                    "(Calinski-Harabasz index)."
                )
    return best, reasons


def _by_bic(
    table: pd.DataFrame, choices: _Choices, is_mixture: bool
) -> _Recommendation:
    kind = "component" if is_mixture else "segment"
    if choices["bic"] == 1:
        return 1, [f"A single {kind} explains the customers best (lowest BIC)."]
    values = -table["bic"].drop(index=1).dropna()
    if not is_mixture and "silhouette_gain" in table:
        values = values[table["silhouette_gain"].reindex(values.index) >= _MIN_GAIN]
        if values.empty:
            return 1, [f"{_NO_GAIN}."]
    stable, reasons = _without_unstable(values, table)
    if stable.empty:
        return 1, reasons
    best = int(stable.idxmax())
    if not is_mixture:
        reasons.append(
            f"{best} segments explain the customers best for their number (lowest "
            "BIC) of those that are stable and further apart than in tables without "
            "segments."
        )
    elif _find_no_segments(choices):
        reasons.append(
            f"The BIC suggests {best} components, but both the gap statistic and the "
            "prediction strength find no more than one: the components together may "
            "describe one segment that is not normal."
        )
        best = 1
    else:
        reasons.append(
            f"The mixture of {best} components has the lowest BIC. Segments of a "
            "mixture may be elongated or nested, which silhouettes do not reward."
        )
    return best, reasons


def _by_votes(choices: _Choices) -> _Recommendation:
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


def _find_no_segments(choices: _Choices) -> bool:
    """Return whether both the gap statistic and the prediction strength find one."""
    return choices.get("gap") == 1 and choices.get("prediction_strength") == 1


def _without_unstable(
    values: pd.Series, table: pd.DataFrame
) -> tuple[pd.Series, list[str]]:
    """Return the values of stable numbers of segments, and a sentence on the rest."""
    if values.empty:
        return values, ["No number has a value: there was one cluster each time."]
    if "stability" not in table:
        return values, []
    stable = values[~(table["stability"].reindex(values.index) < _MIN_STABILITY)]
    if stable.empty:
        return stable, [
            "Whatever their number, other segments are found in other random samples "
            f"of the customers: no stability reaches {_MIN_STABILITY}."
        ]
    best = values.idxmax()
    if best in stable.index:
        return stable, []
    agreement = cell_text(float(table.at[best, "stability"]))
    return stable, [
        f"{best} segments were left out, as other ones are found in other random "
        f"samples of the customers (stability {agreement})."
    ]


def find_alternatives(table: pd.DataFrame, recommended: int) -> tuple[list[int], str]:
    """Return other numbers that make sense, and a sentence that says why.

    More segments are sensible up to a number after which stability falls: those are
    there, and one more cuts one of them at random. Fewer are where none are more.
    """
    rows = table.drop(index=1, errors="ignore")
    if "stability" not in rows or "silhouette_gain" not in rows:
        return [], ""
    least = _STABLE
    if recommended in rows.index:
        least = max(least, rows["stability"][recommended] - _AS_STABLE)
    rows = rows[
        (rows["stability"] >= least)
        & (rows["silhouette_gain"] >= _MIN_GAIN)
        & (rows["smallest_share"] >= _SMALLEST)
        & (rows.index != recommended)
    ]
    fall = table["stability"] - table["stability"].shift(-1)
    worth = fall[rows.index[rows.index > recommended]]
    worth = worth[worth >= _FALL].nlargest(_MOST_ALTERNATIVES)
    if worth.empty:
        gain = rows["silhouette_gain"][rows.index < recommended]
        worth = gain.nlargest(1)
    numbers = sorted(map(int, worth.index))
    if not numbers:
        return [], ""
    stability = _listed(cell_text(float(rows["stability"][k])) for k in numbers)
    smallest = _listed(percent(float(rows["smallest_share"][k])) for k in numbers)
    are, their = ("number is", "its") if len(numbers) == 1 else ("numbers are", "their")
    return numbers, (
        f"The next sensible {are} {_listed(numbers)}, because {their} segments are "
        f"found again in random samples of the customers (stability {stability}), "
        f"are further apart than chance makes them, and none is tiny (the smallest: "
        f"{smallest} of the customers)."
    )


def _listed(items: Iterable[object]) -> str:
    *first, last = map(str, items)
    return f"{', '.join(first)} and {last}" if first else last
