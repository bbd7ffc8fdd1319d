"""The truth of a simulated stack as files: rasters a person can open, and a description."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine
from rasterio.windows import Window

from fringeworks.constants import DAYS_PER_YEAR
from fringeworks.errors import MissingInputError
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.model.stack import Pair
from fringeworks.simulate.geometry import LocalPlane
from fringeworks.simulate.stack import STRIP_ROWS, WATER, SimulatedStack

TRUTH_VERSION = 1
"""Version of the description's layout."""
_SIGNS = {
    "phase": "reference times conjugate of secondary; positive = away from the satellite",
    "displacement": "metres along the line of sight since the first date; positive = toward the satellite",
    "velocity": "metres a year: slope of a straight line through the whole displacement series; positive = toward",
    "atmosphere": "metres of extra one-way path along the line of sight; positive = looks farther away",
    "dem_error": "metres: true height minus the height told to the processor",
    "los_enu": "unit vector from the ground to the satellite: east, north, up",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The truth of a simulated stack, read from its folder; cubes are read date by date.

    Attributes
    ----------
    folder : Path
        Where it lies.
    grid : MapGrid
        Grid of all rasters.
    dates : tuple of date
        Of the stack.
    pairs : tuple of Pair
        Of the stack.
    description : dict
        Everything in ``truth.json``.
    """

    folder: Path
    grid: MapGrid
    dates: tuple[date, ...]
    pairs: tuple[Pair, ...]
    description: dict[str, Any]

    def layer(self, name: str) -> NDArray[Any]:
        """Return a raster of the truth: (y, x), or (band, y, x) where it has several bands."""
        with rasterio.open(self.folder / f"{name}.tif") as file:
            values: NDArray[Any] = file.read()
        return values[0] if len(values) == 1 else values

    def displacement(self, index: int) -> NDArray[np.float32]:
        """Return the true displacement of one date since the first [m, positive = toward], (y, x)."""
        return self._band("displacement", index)

    def atmosphere(self, index: int) -> NDArray[np.float32]:
        """Return the delay of one date [m, positive = away], (y, x)."""
        return self._band("atmosphere", index)

    def _band(self, name: str, index: int) -> NDArray[np.float32]:
        with rasterio.open(self.folder / f"{name}.tif") as file:
            values: NDArray[np.float32] = file.read(index + 1)
        return values


def write_truth(stack: SimulatedStack, folder: Path, *, block_rows: int = 8 * STRIP_ROWS) -> None:
    """Write what a stack was made of, block by block.

    Parameters
    ----------
    stack : SimulatedStack
        Whose truth to write.
    folder : Path
        Made where it does not exist; files of the same names are overwritten.
    block_rows : int
        Rows computed at a time.

    Notes
    -----
    ``displacement.tif`` and ``atmosphere.tif`` (a band a date), ``velocity.tif``, ``dem_error.tif``, ``height.tif``,
    ``incidence.tif`` [degrees], ``los_enu.tif``, ``land.tif`` (class index, 255 = water), ``unwrapping_errors.tif`` (whole
    cycles, a band for each pair that has some) and ``truth.json``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    days = [day.isoformat() for day in stack.network.dates]
    bands = {
        "displacement": (days, "float32"),
        "atmosphere": (days, "float32"),
        "velocity": (["velocity"], "float32"),
        "dem_error": (["dem_error"], "float32"),
        "height": (["height"], "float32"),
        "incidence": (["incidence"], "float32"),
        "los_enu": (["east", "north", "up"], "float32"),
        "land": (["land"], "uint8"),
    }
    errors = [str(stack.network.pairs[patch.pair]) for patch in stack.cycle_patches]
    if errors:
        bands["unwrapping_errors"] = (errors, "int8")
    counts = np.zeros(len(errors), int)
    grid = stack.scenario.grid
    with ExitStack() as files:
        sinks = {}
        for name, (names, dtype) in bands.items():
            sink = rasterio.open(folder / f"{name}.tif", "w", **_profile(grid, len(names), dtype))
            sinks[name] = files.enter_context(sink)
            sink.descriptions = tuple(names)
            sink.update_tags(SIGN=_SIGNS.get(name, ""))
        for start in range(0, grid.shape.rows, block_rows):
            rows = slice(start, min(start + block_rows, grid.shape.rows))
            window = Window(0, start, grid.shape.cols, rows.stop - start)
            block = _block(stack, rows)
            for name, sink in sinks.items():
                sink.write(block[name], window=window)
            if errors:
                counts += np.count_nonzero(block["unwrapping_errors"], axis=(1, 2))
    text = json.dumps(_describe(stack, counts), indent=1, sort_keys=True, default=str)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8")


def _block(stack: SimulatedStack, rows: slice) -> dict[str, NDArray[Any]]:
    """Return all layers of some rows, each (band, row, col)."""
    look = stack.look(rows)
    displacement = stack.displacement(rows)
    layers: dict[str, NDArray[Any]] = {
        "displacement": displacement,
        "atmosphere": stack.delay(rows),
        "velocity": straight_slope(stack.network.dates, displacement)[None],
        "dem_error": stack.dem_error[None, rows],
        "height": stack.height[None, rows],
        "incidence": np.degrees(look.incidence).astype(np.float32)[None],
        "los_enu": look.los_enu.astype(np.float32),
        "land": stack.land[None, rows],
    }
    if stack.cycle_patches:
        plane = LocalPlane.of(stack.scenario.grid).rows(rows)
        layers["unwrapping_errors"] = np.stack(
            [(patch.cycles * patch.covers(plane.x, plane.y)).astype(np.int8) for patch in stack.cycle_patches]
        )
    return layers


def straight_slope(dates: tuple[date, ...], series: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the slope per year of 365.25 days of the line of least squares through (date, y, x), (y, x)."""
    years = np.array([day.toordinal() for day in dates], float) / DAYS_PER_YEAR
    years -= years.mean()
    slope = np.tensordot(years, series.astype(np.float64), axes=1) / np.sum(years**2)
    return np.asarray(slope, np.float32)


def _describe(stack: SimulatedStack, counts: NDArray[np.int64]) -> dict[str, Any]:
    scenario, network = stack.scenario, stack.network
    noise = ("pair_noise", "turbulence", "layered_air", "dem_error", "unwrapping_errors", "gaps")
    terms = {name: getattr(scenario, name) for name in noise}
    motions = [
        {
            "name": motion.name,
            "source": _named(motion.source),
            "history": _named(motion.history),
        }
        for motion in scenario.motions
    ]
    across = network.perpendicular_baseline
    return {
        "truth_version": TRUTH_VERSION,
        "title": scenario.title,
        "wavelength_m": stack.wavelength,
        "dates": [day.isoformat() for day in network.dates],
        "pairs": [
            {
                "pair": str(pair),
                "perpendicular_baseline_m": None if across is None else float(across[n]),
                "offset_rad": float(stack.pair_offset[n]),
            }
            for n, pair in enumerate(network.pairs)
        ],
        "unwrapping_errors": [
            {
                **asdict(patch),
                "pair": str(network.pairs[patch.pair]),
                "pair_index": patch.pair,
                "n_pixels": int(count),
            }
            for patch, count in zip(stack.cycle_patches, counts, strict=True)
        ],
        "zenith_delay_m": [float(value) for value in stack.zenith],
        "noise": {name: None if term is None else _named(term) for name, term in terms.items()},
        "pair_offset_rad": scenario.pair_offset,
        "motions": motions,
        "land": [asdict(kind) for kind in scenario.land],
        "water_class": WATER,
        "looks": asdict(scenario.looks),
        "effective_looks": scenario.effective_looks,
        "grid": asdict(scenario.grid),
        "entropy": list(stack.streams.root),
        "signs": _SIGNS,
    }


def _named(record: Any) -> dict[str, Any]:
    """Return a record's fields with the name of its kind."""
    return {"kind": type(record).__name__, **asdict(record)}


def _profile(grid: MapGrid, count: int, dtype: str) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "dtype": dtype,
        "count": count,
        "width": grid.shape.cols,
        "height": grid.shape.rows,
        "crs": grid.crs,
        "transform": Affine(*grid.transform),
        "interleave": "band",
        "blockysize": STRIP_ROWS,
    }


def read_truth(folder: Path) -> Truth:
    """Open a folder that :func:`write_truth` wrote.

    Raises
    ------
    MissingInputError
        The folder holds no ``truth.json``.
    """
    path = folder / "truth.json"
    if not path.is_file():
        raise MissingInputError(
            f"no truth.json in {folder}", hint="give the folder that the simulation wrote its truth into"
        )
    found = json.loads(path.read_text(encoding="utf-8"))
    grid = found["grid"]
    grid["shape"] = Shape(**grid["shape"])
    return Truth(
        folder=folder,
        grid=MapGrid(**grid),
        dates=tuple(date.fromisoformat(day) for day in found["dates"]),
        pairs=tuple(_pair(entry["pair"]) for entry in found["pairs"]),
        description=found,
    )


def _pair(text: str) -> Pair:
    first, second = (date(int(part[:4]), int(part[4:6]), int(part[6:])) for part in text.split("_"))
    return Pair(first, second)
