"""segment_rules: a short tree on raw columns that stands in for a model."""

import dataclasses
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from segmentlearn._compat import Interval, StrOptions
from segmentlearn._parameters import validate_parameters
from segmentlearn.export._columns import CALLER, TreeColumn, read_columns
from segmentlearn.export._conditions import Rule, join_conditions
from segmentlearn.export._held_out import (
    find_spec,
    held_out_figures,
    recommended_size,
)
from segmentlearn.export._segment_rules import SegmentRules
from segmentlearn.export._tree import Pruned, TreeSpec, grow
from segmentlearn.inspection import find_membership
from segmentlearn.tables import Table, as_table, check_row_order, draw_rows

_MOST_RULES = 16  # that "auto" looks at
_MOST_ROWS = 50_000  # that trees are grown from


@validate_parameters(
    max_rules=[Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    min_customers=[Interval(Integral, 1, None, closed="left")],
    min_confidence=[Interval(Real, 0, 1, closed="both")],
)
def segment_rules(
    model: Any,
    X: Any,
    *,
    max_rules: int | str = "auto",
    min_customers: int = 10,
    min_confidence: float = 0.5,
    columns: Any = None,
    value: Any = None,
    random_state: Any = 0,
) -> SegmentRules:
    """Describe the segments of a model by a few rules on raw columns.

    A decision tree learns which segment the model puts each customer in. It is grown
    larger than wanted and pruned to the best tree of each size [1]_; a rule is a leaf
    of it. How well the rules stand in for the model is measured on customers that they
    were not made from.

    Parameters
    ----------
    model : estimator or array-like of shape (n_samples,)
        A fitted classifier or clusterer, or a Pipeline that ends in one; or the segment
        of each customer, whole numbers or text. The number -1 is noise, and rules may
        find it, too.
    X : frame or array-like of shape (n_samples, n_features)
        Customers in raw columns: numbers, text, categories, truth values, dates,
        missing cells. The model must be able to predict them, or have ``labels_`` for
        as many rows.
    max_rules : int or "auto", default="auto"
        Number of rules at most. "auto" takes the fewest among 1 to 16 whose agreement
        with the model is within one standard error of the best.
    min_customers : int, default=10
        Customers of X behind every rule at least; levels with fewer are not named.
        Rules of few customers would say something about them in person.
    min_confidence : float, default=0.5
        Share of a rule's customers, from 0 to 1, that the model has to put in its
        segment. Where no segment has this share, the rule asks the model.
    columns : list of str or int, or None, default=None
        Columns that rules may use, by name or position; None takes those that the model
        uses, without identifiers.
    value : str, array-like of shape (n_samples,) or None, default=None
        Column of X, or numbers, of what a customer is worth, such as revenue; missing
        ones count as 0. Fidelity is weighted by it as well.
    random_state : int, RandomState instance or None, default=0
        Draws the held-out customers, and those that trees are grown from where there
        are more than 50,000.

    Returns
    -------
    rules : SegmentRules
        The rules, their fidelity, and how to write them as SQL, Python, JSON and
        Markdown.

    Raises
    ------
    SchemaError
        If a column holds infinite values, or if no column can be used.
    ValueError
        If X has fewer than ``min_customers`` rows, if a value is negative, or if a
        label is missing.

    See Also
    --------
    segmentlearn.segment_profile : What is in each segment, with rules for a reader.

    References
    ----------
    .. [1] M. Bohanec and I. Bratko, "Trading accuracy for simplicity in decision
       trees", Machine Learning 15 (1994), 223-250.

    Examples
    --------
    >>> from segmentlearn import make_customers, segment_rules
    >>> X, segments = make_customers("mall", 400, random_state=0)
    >>> rules = segment_rules(segments, X, max_rules=6)
    >>> bool(rules.rules_["customers"].min() >= 10)
    True
    >>> rules.predict(X.head(2)).shape
    (2,)
    """
    table = as_table(X, CALLER)
    if table.n_rows < min_customers:
        raise ValueError(
            f"X has {table.n_rows} row(s), fewer than min_customers={min_customers}; "
            f"pass more customers."
        )
    membership = find_membership(model, X, table.n_rows)
    values = _values_of(value, X, table)
    rng = check_random_state(random_state)
    whole = read_columns(model, table, columns, min_customers)
    rows = draw_rows(table.n_rows, _MOST_ROWS, rng)
    sampled = [column.take(rows) for column in whole]
    codes = membership.codes[rows]
    most = _MOST_RULES if max_rules == "auto" else int(max_rules)
    spec = TreeSpec(
        most,
        min_customers,
        float(min_confidence),
        seed=int(rng.randint(np.iinfo(np.int32).max)),
    )
    held_out = find_spec(sampled, codes, spec, rng)
    curve = held_out.curve()
    recommended = recommended_size(curve)
    n_rules = recommended if max_rules == "auto" else most
    figures = held_out_figures(
        held_out.predicted[n_rules - 1],
        codes,
        membership.labels,
        None if values is None else values[rows],
    )
    pruned = grow(sampled, codes, held_out.spec).best(n_rules)
    found = _rules(pruned, n_rules, whole, membership, values)
    used = {c.column for rule in found for c in rule.conditions}
    return SegmentRules(
        found,
        [column.meaning for column in whole if column.meaning.name in used],
        membership.labels,
        figures,
        curve,
        recommended,
    )


def _rules(
    pruned: Pruned,
    n_rules: int,
    columns: list[TreeColumn],
    membership: Any,
    values: Any,
) -> list[Rule]:
    """Return the rules with what they find in all customers, by segment and size."""
    sides: dict[int, np.ndarray] = {}
    rules = []
    sizes = membership.sizes
    for leaf, path in pruned.leaves(n_rules):
        here = np.ones(len(membership.codes), dtype=bool)
        conditions = []
        for node, is_left in path:
            column = columns[node.column]
            if id(node) not in sides:
                sides[id(node)] = node.goes_left(column)
            here &= sides[id(node)] == is_left
            conditions.append(node.conditions(column)[0 if is_left else 1])
        n_here = int(here.sum())
        rule = Rule(None, join_conditions(conditions), n_here)
        if values is not None and values.sum() > 0:
            share = float(values[here].sum() / values.sum())
            rule = dataclasses.replace(rule, value_share=share)
        if leaf.segment is not None:
            hits = int((membership.codes[here] == leaf.segment).sum())
            rule = dataclasses.replace(
                rule,
                segment=membership.labels[leaf.segment],
                precision=hits / n_here,
                recall=hits / int(sizes[leaf.segment]),
            )
        rules.append((leaf.segment, rule))
    last = len(sizes)
    rules.sort(key=lambda one: (last if one[0] is None else one[0], -one[1].customers))
    return [rule for _, rule in rules]


def _values_of(value: Any, X: Any, table: Table) -> np.ndarray | None:
    """Return what each customer is worth."""
    if value is None:
        return None
    if isinstance(value, str):
        columns = table.by_name()
        if value not in columns:
            raise ValueError(
                f"value={value!r} is not a column of X; its columns are {table.names}."
            )
        if not columns[value].is_numeric:
            raise ValueError(f"value={value!r} is a column without numbers.")
        values = columns[value].numbers
    else:
        check_row_order(X, value, "value")
        values = np.asarray(value, dtype=np.float64)
        if values.shape != (table.n_rows,):
            raise ValueError(
                f"value has shape {values.shape}; pass a number for each of the "
                f"{table.n_rows} rows of X."
            )
    values = np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf)
    if (values < 0).any() or np.isinf(values).any():
        raise ValueError("value holds negative or infinite numbers.")
    return values
