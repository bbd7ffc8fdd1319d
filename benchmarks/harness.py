"""Run programs side by side, interleaved, and report their ratio."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numba
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
THREADS = 2
REPEATS = 5
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def peer_python(name: str) -> Path | None:
    """Return the interpreter of a peer's environment, None where ``make bench-env`` did not build it."""
    stamp = ROOT / ".bench" / name / ".complete"
    return ROOT / ".bench" / name / "bin" / "python" if stamp.is_file() else None


@dataclass
class Worker:
    """A process that loads its input once, then answers each ``run`` with the seconds it took.

    The script prints ``ready`` after a first, uncounted call (compilation, caches); for each line ``run`` it prints
    seconds of the clock and of the processors; on end of input it writes what it has to and prints its peak memory in MiB.
    """

    name: str
    python: Path
    script: str
    arguments: Sequence[str]
    units: int
    seconds: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    peak_rss_mib: float = 0.0
    _process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(THREADS))
        cpus = sorted(os.sched_getaffinity(0))[:THREADS]
        command = ["taskset", "-c", ",".join(map(str, cpus)), str(self.python), self.script, *self.arguments]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._answer("ready")

    def run(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write("run\n")
        self._process.stdin.flush()
        wall, busy = self._answer("seconds").split()
        self.seconds.append(float(wall))
        self.busy.append(float(busy))

    def finish(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        self.peak_rss_mib = float(self._answer("peak"))
        self._process.wait(timeout=60)

    def _answer(self, word: str) -> str:
        """Read the next line that begins with ``word``; programs print other things too."""
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(f"bench:{word}"):
                return line.split(maxsplit=1)[1].strip() if " " in line else ""
        raise SystemExit(f"{self.name}: ended before it said {word!r}; run {self.script} by hand to see why")

    @property
    def rate(self) -> float:
        """Units per second, median of the runs."""
        return self.units / statistics.median(self.seconds)

    @property
    def rate_per_processor(self) -> float:
        """Units per second of processor time, all threads together: tells a busy machine from a slow program."""
        return self.units / statistics.median(self.busy)


def interleave(workers: Sequence[Worker], *, repeats: int = REPEATS) -> None:
    """Start all, then run them in turn; only one computes at any time."""
    for worker in workers:
        worker.start()
    for _ in range(repeats):
        for worker in workers:
            worker.run()
    for worker in workers:
        worker.finish()


@numba.njit(parallel=True)
def _triad(a: Any, b: Any, c: Any) -> None:
    for k in numba.prange(a.size):
        a[k] = b[k] + np.float32(3.0) * c[k]


def measure_triad(n: int = 32 * 2**20) -> float:
    """Measure a = b + 3 c on float32 arrays far larger than the caches [bytes/s], median of five."""
    numba.set_num_threads(min(THREADS, numba.config.NUMBA_NUM_THREADS))
    a, b, c = (np.ones(n, np.float32) for _ in range(3))
    return 12 * n / median_seconds(lambda: _triad(a, b, c))


def measure_product(rows: int, inner: int, cols: int = 100_000) -> float:
    """Measure a float32 matrix product of the shape of an unweighted inversion [columns/s], median of five."""
    a, b = np.ones((rows, inner), np.float32), np.ones((inner, cols), np.float32)
    return cols / median_seconds(lambda: a @ b)


def median_seconds(work: Any, repeats: int = REPEATS) -> float:
    """Return the median time of a call [s], after one that is not counted."""
    work()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def report(values: dict[str, Any]) -> None:
    """Print one line of JSON with ``--json``, else a table a person reads."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    if parser.parse_args().json:
        print(json.dumps(values))
        return
    for key, value in values.items():
        print(f"{key:>18}  {value}")


def rounded(value: float | None, digits: int = 4) -> float | None:
    """Round to significant digits, for reading."""
    return None if value is None else float(f"{value:.{digits}g}")


def this_python() -> Path:
    """Return the interpreter that runs our own side."""
    return Path(sys.executable)
