"""Fitted models in MLflow: a ``.seg`` archive with a few lines of code around it.

Needs the extra ``mlflow``. What MLflow stores is a pyfunc model "from code": the
archive, the model card, the JSON Schema of a row, and code that loads the archive.
There is no pickle in it.
"""

import contextlib
import json
import os
import pathlib
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

import segmentlearn
from segmentlearn.persistence import ArchiveInfo, inspect, load, save

__all__ = ["load_model", "log_model", "pyfunc_model", "save_model"]

_ARCHIVE = "model.seg"
_METHODS = ("predict", "predict_proba", "transform")
# what a stored model runs; `pyfunc_model` therefore stays where it is
_CODE = """\
from mlflow.models import set_model

from segmentlearn.mlflow import pyfunc_model

set_model(pyfunc_model())
"""
_PACKAGES = ("numpy", "pandas", "scikit-learn", "keras", "tensorflow", "skops")
_LONGEST_PARAMETER = 500


def save_model(
    model: Any,
    path: str | os.PathLike[str],
    *,
    input_example: Any = None,
    report: str | os.PathLike[str] | None = None,
    card: dict[str, Any] | None = None,
    trusted: Iterable[str | type] = (),
    **options: Any,
) -> None:
    """Write a fitted model to a folder in MLflow's format.

    Parameters
    ----------
    model : estimator
        Fitted; whatever `segmentlearn.save` can write.
    path : str or path-like
        The folder, which must not exist or be empty.
    input_example : frame or array, default=None
        A few rows to show in MLflow. They are stored as they are, so take made-up
        customers where real ones must not leave.
    report : str or path-like, default=None
        A report of `segmentlearn.report.write_report` to keep beside the model.
    card : dict, default=None
        What only a person can say in the model card, see `segmentlearn.save`.
    trusted : iterable of str or type, default=()
        Classes of the model's that are not segmentlearn's or scikit-learn's, see
        `segmentlearn.save`.
    **options
        Further arguments of ``mlflow.pyfunc.save_model``, such as `pip_requirements`.

    Raises
    ------
    ImportError
        If MLflow is missing.
    ArchiveError
        If the model cannot be saved.

    Examples
    --------
    >>> from segmentlearn.mlflow import save_model
    >>> save_model(classifier, "segments")  # doctest: +SKIP
    """
    pyfunc = _import_mlflow().pyfunc
    with _prepared(model, input_example, report, card, trusted) as (_, arguments):
        pyfunc.save_model(str(path), **{**arguments, **options})


def log_model(
    model: Any,
    name: str = "model",
    *,
    input_example: Any = None,
    report: str | os.PathLike[str] | None = None,
    card: dict[str, Any] | None = None,
    trusted: Iterable[str | type] = (),
    **options: Any,
) -> Any:
    """Log a fitted model with its parameters and figures to the active run.

    Parameters
    ----------
    model : estimator
        Fitted; whatever `segmentlearn.save` can write.
    name : str, default="model"
        Name of the logged model.
    input_example : frame or array, default=None
        A few rows to show in MLflow. They are stored as they are, so take made-up
        customers where real ones must not leave.
    report : str or path-like, default=None
        A report of `segmentlearn.report.write_report` to keep beside the model.
    card : dict, default=None
        What only a person can say in the model card, see `segmentlearn.save`.
    trusted : iterable of str or type, default=()
        Classes of the model's that are not segmentlearn's or scikit-learn's, see
        `segmentlearn.save`.
    **options
        Further arguments of ``mlflow.pyfunc.log_model``, such as
        `registered_model_name`.

    Returns
    -------
    info : mlflow.models.model.ModelInfo
        Where the model is; ``info.model_uri`` is what `load_model` takes.

    Raises
    ------
    ImportError
        If MLflow is missing.
    ArchiveError
        If the model cannot be saved.

    Notes
    -----
    The run gets the metrics of the model card: out-of-fold figures of a classifier,
    silhouettes of a clusterer, and what is handed over in ``card``. The logged model
    gets the parameters. Where no run is active, MLflow starts one.

    Examples
    --------
    >>> from segmentlearn.mlflow import log_model
    >>> info = log_model(classifier, input_example=X.head(3))  # doctest: +SKIP
    """
    mlflow = _import_mlflow()
    with _prepared(model, input_example, report, card, trusted) as (info, arguments):
        arguments["params"] = {
            key: value[:_LONGEST_PARAMETER] for key, value in info.parameters.items()
        }
        logged = mlflow.pyfunc.log_model(name=name, **{**arguments, **options})
        metrics = info.card["metrics"]
        if metrics:
            mlflow.log_metrics(metrics, run_id=logged.run_id, model_id=logged.model_id)
    return logged


def load_model(model_uri: str, *, trusted: Iterable[str | type] = ()) -> Any:
    """Return the estimator that was logged or saved.

    Parameters
    ----------
    model_uri : str
        Such as "models:/segments/3", "runs:/<run>/model", or a folder.
    trusted : iterable of str or type, default=()
        Classes to build beside those of segmentlearn and scikit-learn, see
        `segmentlearn.load`.

    Returns
    -------
    model : estimator
        Predicts what the saved one did. ``mlflow.pyfunc.load_model`` returns MLflow's
        own wrapper around it.

    Raises
    ------
    ImportError
        If MLflow is missing.
    ArchiveError
        If the archive cannot be read, see `segmentlearn.load`.

    Examples
    --------
    >>> from segmentlearn.mlflow import load_model
    >>> classifier = load_model("models:/segments/3")  # doctest: +SKIP
    """
    artifacts = _import_mlflow().artifacts
    folder = artifacts.download_artifacts(artifact_uri=str(model_uri))
    return load(pathlib.Path(folder, "artifacts", _ARCHIVE), trusted=trusted)


def pyfunc_model() -> Any:
    """Return what a stored model runs: it loads the archive and predicts.

    Returns
    -------
    model : mlflow.pyfunc.PythonModel
        Its ``predict`` takes the parameter "method": "predict" (the default) returns a
        segment for each row, "predict_proba" a frame with a column for each segment,
        "transform" the codes of an autoencoder.

    Raises
    ------
    ImportError
        If MLflow is missing.

    Examples
    --------
    >>> from segmentlearn.mlflow import pyfunc_model
    >>> pyfunc_model()  # doctest: +SKIP
    """
    pyfunc = _import_mlflow().pyfunc

    class SegmentModel(pyfunc.PythonModel):  # type: ignore[name-defined]
        def load_context(self, context: Any) -> None:
            trusted = (context.model_config or {}).get("trusted", ())
            self.estimator = load(context.artifacts["model"], trusted=trusted)

        def predict(
            self,
            context: Any,
            model_input: pd.DataFrame,
            params: dict[str, Any] | None = None,
        ) -> Any:
            return _predict(self.estimator, model_input, params or {})

    return SegmentModel()


def _predict(estimator: Any, X: Any, params: dict[str, Any]) -> Any:
    """Return what a method of an estimator gives, with names where it has several."""
    method = params.get("method") or _methods(estimator)[0]
    if method not in _methods(estimator):
        raise ValueError(
            f"method={method!r} is not one of {_methods(estimator)}, which "
            f"{type(estimator).__name__} has."
        )
    found = getattr(estimator, method)(X)
    if method == "predict" or not isinstance(found, np.ndarray):
        return found
    labels: Any = range(found.shape[1])
    if method == "predict_proba":
        labels = getattr(estimator, "classes_", labels)
    index = X.index if isinstance(X, pd.DataFrame) else None
    return pd.DataFrame(found, columns=list(map(str, labels)), index=index)


def _methods(estimator: Any) -> list[str]:
    return [method for method in _METHODS if hasattr(estimator, method)]


@contextlib.contextmanager
def _prepared(
    model: Any,
    input_example: Any,
    report: str | os.PathLike[str] | None,
    card: dict[str, Any] | None,
    trusted: Iterable[str | type],
) -> Iterator[tuple[ArchiveInfo, dict[str, Any]]]:
    """Give what is known of a model, and what MLflow's functions take to store it."""
    if not _methods(model):
        raise TypeError(f"{type(model).__name__} has none of {', '.join(_METHODS)}.")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        archive = folder / _ARCHIVE
        save(model, archive, card=card, trusted=trusted)
        info = inspect(archive)
        texts = {
            "model_card.md": info.to_markdown(),
            "row_schema.json": json.dumps(info.row_schema(), indent=1),
        }
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8")
        artifacts = {"model": str(archive)}
        artifacts |= {file.partition(".")[0]: str(folder / file) for file in texts}
        if report is not None:
            artifacts["report"] = os.fspath(report)
        code = folder / "segment_model.py"
        code.write_text(_CODE, encoding="utf-8")
        yield (
            info,
            {
                "python_model": str(code),
                "artifacts": artifacts,
                "model_config": {"trusted": list(info.trusted)}
                if info.trusted
                else None,
                "signature": _signature(model, info),
                "input_example": input_example,
                "pip_requirements": [
                    f"segmentlearn=={segmentlearn.__version__}",
                    *(
                        f"{package}=={info.versions[package]}"
                        for package in _PACKAGES
                        if package in info.versions
                    ),
                ],
            },
        )


def _signature(model: Any, info: ArchiveInfo) -> Any:
    """Return MLflow's signature of a model: its columns, and what it gives."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import TensorSpec

    columns = [
        c for c in info.columns() if c["role"] not in ("identifier", "all-missing")
    ]
    if info.card["is_array"]:
        shape = (-1, len(info.columns()))
        inputs = Schema([TensorSpec(np.dtype(np.float64), shape)])
    else:
        inputs = Schema([ColSpec(_type_of(c), name=c["name"]) for c in columns])
    methods = _methods(model)
    params = ParamSchema([ParamSpec("method", DataType.string, methods[0])])
    outputs = None
    if methods[0] == "predict":
        labels = [segment["label"] for segment in info.card["segments"]]
        is_text = all(isinstance(label, str) for label in labels)
        is_number = all(type(label) is int for label in labels)
        if labels and (is_text or is_number):
            outputs = Schema([ColSpec(DataType.string if is_text else DataType.long)])
    return ModelSignature(inputs=inputs, outputs=outputs, params=params)


def _type_of(column: dict[str, Any]) -> Any:
    """Return MLflow's type of a column; any where the model takes several.

    MLflow refuses whole numbers where it expects floats, and floats where it expects
    whole numbers, so that a column's type would depend on whether a cell is missing.
    """
    from mlflow.types import DataType
    from mlflow.types.schema import AnyType

    types = column["schema"].get("type")
    if types != ["string", "null"]:
        return AnyType()
    return DataType.datetime if column["kind"] == "datetime" else DataType.string


def _import_mlflow() -> Any:
    try:
        import mlflow.pyfunc
    except ImportError as error:
        raise ImportError(
            "segmentlearn.mlflow needs MLflow, which is missing: pip install "
            '"segmentlearn[mlflow]"'
        ) from error
    return mlflow
