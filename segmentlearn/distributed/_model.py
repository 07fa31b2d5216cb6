"""DistributedModel: a fitted model that scores Dask DataFrames by partition."""

import functools
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from segmentlearn.distributed import _scoring
from segmentlearn.distributed._archives import Archive, model_of
from segmentlearn.distributed._cluster import (
    as_they_finish,
    check_frame,
    current_client,
    over_partitions,
    send,
)
from segmentlearn.distributed._scoring import archive_bytes, as_table, used_by
from segmentlearn.distributed._tasks import call_with_model, score_partition
from segmentlearn.exceptions import SchemaError
from segmentlearn.inspection import model_features, score
from segmentlearn.monitoring import MonitorReport, SegmentMonitor
from segmentlearn.persistence import inspect, load


class DistributedModel:
    """A fitted model that scores Dask DataFrames, a partition at a time.

    The model travels as its archive: a plugin of the scheduler brings the bytes to each
    worker process once, to those that join later or come back too, and tasks name it by
    its hash. Workers evaluate nets with NumPy; they need not load TensorFlow. Results
    are those of the model in one process.

    Parameters
    ----------
    model : estimator, str, path-like or binary file
        A fitted estimator, or the ``.seg`` archive of one.
    client : distributed.Client, default=None
        Client of the scheduler; None takes the current one. Where there is none, Dask
        computes in threads of this process.
    trusted : iterable of str or type, default=()
        Classes in the model beside those that `segmentlearn.load` knows.

    Attributes
    ----------
    estimator : estimator
        The model, loaded in this process.

    Raises
    ------
    ArchiveError
        If the archive is damaged, or the estimator cannot be saved.

    See Also
    --------
    connect : A client, and a cluster on this machine.
    SparkScorer : The same for Spark.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> from segmentlearn import SegmentClassifier, make_customers
    >>> from segmentlearn.distributed import DistributedModel
    >>> X, y = make_customers("mall", 200, random_state=0)
    >>> net = SegmentClassifier(effort="fast", max_epochs=2, random_state=0).fit(X, y)
    >>> with DistributedModel(net) as model:
    ...     labels = model.predict(dd.from_pandas(X, npartitions=3)).compute()
    >>> bool((labels == net.predict(X)).all())
    True
    """

    def __init__(
        self,
        model: Any,
        client: Any = None,
        *,
        trusted: Iterable[str | type] = (),
    ) -> None:
        names = [
            f"{name.__module__}.{name.__qualname__}" if isinstance(name, type) else name
            for name in ([trusted] if isinstance(trusted, str | type) else trusted)
        ]
        self._archive = Archive(archive_bytes(model, names), names)
        self.estimator = load(io.BytesIO(self._archive.data), trusted=names)
        self._client = current_client(client)
        self._withdraw: Any = send(self._archive, self._client)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def close(self) -> None:
        """Take the archive back from the workers.

        Results that have not been computed by then cannot be computed any more.
        """
        withdraw, self._withdraw = self._withdraw, None
        if withdraw is not None:
            withdraw()

    def predict(self, X: Any) -> Any:
        """Return the segment of each customer.

        Parameters
        ----------
        X : dask.dataframe.DataFrame
            Customers in the columns that the model was fitted to; others are not read.

        Returns
        -------
        segments : dask.dataframe.Series
            Lazy, with the index and the partitions of X.

        Raises
        ------
        SchemaError
            If X lacks columns that the model uses, or it predicts nothing.
        """
        return self._lazily(X, "predict")

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each segment.

        Parameters
        ----------
        X : dask.dataframe.DataFrame
            Customers in the columns that the model was fitted to; others are not read.

        Returns
        -------
        probabilities : dask.dataframe.DataFrame
            Lazy; a column for each segment, in the order of the model.

        Raises
        ------
        AttributeError
            If the model has no such method.
        SchemaError
            If X lacks columns that the model uses.
        """
        return self._lazily(X, "predict_proba")

    def transform(self, X: Any) -> Any:
        """Return what the model makes of each customer, such as codes.

        Parameters
        ----------
        X : dask.dataframe.DataFrame
            Customers in the columns that the model was fitted to; others are not read.

        Returns
        -------
        transformed : dask.dataframe.DataFrame
            Lazy; columns are named as ``get_feature_names_out`` does.

        Raises
        ------
        AttributeError
            If the model has no such method.
        SchemaError
            If X lacks columns that the model uses.
        """
        return self._lazily(X, "transform")

    def add_scores(self, X: Any, *, keep: Sequence[str] | None = None) -> Any:
        """Return customers with the columns that ``segmentlearn predict`` adds.

        Parameters
        ----------
        X : dask.dataframe.DataFrame
            Customers.
        keep : sequence of str or None, default=None
            Columns of X to keep, such as what names a customer; None keeps all.

        Returns
        -------
        scored : dask.dataframe.DataFrame
            Lazy: the columns of X, then "segment", for clusterers "segment_id" and
            "segment_name", and a column of the probability of each segment. A name that
            X has already gets a suffix.

        Raises
        ------
        SchemaError
            If X lacks columns that the model uses or `keep` names.
        """
        check_frame(X)
        wanted = used_by(self.estimator, X._meta)
        kept = [str(name) for name in (X.columns if keep is None else keep)]
        lacking = [name for name in kept if name not in X.columns]
        if lacking:
            raise SchemaError(
                f"keep lists {lacking}, which X does not have; its columns are "
                f"{list(X.columns)}."
            )
        selected = X[list(dict.fromkeys([*kept, *wanted]))]
        return self._map(selected, "add_scores", kept)

    def check(self, X: Any, monitor: SegmentMonitor | None = None) -> MonitorReport:
        """Compare customers with those that the model was fitted to.

        Each partition is counted by itself; the counts are added up, so that the report
        is that of `SegmentMonitor.check` on the whole table.

        Parameters
        ----------
        X : dask.dataframe.DataFrame
            New customers.
        monitor : SegmentMonitor or None, default=None
            The reference; None takes the one in the archive, which ``segmentlearn fit``
            and ``cluster`` store.

        Returns
        -------
        report : MonitorReport
            Findings, gates and the verdict.

        Raises
        ------
        SchemaError
            If a column that the model uses is missing or cannot be used.
        ValueError
            If there is no monitor, or X has no row.
        """
        check_frame(X)
        if monitor is None:
            stored = inspect(io.BytesIO(self._archive.data)).metadata.get("monitor")
            if stored is None:
                raise ValueError(
                    "the archive does not say which customers its model was fitted to; "
                    "pass monitor=SegmentMonitor.from_model(model, X_train)."
                )
        else:
            stored = monitor.to_dict()
        key, columns = self._archive.key, used_by(self.estimator, X._meta)
        observed = over_partitions(
            X[columns], _observe, _add, self._client, key=key, stored=stored
        )
        found = SegmentMonitor.from_dict(stored, self.estimator)
        return found.report([] if observed is None else [observed])

    def map(
        self, function: Callable[..., Any], items: Sequence[Any], **shared: Any
    ) -> Iterator[tuple[Any, Any]]:
        """Call a function with the model and each item, on the workers.

        For customers that are no Dask DataFrame, such as files in the formats of
        `scan_table`. A task is done again if its worker is lost, so it must not matter
        if it is done twice.

        Parameters
        ----------
        function : callable
            Called as ``function(model, item, **shared)``.
        items : sequence
            Small objects, such as names of files.
        **shared
            Further arguments, sent to all.

        Yields
        ------
        item : object
            One of the items.
        result : object
            What the function has returned for it; in the order in which they are done.

        Raises
        ------
        SegmentLearnError
            If workers died over one item again and again.
        """
        key, client = self._archive.key, self._client
        call = functools.partial(
            call_with_model, function=function, key=key, shared=shared
        )
        yield from as_they_finish(items, call, client)

    def _lazily(self, X: Any, method: str) -> Any:
        check_frame(X)
        if method != "predict" and not hasattr(self.estimator, method):
            raise AttributeError(
                f"the model, a {type(self.estimator).__name__}, has no {method}."
            )
        return self._map(X[used_by(self.estimator, X._meta)], method)

    def _map(self, X: Any, method: str, kept: Sequence[str] = ()) -> Any:
        meta = _scoring.empty_result(method, self.estimator, X._meta, kept)
        call = functools.partial(
            score_partition, key=self._archive.key, method=method, kept=kept, meta=meta
        )
        return X.map_partitions(call, meta=meta, enforce_metadata=False)


def _observe(frame: pd.DataFrame, at: int, key: str, stored: dict[str, Any]) -> Any:
    """Count the customers of a partition; None where it has none."""
    if not len(frame):
        return None
    model = model_of(key)
    monitor = SegmentMonitor.from_dict(stored, model)
    table = as_table(frame)
    scores = score(model, table)
    proba = None
    if scores.probabilities:
        proba = np.column_stack(list(scores.probabilities.values()))
    return monitor.observe(model_features(model, table), scores.segments, proba)


def _add(observed: Sequence[Any]) -> Any:
    """Add the counts of partitions."""
    present = [counts for counts in observed if counts is not None]
    if not present:
        return None
    return [
        functools.reduce(lambda a, b: a + b, each)
        for each in zip(*present, strict=True)
    ]
