"""SparkScorer: what Spark's mapInPandas calls to score customers."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from segmentlearn.distributed._archives import Archive, held_model
from segmentlearn.distributed._scoring import add_scores, archive_bytes, empty_result
from segmentlearn.exceptions import SchemaError

_TYPES = {
    "int64": "bigint",
    "int32": "int",
    "float64": "double",
    "float32": "float",
    "bool": "boolean",
}


class SparkScorer:
    """A function for ``DataFrame.mapInPandas`` of Spark that scores customers.

    It carries the archive, which Spark broadcasts with it; a Python worker loads it
    once. Workers need segmentlearn, and no TensorFlow is loaded in them.

    Parameters
    ----------
    model : estimator, str, path-like or binary file
        A fitted estimator, or the ``.seg`` archive of one.
    keep : sequence of str or None, default=None
        Columns to keep, such as what names a customer; None keeps all.
    trusted : iterable of str, default=()
        Full names of classes in the model beside those that `segmentlearn.load` knows.

    See Also
    --------
    DistributedModel : The same for Dask.

    Examples
    --------
    >>> from segmentlearn.distributed import SparkScorer
    >>> scorer = SparkScorer("customers.seg", keep=["ID"])  # doctest: +SKIP
    >>> scored = customers.mapInPandas(
    ...     scorer, scorer.schema(customers.schema)
    ... )  # doctest: +SKIP
    """

    def __init__(
        self,
        model: Any,
        *,
        keep: Sequence[str] | None = None,
        trusted: Iterable[str] = (),
    ) -> None:
        names = list(trusted)
        self._archive = Archive(archive_bytes(model, names), names)
        self._keep = None if keep is None else list(keep)

    def schema(self, schema: Any) -> Any:
        """Return the schema of the scored table.

        Parameters
        ----------
        schema : pyspark.sql.types.StructType
            That of the customers.

        Returns
        -------
        schema : pyspark.sql.types.StructType
            The columns kept, then those that `DistributedModel.add_scores` adds.

        Raises
        ------
        SchemaError
            If columns are missing that the model uses or `keep` names.
        """
        table = pd.DataFrame(columns=schema.names, dtype=object)
        kept = self._kept(schema.names)
        empty = empty_result("add_scores", held_model(self._archive), table, kept)
        found = type(schema)([schema[name] for name in kept])
        for name, kind in list(empty.dtypes.items())[len(kept) :]:
            found = found.add(name, _TYPES.get(kind.name, "string"))
        return found

    def __call__(self, batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Score batches of customers.

        Parameters
        ----------
        batches : iterable of DataFrame
            As Spark passes them.

        Yields
        ------
        scored : DataFrame
            A batch with what `schema` describes.
        """
        model = held_model(self._archive)
        for batch in batches:
            if len(batch):
                yield add_scores(model, batch, self._kept(list(batch.columns)))

    def _kept(self, columns: Sequence[str]) -> list[str]:
        """Return the columns that are kept of those there are."""
        if self._keep is None:
            return list(columns)
        lacking = [name for name in self._keep if name not in columns]
        if lacking:
            raise SchemaError(
                f"keep lists {lacking}, which the customers do not have; their columns "
                f"are {list(columns)}."
            )
        return self._keep
