"""Write a simulated stack as a folder of GAMMA GeoTIFFs with their headers, as the processor's reader expects it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine
from rasterio.windows import Window

from fringeworks.model.grids import MapGrid
from fringeworks.model.stack import Pair
from fringeworks.simulate import gamma_headers as headers
from fringeworks.simulate.gamma_headers import RadarImage
from fringeworks.simulate.stack import STRIP_ROWS, WAVELENGTH, SimulatedStack

_TINY = np.float32(1e-7)
"""Stands for an exact zero, which the files use for missing [rad or 1]."""
_MORNING = 4 * 3600.0 + 40 * 60.0
"""Time of day of the simulated acquisitions [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaFolder:
    """Names of the files of a GAMMA GeoTIFF stack.

    Attributes
    ----------
    root : Path
        The folder.
    site : str
        Begins the names of rasters.
    looks : int
        Range looks, in the names.
    track : int
        Relative orbit, in the DEM's name.
    """

    root: Path
    site: str
    looks: int
    track: int

    def unwrapped(self, pair: Pair) -> Path:
        """Return the file of a pair's unwrapped phase."""
        return self.root / "geotiffs" / f"{self.site}_{_dates(pair)}_VV_{self.looks}rlks_eqa_unw.tif"

    def coherence(self, pair: Pair) -> Path:
        """Return the file of a pair's coherence."""
        return self.root / "geotiffs" / f"{self.site}_{_dates(pair)}_VV_{self.looks}rlks_flat_eqa_cc.tif"

    def baseline(self, pair: Pair) -> Path:
        """Return the file of a pair's baseline."""
        return self.root / "geometry" / f"{_dates(pair)}_VV_{self.looks}rlks_base.par"


def write_gamma(
    stack: SimulatedStack, folder: Path, *, site: str = "simulated", block_rows: int = 8 * STRIP_ROWS
) -> GammaFolder:
    """Write a stack in the layout of a GAMMA GeoTIFF stack, block by block.

    Parameters
    ----------
    stack : SimulatedStack
        What to write.
    folder : Path
        Made where it does not exist; files of the same names are overwritten.
    site : str
        Begins the names of rasters.
    block_rows : int
        Rows computed and written at a time, a multiple of 8: memory holds that many rows of all pairs.

    Returns
    -------
    GammaFolder
        Names of the files.

    Notes
    -----
    ``geotiffs/``: unwrapped phase [rad] and coherence of each pair, float32 with 0 for missing (a valid value that is
    exactly zero becomes 1e-7), and the DEM [m above the ellipsoid].  ``headers/``: image parameters of each date, map
    parameters.  ``geometry/``: baselines of each pair, look-up table from map to radar pixels (big-endian complex64).
    Beside them lists of files, relative to the folder.
    """
    scenario = stack.scenario
    names = GammaFolder(root=folder, site=site, looks=scenario.looks.range, track=scenario.acquisition.track)
    for part in ("geotiffs", "headers", "geometry"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    image = _write_lookup(stack, names)
    _write_headers(stack, names, image)
    _write_height(stack, names)
    _write_pairs(stack, names, block_rows)
    _write_lists(stack, names)
    return names


def _write_pairs(stack: SimulatedStack, names: GammaFolder, block_rows: int) -> None:
    profile = _profile(stack.scenario.grid)
    cols = stack.scenario.grid.shape.cols
    with ExitStack() as files:
        phase = []
        coherence = []
        for pair in stack.network.pairs:
            phase.append(files.enter_context(rasterio.open(names.unwrapped(pair), "w", **profile)))
            coherence.append(files.enter_context(rasterio.open(names.coherence(pair), "w", **profile)))
            phase[-1].update_tags(**_tags(stack, pair, "ORIGINAL_IFG", "RADIANS"))
            coherence[-1].update_tags(**_tags(stack, pair, "ORIGINAL_COH", "1"))
        for strip in stack.strips(rows=block_rows):
            window = Window(0, strip.rows.start, cols, strip.phase.shape[1])
            for n in range(len(phase)):
                phase[n].write(_filled(strip.phase[n]), 1, window=window)
                coherence[n].write(_filled(strip.coherence[n]), 1, window=window)


def _filled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return values with zeros nudged off zero and missing ones as zero."""
    return np.nan_to_num(np.where(values == 0.0, _TINY, values), nan=0.0)


def _profile(grid: MapGrid) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "dtype": "float32",
        "count": 1,
        "width": grid.shape.cols,
        "height": grid.shape.rows,
        "crs": grid.crs,
        "transform": Affine(*grid.transform),
        "nodata": 0.0,
        "blockysize": STRIP_ROWS,
    }


def _tags(stack: SimulatedStack, pair: Pair, kind: str, unit: str) -> dict[str, str]:
    time = f"{int(_MORNING // 3600):02d}:{int(_MORNING % 3600 // 60):02d}:{int(_MORNING % 60):02d}"
    return {
        "DATA_TYPE": kind,
        "DATA_UNITS": unit,
        "FIRST_DATE": pair.reference.isoformat(),
        "FIRST_TIME": time,
        "INCIDENCE_DEGREES": f"{np.degrees(stack.scenario.acquisition.incidence):.4f}",
        "INSAR_PROCESSOR": "GAMMA",
        "SECOND_DATE": pair.secondary.isoformat(),
        "SECOND_TIME": time,
        "TIME_SPAN_YEAR": repr(pair.days / 365.25),
        "WAVELENGTH_METRES": repr(WAVELENGTH),
    }


def _write_height(stack: SimulatedStack, names: GammaFolder) -> None:
    path = names.root / "geotiffs" / f"{names.site}_T{names.track:03d}A_dem.tif"
    with rasterio.open(path, "w", **_profile(stack.scenario.grid)) as file:
        file.update_tags(DATA_TYPE="ORIGINAL_DEM", VERTICAL_DATUM="ellipsoid")
        file.write(_filled(stack.height), 1)


def _write_lookup(stack: SimulatedStack, names: GammaFolder) -> RadarImage:
    """Write the look-up table in two passes over the rows: the extent, then the values."""
    grid = stack.scenario.grid
    starts = range(0, grid.shape.rows, 64)
    times, ranges = [], []
    for start in starts:
        look = stack.look(slice(start, start + 64))
        times += [float(look.time.min()), float(look.time.max())]
        ranges += [float(look.slant_range.min()), float(look.slant_range.max())]
    west, south, east, north = grid.bounds
    image = headers.radar_image(
        (min(times), max(times)),
        (min(ranges), max(ranges)),
        azimuth_looks=stack.scenario.looks.azimuth,
        range_looks=stack.scenario.looks.range,
        centre=(0.5 * (west + east), 0.5 * (south + north)),
        time_of_day=_MORNING,
    )
    first = stack.network.dates[0]
    path = names.root / "geometry" / f"{first:%Y%m%d}_VV_{names.looks}rlks_eqa_to_rdc.lt"
    with path.open("wb") as file:
        for start in starts:
            look = stack.look(slice(start, start + 64))
            table = headers.lookup_table(image, look.time, look.slant_range)
            file.write(table.astype(">c8").tobytes())
    return image


def _write_headers(stack: SimulatedStack, names: GammaFolder, image: RadarImage) -> None:
    folder, looks = names.root / "headers", names.looks
    dates = stack.network.dates
    heading = headers.flight_heading(stack.geometry.orbit)
    for k, day in enumerate(dates):
        orbit = stack.geometry.orbit.shifted(stack.geometry.baselines[k])
        for single in (True, False):
            text = headers.image_parameters(image, orbit, day=day, heading=heading, single_look=single)
            name = f"r{day:%Y%m%d}_VV_slc.par" if single else f"r{day:%Y%m%d}_VV_{looks}rlks_mli.par"
            (folder / name).write_text(text, encoding="ascii")
    grid_name = f"{names.site}_{dates[0]:%Y%m%d}_VV_{looks}rlks_eqa_dem.par"
    (folder / grid_name).write_text(headers.map_parameters(stack.scenario.grid), encoding="ascii")
    for pair in stack.network.pairs:
        baseline = stack.pair_baseline(pair)
        names.baseline(pair).write_text(headers.baseline_parameters(baseline), encoding="ascii")
        table = headers.perpendicular_table(image, stack.geometry.orbit, baseline)
        path = names.root / "geometry" / f"{_dates(pair)}_VV_{looks}rlks_bperp.par"
        path.write_text(table, encoding="ascii")


def _write_lists(stack: SimulatedStack, names: GammaFolder) -> None:
    pairs, dates = stack.network.pairs, stack.network.dates
    lists = {
        f"ifg_{len(pairs)}": [names.unwrapped(pair) for pair in pairs],
        f"coherence_{len(pairs)}": [names.coherence(pair) for pair in pairs],
        f"baseline_{len(pairs)}": [names.baseline(pair) for pair in pairs],
        f"headers_{len(dates)}": [
            names.root / "headers" / f"r{day:%Y%m%d}_VV_{names.looks}rlks_mli.par" for day in dates
        ],
    }
    for name, files in lists.items():
        lines = [path.relative_to(names.root).as_posix() for path in files]
        (names.root / name).write_text("\n".join(lines) + "\n", encoding="ascii")


def _dates(pair: Pair) -> str:
    return f"{pair.reference:%Y%m%d}-{pair.secondary:%Y%m%d}"
