"""The two ways a kernel is compiled here, with their types kept."""

from __future__ import annotations

from collections.abc import Callable
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
