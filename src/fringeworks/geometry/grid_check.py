"""Our geometry against the product's own: every tie point of its geolocation grid, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import TooFewDataError
from fringeworks.geometry.ellipsoid import curvature_radii, wrap_longitude
from fringeworks.geometry.ground import project_at_height
from fringeworks.geometry.look import geocentric_incidence, look_vectors
from fringeworks.geometry.orbit import OrbitCurve, orbit_curve
from fringeworks.geometry.radar import RadarPositions, locate
from fringeworks.geometry.timing import bistatic_residual
from fringeworks.model.acquisition import Acquisition, GeolocationGrid, StateVectors
from fringeworks.model.identity import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCheck:
    """Differences between our geometry and a product's geolocation grid.

    Attributes
    ----------
    processor_version : str
        Version of ESA's processor.
    figures : mapping of str to (median, p99)
        Of absolute differences: ``latitude_m``, ``longitude_m`` (ground position from the tie point's time, range
        and height), ``incidence_deg`` (geocentric, as annotated), ``line`` and ``pixel`` (image position from the tie
        point's ground position).
    n_points : int
        Tie points compared.
    """

    processor_version: str
    figures: Mapping[str, tuple[float, float]]
    n_points: int

    def as_dict(self) -> dict[str, object]:
        """Return plain values for JSON: ``{"ipf":, "latitude_m": {"median":, "p99":}, ..., "points": n}``."""
        pairs = {k: {"median": v[0], "p99": v[1]} for k, v in self.figures.items()}
        return {"ipf": self.processor_version, **pairs, "points": self.n_points}


def check_grid(
    acquisition: Acquisition,
    grid: GeolocationGrid,
    *,
    bistatic_reference: float,
    states: StateVectors | None = None,
) -> GridCheck:
    """Compare our geometry with a product's geolocation grid.

    Parameters
    ----------
    acquisition : Acquisition
        One sub-swath: its bursts say where lines and samples lie.
    grid : GeolocationGrid
        The product's tie points of that sub-swath.
    bistatic_reference : float
        One-way range at which the processor's bulk bistatic correction is exact: mid swath of IW2 [m]
        (:func:`fringeworks.geometry.timing.mid_range`).
    states : StateVectors, optional
        Orbit to use; the product's own by default, that of an orbit file for a second comparison.

    Raises
    ------
    TooFewDataError
        The orbit does not reach the grid's tie points.

    Notes
    -----
    A tie point's line lies in burst ``line // lines per burst``; the grid's last row is the last line of the last
    burst.  Line time = zero-Doppler time minus the residual bistatic delay.
    """
    states = acquisition.orbit if states is None else states
    curve = orbit_curve(states)
    time = grid.azimuth_time + Instant.parse(grid.epoch).seconds_since(curve.epoch)
    ground = project_at_height(curve, azimuth_time=time, slant_range=grid.slant_range, height=grid.height)
    placed = locate(curve, longitude=grid.longitude, latitude=grid.latitude, height=grid.height)
    if not placed.tally.used or not ground.tally.used:
        raise TooFewDataError(
            f"the orbit spans {states.first} to {states.last}",
            expected=f"state vectors around {acquisition.key.start}",
            hint="give the orbit file of that day",
        )
    meridian, normal = curvature_radii(grid.latitude)
    east = wrap_longitude(ground.longitude - grid.longitude) * normal * np.cos(grid.latitude)
    line, sample = _image_position(acquisition, grid, placed, bistatic_reference)
    figures = {
        "latitude_m": _spread((ground.latitude - grid.latitude) * meridian),
        "longitude_m": _spread(east),
        "incidence_deg": _spread(np.degrees(_incidence(curve, grid, placed.azimuth_time) - grid.incidence)),
        "line": _spread(line - grid.line),
        "pixel": _spread(sample - grid.sample),
    }
    return GridCheck(
        processor_version=acquisition.processor_version,
        figures=MappingProxyType(figures),
        n_points=grid.line.size,
    )


def _image_position(
    acquisition: Acquisition, grid: GeolocationGrid, placed: RadarPositions, bistatic_reference: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give line and sample in the measurement raster, each tie point in the burst that its own line lies in."""
    bursts = acquisition.bursts
    lines = bursts[0].grid.shape.rows
    index = np.clip(grid.line // lines, 0, len(bursts) - 1).astype(np.intp)
    start = np.array([b.grid.azimuth_start for b in bursts])[index]
    epochs = Instant.parse(placed.epoch).seconds_since(bursts[0].grid.epoch)
    time = placed.azimuth_time + epochs
    time -= bistatic_residual(placed.slant_range, reference_range=bistatic_reference)
    radar = bursts[0].grid
    line = (time - start) / radar.azimuth_step + index * lines
    return line, (placed.slant_range - radar.range_start) / radar.range_step


def _incidence(curve: OrbitCurve, grid: GeolocationGrid, time: NDArray[np.float64]) -> NDArray[np.float64]:
    look = look_vectors(
        curve, azimuth_time=time, longitude=grid.longitude, latitude=grid.latitude, height=grid.height
    )
    return geocentric_incidence(look, longitude=grid.longitude, latitude=grid.latitude, height=grid.height)


def _spread(difference: NDArray[np.float64]) -> tuple[float, float]:
    size = np.abs(difference)
    return float(np.nanmedian(size)), float(np.nanpercentile(size, 99.0))
