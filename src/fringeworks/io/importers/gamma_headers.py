"""GAMMA's parameter files: ``key: value ...`` lines of text, read into records of SI units."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.errors import DamagedFileError, MissingInputError
from fringeworks.model.grids import Looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The lines of one parameter file, by key.

    Attributes
    ----------
    path : Path
        The file, for messages.
    values : mapping of str to tuple of str
        Words after the colon.
    """

    path: Path
    values: Mapping[str, tuple[str, ...]]

    def text(self, key: str) -> str:
        """Return the words of a key as one text, empty where it is absent."""
        return " ".join(self.values.get(key, ()))

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        """Return the first numbers of a key.

        Raises
        ------
        DamagedFileError
            The key is absent, or has too few numbers, or one of them is no finite number.
        """
        words = self.values.get(key, ())[:count]
        try:
            found = tuple(float(word) for word in words)
        except ValueError:
            found = ()
        if len(found) < count or not all(math.isfinite(value) for value in found):
            what = f"says {key}: {' '.join(words)!r}" if words else f"has no line {key!r}"
            raise DamagedFileError(
                f"{self.path} {what}", expected=f"{count} finite number(s)", hint="make the header again"
            )
        return found

    def number(self, key: str) -> float:
        """Return the number of a key; raises as :meth:`numbers`."""
        return self.numbers(key, 1)[0]

    def positive(self, key: str) -> float:
        """Return the number of a key that has to be above zero.

        Raises
        ------
        DamagedFileError
            It is absent, no number, zero or below.
        """
        value = self.number(key)
        if value <= 0:
            raise DamagedFileError(f"{self.path} says {key}: {value:g}", expected="a number above zero")
        return value

    def optional(self, key: str) -> float | None:
        """Return the number of a key, or None where the key is absent; raises as :meth:`numbers`."""
        return self.number(key) if key in self.values else None


def read_fields(path: Path) -> Fields:
    """Read a parameter file.

    Raises
    ------
    MissingInputError
        There is no such file.
    DamagedFileError
        It is not text, or holds no ``key: value`` line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise MissingInputError(f"no file {path}", hint="check the path") from error
    except (UnicodeDecodeError, OSError) as error:
        raise DamagedFileError(
            f"{path} cannot be read as text: {error}", hint="make the file again"
        ) from error
    values: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        key, colon, rest = line.partition(":")
        if colon and key.strip():
            values.setdefault(key.strip(), tuple(rest.split()))
    if not values:
        raise DamagedFileError(
            f"{path} ({len(text)} characters) holds no parameters", expected="lines of the kind `key: value`"
        )
    return Fields(path=path, values=values)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateVectors:
    """Path of the satellite in earth-fixed axes.

    Attributes
    ----------
    time : float64, (n)
        UTC seconds of the day.
    position, velocity : float64, (n, 3)
        [m], [m/s].
    """

    time: NDArray[np.float64]
    position: NDArray[np.float64]
    velocity: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader:
    """An image parameter file (``*_mli.par``, ``*_slc.par``).

    Attributes
    ----------
    path : Path
        The file.
    day : date
        Of the acquisition.
    sensor, title : str
        As the file says.
    lines, samples : int
        Size of the image.
    looks : Looks
        Already taken.
    start_time, centre_time, line_time : float
        First line's centre and scene centre [UTC seconds of the day], between lines [s].
    near_range, centre_range, range_spacing : float
        First sample's centre, scene centre, between samples [m].
    frequency : float
        Of the radar [Hz].
    incidence, heading, azimuth_angle : float
        At the scene centre [rad]; azimuth angle from the heading to the look direction, positive = right looking.
    chirp_bandwidth, pulse_rate, azimuth_bandwidth : float, optional
        [Hz].
    satellite_radius, earth_radius : float
        From the Earth's centre at scene centre, and of the Earth below the sensor [m].
    orbit : StateVectors, optional
        Where the file holds at least two.
    """

    path: Path
    day: date
    sensor: str
    title: str
    lines: int
    samples: int
    looks: Looks
    start_time: float
    centre_time: float
    line_time: float
    near_range: float
    centre_range: float
    range_spacing: float
    frequency: float
    incidence: float
    heading: float
    azimuth_angle: float
    chirp_bandwidth: float | None
    pulse_rate: float | None
    azimuth_bandwidth: float | None
    satellite_radius: float
    earth_radius: float
    orbit: StateVectors | None

    @property
    def wavelength(self) -> float:
        """Radar wavelength [m]."""
        return SPEED_OF_LIGHT / self.frequency

    @property
    def effective_looks(self) -> float | None:
        """Independent samples in one multilooked pixel, from spacing over resolution; None where bandwidths are absent.

        Notes
        -----
        Range: a sample advances by ``spacing``, the resolution is ``c / (2 B)``. Azimuth: bandwidth processed over
        the rate of lines. A spectral window makes them fewer, a coherence window wider than the looks makes them more.
        """
        if self.chirp_bandwidth is None or self.azimuth_bandwidth is None:
            return None
        in_range = self.range_spacing * 2 * self.chirp_bandwidth / SPEED_OF_LIGHT
        in_azimuth = self.line_time * self.azimuth_bandwidth
        return max(in_range, 1.0) * max(in_azimuth, 1.0)


def read_image_header(path: Path) -> ImageHeader:
    """Read an image parameter file.

    Raises
    ------
    MissingInputError, DamagedFileError
        The file is not there; a line is absent or no finite number.
    """
    fields = read_fields(path)
    return ImageHeader(
        path=path,
        day=_day(fields),
        sensor=fields.text("sensor"),
        title=fields.text("title"),
        lines=int(fields.positive("azimuth_lines")),
        samples=int(fields.positive("range_samples")),
        looks=Looks(azimuth=int(fields.positive("azimuth_looks")), range=int(fields.positive("range_looks"))),
        start_time=fields.number("start_time"),
        centre_time=fields.number("center_time"),
        line_time=fields.positive("azimuth_line_time"),
        near_range=fields.positive("near_range_slc"),
        centre_range=fields.positive("center_range_slc"),
        range_spacing=fields.positive("range_pixel_spacing"),
        frequency=fields.positive("radar_frequency"),
        incidence=math.radians(fields.positive("incidence_angle")),
        heading=math.radians(fields.number("heading")),
        azimuth_angle=math.radians(fields.number("azimuth_angle")),
        chirp_bandwidth=fields.optional("chirp_bandwidth"),
        pulse_rate=fields.optional("prf"),
        azimuth_bandwidth=fields.optional("azimuth_proc_bandwidth"),
        satellite_radius=fields.positive("sar_to_earth_center"),
        earth_radius=fields.positive("earth_radius_below_sensor"),
        orbit=_orbit(fields),
    )


def _day(fields: Fields) -> date:
    year, month, day = (int(value) for value in fields.numbers("date", 3))
    try:
        return date(year, month, day)
    except ValueError as error:
        raise DamagedFileError(
            f"{fields.path} says date: {fields.text('date')}", expected="year, month and day"
        ) from error


def _orbit(fields: Fields) -> StateVectors | None:
    n = int(fields.optional("number_of_state_vectors") or 0)
    if n < 2:
        return None
    start, step = fields.number("time_of_first_state_vector"), fields.positive("state_vector_interval")
    position = [fields.numbers(f"state_vector_position_{k + 1}", 3) for k in range(n)]
    velocity = [fields.numbers(f"state_vector_velocity_{k + 1}", 3) for k in range(n)]
    return StateVectors(
        time=np.array([start + step * k for k in range(n)], np.float64),
        position=np.array(position, float),
        velocity=np.array(velocity, float),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineHeader:
    """A baseline file (``*_base.par``): the vector from SLC-1 to SLC-2 at the scene's centre line.

    Attributes
    ----------
    path : Path
        The file; for a baseline taken from the orbits, a header.
    cross, normal : float
        Components to the right of the flight, and down to the Earth's centre [m].
    cross_rate, normal_rate : float
        Change along the scene [m/s].
    precise : bool
        Refined with ground control, not the orbits' alone.
    """

    path: Path
    cross: float
    normal: float
    cross_rate: float
    normal_rate: float
    precise: bool


def read_baseline(path: Path) -> BaselineHeader:
    """Read a baseline file; the refined vector where there is one, else the orbits'.

    Raises
    ------
    MissingInputError, DamagedFileError
        The file is not there; a line is absent or no finite number.
    """
    fields = read_fields(path)
    precise = "precision_baseline(TCN)" in fields.values and any(fields.numbers("precision_baseline(TCN)", 3))
    kind = "precision" if precise else "initial"
    _, cross, normal = fields.numbers(f"{kind}_baseline(TCN)", 3)
    _, cross_rate, normal_rate = fields.numbers(f"{kind}_baseline_rate", 3)
    return BaselineHeader(
        path=path, cross=cross, normal=normal, cross_rate=cross_rate, normal_rate=normal_rate, precise=precise
    )


def read_perpendicular_table(path: Path) -> NDArray[np.float64]:
    """Read a ``*_bperp.par`` table.

    Returns
    -------
    float64, (row, 9)
        Line, sample, T, C, N [m], look angle [degrees], parallel, perpendicular baseline, length [m].

    Raises
    ------
    DamagedFileError
        There is no row of nine numbers.
    """
    number = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
    row = re.compile(rf"^\s*{number}(?:\s+{number}){{8}}\s*$", re.MULTILINE)
    found = [[float(word) for word in line.split()] for line in row.findall(path.read_text(encoding="utf-8"))]
    if not found:
        raise DamagedFileError(
            f"{path} holds no table", expected="rows of nine numbers", hint="make the file again"
        )
    return np.array(found, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapHeader:
    """A map parameter file (``*dem.par``) of a geographic grid.

    Attributes
    ----------
    path : Path
        The file.
    projection : str
        ``EQA`` for geographic.
    rows, cols : int
        Size.
    corner : tuple of float
        Longitude and latitude of the first pixel [degrees].
    post : tuple of float
        Steps of longitude and latitude [degrees].
    height_offset : float
        Added to the DEM's heights [m].
    """

    path: Path
    projection: str
    rows: int
    cols: int
    corner: tuple[float, float] | None
    post: tuple[float, float] | None
    height_offset: float


def read_map_header(path: Path) -> MapHeader:
    """Read a map parameter file.

    Raises
    ------
    MissingInputError, DamagedFileError
        The file is not there; a line is absent or no finite number.
    """
    fields = read_fields(path)
    geographic = "corner_lon" in fields.values
    return MapHeader(
        path=path,
        projection=fields.text("DEM_projection"),
        rows=int(fields.positive("nlines")),
        cols=int(fields.positive("width")),
        corner=(fields.number("corner_lon"), fields.number("corner_lat")) if geographic else None,
        post=(fields.number("post_lon"), fields.number("post_lat")) if geographic else None,
        height_offset=fields.optional("DEM_hgt_offset") or 0.0,
    )
