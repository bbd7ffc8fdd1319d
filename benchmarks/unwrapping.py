"""Unwrapping 2048 x 2048 pixels: our protocol with all that belongs to it, against whirlwind alone.

    python -m benchmarks.unwrapping --json

The peer is the solver inside; a ratio of 0.83 means that masks, component sizes, bridges and checks cost 20 %.
Beside it, in the same run: our region growing, and the default method in four tiles on two threads.
"""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.harness import THREADS, Worker, interleave, measure_triad, report, rounded, this_python
from benchmarks.unwrapping_scene import invent, wrong_share

SIZE = 2048
PROGRAMS = ("fringeworks", "whirlwind", "growing", "tiled")
SCRIPT = str(Path(__file__).with_name("unwrapping_worker.py"))
BYTES = 8 + 4 + 4 + 2  # a pixel's phasor and coherence read once, its phase and component written once


def main() -> None:
    scene = invent(SIZE, seed=1)
    with tempfile.TemporaryDirectory(prefix="fringeworks-bench-") as scratch:
        folder = Path(scratch)
        for name in ("phasor", "coherence", "looks"):
            np.save(folder / f"{name}.npy", getattr(scene, name))
        workers = {
            name: Worker(name, this_python(), SCRIPT, [name, scratch], SIZE * SIZE) for name in PROGRAMS
        }
        interleave(list(workers.values()))
        accuracy = {}
        for name in PROGRAMS:
            with np.load(folder / f"{name}.npz") as result:
                wrong, share = wrong_share(result["phase"], result["components"], scene)
            accuracy[name] = {"wrong_cycles": rounded(wrong), "in_components": rounded(share)}
    ours, peer = workers["fringeworks"], workers["whirlwind"]
    ceiling = measure_triad() / BYTES
    report(
        {
            "name": "unwrapping",
            "size": f"{SIZE} x {SIZE}",
            "ours": rounded(ours.rate),
            "peer": rounded(peer.rate),
            "peer_name": f"whirlwind {version('whirlwind-insar')}",
            "ratio": rounded(ours.rate / peer.rate),
            "ceiling": rounded(ceiling),
            "share_of_ceiling": rounded(ours.rate / ceiling),
            "peak_rss_mib": rounded(ours.peak_rss_mib),
            "accuracy_ours": accuracy["fringeworks"],
            "accuracy_peer": accuracy["whirlwind"],
            "unit": "pixels/s",
            "threads": THREADS,
            "ratio_per_processor": rounded(ours.rate_per_processor / peer.rate_per_processor),
            "programs": {
                name: {
                    "rate": rounded(worker.rate),
                    "seconds": [rounded(s) for s in worker.seconds],
                    "peak_rss_mib": rounded(worker.peak_rss_mib),
                    **accuracy[name],
                }
                for name, worker in workers.items()
            },
        }
    )


if __name__ == "__main__":
    main()
