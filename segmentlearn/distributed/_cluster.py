"""Clients of a Dask scheduler, and work that is done partition by partition."""

import contextlib
import functools
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from segmentlearn.distributed._archives import Archive, hold, release
from segmentlearn.exceptions import SegmentLearnError

LOCAL = "local"
_FAN_IN = 8  # results that one task combines
_SECONDS = 15  # to find a scheduler


@contextlib.contextmanager
def connect(address: str = LOCAL) -> Iterator[Any]:
    """Give a client of a Dask scheduler, and close it afterwards.

    Parameters
    ----------
    address : str, default="local"
        Address of the scheduler, such as ``"tcp://scheduler.example.org:8786"``;
        "local" starts a cluster on this machine with a worker process of one thread for
        each core, and ends it afterwards.

    Yields
    ------
    client : distributed.Client
        The default client within the block.

    Raises
    ------
    ImportError
        If Dask is missing; it comes with ``segmentlearn[dask]``.
    SegmentLearnError
        If there is no scheduler at the address.

    Notes
    -----
    A script that starts a local cluster must guard its own work by ``if __name__ ==
    "__main__":``, since worker processes import it.

    Examples
    --------
    >>> from segmentlearn.distributed import connect
    >>> with connect("tcp://scheduler:8786") as client:  # doctest: +SKIP
    ...     model = DistributedModel("customers.seg")
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ImportError(
            "segmentlearn.distributed needs Dask, which is missing: pip install "
            '"segmentlearn[dask]"'
        ) from error
    with contextlib.ExitStack() as stack:
        if address == LOCAL:
            import joblib

            cluster = LocalCluster(
                n_workers=joblib.cpu_count(),
                threads_per_worker=1,
                dashboard_address=":0",
                silence_logs=logging.CRITICAL,  # errors of tasks reach the client
            )
            place = stack.enter_context(cluster)
        else:
            place = address
        try:
            client = Client(place, timeout=_SECONDS)
        except (OSError, ValueError) as error:
            raise SegmentLearnError(
                f"there is no Dask scheduler at {address!r} ({error}); start one with "
                '`dask scheduler`, or take "local".'
            ) from error
        yield stack.enter_context(client)


def current_client(client: Any) -> Any:
    """Return the client to use; None where Dask computes in this process."""
    distributed = sys.modules.get("distributed")
    if client is None and distributed is not None:
        with contextlib.suppress(ValueError):
            return distributed.default_client()
    return client


def send(archive: Archive, client: Any) -> Callable[[], None]:
    """Bring an archive to each worker process, once, and not in a task graph.

    Return what takes it back.
    """
    if client is None:
        hold(archive)
        return functools.partial(release, archive)
    from segmentlearn.distributed._plugin import ArchivePlugin

    plugin = ArchivePlugin(archive)
    client.register_plugin(plugin)

    def withdraw() -> None:
        if client.status == "running":
            with contextlib.suppress(KeyError):  # a worker that is leaving has done so
                client.unregister_worker_plugin(plugin.name)

    return withdraw


def check_frame(X: Any, name: str = "X") -> None:
    """Refuse what is no Dask DataFrame."""
    if not (hasattr(X, "map_partitions") and hasattr(X, "npartitions")):
        raise TypeError(
            f"{name} must be a Dask DataFrame, such as dask.dataframe.read_parquet or "
            f"dask.dataframe.from_pandas give it; got {type(X).__name__}."
        )


def over_partitions(
    X: Any,
    function: Callable[..., Any],
    combine: Callable[[Sequence[Any]], Any],
    client: Any,
    **shared: Any,
) -> Any:
    """Call a function with each partition and its number, and combine the results.

    They are combined in a tree, in the order of the partitions, so that neither the
    scheduler nor the client holds more than a few. What is shared is sent once.
    """
    import dask

    leaf = functools.partial(dask.delayed, traverse=False)
    whole = {name: leaf(value) for name, value in shared.items()}
    call = dask.delayed(function)
    results = [call(part, at, **whole) for at, part in enumerate(X.to_delayed())]
    join = dask.delayed(combine)
    while len(results) > 1:
        results = [
            join(results[at : at + _FAN_IN]) for at in range(0, len(results), _FAN_IN)
        ]
    (result,) = results
    if client is None:
        return result.compute()
    with _explained():
        return client.compute(result).result()


def as_they_finish(
    items: Sequence[Any], function: Callable[..., Any], client: Any, **shared: Any
) -> Iterator[tuple[Any, Any]]:
    """Call a function with each item; give items and results as they come."""
    if client is None:
        for item in items:
            yield item, function(item, **shared)
        return
    from distributed import as_completed

    futures = client.map(function, items, pure=False, **shared)
    item_of = dict(zip(futures, items, strict=True))
    with _explained():
        for future, result in as_completed(futures, with_results=True):
            yield item_of.pop(future), result


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Say what to do where workers have died over a task again and again."""
    from distributed import KilledWorker

    try:
        yield
    except KilledWorker as error:
        raise SegmentLearnError(
            f"workers died over one partition again and again ({error}): most often it "
            "does not fit into a worker's memory; make smaller partitions, or start "
            "workers with more memory."
        ) from error
