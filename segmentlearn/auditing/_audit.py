"""audit: what would make results on a table mislead."""

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from segmentlearn._compat import Interval
from segmentlearn._parameters import validate_parameters
from segmentlearn.auditing._audit_report import AuditReport
from segmentlearn.auditing._cell_checks import (
    check_cells,
    check_copies,
    check_label_spelling,
)
from segmentlearn.auditing._drift import (
    check_columns,
    check_drift,
    check_time,
    comparable,
)
from segmentlearn.auditing._repeats import (
    check_duplicates,
    check_identifiers,
    check_repeated,
    check_shared,
)
from segmentlearn.auditing._target import (
    Target,
    check_classes,
    check_missing,
    check_predictors,
)
from segmentlearn.auditing._train_new_overlap import check_near_copies, check_separation
from segmentlearn.auditing._value_checks import check_date_text, check_values
from segmentlearn.tables import Column, TableSchema, as_table, check_row_order

Columns = dict[str, Column]


@validate_parameters(
    y=["array-like", str, None],
    max_rows=[Interval(Integral, 1_000, None, closed="left")],
)
def audit(
    X: Any,
    y: Any = None,
    X_new: Any = None,
    *,
    ids: Any = None,
    ids_new: Any = None,
    n_folds: int = 5,
    alpha: float = 0.01,
    correction: str | None = "holm",
    classifier_test: bool = True,
    max_rows: int = 50_000,
    random_state: Any = 0,
) -> AuditReport:
    """Look for what would make results on a table of customers mislead.

    Leaks, identifiers, duplicates, contradicting labels, uneven classes, defects of
    cells, and what a new table does differently. Each finding has what was measured,
    how severe it is and what to do about it. Nothing is changed.

    Parameters
    ----------
    X : frame or array-like of shape (n_samples, n_features)
        The training table in raw columns: numbers, text, categories, truth values,
        dates, missing cells.
    y : array-like of shape (n_samples,), str or None, default=None
        Classes, numbers or text; or the name of the column of X that holds them. None
        leaves out what is about the target.
    X_new : frame, array-like of shape (n_new, n_features) or None, default=None
        New customers, or the other side of a split. Frames are matched by name.
    ids : str, list of str, array-like of shape (n_samples,) or None, default=None
        What names a customer: a column, several that do so together, or the
        identifiers themselves. Such columns are no features. None looks for columns
        that seem to be identifiers.
    ids_new : array-like of shape (n_new,) or None, default=None
        Identifiers of the new customers, where `ids` are no columns.
    n_folds : int, default=5
        Folds that each class should have a row for.
    alpha : float, default=0.01
        Level of the tests, after correction.
    correction : {"holm", "fdr_bh"} or None, default="holm"
        How p-values are corrected for the number of columns: Holm's method, or
        Benjamini and Hochberg's false discovery rate.
    classifier_test : bool, default=True
        Whether a random forest tries to separate new rows from training rows.
    max_rows : int, default=50000
        Rows, drawn by class, in which columns are tried as predictors of the target.
        Counts, tests of single columns and comparisons of identifiers take all rows.
    random_state : int, RandomState instance or None, default=0
        Draws rows and folds.

    Returns
    -------
    report : AuditReport
        Printed, it is a report to read.

    Raises
    ------
    ValueError
        If y is continuous or not one for each row, or a column is unknown.
    SchemaError
        If column names repeat.

    See Also
    --------
    segment_profile : What is in each segment.

    Notes
    -----
    Codes of findings:

    - "shared-entities", "reused-identifiers", "repeated-entities", "identifier": who is
      in which row.
    - "target-copy", "suspect-predictor", "known-afterwards": columns that alone reach a
      high ROC AUC (one class against the rest, averaged over classes and five folds)
      by the class shares of their levels or of 64 quantile bins. Suspected is one from
      0.97, and one from 0.75 that is 1.5 times as strong (2 AUC − 1) as the next or
      whose name speaks of what comes afterwards [1]_. A copy has as many values as
      there are classes and an AUC of 0.999 or more. Whether it is a leak, only
      somebody who knows the columns can decide.
    - "duplicate-rows", "conflicting-labels": rows with equal features. They are a
      warning only where chance does not explain them.
    - "missing-labels", "single-class", "small-classes", "class-imbalance",
      "missing-depends-on-target": the target.
    - "infinite-values", "mixed-types", "numbers-as-text", "level-variants",
      "many-levels", "empty-column", "mostly-missing", "missing-values",
      "constant-column", "copied-columns": cells.
    - "placeholder-values", "wrong-sign", "impossible-values", "extreme-values",
      "future-dates", "dates-as-text": values that can hardly be true. Extremes are far
      out after the column's own skewness is taken out, by Tukey's g distributions [3]_,
      or behind a gap.
    - "missing-columns", "extra-columns", "changed-kind", "unseen-levels",
      "missing-drift", "drift": the new table. Drift is a warning if a
      Kolmogorov-Smirnov or chi-squared test is significant and the population
      stability index is 0.25 or more, a note if the test alone is.
    - "time-drift": a column of dates whose latest fifth of the rows differs from the
      others in another column or the target, significantly and with an index of 0.1 or
      more.
    - "copied-rows", "near-copies": new rows that agree with training rows, in all
      columns or in all but one or two, or lie close to them, more often than training
      rows do with each other. In about 5,000 rows of the new table.
    - "joint-drift": a classifier two-sample test [2]_.

    References
    ----------
    .. [1] S. Kaufman, S. Rosset, C. Perlich and O. Stitelman, "Leakage in data mining:
       formulation, detection, and avoidance", ACM Transactions on Knowledge Discovery
       from Data 6 (2012), 15.
    .. [2] D. Lopez-Paz and M. Oquab, "Revisiting classifier two-sample tests",
       International Conference on Learning Representations 2017.
    .. [3] C. Bruffaerts, V. Verardi and C. Vermandele, "A generalized boxplot for
       skewed and heavy-tailed distributions", Statistics & Probability Letters 95
       (2014), 110-117.

    Examples
    --------
    >>> from segmentlearn.datasets import make_customers
    >>> from segmentlearn.auditing import audit
    >>> X, y = make_customers("automobile", 300, keep_id=True, random_state=0)
    >>> report = audit(X, y)
    >>> report.worst
    'warning'
    >>> [(finding.code, finding.columns) for finding in report.filter("warning")]
    [('identifier', ('ID',))]
    """
    random_state = check_random_state(random_state)
    check_row_order(X, y)
    table = as_table(X, "audit")
    # as a preprocessor would read it: amounts written as text identify nobody
    schema, typed, _ = TableSchema.of_and_read(table)
    raw, columns, n_rows = table.by_name(), typed.by_name(), table.n_rows
    labels = _take_target(columns, y, n_rows)
    target = None if labels is None else Target.read(labels)
    new_columns, n_new = _read_new(X_new, columns, y, schema)
    declared = _declared(ids, columns, n_rows)
    found = [] if declared else [c.name for c in columns.values() if c.identifies]
    named = {*found, *declared}
    features = {name: column for name, column in columns.items() if name not in named}
    findings = [
        *check_identifiers(columns, found),
        *check_cells([raw[name] for name in columns], named),
        *check_values(column for n, column in columns.items() if n not in named),
        *check_date_text([raw[name] for name in columns], columns),
        *check_label_spelling(labels),
        *check_copies(features.values()),
        *check_duplicates(list(features.values()), target),
    ]
    if target is not None:
        findings += check_classes(target, n_rows, n_folds)
        findings += check_missing(features.values(), target, alpha, correction)
        predictors = list(columns.values())
        findings += check_predictors(predictors, target, max_rows, random_state)
    in_time = [*features.values(), *([] if labels is None else [labels])]
    findings += check_time(in_time, alpha, correction)
    # numbers of rows repeat by design only where they are declared to be customers
    entities = [declared] if declared else [{name: columns[name]} for name in found]
    for entity in entities:
        findings += check_repeated(entity)
    if X_new is not None:
        findings += check_columns(columns, new_columns, named)
        pairs = comparable(features, new_columns)
        for entity in entities:
            new_entity = _new_entity(entity, new_columns, ids_new, n_new)
            if new_entity:
                findings += check_shared(entity, new_entity, pairs, random_state)
        findings += check_drift(pairs, alpha, correction)
        findings += check_near_copies(pairs, random_state)
        if classifier_test:
            findings += check_separation(pairs, random_state)
    return AuditReport(findings, n_rows=n_rows, n_columns=len(columns), n_new=n_new)


def _take_target(columns: Columns, y: Any, n_rows: int) -> Column | None:
    """Return the target as a column, taken out of the table where it is one of it."""
    if y is None:
        return None
    if not isinstance(y, str):
        return _as_column(y, "y", n_rows)
    if y not in columns:
        raise ValueError(
            f"y={y!r} is not a column of X; its columns are {list(columns)}."
        )
    target = columns.pop(y)
    if not columns:
        raise ValueError(f"X has no column beside y={y!r}.")
    return target


def _as_column(values: Any, name: str, n_rows: int | None) -> Column:
    """Read an array, list or series as a column of one value for each row."""
    if isinstance(values, pd.DataFrame) and values.shape[1] == 1:
        values = values.iloc[:, 0]
    if not isinstance(values, pd.Series):
        cells = values if hasattr(values, "dtype") else list(values)
        if getattr(cells, "ndim", 1) > 1:
            cells = np.asarray(cells)
            if cells.size != len(cells):
                raise ValueError(
                    f"{name} has the shape {cells.shape}; pass one value a row."
                )
            cells = cells.ravel()
        values = pd.Series(cells)
    if len(values) != n_rows:
        raise ValueError(
            f"{name} has {len(values)} values for {n_rows} rows; pass one for each row."
        )
    is_plain = isinstance(values.dtype, np.dtype)
    return Column(name, values.to_numpy() if is_plain else values.array)


def _read_new(
    X_new: Any, columns: Columns, y: Any, schema: TableSchema
) -> tuple[Columns, int | None]:
    """Read the new table; a target in it is left out."""
    if X_new is None:
        return {}, None
    table = as_table(X_new, "audit")
    if table.container == "array":
        names, width = list(columns), len(table.columns)
        if isinstance(y, str) and width == len(names) + 1 and y.startswith("x"):
            # an array: its columns are named by their positions, the target's too
            names.insert(int(y[1:]) if y[1:].isdigit() else len(names), y)
        if len(names) != width:
            raise ValueError(
                f"X_new has {width} columns and X has {len(names)}; an "
                f"array has no names to match them by, so pass frames."
            )
        table.rename(names)
    table, _ = schema.read_columns(table)
    new_columns = table.by_name()
    if isinstance(y, str):
        new_columns.pop(y, None)
    return new_columns, table.n_rows


def _declared(ids: Any, columns: Columns, n_rows: int) -> Columns:
    """Return the columns that name a customer; none where `ids` is not given."""
    if ids is None:
        return {}
    names = [ids] if isinstance(ids, str) else ids
    texts = all(isinstance(name, str) for name in names)
    unknown = [name for name in names if name not in columns] if texts else []
    if texts and not unknown and len(names):
        return {name: columns[name] for name in names}
    if isinstance(ids, str) or (texts and len(names) != n_rows):
        raise ValueError(
            f"ids lists {unknown}, which X does not have; its columns are "
            f"{list(columns)}."
        )
    return {"ids": _as_column(ids, "ids", n_rows)}


def _new_entity(
    entity: Columns, new_columns: Columns, ids_new: Any, n_new: int | None
) -> Columns:
    """Return the identifier of the new table; nothing where it has none."""
    if ids_new is not None:
        if len(entity) > 1:
            raise ValueError(
                f"ids_new is one identifier and ids are {list(entity)}; pass ids as "
                f"an array too, or the columns in X_new."
            )
        return {"ids": _as_column(ids_new, "ids_new", n_new)}
    if all(name in new_columns for name in entity):
        return {name: new_columns[name] for name in entity}
    return {}
