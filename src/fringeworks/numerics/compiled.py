"""How kernels are compiled, with their types kept, and how one is run on all threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a serial kernel: no fast-math, so that results do not depend on how work is cut."""
    return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(function))


def parallel_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a kernel whose ``prange`` loops run on all threads; same arithmetic as :func:`kernel`."""
    return cast("Callable[P, R]", numba.njit(cache=True, nogil=True, parallel=True)(function))


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
