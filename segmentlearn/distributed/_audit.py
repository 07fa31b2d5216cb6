"""The audit of a Dask DataFrame: of rows drawn at random from all partitions."""

import warnings
from typing import Any

import pandas as pd

from segmentlearn import auditing
from segmentlearn.auditing import AuditReport
from segmentlearn.distributed._cluster import check_frame
from segmentlearn.distributed._sample import MOST_ROWS, drawn
from segmentlearn.exceptions import SampledRowsWarning
from segmentlearn.tables import free_name


def audit(
    X: Any,
    y: Any = None,
    X_new: Any = None,
    *,
    n_rows: int = MOST_ROWS,
    client: Any = None,
    random_state: int = 0,
    **options: Any,
) -> AuditReport:
    """Look for what would make results on a Dask DataFrame mislead.

    The audit of :func:`segmentlearn.audit`, on rows that are drawn at random from all
    partitions in one pass; on all rows where there are no more than `n_rows`.

    Parameters
    ----------
    X : dask.dataframe.DataFrame
        The training table.
    y : str, dask.dataframe.Series or None, default=None
        Classes: the name of a column of X, or a series made from X.
    X_new : dask.dataframe.DataFrame or None, default=None
        New customers.
    n_rows : int, default=500000
        Rows of each table that are audited.
    client : distributed.Client, default=None
        Client of the scheduler; None takes the current one.
    random_state : int, default=0
        Draws rows and folds.
    **options
        Further parameters of `segmentlearn.audit`; `ids` are names of columns.

    Returns
    -------
    report : AuditReport
        Its ``n_rows`` are those that were audited.

    Raises
    ------
    TypeError
        If a table is no Dask DataFrame.

    Warns
    -----
    SampledRowsWarning
        If rows were drawn. Shares and tests hold for the whole table then; customers
        who are in it twice are hardly ever drawn twice.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> from segmentlearn import make_customers
    >>> from segmentlearn.distributed import audit
    >>> X, y = make_customers("automobile", 300, keep_id=True, random_state=0)
    >>> table = dd.from_pandas(X.assign(segment=y), npartitions=3)
    >>> [finding.code for finding in audit(table, "segment").filter("warning")]
    ['identifier']
    """
    check_frame(X)
    if y is not None and not isinstance(y, str):
        name = free_name("y", X._meta)
        X, y = X.assign(**{name: y}), name
    rows = _rows(X, "X", n_rows, client, random_state)
    new = None
    if X_new is not None:
        check_frame(X_new, "X_new")
        new = _rows(X_new, "X_new", n_rows, client, random_state)
    return auditing.audit(rows, y, new, random_state=random_state, **options)


def _rows(X: Any, name: str, n_rows: int, client: Any, seed: int) -> pd.DataFrame:
    sample = drawn(X, n_rows, client, seed)
    if not sample.is_whole:
        warnings.warn(
            f"{len(sample.frame):,} of {sample.n_rows:,} rows of {name} were drawn at "
            "random; the audit is about them. n_rows sets how many.",
            SampledRowsWarning,
            stacklevel=3,
        )
    return sample.frame
