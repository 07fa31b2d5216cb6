"""Parameters worth searching, for the nets found in any estimator."""

import dataclasses
import warnings
from typing import Any, Literal

import numpy as np
from scipy import stats

from segmentlearn._compat import HasMethods, StrOptions, validate_params
from segmentlearn.cluster import AutoencoderClusterer
from segmentlearn.neural_network import (
    EFFORTS,
    Autoencoder,
    SegmentClassifier,
    check_layer_sizes,
)

# between 0.008 and 0.02, the rates of small and of large batches
_AUTO_LEARNING_RATE = 0.01
_WIDE = 256


@dataclasses.dataclass(frozen=True)
class _Range:
    low: float
    high: float
    n_values: int
    log: bool = False


@validate_params(
    {
        "estimator": [HasMethods(["get_params", "fit"])],
        "size": [StrOptions({"small", "medium", "large"})],
        "kind": [StrOptions({"grid", "distributions", "optuna"})],
    }
)
def search_space(
    estimator: Any,
    size: Literal["small", "medium", "large"] = "small",
    kind: Literal["grid", "distributions", "optuna"] = "grid",
) -> dict[str, Any]:
    """Return parameters worth searching, for the nets of an estimator.

    Finds every :class:`~segmentlearn.SegmentClassifier` and
    :class:`~segmentlearn.Autoencoder` within the estimator, be it a pipeline or another
    wrapper, and returns values around the parameters that each has now.

    Parameters
    ----------
    estimator : estimator
        A net, or whatever contains one: its parameters are named with their prefix,
        such as ``segmentclassifier__dropout``.
    size : {"small", "medium", "large"}, default="small"
        "small" changes numbers that a compiled program takes as arguments (learning
        rate and dropout; the noise of an autoencoder), so that all candidates share one
        program. "medium" has two widths, both ways to embed numbers in an ensemble, and
        a penalty in a single net; "large" has more of each. There every net of another
        shape is compiled once, which takes seconds.
    kind : {"grid", "distributions", "optuna"}, default="grid"
        Lists of values for ``GridSearchCV``, distributions of scipy for
        ``RandomizedSearchCV``, or distributions of Optuna for ``OptunaSearchCV``.
        ``KerasTunerSearchCV`` takes any of them.

    Returns
    -------
    space : dict of str to list or distribution
        One entry for each parameter.

    Raises
    ------
    ValueError
        If there is no such net in the estimator, or only that of an
        ``AutoencoderClusterer``, which has no score on held-out customers.
    ImportError
        If ``kind="optuna"`` and Optuna is not installed.

    Notes
    -----
    What is searched follows the ablations in ``docs/benchmarks/ablation.rst``. The step
    size matters on every table looked at. How numbers are embedded makes the largest
    difference of all on a few, and widths a small one. Dropout and weight decay hardly
    matter within a factor of two or three, so their values are coarser.

    No list contains the zero that would take a layer or a penalty out of the net and
    so need another program; add it by hand where it is wanted.

    An optimizer object brings its own learning rate and weight decay, which are then
    not searched.

    Examples
    --------
    >>> from segmentlearn import SegmentClassifier
    >>> from segmentlearn.model_selection import search_space
    >>> search_space(SegmentClassifier.from_preset("best-practices"))
    {'learning_rate': [0.00033, 0.001, 0.003], 'dropout': [0.05, 0.2]}
    """
    space = {
        f"{prefix}{name}": values
        for prefix, net in _find_nets(estimator).items()
        for name, values in _describe(net, size).items()
    }
    renderers = {"grid": _as_list, "distributions": _for_scipy, "optuna": _for_optuna}
    return {name: renderers[kind](values) for name, values in space.items()}


def _find_nets(estimator: Any) -> dict[str, Any]:
    """Return the nets within an estimator, by the prefix of their parameters."""
    parameters = estimator.get_params(deep=True)
    objects = {"": estimator} | {f"{name}__": parameters[name] for name in parameters}
    clusterers = tuple(
        p for p, v in objects.items() if isinstance(v, AutoencoderClusterer)
    )
    nets = {
        prefix: value
        for prefix, value in objects.items()
        if isinstance(value, SegmentClassifier | Autoencoder)
        and not prefix.startswith(clusterers)
    }
    if nets:
        return nets
    if clusterers:
        raise ValueError(
            "An AutoencoderClusterer has no score on held-out customers that a search "
            "could raise: it compares candidates by itself. Use select_n_clusters for "
            "the number of segments, or search its Autoencoder alone."
        )
    raise ValueError(
        f"estimator={estimator!r} contains neither a SegmentClassifier nor an "
        "Autoencoder; pass one of them, or a pipeline with one."
    )


def _describe(net: Any, size: str) -> dict[str, Any]:
    """Return ranges and choices around the parameters of a net."""
    space: dict[str, Any] = {}
    large = size == "large"
    is_autoencoder = isinstance(net, Autoencoder)
    has_rates = isinstance(net.optimizer, str)  # an object has its own numbers
    if has_rates:
        is_auto = isinstance(net.learning_rate, str)
        center = _AUTO_LEARNING_RATE if is_auto else net.learning_rate
        factor, n_values = (4, 5) if large else (3, 3)
        space["learning_rate"] = _Range(
            center / factor, center * factor, n_values, True
        )
    widths = net.hidden_layer_sizes
    if isinstance(widths, str):
        widths = EFFORTS[net.effort].hidden_layer_sizes
    widths = _widths(widths, size)
    is_ensemble = not is_autoencoder and net.n_members != 1
    narrow = _Range(0.1, 0.3, 2) if is_ensemble else _Range(0.05, 0.2, 2)
    if is_autoencoder or widths:
        name = "noise" if is_autoencoder else "dropout"
        space[name] = _Range(0.05, 0.35, 3) if large else narrow
    if not is_autoencoder and not is_ensemble:  # which overfits most easily
        if large:
            space["l2"] = _Range(1e-6, 1e-2, 3, log=True)
        elif size != "small" or not widths:
            space["l2"] = _Range(1e-5, 1e-3, 2, log=True)
    elif large and has_rates:
        low, high = (1e-5, 1e-3) if is_autoencoder else (1e-3, 1e-1)
        space["weight_decay"] = _Range(low, high, 2, log=True)
    if is_ensemble and size != "small" and net.numeric_embedding is not None:
        embeddings = ("both", "periodic", "piecewise")
        space["numeric_embedding"] = embeddings if large else embeddings[:2]
    if size != "small" and widths:
        space["hidden_layer_sizes"] = widths
    return space


def _widths(hidden_layer_sizes: Any, size: str) -> tuple:
    """Return a net's own widths, and with them half or double ones."""
    own = tuple(check_layer_sizes(hidden_layer_sizes))
    if not own:
        return ()
    half, double = (
        tuple(max(1, round(units * factor)) for units in own) for factor in (0.5, 2)
    )
    if size == "large":
        return tuple(dict.fromkeys((half, own, double)))
    return tuple(dict.fromkeys((half, own) if max(own) >= _WIDE else (own, double)))


def _as_list(values: Any) -> list:
    """Return values for a grid, those of a range evenly spaced."""
    if not isinstance(values, _Range):
        return list(values)
    space = np.geomspace if values.log else np.linspace
    spaced = space(values.low, values.high, values.n_values)
    return [float(f"{value:.2g}") for value in spaced]


def _for_scipy(values: Any) -> Any:
    """Return a list, or a distribution of scipy for a range."""
    if not isinstance(values, _Range):
        return list(values)
    if values.log:
        return stats.loguniform(values.low, values.high)
    return stats.uniform(values.low, values.high - values.low)


def _for_optuna(values: Any) -> Any:
    """Return a distribution of Optuna."""
    try:
        from optuna import distributions
    except ImportError as error:
        raise ImportError(
            'search_space(kind="optuna") needs Optuna: '
            "pip install 'segmentlearn[tune]'."
        ) from error
    if isinstance(values, _Range):
        low, high = values.low, values.high
        return distributions.FloatDistribution(low, high, log=values.log)
    with warnings.catch_warnings():
        # of widths, which are tuples: a study in memory keeps them as they are
        warnings.simplefilter("ignore", UserWarning)
        return distributions.CategoricalDistribution(values)
