"""How each pixel of a GAMMA map was looked at, computed window by window from the headers.

Three ways, the best that the files allow: from state vectors, longitude, latitude and height; from the look-up table
and the header's radii; or one constant from the header.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from fringeworks.errors import CalculationError
from fringeworks.io.importers.gamma_headers import BaselineHeader, ImageHeader
from fringeworks.io.importers.gamma_orbit import FloatArray, Path3D, earth_fixed
from fringeworks.io.importers.gamma_table import LookupTable
from fringeworks.io.importers.spans import spans_of
from fringeworks.model.arrays import ArraySource
from fringeworks.model.grids import MapGrid

_GEODETIC = "EPSG:4326"
_FLOAT32 = np.dtype(np.float32)
_NEWTON_STEPS = 3
"""From 20 s off, farther than one frame reaches, the error goes to 3 ms, 3 ps and rounding."""
Way = Literal["orbit", "table", "constant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A window of pixels as the satellite sees it; all float64, (y, x) unless said otherwise.

    Attributes
    ----------
    time : float64
        Zero-Doppler time since the header's scene centre [s].
    slant_range : float64
        One-way [m].
    look : float64
        Angle at the satellite between nadir and the line of sight [rad].
    incidence : float64
        At the ground, from the ellipsoid's normal [rad].
    los_enu : float64, (3, y, x)
        Unit vector from the ground to the satellite.
    """

    time: FloatArray
    slant_range: FloatArray
    look: FloatArray
    incidence: FloatArray
    los_enu: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LookGeometry:
    """Look geometry of a map grid.

    Attributes
    ----------
    grid : MapGrid
        The map.
    header : ImageHeader
        Image parameters of the date the map was made for.
    height : ArraySource, optional
        float32, (y, x) [m]; taken as height above WGS84, zero where it is absent or NaN.
    table : LookupTable, optional
        Radar coordinates of map pixels.
    way : str
        ``orbit``, ``table`` or ``constant``.
    """

    grid: MapGrid
    header: ImageHeader
    height: ArraySource | None = None
    table: LookupTable | None = None
    way: Way = "orbit"

    def window(self, rows: range, cols: range) -> Look:
        """Compute a window."""
        if self.way == "orbit":
            return self._by_orbit(rows, cols)
        if self.way == "table":
            return self._by_table(rows, cols)
        return self._constant(rows, cols)

    def angles(self, rows: range, cols: range) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude of pixel centres [rad], each (y, x)."""
        a, _, c, _, e, f = self.grid.transform
        x, y = np.meshgrid(c + a * (np.array(cols) + 0.5), f + e * (np.array(rows) + 0.5))
        if self.grid.crs != _GEODETIC:
            x, y = Transformer.from_crs(self.grid.crs, _GEODETIC, always_xy=True).transform(x, y)
        return np.radians(x), np.radians(y)

    def heights(self, rows: range, cols: range) -> FloatArray:
        """Return heights [m], zero where unknown, (y, x)."""
        if self.height is None:
            return np.zeros((len(rows), len(cols)))
        values = self.height[rows.start : rows.stop, cols.start : cols.stop].astype(float)
        return np.asarray(np.nan_to_num(values, nan=0.0), float)

    def _by_orbit(self, rows: range, cols: range) -> Look:
        if self.header.orbit is None:
            raise CalculationError(
                f"{self.header.path} has no state vectors", expected="way='table' or 'constant'"
            )
        path = Path3D.of(self.header.orbit)
        longitude, latitude = self.angles(rows, cols)
        ground = earth_fixed(longitude, latitude, self.heights(rows, cols))
        # every pixel starts from the same guess, so that its result does not depend on the window it is in
        time = path.closest(ground, np.full(longitude.shape, self.header.centre_time), steps=_NEWTON_STEPS)
        place, _, normal = path.frame(time)
        sight = place - ground
        distance = np.linalg.norm(sight, axis=-1)
        sight /= distance[..., None]
        enu = _east_north_up(sight, longitude, latitude)
        look = np.arccos(np.clip(-np.sum(sight * normal, axis=-1), -1.0, 1.0))
        return Look(
            time=time - self.header.centre_time,
            slant_range=distance,
            look=look,
            incidence=np.arccos(np.clip(enu[2], -1.0, 1.0)),
            los_enu=enu,
        )

    def _by_table(self, rows: range, cols: range) -> Look:
        if self.table is None:
            raise CalculationError("no look-up table", expected="way='orbit' or 'constant'")
        sample, line = self.table.window(rows, cols)
        header = self.header
        distance = header.near_range + sample * header.range_spacing
        time = header.start_time + line * header.line_time - header.centre_time
        _, latitude = self.angles(rows, cols)
        ground = _ellipsoid_radius(latitude) + self.heights(rows, cols)
        look, incidence = spherical_angles(header.satellite_radius, ground, distance)
        return Look(
            time=time,
            slant_range=distance,
            look=look,
            incidence=incidence,
            los_enu=_sideways(incidence, header),
        )

    def _constant(self, rows: range, cols: range) -> Look:
        shape, header = (len(rows), len(cols)), self.header
        incidence = np.full(shape, header.incidence)
        look, _ = spherical_angles(
            header.satellite_radius, np.full(shape, header.earth_radius), np.full(shape, header.centre_range)
        )
        return Look(
            time=np.zeros(shape),
            slant_range=np.full(shape, header.centre_range),
            look=look,
            incidence=incidence,
            los_enu=_sideways(incidence, header),
        )


def spherical_angles(
    satellite: float | FloatArray, ground: float | FloatArray, distance: float | FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return look angle at the satellite and incidence at the ground [rad], by the law of cosines.

    Parameters
    ----------
    satellite, ground : float or float64
        Distance of both from the Earth's centre [m].
    distance : float or float64
        Slant range [m].
    """
    with np.errstate(invalid="ignore"):
        look = np.arccos((satellite**2 + distance**2 - ground**2) / (2.0 * satellite * distance))
        incidence = np.arccos((satellite**2 - ground**2 - distance**2) / (2.0 * ground * distance))
    return np.asarray(look, float), np.asarray(incidence, float)


def _ellipsoid_radius(latitude: FloatArray) -> FloatArray:
    """Return the distance of the ellipsoid's surface from the Earth's centre at a geodetic latitude [m]."""
    return np.asarray(
        np.linalg.norm(earth_fixed(np.zeros_like(latitude), latitude, np.zeros_like(latitude)), axis=-1)
    )


def _sideways(incidence: FloatArray, header: ImageHeader) -> FloatArray:
    """Return the vector to the satellite from incidence and heading: opposite to the side it looks to."""
    azimuth = header.heading + header.azimuth_angle + np.pi
    flat = np.sin(incidence)
    return np.stack([flat * np.sin(azimuth), flat * np.cos(azimuth), np.cos(incidence)])


def _east_north_up(vector: FloatArray, longitude: FloatArray, latitude: FloatArray) -> FloatArray:
    x, y, z = vector[..., 0], vector[..., 1], vector[..., 2]
    outward = np.cos(longitude) * x + np.sin(longitude) * y
    return np.stack(
        [
            -np.sin(longitude) * x + np.cos(longitude) * y,
            -np.sin(latitude) * outward + np.cos(latitude) * z,
            np.cos(latitude) * outward + np.sin(latitude) * z,
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LookLayer:
    """One layer of the look geometry as an array, float32: ``incidence``, ``slant_range`` (y, x), ``los_enu`` (3, y, x)."""

    geometry: LookGeometry
    name: Literal["incidence", "slant_range", "los_enu"]

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return ((3,) if self.name == "los_enu" else ()) + tuple(self.geometry.grid.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Always float32."""
        return _FLOAT32

    def __getitem__(self, key: Any, /) -> NDArray[Any]:
        """Compute a window; raises OutOfRangeError for what is no basic slice of step 1."""
        spans = spans_of(key, self.shape)
        values = getattr(self.geometry.window(*spans.axes[-2:]), self.name)
        if self.name == "los_enu":
            values = values[spans.axes[0].start : spans.axes[0].stop]
        return spans.drop(values.astype(np.float32))


class _Latest:
    """The last window computed, so that asking pair by pair does not compute it anew each time."""

    __slots__ = ("_key", "_lock", "_value")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: tuple[range, range] | None = None
        self._value: tuple[NDArray[np.float32], ...] = ()

    def get(self, geometry: LookGeometry, rows: range, cols: range) -> tuple[NDArray[np.float32], ...]:
        with self._lock:
            if self._key == (rows, cols):
                return self._value
        look = geometry.window(rows, cols)
        value = tuple(v.astype(np.float32) for v in (np.cos(look.look), np.sin(look.look), look.time))
        with self._lock:
            self._key, self._value = (rows, cols), value
        return value

    def __reduce__(self) -> tuple[object, ...]:
        return _Latest, ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PerpendicularBaselines:
    """Perpendicular baselines as an array, float32, (pair, y, x) [m], signed as the house does.

    Notes
    -----
    GAMMA's ``C cos(look) - N sin(look)`` of the vector from SLC-1 to SLC-2, with C to the right of the flight and N
    down, is positive where SLC-2 flies higher or nearer to the scene; a scatterer above the height used then has a *shorter*
    way to SLC-2 than was taken off, a negative phase.  The house's sign is the opposite, so that the phase of a
    height error ``dh`` is ``+4 pi / lambda * B dh / (R sin(incidence))``.

    Attributes
    ----------
    geometry : LookGeometry
        Of the map.
    baselines : tuple of BaselineHeader or None
        One a pair; None gives NaN.
    """

    geometry: LookGeometry
    baselines: tuple[BaselineHeader | None, ...]
    latest: _Latest = field(default_factory=_Latest, repr=False, compare=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Pairs, rows, columns."""
        return (len(self.baselines), *self.geometry.grid.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Always float32."""
        return _FLOAT32

    def __getitem__(self, key: Any, /) -> NDArray[Any]:
        """Compute a window of some of the pairs; raises OutOfRangeError for what is no basic slice of step 1."""
        spans = spans_of(key, self.shape)
        values = np.full(spans.shape, np.nan, np.float32)
        if not values.size:
            return spans.drop(values)
        cosine, sine, time = self.latest.get(self.geometry, *spans.axes[1:])
        for n, k in enumerate(spans.axes[0]):
            baseline = self.baselines[k]
            if baseline is not None:
                values[n] = house_baseline(baseline, cosine=cosine, sine=sine, time=time)
        return spans.drop(values)


def house_baseline(baseline: BaselineHeader, *, cosine: Any, sine: Any, time: Any) -> Any:
    """Return the perpendicular baseline in the house's sign [m] from cosine and sine of the look angle and time [s]."""
    cross = baseline.cross + baseline.cross_rate * time
    normal = baseline.normal + baseline.normal_rate * time
    return normal * sine - cross * cosine
