"""Texts of GAMMA's parameter files for a simulated stack: image, map, baseline and look-up table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import SENTINEL1_FREQUENCY, WGS84_FLATTENING, WGS84_SEMI_MAJOR
from fringeworks.model.grids import MapGrid
from fringeworks.simulate.orbit import Baseline, CircularOrbit, local_axes

SLC_RANGE_SPACING = 2.329562
"""Slant-range spacing of Sentinel-1 IW images [m]."""
SLC_LINE_TIME = 2.0555563e-3
"""Time between lines of Sentinel-1 IW images [s]."""
_AGAINST_MARGIN = 12
"""Multilooked samples and lines that the radar image reaches beyond the map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RadarImage:
    """The multilooked radar image of the reference date that a map is cut from.

    Attributes
    ----------
    centre_time : float
        Time of day of zero of the orbit's clock [s].
    start_time : float
        First line's centre on the orbit's clock [s].
    line_time : float
        Between multilooked lines [s].
    near_range : float
        Of the first multilooked sample's centre [m].
    range_spacing : float
        Between multilooked samples [m].
    lines, samples : int
        Size of the multilooked image.
    azimuth_looks, range_looks : int
        Looks.
    centre_longitude, centre_latitude : float
        Of the image's centre [degrees].
    """

    centre_time: float
    start_time: float
    line_time: float
    near_range: float
    range_spacing: float
    lines: int
    samples: int
    azimuth_looks: int
    range_looks: int
    centre_longitude: float
    centre_latitude: float

    @property
    def middle_time(self) -> float:
        """Time of the image's middle line on the orbit's clock [s]."""
        return self.start_time + 0.5 * (self.lines - 1) * self.line_time

    @property
    def middle_range(self) -> float:
        """Range of the image's middle sample [m]."""
        return self.near_range + 0.5 * (self.samples - 1) * self.range_spacing


def radar_image(
    time: tuple[float, float],
    slant_range: tuple[float, float],
    *,
    azimuth_looks: int,
    range_looks: int,
    centre: tuple[float, float],
    time_of_day: float,
) -> RadarImage:
    """Lay a radar image around the least and greatest zero-Doppler time [s] and range [m] of a map.

    ``centre`` is longitude and latitude [degrees]; ``time_of_day`` that of the orbit's clock's zero [s].
    """
    line_time, spacing = SLC_LINE_TIME * azimuth_looks, SLC_RANGE_SPACING * range_looks
    # Both halves reach equally far from the scene centre, so that the image's middle is the orbit clock's zero.
    half_lines = math.ceil(max(-time[0], time[1]) / line_time) + _AGAINST_MARGIN
    middle = 0.5 * (slant_range[0] + slant_range[1])
    half_samples = math.ceil((slant_range[1] - middle) / spacing) + _AGAINST_MARGIN
    return RadarImage(
        centre_time=time_of_day,
        start_time=-half_lines * line_time,
        line_time=line_time,
        near_range=middle - half_samples * spacing,
        range_spacing=spacing,
        lines=2 * half_lines + 1,
        samples=2 * half_samples + 1,
        azimuth_looks=azimuth_looks,
        range_looks=range_looks,
        centre_longitude=centre[0],
        centre_latitude=centre[1],
    )


_PROCESSING = (
    "adc_sampling_rate:      6.4345241e+07  Hz",
    "chirp_bandwidth:        5.6500000e+07  Hz",
    "prf:                      486.4863103  Hz",
    "azimuth_proc_bandwidth:     327.00000  Hz",
    "doppler_polynomial:          0.00000  0.00000e+00  0.00000e+00  0.00000e+00  Hz     Hz/m     Hz/m^2     Hz/m^3",
    "doppler_poly_dot:        0.00000e+00  0.00000e+00  0.00000e+00  0.00000e+00  Hz/s   Hz/s/m   Hz/s/m^2   Hz/s/m^3",
    "doppler_poly_ddot:       0.00000e+00  0.00000e+00  0.00000e+00  0.00000e+00  Hz/s^2 Hz/s^2/m Hz/s^2/m^2 Hz/s^2/m^3",
    "receiver_gain:                 0.0000  dB",
    "calibration_gain:              0.0000  dB",
)
"""Rows of the image parameters that are the same for every simulated image."""


def image_parameters(
    image: RadarImage, orbit: CircularOrbit, *, day: date, heading: float, single_look: bool
) -> str:
    """Return the text of an ISP image parameter file (``*_mli.par``, or ``*_slc.par`` with ``single_look``).

    Parameters
    ----------
    image : RadarImage
        The multilooked image.
    orbit : CircularOrbit
        Of this date.
    day : date
        Of the acquisition.
    heading : float
        Direction of flight at the satellite, clockwise from north [rad].
    single_look : bool
        Whether the file is that of the image before multilooking.
    """
    looks_a, looks_r = (1, 1) if single_look else (image.azimuth_looks, image.range_looks)
    factor_a, factor_r = image.azimuth_looks // looks_a, image.range_looks // looks_r
    line_time, spacing = image.line_time / factor_a, image.range_spacing / factor_r
    lines, samples = image.lines * factor_a, image.samples * factor_r
    near = image.near_range - 0.5 * (factor_r - 1) * spacing
    first = image.centre_time + image.start_time - 0.5 * (factor_a - 1) * line_time
    last, far = first + (lines - 1) * line_time, near + (samples - 1) * spacing
    middle = 0.5 * (near + far)
    radius, ground = (
        float(np.linalg.norm(orbit.position(np.array(0.0)))),
        _radius_below(orbit, image.centre_latitude),
    )
    cosine = (radius**2 - ground**2 - middle**2) / (2.0 * middle * ground)
    polynomial = "0.00000      0.00000  0.00000e+00  0.00000e+00  0.00000e+00  0.00000e+00"
    speed = float(np.linalg.norm(orbit.velocity(np.array(0.0)))) * ground / radius
    rows = [
        "Gamma Interferometric SAR Processor (ISP) - Image Parameter File",
        "",
        f"title:     s1a-iw1-slc-vv-{day:%Y%m%d} simulated by Fringeworks",
        "sensor:    S1A IW IW1 VV",
        f"date:      {day:%Y %m %d}",
        f"start_time:           {first:14.6f}   s",
        f"center_time:          {0.5 * (first + last):14.6f}   s",
        f"end_time:             {last:14.6f}   s",
        f"azimuth_line_time:    {line_time:14.7e}   s",
        "line_header_size:                  0",
        f"range_samples:        {samples:14d}",
        f"azimuth_lines:        {lines:14d}",
        f"range_looks:          {looks_r:14d}",
        f"azimuth_looks:        {looks_a:14d}",
        f"image_format:               {'FCOMPLEX' if single_look else 'FLOAT'}",
        "image_geometry:             SLANT_RANGE",
        "range_scale_factor:     1.0000000e+00",
        "azimuth_scale_factor:   1.0000000e+00",
        f"center_latitude:      {image.centre_latitude:14.7f}   degrees",
        f"center_longitude:     {image.centre_longitude:14.7f}   degrees",
        f"heading:              {math.degrees(heading):14.7f}   degrees",
        f"range_pixel_spacing:  {spacing:14.6f}   m",
        f"azimuth_pixel_spacing:{speed * line_time:14.6f}   m",
        f"near_range_slc:       {near:14.4f}  m",
        f"center_range_slc:     {middle:14.4f}  m",
        f"far_range_slc:        {far:14.4f}  m",
        *(
            f"{name}_slant_range_polynomial:        {polynomial}  s m 1 m^-1 m^-2 m^-3 "
            for name in ("first", "center", "last")
        ),
        f"incidence_angle:      {math.degrees(math.acos(cosine)):14.4f}   degrees",
        "azimuth_deskew:          ON",
        "azimuth_angle:               90.0000   degrees",
        f"radar_frequency:      {SENTINEL1_FREQUENCY:14.7e}  Hz",
        *_PROCESSING,
        f"sar_to_earth_center:       {radius:18.4f}   m",
        f"earth_radius_below_sensor: {ground:18.4f}   m",
        f"earth_semi_major_axis:     {WGS84_SEMI_MAJOR:18.4f}   m",
        f"earth_semi_minor_axis:     {WGS84_SEMI_MAJOR * (1.0 - WGS84_FLATTENING):18.4f}   m",
        *_state_vectors(orbit, image.centre_time),
    ]
    return "\n".join(rows) + "\n\n"


def _state_vectors(orbit: CircularOrbit, centre_time: float) -> list[str]:
    times = np.arange(-25.0, 26.0, 10.0)
    rows = [
        f"number_of_state_vectors:       {len(times):14d}",
        f"time_of_first_state_vector:    {centre_time + times[0]:14.6f}   s",
        "state_vector_interval:              10.000000   s",
    ]
    for k, (place, speed) in enumerate(zip(orbit.position(times), orbit.velocity(times), strict=True), 1):
        where = "".join(f"{value:16.4f}" for value in place)
        how = "".join(f"{value:16.5f}" for value in speed)
        rows += [
            f"state_vector_position_{k}: {where}   m   m   m",
            f"state_vector_velocity_{k}: {how}   m/s m/s m/s",
        ]
    return rows


def _radius_below(orbit: CircularOrbit, latitude_deg: float) -> float:
    """Return the radius of the ellipsoid half-way in latitude between satellite and scene [m].

    Real headers hold the radius at that place (to a metre), under the name of the radius below the sensor.
    """
    place = orbit.position(np.array(0.0))
    below = math.asin(float(place[2] / np.linalg.norm(place)))
    sine = math.sin(0.5 * (below + math.radians(latitude_deg)))
    minor = WGS84_SEMI_MAJOR * (1.0 - WGS84_FLATTENING)
    return 1.0 / math.sqrt((1.0 - sine**2) / WGS84_SEMI_MAJOR**2 + sine**2 / minor**2)


def map_parameters(grid: MapGrid) -> str:
    """Return the text of a DEM/MAP parameter file: the corner is the outer one, as in GeoTIFF."""
    zero = [f"datum_shift_d{axis}:              0.000   m" for axis in "xyz"]
    rotation = [f"datum_rotation_{name}:  0.00000e+00   arc-sec" for name in ("alpha", "beta", "gamma")]
    rows = [
        "Gamma DIFF&GEO DEM/MAP parameter file",
        "title: dem",
        "DEM_projection:     EQA",
        "data_format:        REAL*4",
        "DEM_hgt_offset:          0.00000",
        "DEM_scale:               1.00000",
        f"width:                {grid.shape.cols}",
        f"nlines:               {grid.shape.rows}",
        f"corner_lat:     {grid.y_start:.16f}  decimal degrees",
        f"corner_lon:    {grid.x_start:.16f}  decimal degrees",
        f"post_lat:   {grid.y_step:.18f}  decimal degrees",
        f"post_lon:    {grid.x_step:.18f}  decimal degrees",
        "",
        "ellipsoid_name: WGS 84",
        f"ellipsoid_ra:        {WGS84_SEMI_MAJOR:.3f}   m",
        f"ellipsoid_reciprocal_flattening:  {1.0 / WGS84_FLATTENING:.7f}",
        "",
        "datum_name: WGS 84",
        *zero,
        "datum_scale_m:         0.00000e+00",
        *rotation,
        "datum_country_list: WGS 84",
    ]
    return "\n".join(rows) + "\n\n"


def baseline_parameters(baseline: Baseline) -> str:
    """Return the text of a ``*_base.par`` file: secondary minus reference, track, cross-track, normal, at the centre line."""
    place = f"{0.0:16.7f}{baseline.cross:16.7f}{baseline.normal:16.7f}"
    rate = f"{0.0:16.7f}{baseline.cross_rate:16.7f}{baseline.normal_rate:16.7f}"
    rows = [
        f"initial_baseline(TCN):   {place}   m   m   m",
        f"initial_baseline_rate:   {rate}   m/s m/s m/s",
        f"precision_baseline(TCN): {place}   m   m   m",
        f"precision_baseline_rate: {rate}   m/s m/s m/s",
        f"unwrap_phase_constant:   {0.0:16.5f}     radians",
    ]
    return "\n".join(rows) + "\n\n"


def perpendicular_table(image: RadarImage, orbit: CircularOrbit, baseline: Baseline) -> str:
    """Return the text of a ``*_bperp.par`` file: baseline along and across the look, every 500 lines and 200 samples.

    The look angle is that of a sphere of the Earth's radius below the sensor, as GAMMA's is.
    """
    bar = "*" * 96
    rate = f"{0.0:10.3e} {baseline.cross_rate:10.3e} {baseline.normal_rate:10.3e}"
    length = math.hypot(baseline.cross, baseline.normal)
    rows = [
        "*** Calculate baseline components perpendicular and parallel to look vector ***",
        "*** Simulated by Fringeworks in the layout of GAMMA's base_perp ***",
        "",
        f"interferogram lines: {image.lines}   range samples/line: {image.samples}",
        f"orbit baseline vector (TCN)   (m): {0.0:10.3f} {baseline.cross:10.3f} {baseline.normal:10.3f}",
        f"orbit baseline rate   (TCN) (m/s): {rate}",
        "",
        f"baseline vector (TCN)   (m): {0.0:10.3f} {baseline.cross:10.3f} {baseline.normal:10.3f}",
        f"baseline rate   (TCN) (m/s): {rate}",
        "",
        f"SLC-1 center baseline length (m): {length:10.4f}",
        "azimuth angle:      90.0000 (right looking)",
        "",
        "  line   range      B_t       B_c        B_n     look angle      bpara       bperp       blen",
        bar,
    ]
    radius, ground = (
        float(np.linalg.norm(orbit.position(np.array(0.0)))),
        _radius_below(orbit, image.centre_latitude),
    )
    for line in range(0, image.lines, 500):
        time = image.start_time + line * image.line_time - image.middle_time
        c, n = baseline.cross + baseline.cross_rate * time, baseline.normal + baseline.normal_rate * time
        for sample in range(0, image.samples, 200):
            distance = image.near_range + sample * image.range_spacing
            look = math.acos((radius**2 + distance**2 - ground**2) / (2.0 * radius * distance))
            along = c * math.sin(look) + n * math.cos(look)
            across = c * math.cos(look) - n * math.sin(look)
            rows.append(
                f"{line:6d} {sample:6d} {0.0:10.4f} {c:10.4f} {n:10.4f} {math.degrees(look):12.6f}"
                f" {along:11.4f} {across:11.4f} {math.hypot(c, n):11.4f}"
            )
    return "\n".join(rows) + "\n\n"


def lookup_table(
    image: RadarImage, time: NDArray[np.float64], slant_range: NDArray[np.float64]
) -> NDArray[np.complex64]:
    """Return where map pixels lie in the multilooked image, (y, x): sample + i line, from 0 at the first's centre."""
    sample = (slant_range - image.near_range) / image.range_spacing
    line = (time - image.start_time) / image.line_time
    return np.asarray(sample + 1j * line, np.complex64)


def flight_heading(orbit: CircularOrbit) -> float:
    """Return the direction of flight over the ground below the satellite, clockwise from north [rad], in -pi to pi.

    GAMMA's headers hold the direction at the satellite, not at the scene: real headers agree to 1e-5 degrees with that
    of their state vectors.  Meridians converge, so seen from the scene it differs by a degree or two.
    """
    place, velocity = orbit.position(np.array(0.0)), orbit.velocity(np.array(0.0))
    longitude = np.arctan2(place[1], place[0])
    latitude = np.arcsin(place[2] / np.linalg.norm(place))
    east, north, _ = local_axes(longitude, latitude)
    return math.atan2(float(velocity @ east), float(velocity @ north))
