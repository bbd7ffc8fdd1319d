"""Unwrapping errors: patches of some pairs that are whole cycles off."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.grids import MapGrid
from fringeworks.simulate.geometry import pixel_metres
from fringeworks.simulate.scenario import UnwrappingErrors


@dataclass(frozen=True, slots=True, kw_only=True)
class CyclePatch:
    """One patch of one pair.

    Attributes
    ----------
    pair : int
        Index of the pair in the sorted network.
    cycles : int
        Whole cycles added.
    east, north : float
        Centre, in metres from that of the scene.
    radius : float
        Mean radius [m].
    wobble : tuple of float
        Amplitudes and phases of the second and third harmonic of the outline, as shares of the radius and radians.
    """

    pair: int
    cycles: int
    east: float
    north: float
    radius: float
    wobble: tuple[float, float, float, float]

    def covers(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return where points (metres east and north of the scene's centre) lie inside the patch."""
        dx, dy = x - self.east, y - self.north
        angle = np.arctan2(dy, dx)
        two, three, phase_two, phase_three = self.wobble
        outline = 1.0 + two * np.cos(2 * angle + phase_two) + three * np.cos(3 * angle + phase_three)
        inside: NDArray[np.bool_] = np.hypot(dx, dy) <= self.radius * outline
        return inside


def draw_patches(
    errors: UnwrappingErrors | None, grid: MapGrid, n_pairs: int, *, rng: np.random.Generator
) -> tuple[CyclePatch, ...]:
    """Draw which pairs are wrong, where, and by how much (one cycle up or down); sorted by pair.

    The number of pairs is the share asked for, rounded, and at least one.
    """
    if errors is None:
        return ()
    width, height = pixel_metres(grid)
    width, height = width * grid.shape.cols, height * grid.shape.rows
    count = min(n_pairs, max(1, round(errors.fraction * n_pairs)))
    drawn = []
    for pair in np.sort(rng.choice(n_pairs, count, replace=False)):
        share = rng.uniform(*errors.area)
        drawn.append(
            CyclePatch(
                pair=int(pair),
                cycles=int(rng.choice([-1, 1])),
                east=float(rng.uniform(-0.4, 0.4) * width),
                north=float(rng.uniform(-0.4, 0.4) * height),
                radius=math.sqrt(share * width * height / math.pi),
                wobble=(
                    float(rng.uniform(0.1, 0.3)),
                    float(rng.uniform(0.0, 0.15)),
                    float(rng.uniform(0.0, 2 * math.pi)),
                    float(rng.uniform(0.0, 2 * math.pi)),
                ),
            )
        )
    return tuple(drawn)
