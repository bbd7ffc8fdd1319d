"""What the three inversion benchmarks share: the stack, the sides, the report."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from benchmarks.harness import (
    THREADS,
    Worker,
    interleave,
    measure_product,
    measure_triad,
    peer_python,
    report,
    rounded,
    this_python,
)

N_DATES, NEIGHBOURS, STEP_DAYS, LOOKS = 40, 4, 12, 30
SHAPE = (500, 600)
SCRIPT = str(Path(__file__).with_name("inversion_worker.py"))


@dataclass(frozen=True)
class Peer:
    """A program to compare with, its version, and on how many rows it is tried (its time is linear in pixels)."""

    name: str
    version: str
    n_rows: int


def write_stack(folder: Path, *, gaps: float) -> None:
    """Invent interferograms of 40 dates and their four next ones with coherence-dependent noise; write arrays."""
    rng = np.random.default_rng(7)
    # 4 next neighbours make 150 pairs.
    edges = np.array([(i, j) for i in range(N_DATES) for j in range(i + 1, min(i + 1 + NEIGHBOURS, N_DATES))])
    days = STEP_DAYS * np.arange(N_DATES)

    def smooth(width: float) -> np.ndarray:
        field = gaussian_filter(rng.standard_normal(SHAPE, np.float32), width)
        return (field / field.std()).astype(np.float32)

    truth = np.empty((N_DATES, *SHAPE), np.float32)
    trend = smooth(40.0)
    for k in range(N_DATES):
        truth[k] = 0.1 * k * trend + 0.8 * smooth(12.0)
    truth -= truth[0].copy()
    base = np.clip(0.6 + 0.15 * smooth(8.0), 0.15, 0.95)
    phase = np.empty((len(edges), *SHAPE), np.float32)
    weight = np.empty_like(phase)
    for p, (i, j) in enumerate(edges):
        coherence = np.clip(base * np.exp(-(days[j] - days[i]) / 120.0), 0.05, 0.98)
        variance = (1 - coherence**2) / (2 * LOOKS * coherence**2)
        noise = np.sqrt(variance) * rng.standard_normal(SHAPE, np.float32)
        phase[p] = truth[j] - truth[i] + noise
        weight[p] = 1 / variance
    arrays = {"edges": edges, "days": days, "phase": phase, "weight": weight, "truth": truth}
    if gaps:
        arrays["present"] = rng.random(phase.shape, np.float32) >= gaps
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def rms_error(folder: Path, program: str, n_rows: int) -> tuple[float, int]:
    """Return the rms of a program's finite dates against the truth on the first rows [rad], and how many are not."""
    truth = np.load(folder / "truth.npy", mmap_mode="r")[1:, :n_rows]
    dates = np.load(folder / f"dates_{program}.npy", mmap_mode="r")[:, :n_rows]
    finite = np.isfinite(dates)
    return float(np.sqrt(np.mean((dates - truth)[finite] ** 2, dtype=np.float64))), int((~finite).sum())


def compare(name: str, mode: str, peers: Sequence[Peer], *, gaps: float = 0.0) -> None:
    """Run our side and the peers on one stack, and print what the contract of the benchmarks asks for."""
    with tempfile.TemporaryDirectory(prefix="fringeworks-bench-") as scratch:
        folder = Path(scratch)
        write_stack(folder, gaps=gaps)
        rows, cols = SHAPE
        ours = Worker(
            "fringeworks", this_python(), SCRIPT, ["fringeworks", mode, scratch, str(rows)], rows * cols
        )
        present = [(peer, peer_python(peer.name)) for peer in peers]
        others = {
            peer.name: Worker(
                peer.name, python, SCRIPT, [peer.name, mode, scratch, str(peer.n_rows)], peer.n_rows * cols
            )
            for peer, python in present
            if python is not None
        }
        interleave([ours, *others.values()])
        ceiling = _ceiling(mode)
        best = max(others.values(), key=lambda worker: worker.rate, default=None)
        chosen = next((peer for peer in peers if best is not None and peer.name == best.name), None)
        on_rows = chosen.n_rows if chosen else rows
        accuracy = {w.name: rms_error(folder, w.name, on_rows) for w in (ours, best) if w is not None}
        report(
            {
                "name": name,
                "size": _size(gaps, others),
                "ours": rounded(ours.rate),
                "peer": None if best is None else rounded(best.rate),
                "peer_name": None if chosen is None else f"{chosen.name} {chosen.version}",
                "ratio": None if best is None else rounded(ours.rate / best.rate),
                "ceiling": rounded(ceiling),
                "share_of_ceiling": rounded(ours.rate / ceiling),
                "peak_rss_mib": rounded(ours.peak_rss_mib),
                "accuracy_ours": rounded(accuracy["fringeworks"][0]),
                "accuracy_peer": rounded(accuracy[best.name][0]) if best else None,
                "unit": "pixels/s",
                "threads": THREADS,
                "not_finite": {program: n for program, (_, n) in accuracy.items()},
                "ratio_per_processor": (
                    rounded(ours.rate_per_processor / best.rate_per_processor) if best else None
                ),
                "programs": {worker.name: _facts(worker) for worker in (ours, *others.values())},
                "not_installed": [peer.name for peer, python in present if python is None],
                "product_ceiling": rounded(measure_product(N_DATES - 1, _n_pairs())),
            }
        )


def _facts(worker: Worker) -> dict[str, Any]:
    return {
        "rate": rounded(worker.rate),
        "rate_per_processor": rounded(worker.rate_per_processor),
        "seconds": [rounded(s) for s in worker.seconds],
        "pixels": worker.units,
        "peak_rss_mib": rounded(worker.peak_rss_mib),
    }


def _n_pairs() -> int:
    return sum(min(NEIGHBOURS, N_DATES - 1 - i) for i in range(N_DATES))


def _size(gaps: float, others: dict[str, Worker]) -> str:
    text = f"{_n_pairs()} interferograms x {N_DATES} dates x {SHAPE[0] * SHAPE[1]} pixels"
    text += f", {gaps:.0%} gaps" if gaps else ""
    smaller = [f"{w.name} {w.units}" for w in others.values() if w.units != SHAPE[0] * SHAPE[1]]
    return text + (f" (pixels of {', '.join(smaller)})" if smaller else "")


def _ceiling(mode: str) -> float:
    """Return the pixels per second at which memory alone would stop us: inputs read and results written once."""
    values = _n_pairs() * (2 if mode == "weighted" else 1) + N_DATES + 1
    return measure_triad() / (4 * values)
