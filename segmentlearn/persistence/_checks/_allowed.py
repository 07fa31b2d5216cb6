"""What an archive may name: classes that only keep data, functions that only count.

skops builds what a file names. Everything here is therefore a list of what may be
named; whatever is missing from it is refused, wherever it stands.
"""

import functools
import importlib
import inspect
import sys

import numpy as np
from sklearn.base import BaseEstimator

from segmentlearn.exceptions import ArchiveError

# estimators of these packages are known; a class is looked up in the module it names
_HOMES = ("sklearn", "imblearn", "segmentlearn")
# modules that do something when they are imported, or hold no estimators
_NOT_IMPORTED = {"__main__", "_build_utils", "cli", "conftest", "experimental"}
_NOT_IMPORTED |= {"externals", "tests"}

# what scikit-learn's estimators keep beside arrays and other estimators
_PARTS = {
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.metrics._scorer._MultimetricScorer",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.model_selection._classification_threshold._CurveScorer",
    "sklearn.metrics._scorer._CurveScorer",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
    "sklearn.utils._metadata_requests.MethodMapping",
    "sklearn.utils._metadata_requests.MetadataRouter",
    "scipy.interpolate._interpolate.interp1d",
}
# modules whose classes are all parts of estimators: losses, splitters
_MODULES_OF_PARTS = {
    "sklearn._loss.link",
    "sklearn._loss.loss",
    "sklearn.model_selection._split",
}
_DICTS = {
    "builtins.dict",
    "collections.OrderedDict",
    "collections.defaultdict",
    "sklearn.utils._bunch.Bunch",
}
_TUPLES = {"builtins.tuple", "sklearn.impute._iterative._ImputerTriplet"}
# values that are rebuilt by one call of their class with plain arguments
_VALUES = {
    "builtins.frozenset",
    "builtins.range",
    "datetime.date",
    "datetime.datetime",
    "datetime.time",
    "datetime.timedelta",
    "datetime.timezone",
    "decimal.Decimal",
    "zoneinfo.ZoneInfo",
}
_PLAIN_TYPES = {
    f"builtins.{kind.__name__}"
    for kind in (bool, dict, float, int, list, object, set, str, tuple)
}
_FIXED = {
    "DictNode": _DICTS,
    "DefaultDictNode": _DICTS,
    "ListNode": {"builtins.list"},
    "SetNode": {"builtins.set"},
    "TupleNode": _TUPLES,
    "BytesNode": {"builtins.bytes"},
    "BytearrayNode": {"builtins.bytearray"},
    "SliceNode": {"builtins.slice"},
    "MaskedArrayNode": {"numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"},
    "DTypeNode": {"numpy.dtype"},
    "RandomStateNode": {"numpy.random.mtrand.RandomState"},
    "RandomGeneratorNode": {"numpy.random._generator.Generator"},
}
# code by name, bound to objects or to arguments: never, whoever is trusted
_NEVER = {"MethodNode", "PartialNode", "OperatorFuncNode", "CachedNode"}


class NotAllowedError(ArchiveError):
    """An archive is sound and names classes or functions that may not be built."""


def allows(loader: str, name: str, trusted: frozenset[str]) -> bool:
    """Whether a node of skops with that loader may stand for that name."""
    if loader in _NEVER:
        return False
    if loader == "JsonNode":
        return True  # plain JSON, whatever class it names
    if loader in _FIXED:
        return name in _FIXED[loader]
    if loader == "NdArrayNode":
        return name == "numpy.ndarray" or _is_numpy_scalar(name)
    if loader == "FunctionNode":
        return _is_ufunc(name) or name in _scoring_functions()
    if loader == "ConstructorFromReduceNode":
        return name in _VALUES or name in trusted
    if loader == "SparseMatrixNode":
        return name.startswith("scipy.sparse.")
    if loader == "LossNode":  # skops keeps a closed list of its own
        return not name.startswith("builtins.")
    if loader == "TypeNode" and (name in _PLAIN_TYPES or _is_numpy_scalar(name)):
        return True
    is_class = loader in ("ObjectNode", "TreeNode", "TypeNode")
    return is_class and (name in _PARTS or name in trusted or _is_estimator(name))


def full_name(kind: type) -> str:
    """Return a class's module and name."""
    return f"{kind.__module__}.{kind.__name__}"


def public_path(name: str) -> str:
    """Return the path of a class of ours in its package; others as they are."""
    package, short = ".".join(name.split(".")[:2]), name.rpartition(".")[2]
    if not name.startswith("segmentlearn.") or name == f"{package}.{short}":
        return name
    found = getattr(importlib.import_module(package), short, None)
    is_same = isinstance(found, type) and f"{found.__module__}.{short}" == name
    return f"{package}.{short}" if is_same else name


@functools.cache
def _is_estimator(name: str) -> bool:
    """Whether a name is a class of one of the known packages that only keeps data."""
    path, _, short = name.rpartition(".")
    parts = path.split(".")
    if parts[0] not in _HOMES or not _NOT_IMPORTED.isdisjoint(parts):
        return False
    if not all(part.isidentifier() for part in (*parts, short)):
        return False
    try:
        module = importlib.import_module(path)
    # a module that is not there, or needs a package that is not
    except Exception:
        return False
    kind = vars(module).get(short)
    if not isinstance(kind, type) or public_path(full_name(kind)) != name:
        return False
    return issubclass(kind, BaseEstimator) or path in _MODULES_OF_PARTS


def _is_numpy_scalar(name: str) -> bool:
    module, _, short = name.rpartition(".")
    kind = getattr(np, short, None)
    return module == "numpy" and isinstance(kind, type) and issubclass(kind, np.generic)


def _is_ufunc(name: str) -> bool:
    """Whether a name is a ufunc of NumPy or SciPy: arithmetic on arrays alone."""
    module, _, short = name.rpartition(".")
    if module.partition(".")[0] not in ("numpy", "scipy"):
        return False
    return isinstance(getattr(sys.modules.get(module), short, None), np.ufunc)


def _scoring_functions() -> set[str]:
    """Return scikit-learn's metrics and feature scores: a grid search keeps its own."""
    names = set()
    for module in ("sklearn.metrics", "sklearn.feature_selection"):
        package = importlib.import_module(module)
        for name in package.__all__:
            found = getattr(package, name)
            if inspect.isfunction(found):
                names.add(f"{found.__module__}.{found.__name__}")
    return names
