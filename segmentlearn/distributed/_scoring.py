"""A model on a partition: the same functions for Dask and for Spark."""

import io
import os
import pathlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.inspection import model_features, score
from segmentlearn.persistence import save
from segmentlearn.tables import TableFile, TableSchema, unique_names


def archive_bytes(model: Any, trusted: Sequence[str]) -> bytes:
    """Return the archive of a fitted estimator, or the bytes of one there is."""
    if hasattr(model, "fit"):
        stream = io.BytesIO()
        save(model, stream, trusted=trusted)
        return stream.getvalue()
    if hasattr(model, "read"):
        model.seek(0)
        return bytes(model.read())
    if not isinstance(model, str | os.PathLike):
        raise TypeError(
            f"model={model!r} must be a fitted estimator, the path of an archive or a "
            "file opened in binary mode."
        )
    return pathlib.Path(model).read_bytes()


def as_table(frame: pd.DataFrame) -> TableFile:
    """Return a partition as scoring knows tables."""
    names = [str(name) for name in frame.columns]
    return TableFile("X", frame.set_axis(names, axis="columns"), TableSchema({}))


def used_by(model: Any, frame: pd.DataFrame) -> list[str]:
    """Return the columns of a table that a model uses; an error if some are missing."""
    if not hasattr(model, "feature_names_in_"):
        return list(frame.columns)
    features: Any = model_features(model, as_table(frame))
    return list(features.columns)


def predict(model: Any, frame: pd.DataFrame, kept: Any = ()) -> pd.Series:
    """Return the segment of each customer."""
    segments = score(model, as_table(frame)).segments
    return _cells(segments, frame.index).rename("segment")


def predict_proba(
    model: Any, frame: pd.DataFrame, kept: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the probability of each segment."""
    proba = np.asarray(model.predict_proba(model_features(model, as_table(frame))))
    labels = getattr(model, "classes_", range(proba.shape[1]))
    return pd.DataFrame(proba, frame.index, list(labels))


def transform(
    model: Any, frame: pd.DataFrame, kept: Sequence[str] = ()
) -> pd.DataFrame:
    """Return what a model makes of each customer."""
    found = model.transform(model_features(model, as_table(frame)))
    if isinstance(found, pd.DataFrame):
        return found.set_axis(frame.index)
    found = found.toarray() if hasattr(found, "toarray") else np.asarray(found)
    try:
        names = list(model.get_feature_names_out())
    except (AttributeError, ValueError):
        names = [f"x{at}" for at in range(found.shape[1])]
    return pd.DataFrame(found, frame.index, names)


def add_scores(model: Any, frame: pd.DataFrame, kept: Sequence[str]) -> pd.DataFrame:
    """Return columns of customers, and behind them what a model says."""
    new = score(model, as_table(frame)).new_columns()
    names = unique_names([*kept, *new])[len(kept) :]
    scored = {
        name: _cells(cells, frame.index)
        for name, cells in zip(names, new.values(), strict=True)
    }
    return pd.concat([frame[list(kept)], pd.DataFrame(scored)], axis="columns")


_METHODS = (predict, predict_proba, transform, add_scores)
METHODS: dict[str, Callable[..., Any]] = {
    method.__name__: method for method in _METHODS
}


def empty_result(
    method: str, model: Any, meta: pd.DataFrame, kept: Sequence[str] = ()
) -> Any:
    """Return what a method gives for no customer: names and types.

    No row of the table is read for it. Estimators refuse an empty table, so the method
    is called with a customer of whom nothing is known, or one of Dask's making.
    """
    unknown = meta.reset_index(drop=True).reindex([0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = METHODS[method](model, unknown, kept)
        except (ValueError, TypeError):
            from dask.dataframe.utils import meta_nonempty

            found = METHODS[method](model, meta_nonempty(meta), kept)
    found = found.iloc[:0].set_axis(meta.index[:0])
    if kept:  # with the types that they have, not those of what is unknown
        found = pd.concat(
            [meta[list(kept)], found.iloc[:, len(kept) :]], axis="columns"
        )
    return found


def _cells(values: np.ndarray, index: pd.Index) -> pd.Series:
    """Return values as a series, text as pandas holds text."""
    return pd.Series(values.tolist() if values.dtype == object else values, index)
