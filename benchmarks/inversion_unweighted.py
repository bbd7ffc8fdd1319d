"""Dates from 150 interferograms, all of one weight, no gaps: series and residual square sum of each pixel."""

from benchmarks.inversion import SHAPE, Peer, compare

if __name__ == "__main__":
    compare("inversion_unweighted", "unweighted", [Peer("dolphin", "0.42.9", SHAPE[0])])
