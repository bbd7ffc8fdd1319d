"""How the scene's kernels are compiled, with their types kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")
_SOURCES = ("beams.py", "compiled.py", "sight.py", "splat.py")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a serial kernel at its first call and keep the result on disk, or in memory where no folder can be written.

    Numba takes a kept result for valid while the function's own file is unchanged; the kernels and constants it uses lie in
    others, so the stamp is made to hold them all.
    """
    try:
        dispatcher = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return cast("Callable[P, R]", numba.njit(nogil=True)(function))
    kept = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    if kept is not None and hasattr(kept, "_source_stamp"):
        kept._source_stamp = _stamp()  # noqa: SLF001 - Numba has no other way
    return cast("Callable[P, R]", dispatcher)


@cache
def _stamp() -> tuple[tuple[str, int, int], ...]:
    files = [(name, (Path(__file__).parent / name).stat()) for name in _SOURCES]
    return tuple(((name, stat.st_mtime_ns, stat.st_size) for name, stat in files))
