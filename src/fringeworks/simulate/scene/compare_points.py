"""How well the points of a run match the persistent scatterers that were planted in a scene."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from fringeworks.simulate.scene.compare import SceneTruth

Values = NDArray[np.float64]

NEAR_METRES: Final = 15.0
"""A planted point is found where a point lies this near [m]."""
LARGEST_DISPERSION: Final = 0.25
LOBE_LINES, LOBE_SAMPLES = 17.0, 15.0
"""How far side lobes of a planted point are looked for: ten resolution cells."""
CELL_LINES, CELL_SAMPLES = 2.0, 2.0
ALONE_METRES: Final = 40.0
"""Points with another one nearer than this are found or not, but their errors are not measured [m]: two resolution cells."""


def planted(folder: Path, truth: SceneTruth, *, date: int) -> dict[str, NDArray[Any]]:
    """Return the planted points that a date shows, by name.

    Parameters
    ----------
    folder : Path
        ``truth`` of a scene.
    truth : SceneTruth
        The same, read.
    date : int
        Which date.

    Notes
    -----
    A point of signal-to-noise ratio R has a dispersion of 1 / sqrt(2 R), and that phase noise [rad].  Its noise is the
    clutter around, of which the planted ratio tells, and the thermal noise of the image.
    """
    with np.load(folder / "points.npz") as found:
        values = {key: found[key] for key in found.files}
    ratio = 10.0 ** (values["strength"] / 10.0)
    ratio[values["kind"] == 1] = 1e4
    shown = (values["seen_date"] == date) & (values["seen_cross"] == 0)
    index, first = np.unique(values["seen_point"][shown], return_index=True)
    brightness = np.array([c["sigma0_db"] for c in truth.facts["covers"]])
    row, col = _nodes(truth, values["longitude"][index], values["latitude"][index])
    thermal = 10.0 ** (
        (truth.facts["noise_db"] - brightness[truth.layers["cover"][row, col].astype(int)]) / 10.0
    )
    noise = np.sqrt((1.0 + thermal) / (2.0 * ratio[index]))
    return {
        "longitude": values["longitude"][index],
        "latitude": values["latitude"][index],
        "height": values["ground_height"][index] + values["above"][index],
        "noise": noise,
        "line": values["seen_line"][shown][first],
        "sample": values["seen_sample"][shown][first],
    }


def match_planted(
    found: Mapping[str, NDArray[Any]], points: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[np.int64], Values]:
    """Return for each planted point the nearest found one and how far away it is [m]."""
    lat = float(np.mean(points["latitude"]))
    scale = 111_320.0 * np.array([math.cos(math.radians(lat)), 1.0])
    places = np.column_stack([found["longitude"], found["latitude"]]) * scale
    wanted = np.column_stack([points["longitude"], points["latitude"]]) * scale
    if not len(places):
        return np.full(len(wanted), -1), np.full(len(wanted), np.inf)
    distance, index = cKDTree(places).query(wanted)
    return np.asarray(index, np.int64), np.asarray(distance, np.float64)


def _alone(points: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Return which planted points have no other one near: two in a cell have no phase of their own."""
    lat = float(np.mean(points["latitude"]))
    scale = 111_320.0 * np.array([math.cos(math.radians(lat)), 1.0])
    places = np.column_stack([points["longitude"], points["latitude"]]) * scale
    if len(places) < 2:
        return np.ones(len(places), np.bool_)
    distance, _ = cKDTree(places).query(places, k=2)
    return np.asarray(distance[:, 1] > ALONE_METRES, np.bool_)


def compare_points(
    found: Mapping[str, NDArray[Any]],
    truth: SceneTruth,
    points: Mapping[str, NDArray[Any]],
    *,
    decorrelated: float,
) -> dict[str, float]:
    """Compare persistent scatterers with those planted.

    Parameters
    ----------
    found : mapping of str to array
        Columns of ``points.parquet`` of persistent points.
    truth : SceneTruth
        Of the scene.
    points : mapping of str to array
        Of :func:`planted`.
    decorrelated : float
        Ground whose coherence falls to at most this in the long run counts as decorrelated: no point belongs there but planted
        ones.

    Returns
    -------
    dict
        Shares found and false, errors of velocity [m/yr] and height [m] against the mean of the points, and these over
        their sigmas.
    """
    index, distance = match_planted(found, points)
    wanted = points["noise"] < LARGEST_DISPERSION
    near = (distance <= NEAR_METRES) & wanted
    result = {
        "n_planted": float(wanted.sum()),
        "n_found": float(len(found["line"])),
        "found_share": float(near.sum() / max(int(wanted.sum()), 1)),
        **_false_share(found, truth, points, index, near, decorrelated),
    }
    if near.sum() < 3:
        return result
    alone = near & _alone(points)
    result["n_alone"] = float(alone.sum())
    near = alone
    at = index[near]
    velocity = _velocity(truth, found["longitude"][at], found["latitude"][at])
    bounds = _bounds(truth, points["noise"][near], found["incidence"][at])
    result |= _errors("velocity", found["velocity"][at] - velocity, found["velocity_std"][at], bounds[0])
    # heights, not height errors: on a slope the ground behind a sample is not the ground under the point
    result |= _errors(
        "height", found["height"][at] - points["height"][near], found["height_error_std"][at], bounds[1]
    )
    result["distance_median_m"] = float(np.median(distance[near]))
    return result


def _false_share(
    found: Mapping[str, NDArray[Any]],
    truth: SceneTruth,
    points: Mapping[str, NDArray[Any]],
    index: NDArray[np.int64],
    near: NDArray[np.bool_],
    decorrelated: float,
) -> dict[str, float]:
    """Count points on decorrelated ground that are no planted one, strong or weak, nor a side lobe of one."""
    if not near.any():
        return {"n_false": math.nan, "false_share": math.nan}
    shift = [float(np.median(found[axis][index[near]] - points[axis][near])) for axis in ("line", "sample")]
    line = found["line"] - shift[0]
    sample = found["sample"] - shift[1]
    apart_line = np.abs(line[:, None] - points["line"][None])
    apart_sample = np.abs(sample[:, None] - points["sample"][None])
    inside = (apart_line <= CELL_LINES) & (apart_sample <= LOBE_SAMPLES)
    inside |= (apart_line <= LOBE_LINES) & (apart_sample <= CELL_SAMPLES)
    floors = np.array([c["floor"] for c in truth.facts["covers"]])
    row, col = _nodes(truth, found["longitude"], found["latitude"])
    loose = floors[truth.layers["cover"][row, col].astype(int)] <= decorrelated
    false = loose & ~inside.any(axis=1)
    return {
        "n_on_decorrelated_ground": float(loose.sum()),
        "n_false": float(false.sum()),
        "false_share": float(false.sum() / max(len(line), 1)),
        "false_share_on_decorrelated_ground": float(false.sum() / max(loose.sum(), 1)),
    }


def _nodes(
    truth: SceneTruth, longitude: Values, latitude: Values
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the nearest node of the truth's layers, row and column."""
    lon, lat = truth.layers["longitude"], truth.layers["latitude"]
    col = np.clip(np.rint((longitude - lon[0]) / (lon[1] - lon[0])), 0, len(lon) - 1)
    row = np.clip(np.rint((latitude - lat[0]) / (lat[1] - lat[0])), 0, len(lat) - 1)
    return row.astype(np.int64), col.astype(np.int64)


def _velocity(truth: SceneTruth, longitude: Values, latitude: Values) -> Values:
    """Return the slope of the motion planted at points [m/yr]."""
    years = np.array([d["days"] for d in truth.facts["dates"]]) / 365.25
    centred = years - years.mean()
    series = np.stack(
        [truth.sample(truth.layers["displacement"][k], longitude, latitude) for k in range(len(years))]
    )
    return np.asarray(centred @ series / (centred @ centred), np.float64)


def _bounds(truth: SceneTruth, noise: Values, incidence: Values) -> tuple[Values, Values]:
    """Return the least standard deviations of velocity [m/yr] and height [m] that the points' phase noise allows.

    Notes
    -----
    Of a least squares fit of a constant, a velocity and a height error to phases of independent, equal noise.
    """
    dates, wavelength = truth.facts["dates"], truth.facts["wavelength"]
    years = np.array([d["days"] for d in dates]) / 365.25
    apart = np.array([d["perpendicular_baseline"] for d in dates])
    distance = truth.facts["reference_range"]
    turn = 4.0 * math.pi / wavelength
    lean = float(np.mean(np.sin(np.radians(incidence))))
    columns = np.stack([np.ones(len(years)), turn * years, turn * apart / (distance * lean)], axis=1)
    sigma = np.sqrt(np.diag(np.linalg.inv(columns.T @ columns)))
    return noise * sigma[1], noise * sigma[2]


def _errors(name: str, error: Values, sigma: Values, bound: Values) -> dict[str, float]:
    """Return errors against their mean: a common offset is a matter of the reference."""
    valid = np.isfinite(error) & np.isfinite(sigma)
    error, sigma, bound = error[valid] - np.mean(error[valid]), sigma[valid].astype(float), bound[valid]
    rms = float(np.sqrt(np.mean(error**2)))
    return {
        f"{name}_error_rms": rms,
        f"{name}_std_rms": float(np.sqrt(np.mean(sigma**2))),
        f"{name}_bound_rms": float(np.sqrt(np.mean(bound**2))),
        f"{name}_error_over_bound": rms / float(np.sqrt(np.mean(bound**2))),
        f"{name}_standardised_rms": float(np.sqrt(np.mean((error / sigma) ** 2))),
    }
