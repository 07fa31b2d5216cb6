"""Search spaces of scikit-learn, scipy and Optuna as hyperparameters of Keras Tuner."""

from numbers import Real
from typing import Any

import numpy as np
from scipy import stats

# shares of a distribution without an end that are cut off
_TAIL = 1e-3


def suggest(hyperparameters: Any, name: str, wanted: Any) -> Any:
    """Return the value of a parameter in a trial of Keras Tuner.

    The first call registers the parameter.
    """
    value = _suggest(hyperparameters, name, wanted)
    # what the Bayesian oracle proposes are numbers of NumPy
    return value.item() if isinstance(value, np.generic) else value


def _suggest(hyperparameters: Any, name: str, wanted: Any) -> Any:
    if hasattr(wanted, "ppf"):
        return _from_scipy(hyperparameters, name, wanted)
    if callable(wanted):
        return wanted(hyperparameters)
    if hasattr(wanted, "choices"):
        return _choose(hyperparameters, name, list(wanted.choices))
    if hasattr(wanted, "low") and hasattr(wanted, "high"):
        return _from_optuna(hyperparameters, name, wanted)
    if isinstance(wanted, list | tuple | np.ndarray) and len(wanted):
        return _choose(hyperparameters, name, list(wanted))
    raise ValueError(
        f"param_distributions[{name!r}]={wanted!r} is not a search space; use a "
        "function such as lambda hp: hp.Float(...), a distribution of scipy.stats or "
        "Optuna, or a list of values."
    )


def _from_scipy(hyperparameters: Any, name: str, distribution: Any) -> int | float:
    """Search the quantiles, in which every distribution is uniform."""
    low, high = distribution.support()
    lowest = 0.0 if np.isfinite(low) else _TAIL
    highest = 1.0 if np.isfinite(high) else 1.0 - _TAIL
    share = hyperparameters.Float(name, lowest, highest)
    value = np.clip(distribution.ppf(share), low, high)
    is_whole = isinstance(distribution.dist, stats.rv_discrete)
    return int(value) if is_whole else float(value)


def _from_optuna(hyperparameters: Any, name: str, distribution: Any) -> int | float:
    is_whole = isinstance(distribution.low, int)
    kind = hyperparameters.Int if is_whole else hyperparameters.Float
    low, high, step = distribution.low, distribution.high, distribution.step
    if distribution.log:
        return kind(name, low, high, step=None, sampling="log")
    return kind(name, low, high, step=step, sampling="linear")


def _choose(hyperparameters: Any, name: str, values: list) -> Any:
    """Choose by position: Keras Tuner knows no tuples, no None, no mixed types."""
    if len(values) == 1:
        return values[0]
    is_ordered = all(isinstance(v, Real) and not isinstance(v, bool) for v in values)
    values = sorted(values) if is_ordered else values
    positions = list(range(len(values)))
    return values[hyperparameters.Choice(name, positions, ordered=is_ordered)]
