"""Interferograms of simulated scenes at true offsets, beside what the truth says they show.

Orbit file, annotation and DEM give where every node of the DEM lies in both images and how far it is; the truth adds air
and movement.  No line of the simulator or of the chain is used.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d, map_coordinates

from fringeworks.simulate.scene.scene import WrittenScene
from validation._scene_measures import (
    Image,
    ReadBurst,
    Values,
    ecef,
    predicted,
    read_bursts,
    read_orbit,
    resampled,
)

_CYCLES = 4.0 * np.pi
_TAPS = 9
"""Half of the kernel that resamples, and one: nearer to the edge nothing is formed."""
_APART = 100
"""Samples by which two dates of usual baselines lie apart at the most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Formed:
    """One burst's interferogram at true offsets, all (line, sample); zero or NaN where it was not formed.

    Attributes
    ----------
    product : complex64
        Reference times conjugate secondary.
    power : tuple of float32
        Of reference and secondary.
    parts : dict of float64
        Phase [rad] by geometry, and by every effect that the truth names.
    cover, incidence : float64
        Index of the land cover, and angle of incidence on level ground [rad].
    doppler_gap : float
        Difference of the Doppler frequencies in the middle [Hz].
    reads : tuple of ReadBurst
        Of reference and secondary.
    """

    product: Image
    power: tuple[NDArray[np.float32], NDArray[np.float32]]
    parts: dict[str, Values]
    cover: Values
    incidence: Values
    doppler_gap: float
    reads: tuple[ReadBurst, ReadBurst]

    @property
    def expected(self) -> Values:
        """Phase by all parts [rad]."""
        return np.asarray(sum(self.parts.values()))

    @property
    def residual(self) -> Image:
        """The interferogram without the expected phase."""
        return (self.product * np.exp(-1j * np.nan_to_num(self.expected))).astype(np.complex64)


def truth_of(scene: WrittenScene) -> tuple[Any, dict[str, Any]]:
    """Return layers and facts of a scene's truth."""
    folder = scene.folder / "truth"
    facts: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return np.load(folder / "truth.npz"), facts


def effects(scene: WrittenScene, pair: tuple[int, int]) -> dict[str, Values]:
    """Return by how much each effect lengthens the path from the first to the second date [m], (y, x).

    The phase by the ionosphere is that of a path with the other sign; the constant of a platform and sub-swath is none.
    """
    layers, facts = truth_of(scene)
    one, two = pair
    found = {
        "turbulence": layers["turbulence"][two] - layers["turbulence"][one],
        "layered": layers["layered"][two] - layers["layered"][one],
        "ionosphere": layers["ionosphere"][one] - layers["ionosphere"][two],
        "tide": layers["tide"][one] - layers["tide"][two],
    }
    days = [facts["dates"][k]["days"] for k in pair]
    found["plate"] = -layers["plate_velocity"] * (days[1] - days[0]) / 365.25
    units = [np.array(facts["dates"][k]["units"]) for k in pair]
    for name, unit in zip(facts["motions"], units[1] - units[0], strict=True):
        found[name] = -unit * np.sum(layers[f"motion_{name}"] * layers["los_enu"], axis=0)
    return {name: np.asarray(values, np.float64) for name, values in found.items()}


def moved_on(scene: WrittenScene, date_index: int) -> Values:
    """Return how far the nodes have moved on a date, all causes, east, north, up [m], (3, y, x)."""
    layers, facts = truth_of(scene)
    entry = facts["dates"][date_index]
    total = np.zeros((3, *layers["dem"].shape))
    for name, unit in zip(facts["motions"], entry["units"], strict=True):
        total += unit * layers[f"motion_{name}"]
    corners = np.array(entry["tide_enu"]) + np.array(facts["plate_velocity_enu"]) * entry["days"] / 365.25
    south, east = (np.linspace(0.0, 1.0, n) for n in layers["dem"].shape)
    rows, cols = (np.stack([1.0 - share, share], axis=1) for share in (south, east))
    return np.asarray(total + np.einsum("yi,kij,xj->kyx", rows, corners, cols))


def earth_fixed(enu: Values, longitude: Values, latitude: Values) -> Values:
    """Turn vectors east, north, up, (3, ...), at places [degrees] into Earth-fixed ones, (..., 3)."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    east, north, up = enu
    outward = up * np.cos(lat) - north * np.sin(lat)
    x = outward * np.cos(lon) - east * np.sin(lon)
    y = outward * np.sin(lon) + east * np.cos(lon)
    return np.stack([x, y, north * np.cos(lat) + up * np.sin(lat)], axis=-1)


def timing_errors(facts: dict[str, Any], indices: tuple[int, ...], swath: str) -> tuple[float, float]:
    """Return by how many lines and samples targets lie farther than orbits say, all causes.

    In the second of two dates against the first, or in a single date.
    """
    dates = [facts["dates"][k] for k in indices]
    lines = [d["azimuth_error_lines"].get(swath, 0.0) + d["ionosphere_azimuth_shift_lines"] for d in dates]
    samples = [d["range_error_samples"].get(swath, 0.0) for d in dates]
    if len(dates) == 1:
        return lines[0], samples[0]
    return lines[1] - lines[0], samples[1] - samples[0]


def nodes_of(line: Values, sample: Values, at: Values) -> Values:
    """Return row and column, (2, ...), among nodes that lie at some lines and samples, of places, (..., 2) line and sample.

    Newton steps with the slopes between neighbours of the nodes; NaN beyond the nodes and where ground is laid over.
    """
    axes = (0, 1)
    slopes = [[np.gradient(field, axis=axis) for axis in axes] for field in (line, sample)]
    back = np.linalg.inv([[slope.mean() for slope in of_field] for of_field in slopes])
    middle = [(n - 1) / 2 for n in line.shape]
    gap = at - np.array([between(field, np.array(middle)[:, None])[0] for field in (line, sample)])
    node = np.einsum("ij,...j->i...", back, gap) + np.reshape(middle, (2, *[1] * (at.ndim - 1)))
    last = np.reshape([n - 1.0 for n in line.shape], (2, *[1] * (at.ndim - 1)))
    for _ in range(12):
        inside = np.clip(node, 0.0, last)
        gap = at - np.stack([between(field, inside) for field in (line, sample)], axis=-1)
        if np.quantile(np.abs(gap), 0.99) < 1e-5:
            break
        (a, b), (c, d) = [[between(slope, inside) for slope in of_field] for of_field in slopes]
        step = np.stack([d * gap[..., 0] - b * gap[..., 1], a * gap[..., 1] - c * gap[..., 0]])
        node = inside + step / (a * d - b * c)
    return np.where(np.abs(gap).max(axis=-1) < 1e-3, node, np.nan)


def between(layer: Values, node: Values) -> Values:
    """Return a layer at rows and columns, (2, ...), bilinear; NaN where they are."""
    found = map_coordinates(np.asarray(layer, float), np.nan_to_num(node), order=1, mode="nearest")
    return np.where(np.isfinite(node).all(axis=0), found, np.nan)


def averaged(layer: Values, read: ReadBurst) -> Values:
    """Return the mean of a layer, (line, sample), over the ground that each sample of a burst shows.

    A sample of an interferogram is the sum over scatterers, each weighted by the square of the processor's response at its
    distance: what varies within a resolution cell (90 m of coarse lines) shows its mean.  Beyond the edges the layer goes
    on as it came, turned by half a circle.
    """
    half = 12
    for axis, (band, coefficient) in enumerate(bands_of(read)):
        frequency = np.linspace(-0.5, 0.5, 2_001) * band
        window = coefficient + (1.0 - coefficient) * np.cos(2.0 * np.pi * frequency / band)
        response = np.cos(2.0 * np.pi * np.outer(np.arange(-half, half + 1), frequency)) @ window
        widths = [(half, half) if k == axis else (0, 0) for k in (0, 1)]
        padded = np.pad(layer, widths, mode="reflect", reflect_type="odd")
        layer = convolve1d(padded, response**2 / np.sum(response**2), axis=axis)
        layer = layer[half:-half] if axis == 0 else layer[:, half:-half]
    return layer


def form(
    scene: WrittenScene,
    burst: int,
    *,
    pair: tuple[int, int] = (0, 1),
    swath: str = "IW2",
    polarisation: str = "VV",
    timing: bool = True,
    columns: tuple[int, int] | None = None,
) -> Formed:
    """Form the interferogram of a burst, or of some of its columns, at the offsets that orbits and DEM give.

    With ``timing`` the offsets are the true ones: the injected timing errors and the shift by the ionosphere are added.
    """
    layers, facts = truth_of(scene)
    reads = _reads(scene, burst, pair, swath, polarisation, columns)
    lon, lat = np.meshgrid(layers["longitude"], layers["latitude"])
    points = ecef(lon, lat, layers["dem"].astype(float)).reshape(-1, 3)
    at_rest, in_motion, places = [], [], []
    for read, k in zip(reads, pair, strict=True):
        curve, grid = read_orbit(scene.orbits[k], read.burst.grid.epoch), read.burst.grid
        line, sample = predicted(read, curve, points, facts["reference_range"])
        at_rest.append((grid.range_start + sample * grid.range_step).reshape(lon.shape))
        # movement along the track moves targets in azimuth: a phase, times the Doppler frequency
        moved = points + earth_fixed(moved_on(scene, k), lon, lat).reshape(-1, 3)
        found = [v.reshape(lon.shape) for v in predicted(read, curve, moved, facts["reference_range"])]
        in_motion.append(grid.range_start + found[1] * grid.range_step)
        # air and ionosphere delay the pulse
        longer = sum(layers[name][k] for name in ("turbulence", "layered", "ionosphere"))
        places.append((found[0], found[1] + longer / grid.range_step))
    (line, sample), (other_line, other_sample) = places
    extra = at_rest[1] - at_rest[0]
    lengths = {"geometry": extra} | effects(scene, pair)
    # the truth's lines of sight are those of the first date: seen from 100 m aside, 0.2 m of tide differ by 0.02 mm
    moving = sum(lengths[name] for name in ("tide", "plate", *facts["motions"]))
    lengths["parallax"] = in_motion[1] - in_motion[0] - extra - moving
    shape = reads[0].samples.shape
    seen = np.arange(shape[0]), reads[0].first + np.arange(shape[1])
    at = np.stack(np.meshgrid(*seen, indexing="ij"), axis=-1)
    # the ground that the reference shows lies at other places than orbits say, if its own timing is wrong
    own = timing_errors(facts, (pair[0],), swath) if timing else (0.0, 0.0)
    node = nodes_of(line + own[0], sample + own[1], at)
    layers_of = [other_line - line, other_sample - sample, *lengths.values()]
    fields = np.stack([between(layer, node) for layer in layers_of], axis=-1)
    for k in range(2, fields.shape[-1]):
        fields[..., k] = averaged(fields[..., k], reads[0])
    nearest = tuple(
        np.clip(np.rint(np.nan_to_num(v)).astype(int), 0, n - 1) for v, n in zip(node, lon.shape, strict=True)
    )
    late, far = timing_errors(facts, pair, swath) if timing else (0.0, 0.0)
    wanted = at[..., 0] + fields[..., 0] + late, at[..., 1] + fields[..., 1] + far
    wanted = tuple(np.nan_to_num(v, nan=-1e3) for v in wanted)
    other = resampled(reads[1], wanted[0], wanted[1])
    valid = _inside(reads[0]) & np.isfinite(fields).all(axis=-1)
    scale = _CYCLES / reads[0].burst.radar.wavelength
    parts = {name: scale * fields[..., 2 + k] for k, name in enumerate(lengths)}
    turns = [facts["dates"][k]["phase_offset_rad"][swath] for k in pair]
    parts["phase_offset"] = np.full(shape, turns[0] - turns[1])
    return Formed(
        product=np.where(valid, reads[0].samples * np.conj(other), 0).astype(np.complex64),
        power=(np.abs(reads[0].samples) ** 2, np.abs(other) ** 2),
        parts=parts,
        cover=np.where(valid, layers["cover"][nearest], np.nan),
        incidence=np.where(valid, layers["incidence"][nearest], np.nan),
        doppler_gap=_doppler_gap(reads, float(np.nanmedian(fields[..., 0]))),
        reads=reads,
    )


def _reads(
    scene: WrittenScene,
    burst: int,
    pair: tuple[int, int],
    swath: str,
    polarisation: str,
    columns: tuple[int, int] | None,
) -> tuple[ReadBurst, ...]:
    """Read a burst of both dates; the second with what its baseline moves into the columns."""
    wide = None if columns is None else (columns[0] - _APART, columns[1] + _APART)
    return tuple(
        read_bursts(scene.products[k][0], swath, polarisation, columns=wanted)[burst]
        for k, wanted in zip(pair, (columns, wide), strict=True)
    )


def _inside(read: ReadBurst) -> NDArray[np.bool_]:
    """Return which samples lie so far from the edge of what is valid that a kernel fits."""
    valid = read.burst.valid
    line, column = np.ogrid[0 : read.samples.shape[0], read.first : read.first + read.samples.shape[1]]
    lines = (line >= valid.row + _TAPS) & (line < valid.row + valid.rows - _TAPS)
    return lines & (column >= valid.col + _TAPS) & (column < valid.col + valid.cols - _TAPS)


def _doppler_gap(reads: tuple[ReadBurst, ...], offset: float) -> float:
    middle, far = reads[0].samples.shape[0] / 2, reads[0].ranges[[reads[0].samples.shape[1] // 2]]
    first, second = (
        read.frequency(np.array(middle + shift), far)
        for read, shift in zip(reads, (0.0, offset), strict=True)
    )
    return float((second - first)[0])


def deviations(formed: list[Formed], names: tuple[str, ...]) -> dict[str, float]:
    """Return the mean phase that is left [rad], and by how much the pattern of each effect is off [share of it].

    Least squares on the residual phase, weighted by the product's size: a constant and one factor for each effect less its
    mean, all together.
    """
    return {name: found for name, (found, _) in deviations_and_sigmas(formed, names).items()}


def deviations_and_sigmas(formed: list[Formed], names: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """Return :func:`deviations`, each with its standard error: of what scatters, in as many samples as are independent."""
    inside = [np.abs(each.residual) > 0.0 for each in formed]
    residual = np.concatenate([each.residual[valid] for each, valid in zip(formed, inside, strict=True)])
    weight = np.abs(residual).astype(float)
    columns = [np.ones(residual.size)]
    for name in names:
        part = np.concatenate([each.parts[name][valid] for each, valid in zip(formed, inside, strict=True)])
        columns.append(part - np.average(part, weights=weight))
    matrix = np.stack(columns)
    # the mean cosine of the residual is the coherence: sine = coherence times phase
    cosine = float(residual.real.sum() / weight.sum())
    square = (matrix * weight) @ matrix.T
    found = np.linalg.solve(square, matrix @ residual.imag) / cosine
    back = np.linalg.inv(square)
    scatter = (matrix * residual.imag.astype(float) ** 2) @ matrix.T
    sigma = np.sqrt(np.diag(back @ scatter @ back) / independent_share(formed[0].reads[0])) / cosine
    pairs = ((float(v), float(s)) for v, s in zip(found, sigma, strict=True))
    return dict(zip(("mean_rad", *names), pairs, strict=True))


def independent_share(read: ReadBurst) -> float:
    """Return how many of a burst's samples are independent: the noise-equivalent width of its spectrum along both axes."""
    share = 1.0
    for band, coefficient in bands_of(read):
        window = coefficient + (1.0 - coefficient) * np.cos(2.0 * np.pi * np.linspace(-0.5, 0.5, 2_001))
        share *= band * float(np.mean(window**2) ** 2 / np.mean(window**4))
    return share


def bands_of(read: ReadBurst) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the bandwidth over the sampling rate and the coefficient of the Hamming window, along lines and samples."""
    radar, grid = read.burst.radar, read.burst.grid
    return (
        (radar.azimuth_bandwidth * grid.azimuth_step, radar.azimuth_window_coefficient),
        (radar.range_bandwidth / radar.range_sampling_rate, radar.range_window_coefficient),
    )
