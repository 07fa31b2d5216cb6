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

    def as_grid(self) -> list[float]:
        """Return evenly spaced values."""
        space = np.geomspace if self.log else np.linspace
        values = space(self.low, self.high, self.n_values)
        return [float(f"{value:.2g}") for value in values]

    def as_distribution(self) -> Any:
        """Return a distribution of scipy."""
        if self.log:
            return stats.loguniform(self.low, self.high)
        return stats.uniform(self.low, self.high - self.low)


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
    wrapper, and spreads values around the parameters each has now.

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
    matter within a factor of two or three, so their values lie further apart.

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
    if kind == "optuna":
        return _for_optuna(space)
    return {name: _render(values, kind) for name, values in space.items()}


def _find_nets(estimator: Any) -> dict[str, Any]:
    """Return the nets within an estimator, by the prefix of their parameters."""
    parameters = estimator.get_params(deep=True)
    objects = {"": estimator} | {f"{name}__": parameters[name] for name in parameters}
    clusterers = tuple(
        prefix
        for prefix, value in objects.items()
        if isinstance(value, AutoencoderClusterer)
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
    found: dict[str, Any] = {}
    has_rates = isinstance(net.optimizer, str)  # an object has its own numbers
    if has_rates:
        center = net.learning_rate
        if isinstance(center, str):
            center = _AUTO_LEARNING_RATE
        factor, n_values = (4, 5) if size == "large" else (3, 3)
        found["learning_rate"] = _Range(
            center / factor, center * factor, n_values, log=True
        )
    widths = net.hidden_layer_sizes
    if isinstance(widths, str):
        widths = EFFORTS[net.effort].hidden_layer_sizes
    widths = _widths(widths, size)
    large = size == "large"
    if isinstance(net, Autoencoder):
        found["noise"] = _Range(0.05, 0.35, 3) if large else _Range(0.05, 0.2, 2)
        if large and has_rates:
            found["weight_decay"] = _Range(1e-5, 1e-3, 2, log=True)
    elif net.n_members == 1:  # which overfits more easily than an ensemble
        if widths:
            found["dropout"] = _Range(0.05, 0.35, 3) if large else _Range(0.05, 0.2, 2)
        if large:
            found["l2"] = _Range(1e-6, 1e-2, 3, log=True)
        elif size != "small" or not widths:
            found["l2"] = _Range(1e-5, 1e-3, 2, log=True)
    else:
        if widths:
            found["dropout"] = _Range(0.05, 0.35, 3) if large else _Range(0.1, 0.3, 2)
        if large and has_rates:
            found["weight_decay"] = _Range(1e-3, 1e-1, 2, log=True)
        if size != "small" and net.numeric_embedding is not None:
            embeddings = ("both", "periodic", "piecewise")
            found["numeric_embedding"] = embeddings if large else embeddings[:2]
    if size != "small" and widths:
        found["hidden_layer_sizes"] = widths
    return found


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


def _render(values: Any, kind: str) -> Any:
    if isinstance(values, _Range):
        return values.as_grid() if kind == "grid" else values.as_distribution()
    return list(values)


def _for_optuna(space: dict[str, Any]) -> dict[str, Any]:
    try:
        from optuna import distributions
    except ImportError as error:
        raise ImportError(
            'search_space(kind="optuna") needs Optuna: '
            "pip install 'segmentlearn[tune]'."
        ) from error
    found: dict[str, Any] = {}
    for name, values in space.items():
        if isinstance(values, _Range):
            found[name] = distributions.FloatDistribution(
                values.low, values.high, log=values.log
            )
            continue
        with warnings.catch_warnings():
            # of widths, which are tuples: a study in memory keeps them as they are
            warnings.simplefilter("ignore", UserWarning)
            found[name] = distributions.CategoricalDistribution(values)
    return found
