"""The Python code that does what the pages have done."""

import inspect
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from segmentlearn.app._columns import ColumnRoles, Customers
from segmentlearn.app._known import KnownSegments, build_classifier
from segmentlearn.app._methods import build_model
from segmentlearn.app._scoring import Model
from segmentlearn.app._segments import Segmentation
from segmentlearn.app._uploads import Loaded
from segmentlearn.cluster import AutoencoderClusterer

_WHOLE = 10**6  # characters of an estimator's repr at most


def segments_code(customers: Customers, found: Segmentation) -> str:
    """Return the code that finds these segments, describes and saves them."""
    loaded, roles = customers.loaded, customers.roles
    baseline = None if found.earlier is None else _Name("baseline")
    model = build_model(found.X, roles, found.settings, baseline)
    seed, value = found.settings.random_state, ""
    if found.settings.value is not None:
        value = f"value=table.frame[{found.settings.value!r}], "
    names = {
        int(label): name for label, name in found.profile.names.items() if label >= 0
    }
    body = [
        *_table_lines(loaded, roles, list(found.settings.columns)),
        *_baseline_lines(found.earlier),
        f"model = {_source(model)}",
        "model.fit(X)",
        "",
        f"profile = segment_profile(model, X, {value}random_state={seed})",
        f"profile.rename({names!r}).store(model)",
        "print(profile)",
        "print(profile.to_frame())  # number and share of the customers",
    ]
    if isinstance(model, AutoencoderClusterer):
        body.append("print(model.silhouette_, model.inertia_)")
        last = "model"
    else:
        last = "model[-1]"
        body += [
            "prepared, labels = model[0].transform(X), model[-1].labels_",
            "sampled = {'n_rows': 5000, 'random_state': 0}",
            "print(silhouette_sampled(prepared, labels, **sampled).mean)",
        ]
    stem = loaded.name.rpartition(".")[0] or loaded.name
    body += [
        "",
        f"scored = table.frame.assign(segment={last}.labels_)",
        f"scored.to_csv({stem + '-segments.csv'!r}, index=False)",
        'facts = {"schema": table.schema.to_dict(X.columns)}',
        'save(model, "segments.seg", metadata=facts)',
    ]
    imports = ["from segmentlearn import save, segment_profile"]
    if found.earlier is not None:
        imports += [
            "from segmentlearn import load",
            "from sklearn.pipeline import make_pipeline",
            "from sklearn.preprocessing import FunctionTransformer",
        ]
    if last != "model":
        imports.append("from segmentlearn.metrics import silhouette_sampled")
    return _program(loaded, imports, model, body)


def known_code(customers: Customers, known: KnownSegments) -> str:
    """Return the code that learns these segments, evaluates and saves the model."""
    loaded, roles = customers.loaded, customers.roles
    settings, model = known.settings, build_classifier(roles, known.settings)
    kind = ".astype(int)" if known.y.dtype.kind == "i" else ""
    metadata = (
        f'metadata={{"target": {settings.target!r}, '
        '"schema": table.schema.to_dict(X.columns)}'
    )
    body = [
        *_table_lines(loaded, roles, list(settings.columns)),
        f"labels = table.text({settings.target!r})",
        'known = labels.notna() & (labels.str.strip() != "")',
        f"X, y = X[known], labels[known].to_numpy(){kind}",
        "X_train, X_test, y_train, y_test = train_test_split(",
        f"    X, y, test_size={settings.test_size}, stratify=y, "
        f"random_state={settings.random_state}",
        ")",
        "",
        f"model = {_source(model)}",
        "model.fit(X_train, y_train)",
        "print(classification_report(y_test, model.predict(X_test)))",
        "",
        f'save(model, "known.seg", {metadata})',
    ]
    imports = [
        "from sklearn.metrics import classification_report",
        "from sklearn.model_selection import train_test_split",
        "from segmentlearn import save",
    ]
    return _program(loaded, imports, model, body)


def _program(loaded: Loaded, imports: list[str], model: Any, body: list[str]) -> str:
    reader = loaded.statement.partition("(")[0]
    lines = {
        *imports,
        f"from segmentlearn.tables import {reader}",
        *(f"from {module} import {name}" for module, name in _classes(model)),
    }
    outside = sorted(line for line in lines if "segmentlearn" not in line)
    own = sorted(line for line in lines if "segmentlearn" in line)
    return "\n".join([*outside, *own, "", *body]) + "\n"


def _table_lines(loaded: Loaded, roles: ColumnRoles, columns: list[str]) -> list[str]:
    lines = [f"table = {loaded.statement}"]
    types = roles.types()
    if types:
        words = ", ".join(f"{name}={value!r}" for name, value in types.items())
        lines.append(f"table = table.with_types({words})")
    return [*lines, f"X = table.frame[{columns!r}]", ""]


class _Name:
    """Stands for an object by the name that it has in the program."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


def _baseline_lines(earlier: Model | None) -> list[str]:
    """Return the lines of the earlier segments, which know customers as they came."""
    if earlier is None:
        return []
    rows = f"rows = table.frame[{earlier.columns!r}]" if earlier.columns else "rows = X"
    return [
        rows,
        f"earlier = load({earlier.file!r})",
        "baseline = make_pipeline(FunctionTransformer(lambda _: rows), earlier)",
        "",
    ]


def _source(model: Any) -> str:
    """Return an estimator as the expression that makes it."""
    if isinstance(model, Pipeline):
        steps = ", ".join(_source(step) for _, step in model.steps)
        return f"make_pipeline({steps})"
    return " ".join(model.__repr__(N_CHAR_MAX=_WHOLE).split())


def _classes(model: Any) -> set[tuple[str, str]]:
    """Return the public places of the classes that an estimator's expression names."""
    found = set()
    if isinstance(model, Pipeline):
        found.add(("sklearn.pipeline", "make_pipeline"))
        inner = [step for _, step in model.steps]
    else:
        module = inspect.getmodule(type(model))
        assert module is not None
        parts = module.__name__.split(".")
        public = [part for part in parts if not part.startswith("_")]
        found.add((".".join(public), type(model).__name__))
        inner = list(model.get_params(deep=False).values())
    for value in inner:
        if isinstance(value, BaseEstimator):
            found |= _classes(value)
    return found
