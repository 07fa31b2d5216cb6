"""audit: what is wrong with a table before anything is learnt from it."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import type_of_target

from segmentlearn._compat import Interval, StrOptions, validate_params
from segmentlearn.auditing._audit_report import AuditReport
from segmentlearn.auditing._audited import AuditedColumn, read_columns
from segmentlearn.auditing._balance import check_classes, check_missing_by_class
from segmentlearn.auditing._cell_checks import check_cells, check_copies
from segmentlearn.auditing._drift import check_columns, check_drift, comparable
from segmentlearn.auditing._duplicates import check_duplicates
from segmentlearn.auditing._entities import (
    check_identifiers,
    check_repeated,
    check_shared,
    entity_keys,
)
from segmentlearn.auditing._leaks import check_predictors
from segmentlearn.auditing._train_new_overlap import check_near_copies, check_separation
from segmentlearn.tables import draw_sample, factorize, kind_of, level_order


@validate_params(
    {
        "X": "no_validation",
        "y": ["array-like", str, None],
        "X_new": "no_validation",
        "ids": ["array-like", str, None],
        "ids_new": ["array-like", None],
        "n_folds": [Interval(Integral, 2, None, closed="left")],
        "alpha": [Interval(Real, 0, 1, closed="neither")],
        "correction": [StrOptions({"holm", "fdr_bh"}), None],
        "classifier_test": ["boolean"],
        "max_rows": [Interval(Integral, 1_000, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def audit(
    X,
    y=None,
    X_new=None,
    *,
    ids=None,
    ids_new=None,
    n_folds=5,
    alpha=0.01,
    correction="holm",
    classifier_test=True,
    max_rows=50_000,
    random_state=0,
):
    """Look for what would make results on a table of customers mislead.

    Leaks, identifiers, twins, contradicting labels, uneven classes, defects of cells,
    and what a new table does differently. Each finding says what was measured, how
    severe it is and what to do about it. Nothing is changed.

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
        Whether a random forest tries to tell new rows from training rows.
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
      somebody who knows the columns can tell.
    - "duplicate-rows", "conflicting-labels": rows with equal features. They are a
      warning only where chance does not explain them.
    - "missing-labels", "single-class", "small-classes", "class-imbalance",
      "missing-depends-on-target": the target.
    - "infinite-values", "mixed-types", "numbers-as-text", "level-variants",
      "many-levels", "empty-column", "mostly-missing", "constant-column",
      "copied-columns": cells.
    - "missing-columns", "extra-columns", "changed-kind", "unseen-levels",
      "missing-drift", "drift": the new table. Drift is a warning if a
      Kolmogorov-Smirnov or chi-squared test is significant and the population
      stability index is 0.25 or more, a note if the test alone is.
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

    Examples
    --------
    >>> from segmentlearn.datasets import make_customers
    >>> from segmentlearn.auditing import audit
    >>> X, y = make_customers("automobile", 300, keep_id=True, random_state=0)
    >>> report = audit(X, y)
    >>> report.worst
    'warning'
    >>> [(one.code, one.columns) for one in report.filter("warning")]
    [('identifier', ('ID',))]
    """
    random_state = check_random_state(random_state)
    columns, n_rows = read_columns(X)
    target = _take_target(columns, y)
    codes, labelled, classes = _classes(target, n_rows)
    new_columns, n_new = _read_new(X_new, columns, y)
    declared = _declared(ids, columns, n_rows, "ids")
    found = (
        [] if declared else [one.name for one in columns.values() if one.identifies()]
    )
    named = {*found, *(declared or {})}
    features = {name: one for name, one in columns.items() if name not in named}
    findings = [
        *check_identifiers(columns, found),
        *check_cells(columns.values(), named),
        *check_copies(features.values()),
    ]
    if features:
        findings += check_duplicates(
            list(features.values()), codes, labelled, len(classes)
        )
    if codes is not None:
        n_missing = n_rows - len(codes)
        findings += check_classes(codes, classes, n_missing, n_folds)
        findings += check_missing_by_class(
            features.values(), codes, labelled, len(classes), alpha, correction
        )
        drawn, _ = draw_sample(codes, np.bincount(codes), random_state, max_rows)
        findings += check_predictors(
            list(columns.values()),
            codes[drawn],
            labelled[drawn],
            len(codes),
            random_state,
        )
    # numbers of rows repeat by design only where they are declared to be customers
    entities = [declared] if declared else [{name: columns[name]} for name in found]
    for entity in entities:
        findings += check_repeated(tuple(entity), *entity_keys(entity.values()))
    if X_new is None:
        return AuditReport(findings, n_rows=n_rows, n_columns=len(columns), n_new=None)
    findings += check_columns(columns, new_columns, named)
    pairs = comparable(features, new_columns)
    for entity in entities:
        new_entity = _new_entity(entity, new_columns, ids_new, n_new)
        if new_entity is not None:
            findings += check_shared(
                tuple(entity),
                *entity_keys(entity.values()),
                *entity_keys(new_entity.values()),
                pairs,
                random_state,
            )
    findings += check_drift(pairs, alpha, correction)
    findings += check_near_copies(pairs, random_state)
    if classifier_test:
        findings += check_separation(pairs, random_state)
    return AuditReport(findings, n_rows=n_rows, n_columns=len(columns), n_new=n_new)


def _take_target(columns, y):
    """Return the target as a column, taken out of the table where it is one of it."""
    if y is None:
        return None
    if isinstance(y, str):
        if y not in columns:
            raise ValueError(
                f"y={y!r} is not a column of X; its columns are {list(columns)}."
            )
        target = columns.pop(y)
        if not columns:
            raise ValueError(f"X has no column beside y={y!r}.")
        return target
    return _as_column(y, "y")


def _as_column(values, name):
    """Read an array, list or series as a column."""
    if isinstance(values, pd.DataFrame) and values.shape[1] == 1:
        values = values.iloc[:, 0]
    if not isinstance(values, pd.Series):
        cells = values if hasattr(values, "dtype") else list(values)
        if getattr(cells, "ndim", 1) > 1:
            cells = np.asarray(cells)
            if cells.size != len(cells):
                raise ValueError(
                    f"{name} has the shape {cells.shape}; hand over one value a row."
                )
            cells = cells.ravel()
        values = pd.Series(cells)
    is_plain = isinstance(values.dtype, np.dtype)
    cells = values.to_numpy() if is_plain else values.array
    return AuditedColumn(name, kind_of(cells), cells)


def _classes(target, n_rows):
    """Return the class of each labelled row, these rows, and the classes, sorted."""
    if target is None:
        return None, None, []
    if len(target.missing) != n_rows:
        raise ValueError(
            f"y has {len(target.missing)} labels and X has {n_rows} rows; hand over "
            f"one label a row."
        )
    labelled = np.flatnonzero(~target.missing)
    if not len(labelled):
        raise ValueError("y holds no label at all; leave it out.")
    if target.is_numeric and type_of_target(target.numbers[labelled]) == "continuous":
        raise ValueError(
            "y is continuous; audit takes classes. Cut it into bins, for example with "
            "pandas.qcut, or leave it out."
        )
    factor = factorize(target.cells)
    used = np.flatnonzero(np.bincount(factor.codes[labelled]))
    levels = [factor.levels[at] for at in used]
    order = sorted(range(len(levels)), key=lambda at: level_order(levels[at]))
    place = np.full(len(factor.levels), -1)
    place[used[order]] = np.arange(len(order))
    return place[factor.codes[labelled]], labelled, [levels[at] for at in order]


def _read_new(X_new, columns, y):
    """Read the new table; a target in it is left out."""
    if X_new is None:
        return {}, None
    names = list(columns)
    width = np.shape(X_new)[1] if np.ndim(X_new) == 2 else None
    if isinstance(y, str) and width == len(names) + 1 and y.startswith("x"):
        # an array: its columns are named by their positions, the target's too
        names.insert(int(y[1:]) if y[1:].isdigit() else len(names), y)
    new_columns, n_new = read_columns(X_new, names)
    if isinstance(y, str):
        new_columns.pop(y, None)
    return new_columns, n_new


def _declared(ids, columns, n_rows, parameter):
    """Return the columns that name a customer, None where nobody says."""
    if ids is None:
        return None
    names = [ids] if isinstance(ids, str) else ids
    texts = all(isinstance(name, str) for name in names)
    unknown = [name for name in names if name not in columns] if texts else []
    if texts and not unknown and len(names):
        return {name: columns[name] for name in names}
    if isinstance(ids, str) or (texts and len(names) != n_rows):
        raise ValueError(
            f"{parameter} lists {unknown}, which X does not have; its columns are "
            f"{list(columns)}."
        )
    return {parameter: _checked_ids(ids, n_rows, parameter)}


def _checked_ids(ids, n_rows, parameter):
    column = _as_column(ids, parameter)
    if len(column.missing) != n_rows:
        raise ValueError(
            f"{parameter} has {len(column.missing)} identifiers for {n_rows} rows; "
            f"hand over one for each row."
        )
    return column


def _new_entity(entity, new_columns, ids_new, n_new):
    """Return the identifier of the new table; None where it has none."""
    if ids_new is not None:
        if len(entity) > 1:
            raise ValueError(
                f"ids_new is one identifier and ids are {list(entity)}; hand over "
                f"ids as an array too, or the columns in X_new."
            )
        return {"ids": _checked_ids(ids_new, n_new, "ids_new")}
    if all(name in new_columns for name in entity):
        return {name: new_columns[name] for name in entity}
    return None
