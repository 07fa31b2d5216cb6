"""A whole model as one SQL statement."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sklearn.base import is_classifier

from segmentlearn._parameters import check_option
from segmentlearn.export._exact_sql._cells import Cells
from segmentlearn.export._exact_sql._rows import Rows
from segmentlearn.export._exact_sql._statement import Statement
from segmentlearn.export._onnx._models import outputs_of, raw_columns
from segmentlearn.export._sql import DIALECTS, Writer
from segmentlearn.tables import unique_names

_MOST_OPERATIONS = 300_000


class SqlSize(NamedTuple):
    """How large a model is as SQL, from `sql_size`.

    Attributes
    ----------
    operations : int
        Additions, products, comparisons and calls that a row costs.
    steps : int
        Common table expressions that follow each other.
    characters : int
        Length of the statement.
    """

    operations: int
    steps: int
    characters: int


def model_to_sql(
    model: Any,
    key: str | Sequence[str],
    dialect: str = "duckdb",
    table: str | Sequence[str] = "customers",
    *,
    max_length: int = 1_000_000,
) -> str:
    """Return a fitted model as one SELECT: raw columns in, segment and shares out.

    It is the model itself, not rules that stand in for it: its preprocessing, its net
    layer by layer, or its segments. That is for small models; for others see
    :func:`segment_rules` and :func:`to_onnx`. Read more in the
    :doc:`user guide </user_guide/rules>`.

    Parameters
    ----------
    model : estimator
        A fitted model, as :func:`to_onnx` takes it.
    key : str or list of str
        Columns that name a customer; they are in the result.
    dialect : str, default="duckdb"
        "bigquery", "databricks", "duckdb", "mysql", "oracle", "postgres", "redshift",
        "snowflake", "spark", "sqlite" or "tsql".
    table : str or list of str, default="customers"
        Name of the table, or database, schema and name.
    max_length : int, default=1_000_000
        Characters that the statement may have. SQLite, BigQuery and Snowflake take
        about a million.

    Returns
    -------
    sql : str
        Its result has the key, ``segment`` and a column for each probability or
        membership, such as ``probability_A``; of an autoencoder the codes. Numbers are
        computed in double precision.

    Raises
    ------
    ImportError
        If the package sqlglot is missing; it comes with ``segmentlearn[export]``.
    TypeError
        If SQL cannot express the model.
    ValueError
        If the statement is longer than `max_length`, or the dialect unknown.

    See Also
    --------
    sql_size : How long it is, and what a row costs.
    segment_rules : A few rules in place of the model.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from segmentlearn import InductiveClusterer, model_to_sql
    >>> X = [[1.0], [2.0], [8.0], [9.0]]
    >>> model = InductiveClusterer(KMeans(2, random_state=0)).fit(X)
    >>> sql = model_to_sql(model, key="id")
    >>> sql[:56]
    'WITH step_1 AS MATERIALIZED (SELECT "id" AS k1, CAST("x0'
    """
    sql, size = _write(model, key, dialect, table)
    if size.characters > max_length:
        raise ValueError(
            f"model_to_sql: the statement has {size.characters:,} characters and "
            f"{size.operations:,} operations a row, more than max_length={max_length:,}"
            f" allows. {_CURE}, or raise max_length where the database takes it."
        )
    return sql


_CURE = (
    "Fit a smaller model to the labels of this one, such as "
    "SegmentClassifier(hidden_layer_sizes=8, n_members=1, n_inner_folds=0, "
    "numeric_embedding=None), or take segment_rules or to_onnx"
)


def sql_size(model: Any, dialect: str = "duckdb") -> SqlSize:
    """Return how large a model is as SQL, before a database is asked to run it.

    Parameters
    ----------
    model : estimator
        A fitted model, as :func:`to_onnx` takes it.
    dialect : str, default="duckdb"
        As `model_to_sql` takes it.

    Returns
    -------
    size : SqlSize
        ``operations`` of a row, ``steps`` and ``characters``.

    Raises
    ------
    ImportError
        If the package sqlglot is missing; it comes with ``segmentlearn[export]``.
    TypeError
        If SQL cannot express the model.
    ValueError
        If a row costs more than 300,000 operations.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from segmentlearn import InductiveClusterer
    >>> from segmentlearn.export import sql_size
    >>> X = [[1.0], [2.0], [8.0], [9.0]]
    >>> size = sql_size(InductiveClusterer(KMeans(2, random_state=0)).fit(X))
    >>> size.operations < 100, size.characters < 5_000
    (True, True)
    """
    return _write(model, "key", dialect, "customers")[1]


def _write(
    model: Any, key: Any, dialect: str, table: str | Sequence[str]
) -> tuple[str, SqlSize]:
    check_option("dialect", dialect, DIALECTS)
    rows: Any = Rows(_MOST_OPERATIONS)
    cells: Any = Cells(rows, raw_columns(model, "model_to_sql"))
    try:
        outputs, facts = outputs_of(rows, cells, model, "model_to_sql")
    except ValueError as error:
        if rows.scalars.n_operations <= _MOST_OPERATIONS:
            raise
        raise ValueError(f"model_to_sql: {error} {_CURE}.") from error
    keys = [key] if isinstance(key, str) else [str(name) for name in key]
    *label, (shares, *_) = outputs
    found = {}
    if label:
        is_known = is_classifier(getattr(model, "best_estimator_", model))
        what = "probability" if is_known else "membership"
        names = [f"{what}_{segment}" for segment in facts["segments"]]
        found["segment"] = label[0][0][0]
    else:
        names = [f"code_{at}" for at in range(shares.shape[1])]
    names = unique_names([*keys, *found, *names])[len(keys) :]
    values = [*found.values(), *shares[0]]
    statement = Statement(
        Writer(dialect, table, {}), keys, dict(zip(names, values, strict=True))
    )
    text = statement.text()
    operations = rows.scalars.n_operations
    return text, SqlSize(operations, statement.n_steps, len(text))
