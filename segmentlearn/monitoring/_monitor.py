"""SegmentMonitor: whether new customers are still those that a model was fitted to."""

import json
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from segmentlearn.exceptions import SchemaError
from segmentlearn.inspection import last_step, used_columns
from segmentlearn.monitoring._gates import (
    ENTROPY,
    ERROR,
    SEGMENT_SHARES,
    evaluate_gates,
    read_gates,
)
from segmentlearn.monitoring._monitor_report import MonitorReport
from segmentlearn.monitoring._reference import (
    COLUMN_DRIFT,
    ColumnReference,
    Observed,
)
from segmentlearn.tables import (
    CATEGORY,
    NUMBER,
    Column,
    Factor,
    TableSchema,
    as_table,
)

_PROTOCOL = 1
_SAME_ROWS = 0.1  # correlation of probabilities that are of the same rows


class SegmentMonitor:
    """Compares new customers with those that a model was fitted to.

    Its reference is small: for each column that the model uses, the rows between
    percentiles or of each level, and the same of segments, of how undecided the model
    is, and of its autoencoder's error. It can be stored as JSON beside the model.

    Parameters
    ----------
    model : estimator
        Fitted, with ``predict``; a pipeline that ends in one counts.
    references : sequence of ColumnReference
        The reference of each column; `from_model` makes them.
    n_reference : int
        Customers that they were made from.
    schema : TableSchema
        How the columns of the reference were read.
    gates : dict of str to (float, float) or None, default=None
        From which values on to watch and to refit, in place of the defaults in Notes.
    alpha : float, default=0.01
        Risk that any gate is hit although nothing has changed.

    Attributes
    ----------
    gates : dict of str to Gate
        Each with ``watch``, ``refit`` and the reason, ``why``.

    See Also
    --------
    segmentlearn.audit : Compares two whole tables, before there is a model.
    read_history : The segments of earlier months.

    Notes
    -----
    Gates and their defaults (watch, refit):

    - "column-drift" (0.1, 0.25): population stability index of a column, over the
      deciles of the reference or its levels; missing cells are left out.
    - "segment-shares", "membership-entropy", "reconstruction-error" (0.1, 0.25): the
      same index over the segments, over the entropy of the memberships (1 is a guess),
      and over the error of the model's autoencoder, where it has them.
    - "missing-values" (0.05, 0.2): change of the share of missing cells.
    - "unseen-levels" (0.01, 0.1): share of rows with a level that was never seen.

    A gate is hit where its value is reached, and exceeds what sampling alone explains:
    a two-sample test (Kolmogorov-Smirnov at the percentiles of the reference,
    chi-squared, Fisher's exact test) must be significant at `alpha` after Holm's
    correction for all tests, and the index must exceed its critical value for these
    numbers of rows [1]_, which has Bonferroni's correction. In small tables the index
    is above 0.1 by chance.

    A classifier is surer of the rows that it was trained on. Where X is its training
    table, entropies and segments are therefore those of `oof_proba_`.

    References
    ----------
    .. [1] B. Yurdakul, "Statistical properties of population stability index", Western
       Michigan University 2018.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from segmentlearn.datasets import make_customers
    >>> from segmentlearn.monitoring import SegmentMonitor
    >>> X, y = make_customers("automobile", 2_000, random_state=0)
    >>> X = X[["Age", "Work_Experience", "Family_Size"]].fillna(0)
    >>> model = LogisticRegression(max_iter=500).fit(X[:1_000], y[:1_000])
    >>> monitor = SegmentMonitor.from_model(model, X[:1_000])
    >>> monitor.check(X[1_000:]).verdict
    'keep'
    >>> older = X[1_000:].assign(Age=lambda frame: frame["Age"] + 10)
    >>> print(monitor.check(older).findings[0].columns)
    ('Age',)
    """

    def __init__(
        self,
        model: Any,
        references: Sequence[ColumnReference],
        n_reference: int,
        schema: TableSchema,
        *,
        gates: Mapping[str, Sequence[float]] | None = None,
        alpha: float = 0.01,
    ) -> None:
        if not 0 < alpha < 1:
            raise ValueError(f"alpha={alpha} must lie between 0 and 1.")
        self.model, self.references = model, tuple(references)
        self.n_reference, self.schema = n_reference, schema
        self.gates, self.alpha = read_gates(gates), alpha

    @classmethod
    def from_model(
        cls,
        model: Any,
        X: Any,
        *,
        gates: Mapping[str, Sequence[float]] | None = None,
        alpha: float = 0.01,
    ) -> Self:
        """Return the monitor of a model, with a table as the reference.

        Parameters
        ----------
        model : estimator
            Fitted, with ``predict``.
        X : frame or array of shape (n_samples, n_features)
            Customers to compare with: those that the model was fitted to.
        gates : dict of str to (float, float) or None, default=None
            From which values on to watch and to refit.
        alpha : float, default=0.01
            Risk that any gate is hit although nothing has changed.

        Returns
        -------
        monitor : SegmentMonitor
            It checks other tables.

        Raises
        ------
        SchemaError
            If the model cannot use the table.
        ValueError
            If a gate or `alpha` is not what it must be.
        """
        labels, proba = model.predict(X), _memberships(model, X)
        held_out = _held_out_proba(model, proba)
        if held_out is not None:
            labels, proba = model.classes_[held_out.argmax(axis=1)], held_out
        schema, table, _ = TableSchema.of_and_read(as_table(X, cls.__name__))
        names = used_columns(model, table.names)
        own = _own_columns(labels, proba, reconstruction_error(model, X))
        references = [
            *(ColumnReference.of(one) for one in table.columns if one.name in names),
            *(ColumnReference.of(column, gate) for gate, column in own.items()),
        ]
        kept = TableSchema({n: r for n, r in schema.readings.items() if n in names})
        n_rows = table.n_rows
        return cls(model, references, n_rows, kept, gates=gates, alpha=alpha)

    def check(self, X: Any) -> MonitorReport:
        """Compare customers with the reference.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            New customers, in the columns of the reference.

        Returns
        -------
        report : MonitorReport
            Findings, gates, and the verdict "keep", "watch" or "refit".

        Raises
        ------
        SchemaError
            If a column that the model uses is missing or cannot be used.
        """
        labels, proba = self.model.predict(X), _memberships(self.model, X)
        return self.report([self.observe(X, labels, proba)])

    def observe(
        self, X: Any, labels: np.ndarray, proba: np.ndarray | None
    ) -> list[Observed]:
        """Count a batch of customers whose segments are known already.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_features)
            Customers of the batch.
        labels : ndarray of shape (n_samples,)
            Their segments.
        proba : ndarray of shape (n_samples, n_segments) or None
            Their memberships.

        Returns
        -------
        observed : list of Observed
            Counts by column, for `report`.

        Raises
        ------
        SchemaError
            If a column of the reference is missing.
        """
        table, _ = self.schema.read_columns(as_table(X, type(self).__name__))
        has_error = any(one.gate == ERROR for one in self.references)
        error = reconstruction_error(self.model, X) if has_error else None
        own, by_name = _own_columns(labels, proba, error), table.by_name()
        columns = [own.get(one.gate, by_name.get(one.name)) for one in self.references]
        pairs: list[tuple[ColumnReference, Any]]
        pairs = list(zip(self.references, columns, strict=True))
        lacking = [reference.name for reference, column in pairs if column is None]
        if lacking:
            raise SchemaError(
                f"X lacks the column(s) {lacking}, which the monitor's reference has; "
                "pass the columns that the model was fitted to."
            )
        return [reference.count(column) for reference, column in pairs]

    def report(self, batches: Iterable[Sequence[Observed]]) -> MonitorReport:
        """Compare batches that were counted with the reference.

        Parameters
        ----------
        batches : iterable of list
            What `observe` returned for each.

        Returns
        -------
        report : MonitorReport
            On all batches together.

        Raises
        ------
        ValueError
            If there is no batch.
        """
        total: list[Observed] = []
        for batch in batches:
            total = list(map(operator.add, total, batch)) if total else list(batch)
        if not total:
            raise ValueError("there are no customers to check; pass one batch or more.")
        return MonitorReport(
            evaluate_gates(self.references, total, self.gates, self.alpha),
            self.gates,
            n_rows=total[0].n_rows,
            n_reference=self.n_reference,
            alpha=self.alpha,
        )

    def background(
        self, n_samples: int = 100, *, random_state: Any = 0
    ) -> pd.DataFrame:
        """Draw customers to compare others with, for :func:`segmentlearn.explain`.

        They are made up: each column is drawn on its own from the reference, which
        holds no customers. What columns have to do with each other is lost.

        Parameters
        ----------
        n_samples : int, default=100
            How many to draw.
        random_state : int, RandomState instance or None, default=0
            Draws them.

        Returns
        -------
        customers : DataFrame of shape (n_samples, n_columns)
            The columns that the model uses.
        """
        rng = check_random_state(random_state)
        kinds = {name: one.kind for name, one in self.schema.readings.items()}
        columns = [one for one in self.references if one.gate == COLUMN_DRIFT]
        return pd.DataFrame(
            {c.name: c.draw(n_samples, kinds.get(c.name, ""), rng) for c in columns}
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the reference and the gates, without the model.

        Returns
        -------
        stored : dict
            What JSON can hold, such as the metadata of :func:`segmentlearn.save`. It
            has levels of categories, as the model's archive has.
        """
        return {
            "protocol": _PROTOCOL,
            "n_reference": self.n_reference,
            "alpha": self.alpha,
            "gates": {n: [gate.watch, gate.refit] for n, gate in self.gates.items()},
            "columns": [one.to_dict() for one in self.references],
            "schema": json.loads(json.dumps(self.schema.to_dict(self.schema.readings))),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], model: Any) -> Self:
        """Return the monitor that `to_dict` has written.

        Parameters
        ----------
        stored : dict
            What it returned.
        model : estimator
            The model that it belongs to.

        Returns
        -------
        monitor : SegmentMonitor
            The same.

        Raises
        ------
        ValueError
            If it was stored by a later version, or is damaged.
        """
        protocol = stored.get("protocol")
        if protocol != _PROTOCOL:
            raise ValueError(
                f"the monitor was stored with protocol {protocol!r}, and this version "
                f"reads {_PROTOCOL}; store it again, or install a newer segmentlearn."
            )
        try:
            return cls(
                model,
                list(map(ColumnReference.from_dict, stored["columns"])),
                int(stored["n_reference"]),
                TableSchema.from_dict(stored["schema"]),
                gates=stored["gates"],
                alpha=stored["alpha"],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"the stored monitor is damaged ({error!r}).") from error


def reconstruction_error(model: Any, X: Any) -> np.ndarray | None:
    """Return how badly a model's autoencoder reproduces customers; None without one."""
    autoencoder = getattr(model, "autoencoder_", None)
    return None if autoencoder is None else -autoencoder.score_samples(X)


def _own_columns(
    labels: np.ndarray, proba: np.ndarray | None, error: np.ndarray | None
) -> dict[str, Column]:
    """Return segments, entropies and errors as columns, by their gates."""
    labels = np.asarray(labels)
    codes, levels = pd.factorize(labels)
    factor = Factor(codes, [str(level) for level in levels], ordered=False)
    columns = {SEGMENT_SHARES: Column("segment", labels, CATEGORY, factor)}
    if proba is not None and proba.shape[1] > 1:
        inner = np.where(proba > 0, proba, 1.0)
        entropy = -(proba * np.log(inner)).sum(axis=1) / np.log(proba.shape[1])
        columns[ENTROPY] = Column("entropy of memberships", entropy, NUMBER)
    if error is not None:
        columns[ERROR] = Column("reconstruction error", error, NUMBER)
    return columns


def _memberships(model: Any, X: Any) -> np.ndarray | None:
    return (
        np.asarray(model.predict_proba(X)) if hasattr(model, "predict_proba") else None
    )


def _held_out_proba(model: Any, proba: np.ndarray | None) -> np.ndarray | None:
    """Return out-of-fold probabilities if they are of these rows; None otherwise.

    Those of other rows have no correlation with the model's own.
    """
    held_out = getattr(last_step(model), "oof_proba_", None)
    if held_out is None or proba is None or held_out.shape != proba.shape:
        return None
    rows = np.flatnonzero(np.isfinite(held_out).all(axis=1))
    own, found = proba[rows], held_out[rows]
    own, other = own - own.mean(axis=0), found - found.mean(axis=0)
    size = np.sqrt((own**2).sum() * (other**2).sum())
    least = max(_SAME_ROWS, 5 / np.sqrt(len(rows) + 1)) * size
    return found if (own * other).sum() > least else None
