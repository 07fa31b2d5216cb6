"""Values that an archive holds in a plainer form than an estimator does."""

import json
import os
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator

from segmentlearn.persistence._checks._keras_config import check_config

# tags of values that skops cannot hold as they are; each is a dict with this one key
KERAS = "__keras__"
_PAIRS = "__pairs__"

# parameters that name a folder, of segmentlearn and of scikit-learn
_FOLDERS = {"log_dir", "memory"}

# parameters that an archive never holds, neither when it is written nor when it is read
_LEFT_TO_USER = ("callbacks", "log_dir")

_LEFT_OUT = (
    "callbacks are not archived: they are objects of your program that only training "
    "needs. The archive has callbacks=None."
)


def to_plain(left_out: set[str], state: dict[str, Any]) -> dict[str, Any]:
    """Return the plain form of the state of an estimator with a net.

    Keras optimizers become text, dicts with other keys than text become lists of pairs,
    and callbacks and folders for event files are left out, with a sentence on it.
    """
    if state.get("callbacks"):
        left_out.add(_LEFT_OUT)
    return {
        name: None if name in _LEFT_TO_USER else _tag(value)
        for name, value in state.items()
    }


def from_plain(state: dict[str, Any]) -> dict[str, Any]:
    """Return an estimator's state as it was before it was made plain."""
    plain = {name: _untag(value) for name, value in state.items()}
    # whoever wrote the file may not choose what runs during a fit here
    return {**plain, **{name: None for name in _LEFT_TO_USER if name in plain}}


def portable(value: Any) -> Any:
    """Return an estimator without what belongs to one machine or one table.

    ``ColumnTransformer`` keeps the columns it was given, which often are a frame's
    ``columns``; a list of the names says the same. Folders that a later fit would write
    to, `log_dir` and `memory`, are left out: the file of someone else must not choose
    them. So is a `baseline`, which would bring all its own: passports say what it was.
    """
    return _portable(value, {})


def _tag(value: Any) -> Any:
    if hasattr(value, "apply_gradients") and hasattr(value, "get_config"):
        import keras

        return {KERAS: json.dumps(keras.saving.serialize_keras_object(value))}
    if type(value) is dict and not all(isinstance(key, str) for key in value):
        # JSON's keys are text; a class_weight may have numbers or truth values
        return {_PAIRS: [[key, item] for key, item in value.items()]}
    return value


def _untag(value: Any) -> Any:
    if type(value) is not dict or len(value) != 1:
        return value
    if _PAIRS in value:
        return dict(value[_PAIRS])
    if KERAS in value:
        import keras

        config = json.loads(value[KERAS])
        check_config(config)
        return keras.saving.deserialize_keras_object(config, safe_mode=True)
    return value


def _portable(value: Any, done: dict[int, Any]) -> Any:
    if id(value) in done:
        return done[id(value)]
    result = value
    if isinstance(value, pd.Index):
        result = value.tolist()
    elif type(value) in (list, tuple):
        items = [_portable(item, done) for item in value]
        if any(new is not old for new, old in zip(items, value, strict=True)):
            result = type(value)(items)
    elif isinstance(value, dict | BaseEstimator):
        entries = value if isinstance(value, dict) else vars(value)
        changed = {
            name: _portable(_without_context(name, item), done)
            for name, item in entries.items()
        }
        if any(changed[name] is not item for name, item in entries.items()):
            result = _with_entries(value, changed)
    done[id(value)] = result
    return result


def _without_context(name: Any, value: Any) -> Any:
    """Return None for a folder, among a search's parameters too, and a baseline."""
    if name == "baseline" and hasattr(value, "predict"):
        return None
    if not isinstance(name, str) or name.rpartition("__")[2] not in _FOLDERS:
        return value
    if isinstance(value, list | tuple):
        return [_without_context(name, item) for item in value]
    is_folder = isinstance(value, str | os.PathLike) or hasattr(value, "cache")
    return None if is_folder else value


def _with_entries(value: Any, entries: dict[Any, Any]) -> Any:
    kind = type(value)
    copy: Any = kind.__new__(kind)  # type: ignore[call-overload]
    if isinstance(value, dict):
        copy.update(entries)
    else:
        vars(copy).update(entries)
    return copy
