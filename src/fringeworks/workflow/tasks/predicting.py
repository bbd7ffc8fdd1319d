"""Task: what corrections predict for all dates, on a strip of the averaged radar image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from fringeworks.corrections.protocol import LookGeometry
from fringeworks.errors import MissingInputError
from fringeworks.geometry.ground import project_on_dem
from fringeworks.geometry.look import incidence_angle, look_vectors
from fringeworks.model.elevation import ElevationModel
from fringeworks.model.grids import Looks, Window
from fringeworks.tops.alignment import Pass, radar_coordinates
from fringeworks.tops.frame import RadarFrame
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.plugins import correction_named
from fringeworks.workflow.scenes.ground import bounds_of
from fringeworks.workflow.tasks.locating import dem_part
from fringeworks.workflow.tasks.places import step_at

STEP = "predict"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PredictSpec:
    """A strip of the averaged radar image.

    Attributes
    ----------
    store : str
        Working store.
    rows : (int, int)
        First row and the one after the last.
    cols : int
        Of the image.
    frame, looks, reference, heights, dem
        The common grid, samples averaged, the flight it belongs to, lowest and highest ground [m], the ground.
    moments : tuple of datetime
        UTC instant of each date.
    names : tuple of str
        Corrections.
    """

    store: str
    rows: tuple[int, int]
    cols: int
    frame: RadarFrame
    looks: Looks
    reference: Pass
    heights: tuple[float, float]
    dem: ElevationModel
    moments: tuple[datetime, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PredictedPair:
    """Where to find what was predicted for a pair.

    Attributes
    ----------
    dates : (int, int)
        Indices of reference and secondary date.
    wavelength : float
        [m].
    """

    dates: tuple[int, int]
    wavelength: float

    def phase(self, store: str) -> NDArray[np.float32]:
        """Return the predicted phase, secondary minus reference [rad, positive = away], (line, sample)."""
        delay = step_at(store, STEP).array("delay")
        first, second = (np.asarray(delay[k, :, :]) for k in self.dates)
        return np.asarray(np.float32(4.0 * math.pi / self.wavelength) * (second - first), np.float32)


def turned_back(phasor: NDArray[np.complex64], phase: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Take a phase [rad] out of phasors, same shape."""
    return np.asarray(phasor * np.exp(np.complex64(-1j) * phase), np.complex64)


def predict(spec: PredictSpec) -> Payload:
    """Predict and keep the delays of a strip, in differences to the first date that has them."""
    look = geometry_of(spec)
    total = np.zeros((len(spec.moments), *look.shape), np.float32)
    missing: dict[str, dict[str, str]] = {}
    for name in spec.names:
        correction, found = correction_named(name), {}
        missing[name] = {}
        for k, moment in enumerate(spec.moments):
            try:
                found[k] = correction.delay(moment, look, {}).delay
            except MissingInputError as error:
                missing[name][moment.date().isoformat()] = error.found
        for k, delay in found.items():
            total[k] += np.nan_to_num(delay - found[min(found)])
    step_at(spec.store, STEP).sink("delay")[:, spec.rows[0] : spec.rows[1], :] = total
    return {"missing": missing, "largest_m": float(np.abs(total).max(initial=0.0))}


def geometry_of(spec: PredictSpec) -> LookGeometry:
    """Return the geometry of a strip's cells: the ground at their middle."""
    grid, looks, seen_by = spec.frame.grid, spec.looks, spec.reference
    line = np.asarray((np.arange(*spec.rows) + 0.5) * looks.azimuth - 0.5, np.float64)
    sample = np.asarray((np.arange(spec.cols) + 0.5) * looks.range - 0.5, np.float64)
    # the Doppler time of a line changes by milliseconds across the swath: a metre of ground
    time, _ = radar_coordinates(grid, line, np.full(line.shape, float(sample.mean())), seen_by=seen_by)
    distance = grid.range_start + sample * grid.range_step
    first = int(line[0])
    window = Window(max(first, 0), 0, int(line[-1]) - first + 1, grid.shape.cols)
    bounds = bounds_of(spec.frame, seen_by, heights=spec.heights, windows=[window])
    heights, place = dem_part(spec.dem, bounds)
    found = project_on_dem(
        seen_by.orbit,
        azimuth_time=time,
        slant_range=distance,
        dem=heights,
        dem_grid=place,
        start_height=0.5 * (spec.heights[0] + spec.heights[1]),
    )
    look = look_vectors(
        seen_by.orbit,
        azimuth_time=np.broadcast_to(time[:, None], found.height.shape),
        longitude=found.longitude,
        latitude=found.latitude,
        height=found.height,
    )
    return LookGeometry(
        look_enu=np.asarray(look, np.float32),
        incidence=np.asarray(incidence_angle(look), np.float32),
        longitude=found.longitude,
        latitude=found.latitude,
        height=np.asarray(found.height, np.float32),
    )
