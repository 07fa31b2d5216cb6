"""What a task of scoring calls.

The scheduler imports it with the graph, so that a worker alone loads what scores.
"""

from collections.abc import Callable, Sequence
from typing import Any

from segmentlearn.distributed._archives import model_of


def score_partition(
    frame: Any, *, key: str, method: str, kept: Sequence[str], meta: Any
) -> Any:
    """Call a function of scoring with the model of an archive and a partition."""
    from segmentlearn.distributed import _scoring

    if not len(frame):
        return meta
    found = _scoring.METHODS[method](model_of(key), frame, kept)
    if meta.ndim == 1:
        return found.astype(meta.dtype)
    kinds = {n: kind for n, kind in meta.dtypes.items() if n not in frame.columns}
    return found.astype(kinds)


def call_with_model(
    item: Any, *, function: Callable[..., Any], key: str, shared: dict[str, Any]
) -> Any:
    """Call a function with the model of an archive and an item."""
    return function(model_of(key), item, **shared)
