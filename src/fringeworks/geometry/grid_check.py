"""Our geometry against the product's own: every tie point of its geolocation grid, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.errors import TooFewDataError
from fringeworks.geometry.ellipsoid import curvature_radii, wrap_longitude
from fringeworks.geometry.ground import project_at_height
from fringeworks.geometry.look import geocentric_incidence, look_vectors
from fringeworks.geometry.orbit import OrbitCurve, orbit_curve
from fringeworks.geometry.radar import locate
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
        Of absolute differences.  ``latitude_m``, ``longitude_m``: ground position from the tie point's time, range and
        height.  ``incidence_deg``: geocentric, as annotated.  ``line``, ``pixel``: time and range from the tie point's
        ground position, in lines and samples.  ``line_number``, ``pixel_number``: the tie point's time and range
        against its own line and pixel number, the residual bistatic delay included; geometry has no part in these.
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
    bistatic_reference: float | None = None,
    states: StateVectors | None = None,
) -> GridCheck:
    """Compare our geometry with a product's geolocation grid.

    Parameters
    ----------
    acquisition : Acquisition
        One sub-swath: its bursts say where lines and samples lie.
    grid : GeolocationGrid
        The product's tie points of that sub-swath.
    bistatic_reference : float, optional
        One-way range at which the processor's bulk bistatic correction is exact: mid swath of IW2 [m]
        (:func:`fringeworks.geometry.timing.mid_range`).  Without it (IW2 is not in the product) the grid's own
        times say it.
    states : StateVectors, optional
        Orbit to use; the product's own by default, that of an orbit file for a second comparison.

    Raises
    ------
    TooFewDataError
        The orbit does not reach the grid's tie points.

    Notes
    -----
    In products of IPF 3.52 and 3.61 the last row of the grid contradicts itself: its times and ranges differ from
    its line and pixel numbers by 0.006 lines and up to 0.002 samples.  Products of 2014 number lines without
    regard to the bursts' own times (several lines).  Hence the two kinds of figures.
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
    radar = acquisition.bursts[0].grid
    line, sample = _numbers(acquisition, grid, bistatic_reference)
    figures = {
        "latitude_m": _spread((ground.latitude - grid.latitude) * meridian),
        "longitude_m": _spread(east),
        "incidence_deg": _spread(np.degrees(_incidence(curve, grid, placed.azimuth_time) - grid.incidence)),
        "line": _spread((placed.azimuth_time - time) / radar.azimuth_step),
        "pixel": _spread((placed.slant_range - grid.slant_range) / radar.range_step),
        "line_number": _spread(line - grid.line),
        "pixel_number": _spread(sample - grid.sample),
    }
    return GridCheck(
        processor_version=acquisition.processor_version,
        figures=MappingProxyType(figures),
        n_points=grid.line.size,
    )


def _numbers(
    acquisition: Acquisition, grid: GeolocationGrid, reference: float | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give line and sample in the measurement raster that each tie point's own time and range mean.

    A tie point's line lies in burst ``line // lines per burst``; the last row is the last line of the last burst.
    """
    bursts = acquisition.bursts
    radar = bursts[0].grid
    lines = radar.shape.rows
    index = np.clip(grid.line // lines, 0, len(bursts) - 1).astype(np.intp)
    start = np.array([b.grid.azimuth_start for b in bursts])[index]
    time = grid.azimuth_time + Instant.parse(grid.epoch).seconds_since(radar.epoch) - start
    if reference is None:
        late = time - (grid.line - index * lines) * radar.azimuth_step
        reference = float(np.mean((grid.slant_range - SPEED_OF_LIGHT * late)[:-1]))
    time -= bistatic_residual(grid.slant_range, reference_range=reference)
    line = time / radar.azimuth_step + index * lines
    return line, (grid.slant_range - radar.range_start) / radar.range_step


def _incidence(curve: OrbitCurve, grid: GeolocationGrid, time: NDArray[np.float64]) -> NDArray[np.float64]:
    look = look_vectors(
        curve, azimuth_time=time, longitude=grid.longitude, latitude=grid.latitude, height=grid.height
    )
    return geocentric_incidence(look, longitude=grid.longitude, latitude=grid.latitude, height=grid.height)


def _spread(difference: NDArray[np.float64]) -> tuple[float, float]:
    size = np.abs(difference)
    return float(np.nanmedian(size)), float(np.nanpercentile(size, 99.0))
