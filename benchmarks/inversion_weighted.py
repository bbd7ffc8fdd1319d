"""Dates from 150 interferograms, each pixel with its own weights, against the best of the peers.

Dolphin returns the residuals' square sum as we do; MintPy a temporal coherence; PyGMTSAR the series alone.
"""

from benchmarks.inversion import Peer, compare

if __name__ == "__main__":
    compare(
        "inversion_weighted",
        "weighted",
        [Peer("dolphin", "0.42.9", 6), Peer("mintpy", "1.6.4", 3), Peer("pygmtsar", "2025.4.8.post1", 3)],
    )
