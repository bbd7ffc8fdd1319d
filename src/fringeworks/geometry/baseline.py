"""Baselines between two passes: how far apart the satellites stood when they saw the same point.

With u the unit vector from the reference satellite to the ground, and e the unit vector normal to u in the
reference's zero-Doppler plane that points toward growing look angle (outward and up),

* the baseline is B = S_secondary(t') - S_reference(t), each satellite at its own zero-Doppler time;
* parallel = B . u, close to R_reference - R_secondary: positive = the secondary is nearer to the ground;
* perpendicular = B . e: positive = the secondary lies toward growing look angle.

With these, phase (reference times conjugate of secondary) changes with height h by
``-4 pi / wavelength * perpendicular / (R sin(incidence))`` radians per metre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.geometry.orbit import OrbitCurve
from fringeworks.geometry.radar import RadarPositions, locate_points


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Baselines:
    """Baselines and positions of points seen by two passes.

    Attributes
    ----------
    perpendicular, parallel : float64, (...)
        Metres, signs as the module says; NaN where either pass does not see the point.
    along_track : float64, (...)
        Component along the reference's velocity [m]: zero-Doppler planes that are not parallel.
    reference, secondary : RadarPositions
        Zero-Doppler times and ranges in either pass.
    """

    perpendicular: NDArray[np.float64]
    parallel: NDArray[np.float64]
    along_track: NDArray[np.float64]
    reference: RadarPositions
    secondary: RadarPositions


def find_baselines(reference: OrbitCurve, secondary: OrbitCurve, *, points: ArrayLike) -> Baselines:
    """Compute baselines at points on the ground; one point at the centre, or one for each pixel.

    Parameters
    ----------
    reference, secondary : OrbitCurve
        Clipped to the passes that are meant; their epochs may differ.
    points : float64, (..., 3)
        Earth-fixed positions [m] (:func:`fringeworks.geometry.ellipsoid.geodetic_to_ecef`).
    """
    xyz = np.asarray(points, np.float64)
    if xyz.shape[-1:] != (3,):
        raise ShapeMismatchError(f"points of shape {xyz.shape}", expected="(..., 3)")
    seen, seen_again = locate_points(reference, xyz), locate_points(secondary, xyz)
    here = reference.position(seen.azimuth_time)
    forward = reference.velocity(seen.azimuth_time)
    forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
    view = (xyz - here) / seen.slant_range[..., None]
    outward = np.cross(forward, view)
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    # forward x view points up for a right-looking radar and down for a left-looking one; growing look angle is up
    outward *= np.sign(np.sum(outward * here, axis=-1, keepdims=True))
    apart = secondary.position(seen_again.azimuth_time) - here
    return Baselines(
        perpendicular=np.sum(apart * outward, axis=-1),
        parallel=np.sum(apart * view, axis=-1),
        along_track=np.sum(apart * forward, axis=-1),
        reference=seen,
        secondary=seen_again,
    )


def height_of_ambiguity(
    perpendicular: ArrayLike, *, wavelength: float, slant_range: ArrayLike, incidence: ArrayLike
) -> NDArray[np.float64]:
    """Give the height that turns the phase by one cycle [m].

    Parameters
    ----------
    perpendicular : float64
        Perpendicular baseline [m].
    wavelength : float
        [m].
    slant_range, incidence : float64
        One-way range [m] and incidence angle [rad].

    Returns
    -------
    float64
        ``-wavelength R sin(incidence) / (2 B_perpendicular)``: positive = phase grows with height; infinite at
        zero baseline.
    """
    with np.errstate(divide="ignore"):
        return np.asarray(
            -0.5
            * wavelength
            * np.asarray(slant_range)
            * np.sin(incidence)
            / np.asarray(perpendicular, np.float64),
            np.float64,
        )


def as_height_sensitivity(perpendicular: ArrayLike) -> NDArray[np.float64]:
    """Turn a perpendicular baseline of this module [m] into the one by which stacks of interferograms are signed.

    Parameters
    ----------
    perpendicular : float64
        Positive = the secondary lies toward growing look angle [m].

    Returns
    -------
    float64
        Positive = a scatterer above the height used adds to the phase (reference times conjugate of secondary):
        ``+4 pi / wavelength * B dh / (R sin(incidence))``, as :class:`fringeworks.model.stack.InterferogramStack` has it.
        The turn back is the same.
    """
    return -np.asarray(perpendicular, np.float64)
