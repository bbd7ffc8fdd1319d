"""How near a run's products and timings come to the truth of a simulated scene."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer

from fringeworks.errors import MissingInputError, TooFewDataError
from fringeworks.simulate.compare import ReferenceArea

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SceneTruth:
    """The truth beside a scene.

    Attributes
    ----------
    layers : mapping of str to array
        As in ``truth.npz``: nodes of the DEM, (y, x), some with a leading date.
    facts : dict
        As in ``truth.json``.
    """

    layers: Mapping[str, NDArray[Any]]
    facts: dict[str, Any]

    @property
    def days(self) -> list[str]:
        """ISO dates in order."""
        return [d["day"] for d in self.facts["dates"]]

    def seen(self, date: int) -> Values:
        """Return what an image shows of motion and air, in metres toward the satellite, (y, x)."""
        air = self.layers["turbulence"][date] + self.layers["layered"][date] - self.layers["ionosphere"][date]
        years = self.facts["dates"][date]["days"] / 365.25
        drift = self.layers["plate_velocity"] * years
        move = self.layers["displacement"][date] + self.layers["tide"][date] + drift
        return np.asarray(move - air, np.float64)

    def sample(self, layer: NDArray[Any], longitude: Values, latitude: Values) -> Values:
        """Interpolate a layer bilinearly at points [degrees]; NaN outside."""
        lon, lat = self.layers["longitude"], self.layers["latitude"]
        col = (longitude - lon[0]) / (lon[1] - lon[0])
        row = (latitude - lat[0]) / (lat[1] - lat[0])
        inside = (row >= 0) & (col >= 0) & (row <= len(lat) - 1) & (col <= len(lon) - 1)
        r = np.clip(np.floor(row).astype(np.int64), 0, len(lat) - 2)
        c = np.clip(np.floor(col).astype(np.int64), 0, len(lon) - 2)
        fr, fc = row - r, col - c
        values = layer.astype(np.float64)
        top = values[r, c] * (1 - fc) + values[r, c + 1] * fc
        low = values[r + 1, c] * (1 - fc) + values[r + 1, c + 1] * fc
        return np.asarray(np.where(inside, top * (1 - fr) + low * fr, np.nan), np.float64)


def read_scene_truth(folder: Path) -> SceneTruth:
    """Read the truth beside a scene.

    Raises
    ------
    MissingInputError
        It is not there.
    """
    if not (folder / "truth.npz").is_file():
        raise MissingInputError(
            f"no truth.npz in {folder}", expected="the folder `truth` of a simulated scene"
        )
    with np.load(folder / "truth.npz") as found:
        layers = {name: found[name] for name in found.files}
    facts: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return SceneTruth(layers, facts)


def compare_scene(
    products: Path,
    truth: SceneTruth,
    *,
    reference: ReferenceArea,
    shifts: Mapping[str, Mapping[str, Any]],
    reference_day: str,
) -> dict[str, Any]:
    """Compare the rasters and timings of a run with the truth of its scene.

    Parameters
    ----------
    products : Path
        ``products/standard`` of the run.
    truth : SceneTruth
        Of its input.
    reference : ReferenceArea
        Of the run.
    shifts : mapping of str to mapping
        ``"<day> <swath>"`` to ``lines``, ``lines_sigma``, ``samples``, ``samples_sigma``, as the run found them.
    reference_day : str
        Date the images were aligned with.

    Returns
    -------
    dict
        Plain numbers by the names of :func:`fringeworks.simulate.compare.compare_with_truth`, and timing errors:
        found minus injected, in lines and samples, and over their sigmas.

    Raises
    ------
    TooFewDataError
        No pixel is recommended.
    """
    with rasterio.open(products / "velocity.tif") as file:
        longitude, latitude = _degrees(file)
        velocity = file.read(1).astype(np.float64)
    valid = _band(products, "recommended_mask") == 1
    known = truth.sample(truth.layers["velocity"], longitude, latitude)
    hidden = truth.sample(truth.layers["layover_or_shadow"].astype(np.float32), longitude, latitude)
    valid &= np.isfinite(velocity) & np.isfinite(known) & (hidden == 0)
    within = reference.holds(valid.shape) & valid
    if not within.any():
        raise TooFewDataError(
            f"{int(valid.sum())} recommended pixels, none of them in the reference area",
            expected="recommended pixels around the reference",
        )
    figures: dict[str, Any] = {
        "n_pixels": int(valid.size),
        "n_recommended": int(valid.sum()),
        "recommended_fraction": float(valid.mean()),
    }
    figures |= _velocity(products, velocity, known, valid, within)
    figures |= _displacement(products, truth, (longitude, latitude), valid, within)
    return figures | timing_errors(truth, shifts, reference_day=reference_day)


def _degrees(file: Any) -> tuple[Values, Values]:
    cols, rows = np.meshgrid(np.arange(file.width) + 0.5, np.arange(file.height) + 0.5)
    x, y = file.transform.a * cols + file.transform.c, file.transform.e * rows + file.transform.f
    lon, lat = Transformer.from_crs(file.crs, "EPSG:4326", always_xy=True).transform(x, y)
    return np.asarray(lon), np.asarray(lat)


def _band(folder: Path, name: str) -> Values:
    with rasterio.open(folder / f"{name}.tif") as file:
        return np.asarray(file.read(1), np.float64)


def _velocity(
    products: Path, velocity: Values, known: Values, valid: NDArray[np.bool_], within: NDArray[np.bool_]
) -> dict[str, float]:
    error = (velocity - known + known[within].mean())[valid]
    sigma = _band(products, "velocity_std")[valid]
    usable = np.isfinite(sigma) & (sigma > 0)
    both = np.corrcoef(velocity[valid], known[valid])[0, 1]
    return {
        "velocity_error_median_m_per_year": float(np.median(error)),
        "velocity_error_rms_m_per_year": _rms(error),
        "velocity_correlation": float(both),
        "velocity_std_median_m_per_year": float(np.median(sigma[usable])) if usable.any() else math.nan,
        "velocity_standardised_error_rms": _rms(error[usable] / sigma[usable]),
    }


def _displacement(
    products: Path,
    truth: SceneTruth,
    places: tuple[Values, Values],
    valid: NDArray[np.bool_],
    within: NDArray[np.bool_],
) -> dict[str, Any]:
    sums = np.zeros(3)
    with rasterio.open(products / "displacement.tif") as file:
        days = list(file.descriptions)
        first = truth.days.index(days[0])
        for band, day in enumerate(days, start=1):
            found = file.read(band).astype(np.float64)
            here = truth.days.index(day)
            usable = valid & np.isfinite(found)
            moved = truth.layers["displacement"][here] - truth.layers["displacement"][first]
            squares = []
            for known in (moved, truth.seen(here) - truth.seen(first)):
                there = truth.sample(known, *places)
                error = found - there + there[within].mean()
                squares.append(float(np.sum(error[usable] ** 2)))
            sums += [*squares, float(usable.sum())]
    return {
        "displacement_error_rms_m": math.sqrt(sums[0] / max(sums[2], 1.0)),
        "displacement_plus_atmosphere_error_rms_m": math.sqrt(sums[1] / max(sums[2], 1.0)),
    }


def timing_errors(
    truth: SceneTruth, shifts: Mapping[str, Mapping[str, Any]], *, reference_day: str
) -> dict[str, Any]:
    """Return how far timing errors were missed, in lines and samples, and over their sigmas."""
    dates = {d["day"]: d for d in truth.facts["dates"]}
    origin = dates[reference_day]
    lines, lines_over, samples, samples_over = [], [], [], []
    for key, row in shifts.items():
        day, swath = key.split(" ")
        if day == reference_day:
            continue

        def injected(kind: str, day: str = day, swath: str = swath) -> float:
            return float(dates[day][kind].get(swath, 0.0)) - float(origin[kind].get(swath, 0.0))

        if row["lines_sigma"]:
            lines.append(row["lines"] - injected("azimuth_error_lines"))
            lines_over.append(lines[-1] / row["lines_sigma"])
        if row["samples_sigma"]:
            samples.append(row["samples"] - injected("range_error_samples"))
            samples_over.append(samples[-1] / row["samples_sigma"])
    return {
        "azimuth_timing_error_rms_lines": _rms(np.array(lines)),
        "azimuth_timing_error_over_sigma_rms": _rms(np.array(lines_over)),
        "range_timing_error_rms_samples": _rms(np.array(samples)),
        "range_timing_error_over_sigma_rms": _rms(np.array(samples_over)),
    }


def _rms(values: Values) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else math.nan
