"""Mexico City without Fringeworks: thirty real interferograms inverted with NumPy alone, as an independent reference.

Nothing here imports the package.  Files are found by their names, phases are read as they are, each interferogram is
set to zero at its median, the dates are solved by ordinary least squares in float64, and a straight line is laid
through each series.  ``python -m validation.mexico_city --json`` prints the figures.

Sign: GAMMA's phase is +4 pi / lambda (R_later - R_earlier), positive where the ground went away, so displacement
toward the satellite is -lambda / (4 pi) times phase.  That subsidence, which levelling and GNSS in the city put at
tens of centimetres a year, comes out negative is the outside proof that no file can give.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Referencing = Literal["none", "median", "mean", "plane"]

LIGHT = 299_792_458.0


@dataclass(frozen=True)
class PlainStack:
    """What the files hold.

    Attributes
    ----------
    pairs : list of (date, date)
        In the order of the files' names.
    dates : list of date
        Sorted.
    phase, coherence : float64, (pair, y, x)
        [rad], NaN where the files hold 0.
    wavelength : float
        [m].
    """

    pairs: list[tuple[date, date]]
    dates: list[date]
    phase: Floats
    coherence: Floats
    wavelength: float

    @property
    def years(self) -> Floats:
        """Years since the first date."""
        return np.array([(day - self.dates[0]).days / 365.25 for day in self.dates])

    @property
    def design(self) -> Floats:
        """-1 at the first and +1 at the second date, (pair, date)."""
        matrix = np.zeros((len(self.pairs), len(self.dates)))
        for row, (first, second) in enumerate(self.pairs):
            matrix[row, self.dates.index(first)] = -1
            matrix[row, self.dates.index(second)] = 1
        return matrix


def default_folder() -> Path:
    """Return where the stack lies in the helper data."""
    data = os.environ.get(
        "FRINGEWORKS_DATA", str(Path(__file__).resolve().parents[1] / ".." / "shared" / "data")
    )
    return Path(data).resolve() / "interferograms-mexico-city" / "cropA"


def read_plain(folder: Path) -> PlainStack:
    """Read all interferograms, coherences and the wavelength of a folder."""
    paths = sorted(folder.rglob("*_unw.tif"))
    pairs = [_dates(path.name) for path in paths]
    beside = {_dates(path.name): path for path in folder.rglob("*_cc.tif")}
    header = next(iter(sorted(folder.rglob("*_mli.par")))).read_text()
    frequency = float(re.search(r"^radar_frequency:\s*(\S+)", header, re.MULTILINE).group(1))  # type: ignore[union-attr]
    return PlainStack(
        pairs=pairs,
        dates=sorted({day for pair in pairs for day in pair}),
        phase=np.array([_raster(path) for path in paths]),
        coherence=np.array([_raster(beside[pair]) for pair in pairs]),
        wavelength=LIGHT / frequency,
    )


def _dates(name: str) -> tuple[date, date]:
    first, second = re.findall(r"(?<!\d)\d{8}(?!\d)", name)[:2]
    return datetime.strptime(first, "%Y%m%d").date(), datetime.strptime(second, "%Y%m%d").date()


def _raster(path: Path) -> Floats:
    with rasterio.open(path) as file:
        values = file.read(1).astype(float)
    values[values == 0] = np.nan
    return values


def referenced(phase: Floats, *, how: Referencing) -> Floats:
    """Return phases with a constant, or a plane, of each interferogram taken away.

    ``median`` is what PyRate calls reference method 1: each whole interferogram is zero at its median.
    """
    if how == "none":
        return phase.copy()
    if how == "plane":
        return np.array([image - _plane(image) for image in phase])
    centre = np.nanmedian if how == "median" else np.nanmean
    return phase - centre(phase, axis=(1, 2), keepdims=True)


def _plane(image: Floats) -> Floats:
    rows, cols = np.mgrid[: image.shape[0], : image.shape[1]]
    valid = np.isfinite(image)
    design = np.column_stack([rows[valid], cols[valid], np.ones(valid.sum())])
    a, b, c = np.linalg.lstsq(design, image[valid], rcond=None)[0]
    return np.asarray(a * rows + b * cols + c)


@dataclass(frozen=True)
class PlainInversion:
    """Least squares of all pairs on the pixels that every pair holds.

    Attributes
    ----------
    displacement : float64, (date, y, x)
        Toward the satellite, first date zero [m]; NaN where a pair is missing.
    velocity : float64, (y, x)
        Slope of a straight line [m/yr].
    residual : float64, (pair, y, x)
        Observed minus modelled [rad].
    valid : bool, (y, x)
        Pixels that were solved.
    """

    displacement: Floats
    velocity: Floats
    residual: Floats
    valid: NDArray[np.bool_]


def invert_plain(stack: PlainStack, *, how: Referencing = "median") -> PlainInversion:
    """Invert with every pair at equal weight."""
    phase = referenced(stack.phase, how=how)
    valid = np.isfinite(phase).all(axis=0)
    observed, design = phase[:, valid], stack.design[:, 1:]
    solved = np.linalg.lstsq(design, observed, rcond=None)[0]
    series = np.vstack([np.zeros(valid.sum()), solved]) * (-stack.wavelength / (4 * math.pi))
    line = np.column_stack([np.ones(len(stack.dates)), stack.years])
    return PlainInversion(
        displacement=_spread_out(series, valid),
        velocity=_spread_out(np.linalg.lstsq(line, series, rcond=None)[0][1:2], valid)[0],
        residual=_spread_out(observed - design @ solved, valid),
        valid=valid,
    )


def _spread_out(values: Floats, valid: NDArray[np.bool_]) -> Floats:
    image = np.full((len(values), *valid.shape), np.nan)
    image[:, valid] = values
    return image


def plain_velocity(folder: Path, *, how: Referencing = "median") -> tuple[Floats, NDArray[np.bool_]]:
    """Return velocity toward the satellite [m/yr], (y, x), and where it was solved.

    Zero is the median of each interferogram, not a place: compare with another map after taking the median of the
    difference away.
    """
    result = invert_plain(read_plain(folder), how=how)
    return result.velocity, result.valid


def closures(stack: PlainStack) -> list[dict[str, Any]]:
    """Return for each triplet its spread [rad], what is left of it after a plane, and two counts of cycles.

    ``off_by_cycle``: share of pixels farther than half a cycle from the plane, which is what an unwrapping error does.
    ``rounding_differs``: share of pixels whose closure, divided by 2 pi and rounded, is not the commonest number; this
    also counts a ramp, or a constant near half a cycle, as if it were an error.
    """
    place = {pair: k for k, pair in enumerate(stack.pairs)}
    found = []
    for a, b, c in combinations(stack.dates, 3):
        if not {(a, b), (b, c), (a, c)} <= place.keys():
            continue
        closure = stack.phase[place[a, b]] + stack.phase[place[b, c]] - stack.phase[place[a, c]]
        flat = (closure - _plane(closure))[np.isfinite(closure)]
        cycles = np.round(closure[np.isfinite(closure)] / (2 * math.pi)).astype(int)
        _, counts = np.unique(cycles, return_counts=True)
        found.append(
            {
                "dates": [f"{day:%Y%m%d}" for day in (a, b, c)],
                "std_rad": float(np.nanstd(closure)),
                "std_after_plane_rad": float(flat.std()),
                "off_by_cycle": float(np.mean(np.abs(flat) > math.pi)),
                "rounding_differs": float(1 - counts.max() / cycles.size),
            }
        )
    return found


def closures_and_baselines(folder: Path, stack: PlainStack) -> dict[str, float]:
    """Return how far closures of phases are explained by baselines that do not close, on a sphere of the header's radii.

    GAMMA takes 4 pi / lambda times the parallel baseline off each pair. Where refined baselines of a triplet do not
    close, the rest stays in the phases as a ramp, whose sign tells what positive phase means.
    """
    header = _fields(next(iter(sorted(folder.rglob("*_mli.par")))))
    table = np.fromfile(next(folder.rglob("*.lt")), ">f4").reshape(*stack.phase.shape[1:], 2).astype(float)
    distance = header["near_range_slc"] + table[..., 0] * header["range_pixel_spacing"]
    time = header["start_time"] + table[..., 1] * header["azimuth_line_time"] - header["center_time"]
    satellite, ground = header["sar_to_earth_center"], header["earth_radius_below_sensor"]
    look = np.arccos((satellite**2 + distance**2 - ground**2) / (2 * satellite * distance))
    beside = {_dates(path.name): path.read_text() for path in folder.rglob("*_base.par")}
    parallel = []
    for pair in stack.pairs:
        (_, c, n), (_, c_rate, n_rate) = (
            _numbers(beside[pair], key) for key in ("precision_baseline(TCN)", "precision_baseline_rate")
        )
        parallel.append((c + c_rate * time) * np.sin(look) + (n + n_rate * time) * np.cos(look))
    place = {pair: k for k, pair in enumerate(stack.pairs)}
    sums: dict[str, list[float]] = {"as_they_are": [], "if_positive_is_away": [], "if_positive_is_toward": []}
    for a, b, c in combinations(stack.dates, 3):
        if {(a, b), (b, c), (a, c)} <= place.keys():
            first, second, direct = place[a, b], place[b, c], place[a, c]
            closure = stack.phase[first] + stack.phase[second] - stack.phase[direct]
            ramp = 4 * math.pi / stack.wavelength * (parallel[first] + parallel[second] - parallel[direct])
            for key, rest in zip(sums, (closure, closure - ramp, closure + ramp), strict=True):
                sums[key].append(float(np.nanstd(rest)))
    return {key: float(np.sqrt(np.mean(np.square(values)))) for key, values in sums.items()}


def _fields(path: Path) -> dict[str, float]:
    found = re.findall(r"^(\w+):\s+(-?\d\S*)", path.read_text(), re.MULTILINE)
    return {key: float(value) for key, value in found if re.fullmatch(r"[-+.eE\d]+", value)}


def _numbers(text: str, key: str) -> list[float]:
    line = next(line for line in text.splitlines() if line.startswith(key + ":"))
    return [float(word) for word in line.partition(":")[2].split()[:3]]


def figures(folder: Path) -> dict[str, Any]:
    """Return all figures of this validation as plain values."""
    stack = read_plain(folder)
    result = invert_plain(stack)
    per_pair = np.sqrt(np.nanmean(result.residual**2, axis=(1, 2)))
    ramps = np.array([image - _plane(image) for image in result.residual])
    triplets = closures(stack)
    ranked = [int(k) for k in np.argsort(per_pair)[::-1][:6]]
    return {
        "name": "mexico_city",
        "pairs": len(stack.pairs),
        "dates": len(stack.dates),
        "pixels_solved": int(result.valid.sum()),
        "rank": int(np.linalg.matrix_rank(stack.design)),
        "residual_rms_rad": _rms(result.residual),
        "residual_rms_without_ramps_rad": _rms(ramps),
        "velocity_mm_per_year": _percentiles(result.velocity),
        "variants": {how: _variant(stack, how) for how in ("none", "median", "mean", "plane")},
        "worst_pairs": [
            {
                "pair": "_".join(f"{day:%Y%m%d}" for day in stack.pairs[k]),
                "residual_rms_rad": float(per_pair[k]),
            }
            for k in ranked
        ],
        "triplets": len(triplets),
        "triplets_below_0.65_rad": sum(t["std_rad"] < 0.65 for t in triplets),
        "worst_triplets": sorted(triplets, key=lambda t: -t["std_rad"])[:6],
        "closure_spread_rad_and_baselines": closures_and_baselines(folder, stack),
        "sign": "subsidence is negative" if np.nanpercentile(result.velocity, 1) < -0.1 else "unexpected",
    }


def _variant(stack: PlainStack, how: Any) -> dict[str, Any]:
    result = invert_plain(stack, how=how)
    return {"residual_rms_rad": _rms(result.residual), "velocity_mm_per_year": _percentiles(result.velocity)}


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.nanmean(values**2)))


def _percentiles(velocity: Floats) -> dict[str, float]:
    return {f"p{p}": float(np.nanpercentile(velocity, p) * 1000) for p in (1, 50, 99)}


def main() -> None:
    """Print the figures, as one line of JSON or for people."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one line, one JSON object")
    parser.add_argument("--folder", type=Path, default=default_folder(), help="folder of the stack")
    wanted = parser.parse_args()
    if not wanted.folder.is_dir():
        text = f"helper data absent: no folder {wanted.folder} (set FRINGEWORKS_DATA)"
        print(json.dumps({"name": "mexico_city", "skipped": text}) if wanted.json else text)
        return
    print(json.dumps(figures(wanted.folder), indent=None if wanted.json else 2))


if __name__ == "__main__":
    main()
