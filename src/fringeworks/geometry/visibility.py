"""Where the ground cannot be seen alone (layover) or not at all (shadow)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import prange
from numpy.typing import ArrayLike, NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.numerics.compiled import kernel, parallel_kernel
from fringeworks.numerics.interpolate import bilinear_at

_EARTH_RADIUS = (
    6_371_000.0  # of the horizon's fall along a ray: 8 m in 10 km, 0.3 % of it by the ellipsoid's shape
)
_STEP = 0.5  # pixels along a ray
_CLEARANCE = 0.01  # metres of height below which a ray touches rather than crosses


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Visibility:
    """Layover and shadow on a map grid.

    Attributes
    ----------
    layover : bool, (y, x)
        True where other ground shares the pixel's time and range: the slope that leans over, and the ground above
        and below on which it falls.
    shadow : bool, (y, x)
        True where ground between the pixel and the satellite hides it.
    valid : bool, (y, x)
        True where neither holds and the height is known.
    """

    layover: NDArray[np.bool_]
    shadow: NDArray[np.bool_]
    valid: NDArray[np.bool_]


def find_visibility(
    height: NDArray[np.floating],
    look_enu: NDArray[np.floating],
    *,
    pixel_east: ArrayLike,
    pixel_north: ArrayLike,
    slant_range: float = math.inf,
) -> Visibility:
    """Find layover and shadow by walking rays over an elevation model.

    Parameters
    ----------
    height : float, (y, x)
        Metres; NaN where unknown.
    look_enu : float, (3, y, x)
        Unit vectors from ground to satellite (:func:`fringeworks.geometry.look.look_vectors`).
    pixel_east, pixel_north : float64, (y) or one number
        Metres east from a column to the next, and metres north from a row to the next (negative when rows run
        south), for each row.
    slant_range : float
        Radius of the circle of constant range [m]; a plane wave by default, which over 5 km of ground errs by
        15 m of height.

    Raises
    ------
    ShapeMismatchError
        The arrays do not fit each other.

    Notes
    -----
    Shadow: some ground on the way to the satellite is higher than the ray.  Layover: the circle of constant range
    through the pixel, in the plane of incidence, meets the ground a second time.  Rays end where they leave the
    range of heights or the grid: give a margin of the relief times the tangent of the incidence.  The halo of a
    block is that margin.  Half a pixel is walked at a time.
    """
    n_rows, n_cols = height.shape if height.ndim == 2 else (0, 0)
    if height.ndim != 2 or look_enu.shape != (3, n_rows, n_cols):
        raise ShapeMismatchError(
            f"height {height.shape}, look {look_enu.shape}", expected="(y, x), (3, y, x)"
        )
    east = np.ascontiguousarray(np.broadcast_to(np.asarray(pixel_east, np.float64), (n_rows,)))
    north = np.ascontiguousarray(np.broadcast_to(np.asarray(pixel_north, np.float64), (n_rows,)))
    layover, shadow = np.zeros((2, n_rows, n_cols), np.bool_)
    known = np.isfinite(height)
    if known.any():
        limits = float(np.nanmin(height)), float(np.nanmax(height))
        bend = 0.0 if math.isinf(slant_range) else 0.5 / slant_range
        _walk_all(
            np.ascontiguousarray(height),
            np.ascontiguousarray(look_enu),
            np.stack([east, north], axis=-1),
            np.array([*limits, bend]),
            layover,
            shadow,
        )
    return Visibility(layover=layover, shadow=shadow, valid=known & ~layover & ~shadow)


@parallel_kernel
def _walk_all(
    height: NDArray[np.floating],
    look: NDArray[np.floating],
    pixel: NDArray[np.float64],
    limits: NDArray[np.float64],
    layover: NDArray[np.bool_],
    shadow: NDArray[np.bool_],
) -> None:
    for row in prange(height.shape[0]):
        for col in range(height.shape[1]):
            level = math.hypot(look[0, row, col], look[1, row, col])
            if not (math.isfinite(height[row, col]) and level > 0.0 and look[2, row, col] > 0.0):
                continue
            east, north = look[0, row, col] / level / pixel[row, 0], look[1, row, col] / level / pixel[row, 1]
            step = _STEP / max(abs(east), abs(north))
            cotangent = look[2, row, col] / level
            shadow[row, col] = _meets(
                height, row, col, east, north, step, cotangent, 0.5 / _EARTH_RADIUS, limits[1], 1.0
            )
            # with x toward the satellite the circle of constant range is -x tan(i) + x^2 / (2 R cos(i)^3)
            tangent = 1.0 / cotangent
            bend = 0.5 / _EARTH_RADIUS + limits[2] * (1.0 + tangent * tangent) ** 1.5
            layover[row, col] = _meets(
                height, row, col, -east, -north, step, tangent, bend, limits[1], 1.0
            ) or _meets(height, row, col, east, north, step, -tangent, bend, limits[0], -1.0)


@kernel
def _meets(
    height: NDArray[np.floating],
    row: int,
    col: int,
    east: float,
    north: float,
    step: float,
    slope: float,
    bend: float,
    limit: float,
    sense: float,
) -> bool:
    """Walk from a pixel; return whether the ground comes to lie above (sense 1) or below (-1) the line.

    The line starts at the pixel's height, rises by ``slope`` metres per metre and ``bend`` metres per metre squared;
    the walk ends where it passes ``limit``, the highest or lowest ground there is.
    """
    start = float(height[row, col])
    way = step
    while True:
        line = start + slope * way + bend * way * way
        if sense * (line - limit) > 0.0:
            return False
        ground = bilinear_at(height, row + north * way, col + east * way)
        if not math.isfinite(ground):
            return False
        if sense * (ground - line) > _CLEARANCE:
            return True
        way += step
