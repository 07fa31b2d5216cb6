"""How an estimator that holds functions and nets prints itself."""

import inspect
from collections.abc import Mapping
from typing import Any


def describe_estimator(estimator: Any, longest: int) -> str:
    """Write the parameters that are not at their defaults, the same in each process."""
    changed = changed_parameters(estimator)
    parts = [f"{name}={value}" for name, value in changed.items()]
    text = f"{type(estimator).__name__}({', '.join(parts)})"
    if longest is None or len(text) <= longest:
        return text
    return f"{text[: longest - 4]}...)"


def changed_parameters(
    estimator: Any, instead: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Write down the parameters that are not at their defaults."""
    parameters: dict = {}
    for base in reversed(type(estimator).mro()):  # a subclass may pass **kwargs on
        if "__init__" in vars(base) and base is not object:
            parameters.update(inspect.signature(base).parameters)
    values = estimator.get_params(deep=False)
    changed = {}
    for name in sorted(values, key=[*parameters, *values].index):
        default = inspect.Parameter.empty
        if name in parameters:
            default = parameters[name].default
        if instead and name in instead:
            default = instead[name]
        value = values[name]
        if value is not default and repr(value) != repr(default):
            changed[name] = _name(value)
    return changed


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
