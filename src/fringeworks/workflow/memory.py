"""What a process holds, and giving back what it no longer needs."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import resource
from pathlib import Path


def peak_memory() -> int:
    """Return the largest resident memory of this process so far [bytes].

    The kernel's own high-water mark where it is to be had: the one of ``getrusage`` also holds what the parent had
    when it started this process.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def give_back() -> None:
    """Return freed memory to the operating system, where the C library can (glibc's ``malloc_trim``).

    Freed blocks of a few megabytes stay with the process otherwise, and count against its cap.
    """
    gc.collect(1)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
