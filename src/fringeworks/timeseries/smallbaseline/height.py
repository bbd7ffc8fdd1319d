"""How the phase of a date answers to an error of the height used."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.stack import PairNetwork


def date_baselines(
    network: PairNetwork, *, perpendicular_baseline: NDArray[np.floating] | None = None
) -> NDArray[np.float64]:
    """Turn perpendicular baselines of pairs into those of dates, by least squares.

    Parameters
    ----------
    network : PairNetwork
        Its own baselines are used where none are given.
    perpendicular_baseline : float, (pair) or (pair, ...), optional
        Of the secondary relative to the reference [m].

    Returns
    -------
    float64, (date) or (date, ...)
        Relative to the first date [m]; relative to the first date of its subset where the network is not connected.

    Raises
    ------
    ShapeMismatchError
        There are no baselines, or not one for each pair.
    OutOfRangeError
        A baseline of a pair is NaN everywhere or partly.
    """
    baseline = network.perpendicular_baseline if perpendicular_baseline is None else perpendicular_baseline
    n_pairs = len(network.pairs)
    if baseline is None or baseline.shape[0] != n_pairs:
        raise ShapeMismatchError(
            "no perpendicular baselines" if baseline is None else f"baselines of shape {baseline.shape}",
            expected=f"one for each of {n_pairs} pairs",
            hint="give perpendicular baselines, or set dem_error to false",
        )
    missing = ~np.isfinite(baseline).reshape(n_pairs, -1).all(axis=1)
    if missing.any():
        raise OutOfRangeError(
            f"perpendicular baseline of {network.pairs[int(missing.argmax())]} is not known everywhere",
            expected="a number for each pair",
            hint="complete the baselines, or set dem_error to false",
        )
    flat = np.asarray(baseline, np.float64).reshape(n_pairs, -1)
    dates = np.linalg.pinv(network.incidence().astype(float)) @ flat
    component = network.components()
    _, first = np.unique(component, return_index=True)
    return (dates - dates[first[component]]).reshape(-1, *baseline.shape[1:])


def height_sensitivity(
    network: PairNetwork,
    *,
    wavelength: float,
    slant_range: NDArray[np.floating],
    incidence: NDArray[np.floating],
    perpendicular_baseline: NDArray[np.floating] | None = None,
) -> NDArray[np.float32]:
    """Compute the phase that one metre of height error leaves in each date.

    Parameters
    ----------
    network : PairNetwork
        Pairs, and baselines if none are given.
    wavelength : float
        Radar wavelength [m].
    slant_range : float, (y, x)
        One-way range [m].
    incidence : float, (y, x)
        Incidence angle at the ground [rad].
    perpendicular_baseline : float, (pair) or (pair, y, x), optional
        Of the secondary relative to the reference [m]; positive where the secondary sees the point under the
        **larger** look angle (from farther to the side, or from lower down).

    Returns
    -------
    float32, (date, y, x)
        4 pi / wavelength * B / (R sin(incidence)) [rad/m], zero at the first date; NaN where geometry is NaN.

    Notes
    -----
    Let s be the unit vector from the reference satellite to the point and b the way from reference to secondary.  For
    b much shorter than the range R, R_secondary - R_reference = -b.s.  A point that is higher by dh, at the same R,
    is seen under a look angle larger by dh / (R sin(incidence)), and s turns by as much, towards the unit vector n
    that is normal to s, up and away from the track.  So the phase changes by

        4 pi / wavelength * (R_secondary - R_reference)' = 4 pi / wavelength * (-b.n) dh / (R sin(incidence)).

    A secondary displaced along -n looks at the point under a larger angle.  With B = -b.n the sign is therefore
    plus.  Baselines of the other sign turn the sign of the height error, and change nothing in the series.
    """
    baseline = date_baselines(network, perpendicular_baseline=perpendicular_baseline)
    if baseline.ndim == 1:
        baseline = baseline[:, None, None]
    scale = 4.0 * math.pi / wavelength / (np.asarray(slant_range, float) * np.sin(incidence))
    return np.asarray(baseline * scale, np.float32)
