"""Networks with a known answer, and the plain float64 twin of the inversion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pytest

from fringeworks.model.stack import Pair, PairNetwork

WAVELENGTH = 0.0554658


@dataclass(frozen=True)
class Scene:
    """A network, the true phase of the dates (date, y, x) and the noise-free pairs (pair, y, x) [rad]."""

    network: PairNetwork
    truth: np.ndarray
    phase: np.ndarray

    def noisy(self, sigma, rng) -> np.ndarray:
        return (self.phase + sigma * rng.standard_normal(self.phase.shape)).astype(np.float32)


def make_network(n_dates: int, neighbours: int, *, long_pairs: bool = False) -> PairNetwork:
    days = [date(2019, 1, 4) + timedelta(12 * k) for k in range(n_dates)]
    pairs = {(i, j) for i in range(n_dates) for j in range(i + 1, min(i + 1 + neighbours, n_dates))}
    if long_pairs:
        pairs |= {(i, i + n_dates // 2) for i in range(0, n_dates // 2, 2)}
    return PairNetwork.of([Pair(days[i], days[j]) for i, j in pairs])


@pytest.fixture
def make_scene(rng) -> Callable[..., Scene]:
    def make(n_dates=14, neighbours=3, shape=(6, 11), *, long_pairs=False, size=3.0) -> Scene:
        network = make_network(n_dates, neighbours, long_pairs=long_pairs)
        truth = size * np.cumsum(rng.standard_normal((n_dates, *shape)), axis=0)
        truth -= truth[0]
        ends = network.endpoints()
        phase = truth[ends[:, 1]] - truth[ends[:, 0]]
        return Scene(network, truth, phase.astype(np.float32))

    return make


@pytest.fixture
def twin() -> Callable[..., np.ndarray]:
    """Give the plain twin: one numpy lstsq a pixel, NSBAS's constraint rows with their tiny weight."""

    def solve(phase, weight, network: PairNetwork, *, gamma=3e-4) -> np.ndarray:
        design = network.incidence().astype(float)
        n_pairs, n_dates = design.shape
        t = network.years / network.years[-1]
        flat = np.asarray(phase, float).reshape(n_pairs, -1)
        w = np.broadcast_to(np.asarray(weight, float), phase.shape).reshape(n_pairs, -1)
        out = np.full((n_dates, flat.shape[1]), np.nan)
        for k in range(flat.shape[1]):
            use = np.isfinite(flat[:, k]) & (w[:, k] > 0)
            reached = np.abs(design[use]).sum(axis=0) > 0
            if not reached.any():
                continue
            rows = np.sqrt(w[use, k])[:, None] * design[use][:, reached]
            n = int(reached.sum())
            labels = network.components(use)[reached]
            right = np.sqrt(w[use, k]) * flat[use, k]
            extra = 0
            if len(set(labels)) > 1:
                parabola = np.stack([t[reached] ** 2, t[reached], np.ones(n)], axis=1)
                rows = np.block(
                    [[rows, np.zeros((rows.shape[0], 3))], [gamma * np.eye(n), -gamma * parabola]]
                )
                right, extra = np.concatenate([right, np.zeros(n)]), 3
            else:
                rows = np.vstack([rows, np.eye(1, n)])  # the first date reached is zero
                right = np.append(right, 0.0)
            x = np.linalg.lstsq(rows, right, rcond=1e-14)[0][: n + extra][:n]
            out[reached, k] = x - x[0]
        return out.reshape(n_dates, *phase.shape[1:])

    return solve
