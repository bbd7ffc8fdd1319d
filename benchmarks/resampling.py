"""Resampling of a complex image at given fractional positions: samples per second and agreement with the exact answer.

Both sides get the same 2048 x 2048 complex64 image, noise that fills 0.67 x 0.85 of the band, and the same float32
positions: sixteen strips of lines, each moved by a random part of a sample along both axes, so that the exact answer is
known from the spectrum.  Two threads each, interleaved, median of five.  The peer is OpenCV's longest kernel, Lanczos of 8 x 8,
on two float32 channels.  ``python -m benchmarks.resampling --json``

Our side also does what OpenCV cannot: a whole burst of 1500 x 21000 16-bit samples with its TOPS carrier taken off and
put back, offsets on a coarse grid, invalid edges and flattening (``burst`` in the result).
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

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

SIZE, STRIPS, BANDS = 2048, 16, (0.67, 0.85)
EDGE = 12  # samples at the image's edge that are not compared: neighbours are missing there
BYTES = 8 + 8 + 8  # read a sample and its offsets, write a sample
SCRIPT = str(Path(__file__).with_name("resampling_worker.py"))


def write_image(folder: Path) -> None:
    """Invent the image, the offsets and the exact answer; write arrays."""
    rng = np.random.default_rng(11)
    frequency = np.fft.fftfreq(SIZE)
    spectrum = rng.standard_normal((SIZE, SIZE)) + 1j * rng.standard_normal((SIZE, SIZE))
    spectrum *= (np.abs(frequency)[:, None] < 0.5 * BANDS[0]) & (np.abs(frequency) < 0.5 * BANDS[1])
    image = np.fft.ifft2(spectrum)
    scale = 1.0 / np.abs(image).std()
    exact = np.empty((SIZE, SIZE), np.complex64)
    offsets = np.empty((2, SIZE, SIZE), np.float32)
    for strip in np.split(np.arange(SIZE), STRIPS):
        # a multiple of 2^-10, so that a position is exact in float32 for either side
        shift = np.round(rng.uniform(-0.5, 0.5, 2) * 1024) / 1024
        turn = np.exp(2j * np.pi * (frequency[:, None] * shift[0] + frequency * shift[1]))
        exact[strip] = (np.fft.ifft2(spectrum * turn) * scale)[strip]
        offsets[:, strip] = shift[:, None, None]
    np.save(folder / "image.npy", (image * scale).astype(np.complex64))
    np.save(folder / "offsets.npy", offsets)
    np.save(folder / "exact.npy", exact)


def agreement(folder: Path, program: str) -> dict[str, float | None]:
    """Return coherence, mean phase error and its scatter (weighted by power) against the exact answer [rad]."""
    inner = slice(EDGE, -EDGE), slice(EDGE, -EDGE)
    found = np.load(folder / f"found_{program}.npy")[inner].astype(complex)
    exact = np.load(folder / "exact.npy")[inner].astype(complex)
    cross = np.vdot(exact, found)
    power = np.abs(exact) ** 2
    scatter = np.sqrt(np.sum(power * np.angle(found * exact.conj()) ** 2) / power.sum())
    coherence = np.abs(cross) / np.sqrt(np.vdot(found, found).real * power.sum())
    return {
        "coherence": round(float(coherence), 7),
        "mean_phase_rad": rounded(float(np.angle(cross))),
        "phase_scatter_rad": rounded(float(scatter)),
    }


def compare() -> dict[str, Any]:
    """Run both sides and return what the contract of the benchmarks asks for."""
    with tempfile.TemporaryDirectory(prefix="fringeworks-bench-") as scratch:
        folder = Path(scratch)
        write_image(folder)
        units = SIZE * SIZE
        ours = Worker("fringeworks", this_python(), SCRIPT, ["fringeworks", scratch], units)
        python = peer_python("opencv")
        peer = None if python is None else Worker("opencv", python, SCRIPT, ["opencv", scratch], units)
        burst = Worker("burst", this_python(), SCRIPT, ["burst", scratch], 1500 * 21_000)
        interleave([w for w in (ours, peer, burst) if w is not None])
        ceiling = measure_triad() / BYTES
        facts = {p.stem: json.loads(p.read_text()) for p in folder.glob("*.json")}
        return {
            "name": "resampling",
            "size": f"{SIZE} x {SIZE} complex64, {BANDS[0]} x {BANDS[1]} of the band",
            "ours": rounded(ours.rate),
            "peer": None if peer is None else rounded(peer.rate),
            "peer_name": None if peer is None else f"OpenCV {facts['opencv']['version']}, Lanczos-4",
            "ratio": None if peer is None else rounded(ours.rate / peer.rate),
            "ceiling": rounded(ceiling),
            "share_of_ceiling": rounded(ours.rate / ceiling),
            "peak_rss_mib": rounded(ours.peak_rss_mib),
            "accuracy_ours": agreement(folder, "fringeworks"),
            "accuracy_peer": None if peer is None else agreement(folder, "opencv"),
            "unit": "samples/s",
            "threads": THREADS,
            "taps": facts["fringeworks"]["taps"],
            "ratio_per_processor": (
                None if peer is None else rounded(ours.rate_per_processor / peer.rate_per_processor)
            ),
            "seconds": {
                w.name: [rounded(s) for s in w.seconds] for w in (ours, peer, burst) if w is not None
            },
            "burst": {
                "rate": rounded(burst.rate),
                "rate_per_processor": rounded(burst.rate_per_processor),
                "peak_rss_mib": rounded(burst.peak_rss_mib),
                "taps": facts["burst"]["taps"],
            },
        }


if __name__ == "__main__":
    report(compare())
