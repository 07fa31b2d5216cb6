"""Every public name with its signature, a line each.

Run ``python -m tests.public_signatures`` to write the stored list anew after a wanted
change of the public interface; the changelog says what changed.
"""

import importlib
import inspect
import pathlib
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import segmentlearn

STORED = pathlib.Path(__file__).parent / "data" / "public_signatures.txt"


def public_signatures() -> list[str]:
    """Return the lines of all packages, sorted."""
    lines = []
    for package in segmentlearn._SUBPACKAGES:
        module = importlib.import_module(f"segmentlearn.{package}")
        for name in public_names(module):
            lines += describe(f"{package}.{name}", getattr(module, name))
    return sorted(lines)


def public_names(module: ModuleType) -> list[str]:
    """Return what a package publishes; of a single module, what it defines."""
    own = [
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
        and not name.startswith("_")
    ]
    return getattr(module, "__all__", own)


def describe(name: str, value: Any) -> Iterator[str]:
    """Yield the line of a name, and of each public method that a class has from us."""
    if not callable(value):
        yield name
        return
    if not inspect.isclass(value):
        yield name + parameters(value)
        return
    yield name + ("" if issubclass(value, Exception) else parameters(value))
    for method in dir(value):
        function = inspect.getattr_static(value, method)
        if isinstance(function, classmethod | staticmethod):
            function = function.__func__
        is_own = str(getattr(function, "__module__", "")).startswith("segmentlearn")
        if method.startswith("_"):
            continue
        if isinstance(function, property):
            yield f"{name}.{method}"
        elif isinstance(function, FunctionType) and is_own:
            yield f"{name}.{method}{parameters(function)}"


def parameters(function: Any) -> str:
    """Return a signature without annotations, which may become more exact any time."""
    signature = inspect.signature(function)
    plain = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
    ]
    return str(inspect.Signature(plain))


if __name__ == "__main__":
    STORED.write_text("\n".join(public_signatures()) + "\n", encoding="utf-8")
