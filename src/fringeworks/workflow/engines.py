"""Where the tasks of a step are carried out: in this process, or by Dask workers.

A task is a module-level function and a record that crosses process borders; it writes its arrays into the working
store itself and returns a small payload.  The same task gives the same bits wherever it runs.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias

from fringeworks.errors import CancelledError, ConfigurationError
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.memory import give_back

Payload: TypeAlias = dict[str, Any]


class Engine(Protocol):
    """Carries out tasks."""

    def each(
        self,
        function: Callable[[Any], Payload],
        specs: Sequence[Any],
        *,
        finished: Callable[[int, Payload], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """Call a function with every record; tell of each as it is done; stop where the user asks for it."""
        ...


class LocalEngine:
    """One task after the other in this process; the kernels use all threads."""

    def each(
        self,
        function: Callable[[Any], Payload],
        specs: Sequence[Any],
        *,
        finished: Callable[[int, Payload], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """Carry out the tasks in order.

        Raises
        ------
        CancelledError
            The user asked to stop; finished tasks are kept.
        """
        for number, spec in enumerate(specs):
            if cancelled():
                raise CancelledError("cancelled", hint="run the same command again to go on from here")
            finished(number, function(spec))
            give_back()


class DaskEngine:
    """Tasks on the workers of a Dask cluster.

    Parameters
    ----------
    client : distributed.Client
        Connected.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def each(
        self,
        function: Callable[[Any], Payload],
        specs: Sequence[Any],
        *,
        finished: Callable[[int, Payload], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """Spread the tasks over the workers; errors as in :class:`LocalEngine`."""
        import distributed  # noqa: PLC0415

        futures = [self._client.submit(function, spec, pure=False, retries=1) for spec in specs]
        place = {future.key: number for number, future in enumerate(futures)}
        try:
            for future in distributed.as_completed(futures):
                finished(place[future.key], future.result())
                if cancelled():
                    raise CancelledError("cancelled", hint="run the same command again to go on from here")
        finally:
            self._client.cancel(futures, force=True)


@contextlib.contextmanager
def engine_of(config: RunConfig) -> Iterator[Engine]:
    """Give the engine a configuration asks for, and close it afterwards.

    Raises
    ------
    ConfigurationError
        The Dask scheduler does not answer.
    """
    if config.compute.engine == "local":
        yield LocalEngine()
        return
    import distributed  # noqa: PLC0415  (slow to import, and rarely needed)

    workers = config.compute.workers
    n_workers = max(1, os.cpu_count() or 1) if workers == "auto" else int(workers)
    with contextlib.ExitStack() as stack:
        if config.compute.dask_address:
            try:
                client = stack.enter_context(distributed.Client(config.compute.dask_address, timeout="30s"))
            except OSError as error:
                raise ConfigurationError(
                    f"compute.dask_address = {config.compute.dask_address!r}: {error}",
                    expected="the address of a running Dask scheduler, such as tcp://host:8786",
                ) from error
        else:
            cluster = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=n_workers,
                    threads_per_worker=1,
                    processes=True,
                    memory_limit=int(config.memory_bytes / n_workers),
                    dashboard_address=None,
                )
            )
            client = stack.enter_context(distributed.Client(cluster))
        yield DaskEngine(client)
