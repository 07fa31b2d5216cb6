"""Archives of a Keras that is newer than the one here."""

import inspect
import io
import json
import operator
import sys
import zipfile
from typing import Any

import keras
from packaging.version import Version


def without_unknown_settings(archive: bytes) -> bytes:
    """Return an archive without settings that this Keras lacks and that are not used.

    A newer Keras writes each setting that its layers have gained, and one that is not
    used is None; an older one refuses the layer for it.
    """
    with zipfile.ZipFile(io.BytesIO(archive)) as written:
        wrote = json.loads(written.read("metadata.json")).get("keras_version")
        if wrote is not None and Version(wrote) <= Version(keras.__version__):
            return archive
        kept = io.BytesIO()
        with zipfile.ZipFile(kept, "w") as readable:
            for name in written.namelist():
                data = written.read(name)
                if name == "config.json":
                    config = json.loads(data, object_hook=_without_unknown)
                    data = json.dumps(config).encode()
                readable.writestr(name, data)
    return kept.getvalue()


def _without_unknown(node: dict[str, Any]) -> dict[str, Any]:
    """Drop what an object of Keras would refuse to be made with, if it is None."""
    settings = node.get("config")
    if not isinstance(settings, dict):
        return node
    known = _known_settings(node.get("module"), node.get("class_name"))
    if known is not None:
        node["config"] = {
            name: value
            for name, value in settings.items()
            if value is not None or name in known
        }
    return node


def _known_settings(module: Any, name: Any) -> set[str] | None:
    """Return what a class of Keras can be made with; None if it is no such class."""
    if not (isinstance(module, str) and isinstance(name, str)):
        return None
    if module.partition(".")[0] != "keras":
        return None
    try:
        found = operator.attrgetter(name)(sys.modules[module])
    except (AttributeError, KeyError):
        return None
    if not inspect.isclass(found) or issubclass(found, keras.Model):
        return None
    return {
        parameter
        for base in found.__mro__
        if "__init__" in vars(base) and base is not object
        for parameter in inspect.signature(vars(base)["__init__"]).parameters
    }
