"""How kernels are compiled, with their types kept, and how one is run on all threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a serial kernel: no fast-math, so that results do not depend on how work is cut."""
    return _compile(function, parallel=False)


def parallel_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a kernel whose ``prange`` loops run on all threads; same arithmetic as :func:`kernel`."""
    return _compile(function, parallel=True)


def _compile(function: Callable[P, R], *, parallel: bool) -> Callable[P, R]:
    """Compile at the first call and keep the result on disk; where no folder can be written, in memory alone."""
    try:
        dispatcher = numba.njit(cache=True, nogil=True, parallel=parallel)(function)
    except RuntimeError:
        dispatcher = numba.njit(nogil=True, parallel=parallel)(function)
        return cast("Callable[P, R]", dispatcher)
    # Numba takes a kept result for valid while the function's own file is unchanged.  But the code of every kernel that
    # it calls is part of it: the files beside it, and ours, belong to the stamp.
    kept = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    if kept is not None and hasattr(kept, "_source_stamp"):
        here, there = os.path.dirname(__file__), os.path.dirname(function.__code__.co_filename)  # noqa: PTH120
        kept._source_stamp = (_stamp_of(here), _stamp_of(there))  # noqa: SLF001 - Numba has no other way
        kept._load_index = _ForgivingIndex(kept._load_index)  # noqa: SLF001
    return cast("Callable[P, R]", dispatcher)


class _ForgivingIndex:
    """Read the list of kept results; one that names a class of an older version that is gone counts as empty."""

    def __init__(self, load: Callable[[], dict[Any, str]]) -> None:
        self._load = load

    def __call__(self) -> dict[Any, str]:
        try:
            return self._load()
        except (AttributeError, ImportError):
            return {}


@lru_cache(maxsize=64)
def _stamp_of(folder: str) -> tuple[tuple[str, int, int], ...]:
    """Return name, time of change and size of the Python files of a folder."""
    with os.scandir(folder) as entries:
        files = [(e.name, e.stat()) for e in entries if e.name.endswith(".py")]
    return tuple(sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in files))


def in_threads(work: Callable[[int, int], None], n_pieces: int) -> None:
    """Call ``work(first, last)`` for consecutive ranges that together are ``range(n_pieces)``.

    As many threads run as Numba may use; ``work`` is to spend its time in kernels, which hold no lock.  Compiling
    a large kernel with ``prange`` takes several times as long, and two such calls at once are not safe on every
    platform.
    """
    threads = max(1, min(numba.get_num_threads(), n_pieces))
    # Four ranges a thread, so that no thread waits long for a slow range.
    n_ranges = min(4 * threads, n_pieces)
    borders = [k * n_pieces // n_ranges for k in range(n_ranges + 1)] if n_ranges else [0]
    if threads == 1:
        for first, last in pairwise(borders):
            work(first, last)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, *ends) for ends in pairwise(borders)]:
            done.result()
