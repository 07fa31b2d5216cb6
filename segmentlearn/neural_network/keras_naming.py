"""How an estimator that holds functions and nets prints itself."""

import inspect
from typing import Any


def describe_estimator(estimator: Any, longest: int) -> str:
    """Write the parameters that are not at their defaults, the same in each process.

    Parameters
    ----------
    estimator : BaseEstimator
    longest : int
        Characters after which the text is cut; None for no limit.

    Returns
    -------
    text : str

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from segmentlearn.neural_network.keras_naming import describe_estimator
    >>> describe_estimator(Ridge(alpha=0.5), 700)
    'Ridge(alpha=0.5)'
    """
    defaults: dict = {}
    for one in reversed(type(estimator).mro()):  # a subclass may hand **kwargs on
        if "__init__" in vars(one) and one is not object:
            defaults.update(inspect.signature(one).parameters)
    parts = []
    for name, value in estimator.get_params(deep=False).items():
        default = (
            defaults[name].default if name in defaults else inspect.Parameter.empty
        )
        if value is not default and repr(value) != repr(default):
            parts.append(f"{name}={_name(value)}")
    text = f"{type(estimator).__name__}({', '.join(parts)})"
    if longest is None or len(text) <= longest:
        return text
    return f"{text[: longest - 4]}...)"


def _name(value: Any) -> str:
    """Call functions and classes by their names: an address differs each time."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_name, value))}]"
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    if " at 0x" in object.__repr__(value) and type(value).__repr__ is object.__repr__:
        return f"<{type(value).__name__}>"
    if type(value).__module__.startswith("keras."):
        return f"<{type(value).__name__}>"
    return repr(value)
