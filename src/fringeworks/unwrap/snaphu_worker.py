"""Run SNAPHU once, as a process of its own: ``python snaphu_worker.py FOLDER LOOKS COST``.

Reads ``phasor.npy``, ``coherence.npy`` and ``valid.npy`` of the folder; writes ``phase.npy`` and ``labels.npy``.  The
library prints to the standard output, which belongs to whoever called us; there it would be lost among results.
"""

from __future__ import annotations

import sys

import numpy as np


def main(folder: str, looks: str, cost: str) -> None:
    """Unwrap what lies in the folder."""
    import snaphu  # noqa: PLC0415 - an extra, and slow to import

    phasor, coherence, valid = (np.load(f"{folder}/{name}.npy") for name in ("phasor", "coherence", "valid"))
    settings = {"mask": valid, "min_conncomp_frac": 1.0 / valid.size, "scratchdir": f"{folder}/scratch"}
    phase, labels = snaphu.unwrap(phasor, coherence, float(looks), cost, "mcf", **settings)
    np.save(f"{folder}/phase.npy", phase)
    np.save(f"{folder}/labels.npy", labels)


if __name__ == "__main__":
    main(*sys.argv[1:4])
