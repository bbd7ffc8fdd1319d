"""Dates from 150 interferograms of which each pixel lacks another fifth: dolphin's censored solver."""

from benchmarks.inversion import Peer, compare

if __name__ == "__main__":
    compare("inversion_gaps", "gaps", [Peer("dolphin", "0.42.9", 33)], gaps=0.2)
