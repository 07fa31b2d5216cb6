"""Score new customers: from a file, or from a form with a field for each column."""

import csv
import dataclasses
import hashlib
import io
from typing import Any

import numpy as np
import pandas as pd

import segmentlearn
from segmentlearn.app._jobs import Job
from segmentlearn.app._uploads import Loaded
from segmentlearn.auditing import Finding, audit
from segmentlearn.exceptions import SchemaError, SegmentLearnError
from segmentlearn.inspection import Scores, name_of, score, used_columns
from segmentlearn.persistence import ArchiveInfo
from segmentlearn.tables import TableFile, TableSchema, as_table, read_table
from segmentlearn.tables import stored_schema as schema_of

_MOST_LEVELS = 50
_DRIFT = ("drift", "new", "unseen", "shared", "overlap", "range", "separat")


@dataclasses.dataclass(eq=False)
class Model:
    """A model that scores customers.

    Parameters
    ----------
    title : str
        What it is called in a list of models.
    estimator : estimator
        Fitted.
    schema : TableSchema or None
        How the columns of its training table were read.
    columns : list of str
        Columns that it needs.
    target : str or None
        Column of the known segments, if it has learnt them.
    train : DataFrame or None
        The customers that it was fitted to, where they are in this session.
    facts : dict
        What its archive says of it.
    file : str
        Name of its archive, if it comes from one.
    digest : str
        Hash of that.
    """

    title: str
    estimator: Any
    schema: TableSchema | None
    columns: list[str]
    target: str | None = None
    train: pd.DataFrame | None = None
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    file: str = ""
    digest: str = ""


@dataclasses.dataclass(eq=False)
class Scored:
    """Scored customers.

    Parameters
    ----------
    loaded : Loaded
        The file.
    scores : Scores
        Segments and probabilities.
    findings : list of Finding
        What is different from the training table.
    """

    loaded: Loaded
    scores: Scores
    findings: list[Finding]

    def counts(self) -> pd.DataFrame:
        """Return the customers in each segment."""
        scores, names = self.scores, self.scores.names
        counts = pd.Series(scores.segments).value_counts().sort_index()
        frame = pd.DataFrame(
            {
                "segment": counts.index.map(str),
                "name": [name_of(names, s) if names else "" for s in counts.index],
                "customers": counts.to_numpy(),
                "share": counts.to_numpy() / len(scores.segments),
            }
        )
        if scores.ids is not None:  # labels change from period to period
            id_of = dict(zip(scores.segments, scores.lasting, strict=True))
            frame.insert(0, "id", [id_of[label] for label in counts.index])
        return frame

    def preview(self, n_rows: int = 100) -> pd.DataFrame:
        """Return the first customers with the new columns in front."""
        new = {k: v[:n_rows] for k, v in self.scores.new_columns().items()}
        frame = self.loaded.table.frame.head(n_rows).reset_index(drop=True)
        names = {name: f"{name} (new)" for name in new if name in frame}
        return pd.concat([pd.DataFrame(new).rename(columns=names), frame], axis=1)


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of the form for one customer.

    Parameters
    ----------
    name : str
        The column.
    kind : {"number", "category", "date", "text"}
        What it holds.
    default : object
        What a typical customer has.
    levels : list
        Values of a category to choose from.
    """

    name: str
    kind: str
    default: Any = None
    levels: tuple[str, ...] = ()


def load_model(data: bytes, name: str) -> tuple[Model, ArchiveInfo]:
    """Load a model from the bytes of an archive; all of it is checked first."""
    file = io.BytesIO(data)
    info = segmentlearn.inspect(file)
    file.seek(0)
    estimator = segmentlearn.load(file)
    if not hasattr(estimator, "predict"):
        raise SegmentLearnError(
            f"{name} holds a {type(estimator).__name__}, which predicts nothing."
        )
    target = info.metadata.get("target")
    return (
        Model(
            title=f"Archive {name}",
            estimator=estimator,
            schema=schema_of(info.metadata),
            columns=needed_columns(estimator),
            target=target if isinstance(target, str) else None,
            facts=info.metadata,
            file=name,
            digest=hashlib.sha256(data).hexdigest(),
        ),
        info,
    )


def needed_columns(estimator: Any) -> list[str]:
    """Return the columns that a model uses."""
    names = [str(name) for name in getattr(estimator, "feature_names_in_", [])]
    return used_columns(estimator, names)


def score_table(job: Job, model: Model, loaded: Loaded) -> Scored:
    """Score the customers of a file, and compare them with the training table."""
    job.step("scoring", 0.05, 0.6)
    scores = score(model.estimator, loaded.table)
    findings: list[Finding] = []
    if model.train is not None and len(loaded.table.frame) > 1:
        job.step("comparing with the customers of the training table", 0.6, 1.0)
        columns = [name for name in model.train if name in loaded.table.columns]
        report = audit(
            model.train[columns],
            X_new=loaded.table.frame[columns],
            classifier_test=len(loaded.table.frame) >= 50,
        )
        alone = {f.code for f in audit(model.train[columns])}
        findings = [found for found in report if found.code not in alone]
    return Scored(loaded, scores, findings)


def form_fields(model: Model) -> list[Field]:
    """Return a field for each column that a model needs."""
    if model.train is None:
        return [Field(name, "text") for name in model.columns]
    fields = []
    for column in as_table(model.train[model.columns], "app").columns:
        if column.is_numeric and column.kind == "number":
            default = float(np.nanmedian(column.numbers))
            fields.append(Field(column.name, "number", default))
        elif column.kind == "datetime":
            days = float(np.nanmedian(column.numbers))
            day = (pd.Timestamp(0) + pd.Timedelta(days=days)).date()
            fields.append(Field(column.name, "date", day))
        else:
            counts = column.level_counts
            order = np.argsort(-counts, kind="stable")
            order = order[counts[order] > 0][:_MOST_LEVELS]
            levels = tuple(str(column.factor.levels[at]) for at in order)
            fields.append(
                Field(column.name, "category", levels[0] if levels else None, levels)
            )
    return fields


def score_one(model: Model, values: dict[str, Any]) -> Scores:
    """Score one customer whose cells are given as a file would hold them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(model.columns)
    cells = ["" if values[n] is None else str(values[n]) for n in model.columns]
    if not any(cells):
        raise SchemaError("Fill in one field at least.")
    writer.writerow(cells)
    file = io.BytesIO(text.getvalue().encode())
    file.name = "the form"
    schema = model.schema
    if model.train is not None:
        # fields of the form are written in one way, whatever the file's notation was
        schema = None
    table = read_table(file, schema=schema, separator=",", quotes=True, decimal=".")
    if model.train is not None:
        table = dataclasses.replace(table, frame=_as_trained(table, model.train))
    return score(model.estimator, table)


def _as_trained(table: TableFile, train: pd.DataFrame) -> pd.DataFrame:
    """Return a row whose cells have the types of the training table's columns."""
    columns = {}
    for name in table.columns:
        texts, kind = table.text(name), train[name].dtype.kind
        if kind == "M":
            columns[name] = pd.to_datetime(texts)
        elif kind in "iuf":
            columns[name] = pd.to_numeric(texts)
        elif kind == "b":
            columns[name] = texts.map({"True": True, "False": False})
        else:
            columns[name] = texts
    return pd.DataFrame(columns)
