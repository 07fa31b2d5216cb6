"""write_report: a model and its customers as one page for people to read."""

import os
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from segmentlearn.exceptions import SchemaError
from segmentlearn.inspection import used_columns
from segmentlearn.monitoring import SegmentMigration
from segmentlearn.report._migration import movement_part
from segmentlearn.report._page import require_packages, write_page
from segmentlearn.report._suppression import THRESHOLD
from segmentlearn.tables import NUMBER, Column

_TEMPLATE = "template.html.j2"


def write_report(
    model: Any,
    X: Any,
    path: str | os.PathLike[str],
    *,
    target: str | None = None,
    y: Any = None,
    value: str | None = None,
    title: str | None = None,
    random_state: Any = 0,
    facts: dict[str, Any] | None = None,
    cost_per_contact: float | None = None,
    value_per_response: float | None = None,
    migration: SegmentMigration | None = None,
    command: str | None = None,
) -> None:
    """Write an HTML report on a model and its customers for a manager.

    What the model is, how good it is, what is in each segment, what separates
    them, what is wrong with the data, and how to make the report again. It is one
    file, which loads nothing.

    Parameters
    ----------
    model : estimator
        A fitted classifier or clusterer with ``predict``, or a Pipeline that ends in
        one.
    X : frame or array-like of shape (n_samples, n_features)
        Customers in the raw columns of the model. Other columns are audited and
        otherwise left alone.
    path : str or path-like
        File to write.
    target : str or None, default=None
        Column of X that holds the segments as they are known.
    y : array-like of shape (n_samples,) or None, default=None
        The same, where it is not a column of X.
    value : str or None, default=None
        Column of X with what a customer is worth, such as revenue: the report has the
        share of each segment.
    title : str or None, default=None
        Heading; None is "Customer segments".
    random_state : int, RandomState instance or None, default=0
        Draws the sample, and all that is drawn from it.
    facts : dict or None, default=None
        Notes of the model's archive, ``inspect(archive).metadata``: held-out numbers of
        ``segmentlearn fit`` are taken from it.
    cost_per_contact, value_per_response : float or None, default=None
        What it costs to contact a customer and what a response brings, for the profit
        from finding the customers of one of two classes. None takes what the archive
        was fitted with.
    migration : SegmentMigration or None, default=None
        Who moved since an earlier period, as `segment_migration` returns it, to show
        in the report.
    command : str or None, default=None
        Command line to show in the report.

    Raises
    ------
    ImportError
        If Jinja2 or Matplotlib is not installed.
    SchemaError
        If X lacks columns of the model.
    ValueError
        If there are fewer than ten customers, `target` or `value` is not a column of
        X, both `target` and `y` are given, or the value does not sum to more than 0.
    OSError
        If the file cannot be written.

    See Also
    --------
    segmentlearn.inspection.segment_profile : What is in each segment, with all numbers.
    segmentlearn.auditing.audit : All that is known of the defects of a table.

    Notes
    -----
    Counts below ten customers are shown as "< 10", and others are hidden so that these
    cannot be worked out from totals or shares [1]_. Rare levels of categories are
    merged, the audit is shown without numbers, and no single customer is shown.

    A classifier is evaluated by held-out numbers only: those of ``segmentlearn fit`` or
    out-of-fold probabilities where the customers are those it was fitted to. Segments
    are evaluated by whether they come back when customers are drawn again.

    With more than 20,000 customers all but the sizes is from a random sample.

    References
    ----------
    .. [1] A. Hundepool et al., "Statistical Disclosure Control", Wiley, 2012.

    Examples
    --------
    >>> import pathlib
    >>> import tempfile
    >>> from sklearn.cluster import KMeans
    >>> from segmentlearn import make_customers
    >>> from segmentlearn.report import write_report
    >>> X, _ = make_customers("mall", 200, random_state=0)
    >>> X = X[["Age", "Annual Income (k$)", "Spending Score (1-100)"]]
    >>> model = KMeans(3, n_init=3, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "report.html"
    ...     write_report(model, X, path, title="Mall customers")
    ...     "Mall customers" in path.read_text(encoding="utf-8")
    True
    """
    require_packages()
    check_is_fitted(model)
    if not hasattr(model, "predict"):
        raise ValueError(
            f"model={type(model).__name__} has no predict; wrap a clusterer without "
            "one into an InductiveClusterer."
        )
    frame, labels = _take_target(_as_frame(X, model), target, y)
    features = _features(model, frame)
    worth = None if value is None else _numbers_of(frame, value)
    if len(frame) < THRESHOLD:
        raise ValueError(
            f"X has {len(frame)} customers; a report needs {THRESHOLD}, so that none "
            "of them can be recognised."
        )
    from segmentlearn.report._contents import gather
    from segmentlearn.report._quality import FEWEST_ROWS

    given = cost_per_contact, value_per_response
    names = "cost_per_contact", "value_per_response"
    amounts = dict((facts or {}).get("amounts", {}))
    amounts |= {n: x for n, x in zip(names, given, strict=True) if x is not None}
    contents = gather(
        model,
        frame,
        labels,
        features=features,
        random_state=random_state,
        archive_facts={**({"target": target} if target else {}), **(facts or {})},
        amounts=amounts if len(amounts) == len(names) else {},
        command=command,
        value=worth,
    )
    values: dict = {"fewest_rows": FEWEST_ROWS}
    values |= {"movement": None if migration is None else movement_part(migration)}
    write_page(
        path, _TEMPLATE, title=title or "Customer segments", it=contents, **values
    )


def _as_frame(X: Any, model: Any) -> pd.DataFrame:
    if isinstance(X, pd.DataFrame):
        return X.reset_index(drop=True)
    if hasattr(X, "to_pandas"):
        return X.to_pandas().reset_index(drop=True)
    cells = np.asarray(X)
    if cells.ndim != 2:
        raise ValueError(
            f"X has the shape {cells.shape}; pass a table, one row a customer."
        )
    names = getattr(model, "feature_names_in_", None)
    if names is None or len(names) != cells.shape[1]:
        names = [f"x{at}" for at in range(cells.shape[1])]
    return pd.DataFrame(cells, columns=list(names))


def _take_target(
    X: pd.DataFrame, target: str | None, y: Any
) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Return the features and the known segments."""
    if target is None:
        if y is None:
            return X, None
        labels = np.asarray(y, dtype=object)
        if labels.shape != (len(X),):
            raise ValueError(
                f"y has the shape {labels.shape} and X has {len(X)} rows; pass "
                "one label a row."
            )
        return X, labels
    if y is not None:
        raise ValueError(f"Both target={target!r} and y are given; leave one out.")
    if target not in X.columns:
        raise ValueError(
            f"target={target!r} is not a column of X; its columns are "
            f"{list(X.columns)}."
        )
    return X.drop(columns=target), X[target].to_numpy(dtype=object)


def _numbers_of(X: pd.DataFrame, value: str) -> pd.Series:
    """Return what each customer is worth."""
    if value not in X.columns:
        raise ValueError(
            f"value={value!r} is not a column of X; its columns are {list(X.columns)}."
        )
    column = Column(value, X[value].array)
    if column.kind != NUMBER:
        raise ValueError(f"value={value!r} is a column without numbers.")
    numbers = column.numbers
    if not np.nansum(numbers) > 0:
        raise ValueError(
            f"value={value!r} sums to {np.nansum(numbers)}, of which no shares can be "
            "taken; it must be more than 0."
        )
    return pd.Series(numbers, name=value)


def _features(model: Any, X: pd.DataFrame) -> list[str]:
    """Return the columns of the model; all of them must be there."""
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        expected = getattr(model, "n_features_in_", X.shape[1])
        if expected != X.shape[1]:
            raise SchemaError(
                f"The model was fitted to {expected} columns without names and X has "
                f"{X.shape[1]}; pass the same columns."
            )
        return list(X.columns)
    # an identifier that fit has left out may be absent
    needed = used_columns(model, [str(name) for name in names])
    missing = [name for name in needed if name not in X.columns]
    if missing:
        raise SchemaError(
            f"X lacks {len(missing)} column(s) that the model was fitted with: "
            f"{', '.join(missing)}; its columns are {', '.join(map(str, X.columns))}."
        )
    return [name for name in names if name in X.columns]
