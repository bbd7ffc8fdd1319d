"""Phase linking: cells per second and error against the truth, ours against dolphin, with the same 11 x 11 window.

Two stacks of distributed scatterers (coherence 0.5 exp(-dt / 50 d) + 0.1, smooth screens and a bowl): 30 dates and a
cell for every sample, and 60 dates and cells of 6 x 3 samples.  ``ours`` and ``peer`` are EMI on the first; ``cases``
has both, and our maximum likelihood, whose phases come with standard deviations as EMI's do, which dolphin is not asked
for.  Accuracy is the rms error [rad] over dates and cells; the Cramer-Rao bound is beside it.  ``curve`` is our cost
against dates and window, with the operations that are counted.  ``python -m benchmarks.linking --json``
"""

import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from benchmarks.harness import (
    THREADS,
    Worker,
    interleave,
    peer_python,
    report,
    rounded,
    this_python,
)

SCRIPT = str(Path(__file__).with_name("linking_worker.py"))
CASES = {"30 dates, every sample": (30, 256, (1, 1)), "60 dates, cells of 6 x 3": (60, 192, (6, 3))}
WINDOW = 11
PEER = "dolphin 0.42.9"


def coherence_matrix(n_dates: int) -> np.ndarray:
    lag = 12.0 * np.abs(np.subtract.outer(np.arange(n_dates), np.arange(n_dates)))
    matrix = 0.5 * np.exp(-lag / 50.0) + 0.1
    np.fill_diagonal(matrix, 1.0)
    return matrix


def bound(n_dates: int) -> float:
    """Return the rms of the Cramer-Rao bound of all dates but the first [rad]."""
    matrix = coherence_matrix(n_dates)
    information = 2 * WINDOW**2 * (matrix * np.linalg.inv(matrix) - np.eye(n_dates))
    return float(np.sqrt(np.mean(np.diag(np.linalg.inv(information[1:, 1:])))))


def write_stack(folder: Path, n_dates: int, size: int) -> None:
    """Invent images of a given coherence and phase history; write ``stack``, ``days`` and ``truth``."""
    rng = np.random.default_rng(4)
    factor = np.linalg.cholesky(coherence_matrix(n_dates)).astype(np.float32)
    white = rng.standard_normal((2, n_dates, size * size), np.float32) * np.float32(np.sqrt(0.5))
    stack = (factor @ white[0] + 1j * (factor @ white[1])).reshape(n_dates, size, size)
    rows, cols = np.mgrid[:size, :size].astype(np.float32) / size
    bowl = np.exp(-(((rows - 0.5) / 0.25) ** 2) - ((cols - 0.5) / 0.25) ** 2)
    truth = np.empty((n_dates, size, size), np.float32)
    for k in range(n_dates):
        screen = gaussian_filter(rng.standard_normal((size, size), np.float32), 40.0, mode="wrap")
        truth[k] = 0.7 * screen / screen.std() - 20.0 * k / n_dates * bowl
    truth -= truth[0].copy()
    np.save(folder / "stack.npy", (stack * np.exp(1j * truth)).astype(np.complex64))
    np.save(folder / "truth.npy", truth)
    np.save(folder / "days.npy", 12.0 * np.arange(n_dates))


def middle_of(truth: np.ndarray, axis: int, count: int, stride: int) -> np.ndarray:
    """Return the truth in the middle of each cell: the mean of the two samples beside it, or the one."""
    first = truth.take(range((stride - 1) // 2, count * stride, stride), axis)
    return (first + truth.take(range(stride // 2, count * stride, stride), axis)) / 2


def rms_error(folder: Path, name: str, strides: tuple[int, int]) -> float:
    """Return the rms of linked less true phase [rad], half a window from the edges."""
    phase = np.load(folder / f"phase_{name}.npy")
    rows, cols = phase.shape[1:]
    truth = middle_of(middle_of(np.load(folder / "truth.npy"), 1, rows, strides[0]), 2, cols, strides[1])
    edge = [-(-WINDOW // (2 * s)) for s in strides]
    error = np.angle(np.exp(1j * (phase - truth)))[1:, edge[0] : -edge[0], edge[1] : -edge[1]]
    return float(np.sqrt(np.mean(error**2)))


def run_case(n_dates: int, size: int, strides: tuple[int, int]) -> dict[str, object]:
    """Run all programs on one stack, in turn."""
    with tempfile.TemporaryDirectory(prefix="fringeworks-bench-") as scratch:
        folder = Path(scratch)
        write_stack(folder, n_dates, size)
        cells = (size // strides[0]) * (size // strides[1])
        python = peer_python("dolphin")
        sides = [("fringeworks", "emi", this_python()), ("fringeworks", "ml", this_python())]
        sides += [("dolphin", "emi", python)] if python is not None else []
        workers = [
            Worker(f"{program}_{method}", path, SCRIPT, [program, method, scratch, *map(str, strides)], cells)
            for program, method, path in sides
        ]
        interleave(workers)
        return {
            "cells": cells,
            "bound": rounded(bound(n_dates)),
            "programs": {
                w.name: {
                    "rate": rounded(w.rate),
                    "rate_per_processor": rounded(w.rate_per_processor),
                    "seconds": [rounded(s) for s in w.seconds],
                    "peak_rss_mib": rounded(w.peak_rss_mib),
                    "rms_error": rounded(rms_error(folder, w.name, strides)),
                }
                for w in workers
            },
        }


def operations(n_dates: int, window: int) -> dict[str, float]:
    """Count additions and multiplications a cell takes by maximum likelihood, a cell for every sample.

    Window sums are made of tiles of 8 rows by 32 cells; six rounds of learning the coherence follow three of its
    start, with three inverses, one complex factor and five solutions, and about six steps of scoring.
    """
    n, pairs = float(n_dates), n_dates * (n_dates + 1) / 2
    lines, width = (7 + window) / 8, (31 + window) / 32
    doublings = np.log2(window) + window.bit_count()
    sums = pairs * (6 * lines * width + 2 * doublings * width + 2 * doublings)
    direct = 8 * pairs * window**2
    learning = 10 * 25 * pairs
    factors = 3 * n**3 + 2 * n**3 / 3 + 4 * n**3 / 3 + n**3 / 3
    solutions = 5 * 16 * n**2 + 12 * (2 * n**2 + 8 * n**2)
    return {"sums": sums, "sums_if_direct": direct, "rest": learning + factors + solutions}


def curve() -> list[dict[str, float]]:
    """Measure our cost of a cell against dates and window, beside the operations counted."""
    from fringeworks.model.grids import Looks
    from fringeworks.timeseries.distributed import LinkingOptions, link

    rng = np.random.default_rng(1)
    found = []
    for n_dates, window in ((10, 11), (20, 11), (30, 5), (30, 11), (30, 21), (60, 11), (100, 11)):
        size = 64 if n_dates <= 30 else 32
        factor = np.linalg.cholesky(coherence_matrix(n_dates))
        white = rng.standard_normal((2, n_dates, size * size))
        stack = (factor @ (white[0] + 1j * white[1])).astype(np.complex64).reshape(n_dates, size, size)
        options = LinkingOptions(window_azimuth=window, window_range=window)
        days = 12.0 * np.arange(n_dates)
        busy = []
        for _ in range(4):
            start = time.process_time()
            link(stack, days=days, options=options, strides=Looks(1, 1))
            busy.append(time.process_time() - start)
        # the first may compile; processor time of all threads, for a busy machine stretches the clock's
        seconds = min(busy[1:])
        counted = operations(n_dates, window)
        found.append(
            {
                "dates": n_dates,
                "window": window,
                "processor_microseconds": rounded(1e6 * seconds / size**2),
                **{f"kilo_operations_{key}": rounded(value / 1e3) for key, value in counted.items()},
            }
        )
    return found


def main() -> None:
    cases = {name: run_case(*case) for name, case in CASES.items()}
    first = cases[next(iter(CASES))]["programs"]
    ours, peer = first["fringeworks_emi"], first.get("dolphin_emi")
    # a core that is fed from its nearest cache does about 16 operations a cycle; 2.5 GHz
    counted = operations(30, WINDOW)
    ceiling = THREADS * 40e9 / (counted["sums"] + counted["rest"])
    report(
        {
            "name": "linking",
            "size": "30 dates x 256 x 256, window 11 x 11, a cell for every sample, EMI",
            "ours": ours["rate"],
            "peer": peer and peer["rate"],
            "peer_name": PEER if peer else None,
            "ratio": peer and rounded(ours["rate"] / peer["rate"]),
            "ceiling": rounded(ceiling),
            "share_of_ceiling": rounded(ours["rate"] / ceiling),
            "peak_rss_mib": ours["peak_rss_mib"],
            "accuracy_ours": first["fringeworks_emi"]["rms_error"],
            "accuracy_peer": peer and peer["rms_error"],
            "unit": "cells/s",
            "threads": THREADS,
            "ratios": {name: ratios(case["programs"]) for name, case in cases.items()},
            "cases": cases,
            "curve": curve(),
            "not_installed": [] if peer else ["dolphin"],
        }
    )


def ratios(programs: dict[str, dict[str, float]]) -> dict[str, float | None]:
    """Return how many times faster ours are than the peer, by the clock and by processor time, and how much smaller."""
    peer = programs.get("dolphin_emi")
    if peer is None:
        return {}
    found = {}
    for method in ("emi", "ml"):
        ours = programs[f"fringeworks_{method}"]
        found[method] = rounded(ours["rate"] / peer["rate"])
        found[f"{method}_per_processor"] = rounded(ours["rate_per_processor"] / peer["rate_per_processor"])
    found["memory"] = rounded(peer["peak_rss_mib"] / programs["fringeworks_emi"]["peak_rss_mib"])
    return found


if __name__ == "__main__":
    main()
