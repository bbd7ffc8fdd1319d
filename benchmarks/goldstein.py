"""Goldstein's filter on 2048 x 2048 pixels: pixels per second and phase error, ours against published programs.

Same interferogram (fringes and turbulence under coherence that varies, 20 looks), patches of 32 pixels with half
overlap and strength 0.5, no smoothing of spectra, which the programs do not have.  Accuracy is the mean absolute error
of the phase against the truth [rad]; without a filter it is in ``unfiltered``.  ``python -m benchmarks.goldstein --json``
"""

import tempfile
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from benchmarks.harness import (
    THREADS,
    Worker,
    interleave,
    measure_triad,
    peer_python,
    report,
    rounded,
    this_python,
)

SIZE, LOOKS = 2048, 20
SCRIPT = str(Path(__file__).with_name("goldstein_worker.py"))
PEERS = {"whirlwind": "whirlwind-insar 0.10.0", "dolphin": "dolphin 0.42.9"}


def make_interferogram() -> tuple[np.ndarray, np.ndarray]:
    """Invent a wrapped interferogram, complex64 of unit length, and its true phase [rad]."""
    rng = np.random.default_rng(11)
    shape = (SIZE, SIZE)

    def smooth(width: float) -> np.ndarray:
        field = gaussian_filter(rng.standard_normal(shape, np.float32), width)
        return (field / field.std()).astype(np.float32)

    rows, cols = np.mgrid[:SIZE, :SIZE].astype(np.float32) / SIZE
    truth = 40.0 * np.exp(-(((rows - 0.5) / 0.18) ** 2) - ((cols - 0.45) / 0.22) ** 2) + 8.0 * cols
    truth = (truth + 2.0 * smooth(60.0) + 0.6 * smooth(20.0)).astype(np.float32)
    coherence = (1.0 / (1.0 + np.exp(-(0.5 + 1.1 * smooth(25.0))))).astype(np.float32)
    product = np.zeros(shape, np.complex64)
    for _ in range(LOOKS):
        first, own = (
            rng.standard_normal(shape, np.float32) + 1j * rng.standard_normal(shape, np.float32)
            for _ in range(2)
        )
        product += first * np.conj(coherence * first + np.sqrt(1 - coherence**2) * own)
    return (product / np.abs(product) * np.exp(1j * truth)).astype(np.complex64), truth


def error(phasor: np.ndarray, truth: np.ndarray) -> float:
    return float(np.nanmean(np.abs(np.angle(phasor * np.exp(-1j * truth)))))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="fringeworks-bench-") as scratch:
        phasor, truth = make_interferogram()
        np.save(f"{scratch}/phasor.npy", phasor)
        ours = Worker("fringeworks", this_python(), SCRIPT, ["fringeworks", scratch], phasor.size)
        found = {name: peer_python(name) for name in PEERS}
        others = [
            Worker(name, python, SCRIPT, [name, scratch], phasor.size)
            for name, python in found.items()
            if python is not None
        ]
        interleave([ours, *others])
        best = max(others, key=lambda worker: worker.rate, default=None)
        errors = {w.name: error(np.load(f"{scratch}/filtered_{w.name}.npy"), truth) for w in (ours, *others)}
        # read and written once, 8 bytes each
        ceiling = measure_triad() / 16
        report(
            {
                "name": "goldstein",
                "size": f"{SIZE} x {SIZE}, patches of 32 with half overlap",
                "ours": rounded(ours.rate),
                "peer": None if best is None else rounded(best.rate),
                "peer_name": None if best is None else PEERS[best.name],
                "ratio": None if best is None else rounded(ours.rate / best.rate),
                "ceiling": rounded(ceiling),
                "share_of_ceiling": rounded(ours.rate / ceiling),
                "peak_rss_mib": rounded(ours.peak_rss_mib),
                "accuracy_ours": rounded(errors["fringeworks"]),
                "accuracy_peer": None if best is None else rounded(errors[best.name]),
                "unit": "pixels/s",
                "threads": THREADS,
                "unfiltered": rounded(error(phasor, truth)),
                "ratio_per_processor": (
                    None if best is None else rounded(ours.rate_per_processor / best.rate_per_processor)
                ),
                "programs": {w.name: [rounded(s) for s in w.seconds] for w in (ours, *others)},
                "not_installed": [name for name, python in found.items() if python is None],
            }
        )


if __name__ == "__main__":
    main()
