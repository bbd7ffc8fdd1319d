"""Stacks with cycle errors put into them, and how many of them a repair finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from scipy.ndimage import gaussian_filter

from fringeworks.interferometry.network import connect_nearest, find_triplets
from fringeworks.model.stack import PairNetwork

TURN = 2.0 * np.pi


@dataclass
class Injected:
    """A stack, the cycles put into it, and where it has values."""

    network: PairNetwork
    phase: np.ndarray
    cycles: np.ndarray
    valid: np.ndarray

    def locatable(self):
        """Wrong pairs that are in two complete triangles at their pixel, or more; bool (pair, row, col)."""
        count = np.zeros(self.phase.shape, int)
        for a, b, c in find_triplets(self.network):
            complete = self.valid[a] & self.valid[b] & self.valid[c]
            for pair in (a, b, c):
                count[pair] += complete
        return (self.cycles != 0) & self.valid & (count >= 2)

    def score(self, repair):
        """Share of the locatable errors that are repaired, and of all values that were right and are changed."""
        found = np.stack([repair.cycles_of(k) for k in range(len(self.phase))])
        where = self.locatable()
        repaired = float((found == self.cycles)[where].mean()) if where.any() else 1.0
        introduced = float(((found != 0) & (self.cycles == 0) & self.valid).sum() / self.valid.sum())
        return repaired, introduced


def inject(
    rng, *, n_dates=16, n_next=4, shape=(100, 110), noise=0.3, regions=12, pairs=1, sizes=(2, 16), gaps=0.01
):
    """Make a stack of smooth histories, with ragged regions in which one or more pairs are whole cycles off.

    Pairs of one region share no date: half of a date's pairs off by a cycle is the same as the other half the other way.
    """
    dates = tuple(date(2021, 1, 3) + timedelta(days=12 * k) for k in range(n_dates))
    network = connect_nearest(dates, n_next=n_next)
    ends = network.endpoints()
    history = np.stack([40 * gaussian_filter(rng.standard_normal(shape), 12) for _ in range(n_dates)])
    phase = history[ends[:, 1]] - history[ends[:, 0]] + noise * rng.standard_normal((len(ends), *shape))
    phase += 40 * rng.standard_normal((len(ends), 1, 1))
    cycles = np.zeros(phase.shape, np.int8)
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    for _ in range(regions):
        size = rng.uniform(*sizes, 2)
        away = np.hypot((rows - rng.integers(shape[0])) / size[0], (cols - rng.integers(shape[1])) / size[1])
        ragged = away + 2.4 * gaussian_filter(rng.standard_normal(shape), 4) < 1
        for pair in _apart(rng, ends, pairs):
            cycles[pair][ragged] += rng.choice([-2, -1, -1, 1, 1, 2])
    holes = gaussian_filter(rng.standard_normal(phase.shape), (0, 6, 6))
    missing = (rng.random(phase.shape) < gaps) | (holes > (2.5 if gaps else 99) * holes.std())
    phase = (phase + TURN * cycles).astype(np.float32)
    phase[missing] = np.nan
    return Injected(network, phase, cycles, ~missing)


def _apart(rng, ends, n):
    """Draw pairs that share no date."""
    chosen = []
    for pair in rng.permutation(len(ends)):
        if len(chosen) < n and not set(ends[pair]) & {day for k in chosen for day in ends[k]}:
            chosen.append(pair)
    return chosen
