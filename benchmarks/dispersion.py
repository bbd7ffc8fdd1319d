"""Mean and dispersion of amplitudes of 30 images of 1024 x 1024 samples: samples per second, ours against dolphin.

Both begin with the same complex images in memory and give mean amplitude and dispersion in single precision.  Accuracy is the
largest error of the dispersion against double precision.  The ceiling is the time to read the stack once and write two
arrays, at the speed of a triad over the same bytes.  ``python -m benchmarks.dispersion --json``
"""

import tempfile
from pathlib import Path

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

DATES, SIZE = 30, 1024
SCRIPT = str(Path(__file__).with_name("dispersion_worker.py"))
PEER = "dolphin 0.42.9"


def make_stack() -> np.ndarray:
    """Invent speckle, with one sample in a hundred that is steady."""
    rng = np.random.default_rng(3)
    stack = np.empty((DATES, SIZE, SIZE), np.complex64)
    for image in stack:
        image.real, image.imag = (rng.standard_normal((SIZE, SIZE), np.float32) for _ in range(2))
    stack[:, rng.random((SIZE, SIZE)) < 0.01] += 8.0
    return stack


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="fringeworks-bench-") as scratch:
        stack = make_stack()
        np.save(f"{scratch}/stack.npy", stack)
        amplitude = np.abs(stack).astype(np.float64)
        truth = amplitude.std(axis=0) / amplitude.mean(axis=0)
        del amplitude, stack
        workers = [Worker("fringeworks", this_python(), SCRIPT, ["fringeworks", scratch], SIZE * SIZE)]
        python = peer_python("dolphin")
        if python is not None:
            workers.append(Worker("dolphin", python, SCRIPT, ["dolphin", scratch], SIZE * SIZE))
        interleave(workers)
        ours, peer = workers[0], workers[1] if len(workers) > 1 else None
        errors = [float(np.abs(np.load(f"{scratch}/found_{w.name}.npy")[1] - truth).max()) for w in workers]
        ceiling = measure_triad() / (8 * DATES + 8)
        report(
            {
                "name": "dispersion",
                "size": f"{DATES} dates, {SIZE} x {SIZE}",
                "ours": rounded(ours.rate),
                "peer": None if peer is None else rounded(peer.rate),
                "peer_name": None if peer is None else PEER,
                "ratio": None if peer is None else rounded(ours.rate / peer.rate),
                "ceiling": rounded(ceiling),
                "share_of_ceiling": rounded(ours.rate / ceiling),
                "peak_rss_mib": rounded(ours.peak_rss_mib),
                "accuracy_ours": rounded(errors[0]),
                "accuracy_peer": None if peer is None else rounded(errors[1]),
                "unit": "samples/s",
                "threads": THREADS,
                "ratio_per_processor": (
                    None if peer is None else rounded(ours.rate_per_processor / peer.rate_per_processor)
                ),
                "programs": {w.name: [rounded(s) for s in w.seconds] for w in workers},
                "not_installed": [] if peer else ["dolphin"],
            }
        )


if __name__ == "__main__":
    main()
