"""What an archive may name: classes that only keep data, functions that only count.

skops builds what a file names. Everything here is therefore a list of what may be
named; whatever is missing from it is refused, wherever it stands.
"""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator

import numpy as np
from sklearn.base import BaseEstimator

# estimators of these packages are known; the modules define or import them all
_HOMES = {
    "sklearn": (
        "skops.io",
    ),  # imports every module of scikit-learn that has estimators
    "imblearn": ("imblearn", "imblearn.pipeline"),
    "segmentlearn": (
        "segmentlearn.preprocessing",
        "segmentlearn.neural_network",
        "segmentlearn.cluster",
        "segmentlearn.sampling",
    ),
}

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
    f"builtins.{name}"
    for name in (
        "bool",
        "dict",
        "float",
        "int",
        "list",
        "object",
        "set",
        "str",
        "tuple",
    )
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


class AllowedNames:
    """Decides what a file of skops may name."""

    def __init__(self, trusted: frozenset[str] = frozenset()) -> None:
        self._trusted = trusted
        self._estimators: dict[str, frozenset[str]] = {}

    def allows(self, loader: str, name: str) -> bool:
        """Whether a node of that loader may stand for that name."""
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
        if loader == "TypeNode":
            plain = name in _PLAIN_TYPES or _is_numpy_scalar(name)
            return plain or self._is_known_class(name)
        if loader == "ConstructorFromReduceNode":
            return name in _VALUES or name in self._trusted
        if loader == "SparseMatrixNode":
            return name.startswith("scipy.sparse.")
        if loader == "LossNode":
            return not name.startswith(
                "builtins."
            )  # skops keeps a closed list of its own
        if loader in ("ObjectNode", "TreeNode"):
            return self._is_known_class(name)
        return False

    def _is_known_class(self, name: str) -> bool:
        if name in _PARTS or name in self._trusted:
            return True
        root = name.partition(".")[0]
        if root not in _HOMES:
            return False
        if root not in self._estimators:
            self._estimators[root] = frozenset(_known_classes(root))
        return name in self._estimators[root]


def full_name(kind: type) -> str:
    """Return a class's module and name."""
    return f"{kind.__module__}.{kind.__name__}"


def _known_classes(root: str) -> Iterator[str]:
    """Yield the names of a package's estimators, and of scikit-learn's other parts."""
    for module in _HOMES[root]:
        if importlib.util.find_spec(module) is not None:
            importlib.import_module(module)
    for kind in _subclasses(BaseEstimator):
        if kind.__module__.partition(".")[0] == root:
            yield full_name(kind)
    if root != "sklearn":
        return
    for module in ("sklearn._loss.link", "sklearn._loss.loss"):
        for _, kind in inspect.getmembers(sys.modules.get(module), inspect.isclass):
            if kind.__module__ == module:
                yield full_name(kind)
    splitters = sys.modules["sklearn.model_selection._split"]
    for _, kind in inspect.getmembers(splitters, inspect.isclass):
        if kind.__module__ == splitters.__name__:
            yield full_name(kind)


def _subclasses(kind: type) -> Iterator[type]:
    children: list[type] = kind.__subclasses__()
    for child in children:
        yield child
        yield from _subclasses(child)


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
