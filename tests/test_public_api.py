"""What is public: complete lists of names, and docstrings that say what is so."""

import ast
import importlib
import inspect
from types import FunctionType

import numpy as np
import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

import segmentlearn

PACKAGES = [
    "segmentlearn",
    *(f"segmentlearn.{one}" for one in segmentlearn._SUBPACKAGES),
]

# What a docstring must have. Left out are matters of taste: text on the first line
# (GL01), names of what is returned (RT02), extended summaries (ES01), See Also (SA01).
ERRORS = {
    "GL02",  # closing quotes on a line of their own
    "GL03",  # double blank lines
    "GL05",  # tabs
    "GL06",  # unknown section
    "GL07",  # sections in another order
    "GL08",  # no docstring
    "GL09",  # deprecation warning in the wrong place
    "GL10",  # directives in the wrong form
    "SS01",  # no summary
    "SS02",  # summary without a capital letter
    "SS03",  # summary without a period
    "SS04",  # summary with leading spaces
    "SS05",  # summary in the third person
    "SS06",  # summary of several lines
    "PR01",  # parameters not documented
    "PR02",  # documented parameters that do not exist
    "PR03",  # parameters in another order
    "PR04",  # parameter without a type
    "PR05",  # type with a period
    "PR06",  # type by another name than Python's
    "PR08",  # description without a capital letter
    "PR09",  # description without a period
    "PR10",  # no space before the colon
    "RT01",  # no Returns section
    "RT04",  # description without a capital letter
    "RT05",  # description without a period
    "YD01",  # no Yields section
    "EX01",  # no example
}


def public_objects():
    """Give every public class, function and method of the house by its full name."""
    found = {}
    for package in PACKAGES[1:]:
        module = importlib.import_module(package)
        for name in getattr(module, "__all__", vars(module)):
            value = getattr(module, name)
            if callable(value) and value.__module__.startswith("segmentlearn"):
                found[f"{package}.{name}"] = value
                found.update(methods(f"{package}.{name}", value))
    return found


def methods(name, value):
    """Give the public methods that a class defines itself; none for a function."""
    if not inspect.isclass(value):
        return {}
    return {
        f"{name}.{method}": getattr(value, method)
        for method, function in vars(value).items()
        if isinstance(function, FunctionType | classmethod)
        and not method.startswith("_")
    }


OBJECTS = public_objects()
every_object = pytest.mark.parametrize("name", sorted(OBJECTS))


def isort_key(name):
    """Order constants before classes before functions, as ruff orders `__all__`."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name


@pytest.mark.parametrize("package", PACKAGES)
def test_names_are_sorted_and_there(package):
    """`__all__` is sorted, each of its names can be imported, and `dir` shows it."""
    module = importlib.import_module(package)
    names = getattr(module, "__all__", None)
    if names is None:  # a module of one file
        assert package == "segmentlearn.exceptions"
        return
    plain = [name for name in names if not name.startswith("__")]
    assert plain == sorted(plain, key=isort_key)
    assert len(set(names)) == len(names)
    for name in names:
        assert getattr(module, name) is not None
    assert set(names) <= set(dir(module))


def test_top_level_names_are_those_of_the_subpackages():
    """A lazy name is the very object that its subpackage publishes."""
    for name, home in segmentlearn._NAMES.items():
        assert getattr(segmentlearn, name) is getattr(
            importlib.import_module(home), name
        )
        assert name in importlib.import_module(home).__all__


@pytest.mark.parametrize("package", ["segmentlearn", "segmentlearn.engine"])
def test_unknown_name_is_an_attribute_error(package):
    """A name that is not there is reported as Python reports it."""
    module = importlib.import_module(package)
    with pytest.raises(
        AttributeError, match=f"module '{package}' has no attribute 'x'"
    ):
        module.x  # noqa: B018


@every_object
def test_docstring_is_complete(name):
    """Sections, parameters, types and sentences are as numpydoc wants them."""
    wanted = ERRORS - exemptions(name)
    errors = validate(name)["errors"]
    wrong = [f"{code}: {text}" for code, text in errors if code in wanted]
    assert not wrong, "\n".join(wrong)


def exemptions(name):
    """Return what a docstring need not have, for what its object is."""
    value = OBJECTS[name]
    sections = NumpyDocString(inspect.getdoc(value))
    if inspect.isclass(value) and sections["Attributes"] and not sections["Parameters"]:
        return {"PR01", "EX01"}  # users are given such objects and never make one
    is_method = not inspect.isclass(value) and name.count(".") > 2
    return {"EX01"} if is_method else set()


@every_object
def test_documented_defaults_are_true(name):
    """`default=` is the default of the signature; no parameter with one lacks it."""
    try:
        parameters = inspect.signature(OBJECTS[name]).parameters
    except ValueError:  # an exception's constructor is that of Exception
        return
    actual = {
        name: parameter.default
        for name, parameter in parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    assert documented_defaults(OBJECTS[name], actual) == actual


def documented_defaults(value, names):
    """Read the defaults of these parameters from a docstring."""
    sections = NumpyDocString(inspect.getdoc(value))
    defaults = {}
    for parameter in [*sections["Parameters"], *sections["Attributes"]]:
        _, found, text = parameter.type.rpartition("default=")
        ignored = parameter.type in ("None", "Ignored")
        for name in set(parameter.name.split(", ")) & set(names):
            if found or ignored:
                is_nan = text == "np.nan"  # the very object, as in scikit-learn
                defaults[name] = (
                    np.nan if is_nan else ast.literal_eval(text if found else "None")
                )
    return defaults


def test_version_is_the_packages():
    """The version is a string that starts with a number."""
    assert segmentlearn.__version__[0].isdigit()
