"""What becomes of each row of a table that is written to shards."""

import dataclasses
import os
import warnings
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn import engine
from segmentlearn.exceptions import CountWarning
from segmentlearn.neural_network._table import as_matrix
from segmentlearn.preprocessing import (
    TabularPreprocessor,
    target_folds,
    transform_folds,
)
from segmentlearn.tables import hash_rows

_ROWS_AT_ONCE = 65_536
_SHARD, _INNER_FOLD, _HELD_OUT = range(2, 5)  # what is drawn for each row
# rows that nets stop on and are calibrated on: their loss is precise by then
MOST_HELD_OUT = 100_000


@dataclasses.dataclass(frozen=True)
class PartitionShards:
    """The rows of a partition: on the disk, and those that are held out.

    Parameters
    ----------
    partition : int
        Its number.
    file : ShardFile
        Where the rows are.
    held_out : list of ndarray
        Features, class numbers and weights of the rows to validate on.
    folds : ndarray of int
        The inner folds of these.
    """

    partition: int
    file: Any
    held_out: list[np.ndarray]
    folds: np.ndarray


@dataclasses.dataclass(frozen=True)
class ShardPlan:
    """How the rows of any partition are prepared, and which shard each goes to.

    Where a row goes is drawn from the seed, the number of its partition, and its own
    number in it, so that partitions may be written anywhere and in any order.

    Parameters
    ----------
    preprocessor : transformer or None
        Fitted.
    means : dict of str to ndarray
        Target means of the levels of columns, for the rows of each fold.
    n_rows, n_features : int
        Size of the prepared table.
    seed : int
        Of all that is drawn.
    held_out_share : float
        Share of the rows that are validated on.
    n_folds : int, default=0
        Inner folds; without any, rows that are validated on are not trained on.
    class_of : dict or None, default=None
        Class number of each label; None without a target.
    weights : ndarray of shape (n_classes,) or None, default=None
        What rows of each class weigh. Classes of weight 0 are left out.
    """

    preprocessor: Any
    means: dict[str, np.ndarray]
    n_rows: int
    n_features: int
    seed: int
    held_out_share: float
    n_folds: int = 0
    class_of: dict[Hashable, int] | None = None
    weights: np.ndarray | None = None

    @property
    def n_bytes(self) -> int:
        """Bytes of all rows on the disk."""
        return self.shards([]).n_bytes_of_row * self.n_rows

    @property
    def shards_of_fold(self) -> int:
        """Shards that the rows of an inner fold are in."""
        return engine.n_shards_for(self.n_bytes // max(1, self.n_folds))

    @property
    def n_shards(self) -> int:
        """Shards of all folds."""
        return self.shards_of_fold * max(1, self.n_folds)

    def shards(self, files: list) -> Any:
        """Return the rows of files as `engine.fit` takes them."""
        has_labels, has_weights = self.class_of is not None, self.weights is not None
        return engine.Shards(files, self.n_features, has_labels, has_weights)

    def shards_without(self, fold: int) -> np.ndarray:
        """Return the numbers of the shards that a net without a fold learns from."""
        numbers = np.arange(self.n_shards)
        if not self.n_folds:
            return numbers
        return numbers[numbers // self.shards_of_fold != fold]

    def write(
        self,
        folder: str | os.PathLike[str],
        partition: int,
        chunks: Iterable[tuple[pd.DataFrame, Any]],
    ) -> PartitionShards:
        """Prepare the rows of a partition and write them to a file.

        Parameters
        ----------
        folder : str or path-like
            Where the file is written.
        partition : int
            Number of the partition.
        chunks : iterable of (DataFrame, ndarray or None)
            Its rows in their order, and their labels.

        Returns
        -------
        written : PartitionShards
            The file and the rows that are held out.
        """
        path = os.path.join(folder, f"part-{partition:06d}")
        held_out, folds_held_out = [self.shards([]).empty(0)], [np.zeros(0, np.intp)]
        with engine.ShardWriter(path, self.n_shards) as writer:
            for frame, labels, rows in _known_rows(chunks):
                leaves, rows = self._prepare(frame, labels, partition, rows)
                folds, is_held_out, is_trained_on = self._draw(partition, rows)
                shards = self._drawn(_SHARD, partition, rows) % self.shards_of_fold
                shards = shards.astype(np.intp) + folds * self.shards_of_fold
                held_out.append([leaf[is_held_out] for leaf in leaves])
                folds_held_out.append(folds[is_held_out])
                kept = [leaf[is_trained_on] for leaf in leaves]
                writer.write(kept, shards[is_trained_on])
            file = writer.finish()
        joined = [np.concatenate(parts) for parts in zip(*held_out, strict=True)]
        return PartitionShards(partition, file, joined, np.concatenate(folds_held_out))

    def _prepare(
        self, frame: pd.DataFrame, labels: Any, partition: int, rows: np.ndarray
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return features, class numbers and weights; rows of weight 0 are left out."""
        others = []
        if self.class_of is not None:
            y_encoded = pd.Series(labels).map(self.class_of).to_numpy(np.int32)
            others.append(y_encoded)
            if self.weights is not None:
                weights = self.weights[y_encoded].astype(np.float32)
                kept = weights > 0
                others = [y_encoded[kept], weights[kept]]
                frame, rows = frame[kept], rows[kept]
        if not len(frame):
            return [np.zeros((0, self.n_features), np.float32), *others], rows
        with warnings.catch_warnings():
            # levels of too many to be counted, which the sample does not hold
            warnings.simplefilter("ignore", CountWarning)
            if self.preprocessor is None:
                features = as_matrix(frame)
            elif isinstance(self.preprocessor, TabularPreprocessor):
                folds = target_folds(self.seed, partition, rows)
                features = transform_folds(self.preprocessor, frame, folds, self.means)
            else:
                features = as_matrix(self.preprocessor.transform(frame))
        return [features, *others], rows

    def _draw(
        self, partition: int, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the inner fold of rows, and which are validated and trained on."""
        shares = self._drawn(_HELD_OUT, partition, rows) / 2.0**64
        is_held_out = shares < self.held_out_share
        if not self.n_folds:
            return np.zeros(len(rows), np.intp), is_held_out, ~is_held_out
        folds = self._drawn(_INNER_FOLD, partition, rows) % np.uint64(self.n_folds)
        return folds.astype(np.intp), is_held_out, np.ones(len(rows), bool)

    def _drawn(self, what: int, partition: int, rows: np.ndarray) -> np.ndarray:
        return hash_rows((self.seed, what, partition), rows)


def _known_rows(
    chunks: Iterable[tuple[pd.DataFrame, Any]],
) -> Iterator[tuple[pd.DataFrame, Any, np.ndarray]]:
    """Give the rows that have a label, a few at a time, and their numbers."""
    start = 0
    for frame, labels in chunks:
        for at in range(0, len(frame), _ROWS_AT_ONCE):
            some = frame.iloc[at : at + _ROWS_AT_ONCE]
            own, rows = None, np.arange(start + at, start + at + len(some))
            if labels is not None:
                own = np.asarray(labels, dtype=object)[at : at + _ROWS_AT_ONCE]
                known = ~pd.isna(own)
                if not known.all():
                    some, own, rows = some[known], own[known], rows[known]
            yield some, own, rows
        start += len(frame)
