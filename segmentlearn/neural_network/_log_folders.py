"""Folders for TensorBoard, named by what an estimator's parameters say."""

import functools
import hashlib
import inspect
import re
from collections.abc import Mapping
from typing import Any

from segmentlearn import engine

# without a bearing on what is learnt
_UNNAMED = ("log_dir", "callbacks", "verbose")
_LONGEST = 160  # characters; file systems bear 255


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


def start_log(
    estimator: Any, presets: Mapping[str, dict] | None = None, goes_on: bool = False
) -> "engine.LogFolder | None":
    """Return a new folder for the next fit; that of the last if it goes on."""
    log, log_dir = getattr(estimator, "_log", None), getattr(estimator, "log_dir", None)
    if log_dir is None:
        return None
    if goes_on and log is not None and log.is_in(log_dir):
        return log
    return engine.LogFolder(log_dir, f"{describe_fit(estimator, presets)},fit=")


def parts_of_log(folder: "engine.LogFolder | None", n_nets: int, n_before: int) -> list:
    """Return a folder for each net of an ensemble; a net alone has the fit's own."""
    if folder is None:
        return [None] * n_nets
    folder.next_epoch = n_before
    if n_nets == 1:
        return [folder]
    return [folder.part(f"fold_{number}") for number in range(n_nets)]


def describe_fit(estimator: Any, presets: Mapping[str, dict] | None = None) -> str:
    """Name a fit by the parameters that differ from the defaults, or from a preset."""
    name, changed = type(estimator).__name__, changed_parameters(estimator)
    for preset, values in (presets or {}).items():
        different = changed_parameters(estimator, values)
        if len(different) < len(changed):
            name, changed = preset, different
    named = {key: text for key, text in changed.items() if key not in _UNNAMED}
    # letters, digits and what numbers are written with
    as_file_name = functools.partial(re.sub, r"[^\w.+-]+", "_", flags=re.ASCII)
    parts = [f"{key}={as_file_name(text).strip('_')}" for key, text in named.items()]
    text = ",".join([name, *parts])
    if len(text) <= _LONGEST:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{text[: _LONGEST - 9]}-{digest}"
