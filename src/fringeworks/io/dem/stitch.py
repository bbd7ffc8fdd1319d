"""One elevation model from many tiles: stitched, padded, filled, with heights above the ellipsoid; read by block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import GridMismatchError, MetadataMismatchError, OutOfRangeError
from fringeworks.io.dem.datum import StatedDatum, decide_datum
from fringeworks.io.dem.geoid import Geoid, open_geoid
from fringeworks.io.dem.tiles import DemTile, list_tiles
from fringeworks.model.arrays import BlockPlan
from fringeworks.model.elevation import ElevationModel, VerticalDatum
from fringeworks.model.grids import MapGrid, Shape, Window
from fringeworks.model.tally import Finding, Tally
from fringeworks.numerics.interpolate import fill_holes

Uncovered: TypeAlias = Literal["refuse", "ocean"]
VOID_REACH: Final = 24
"""How far a void may be from valid heights to be interpolated [pixels]."""
_BLOCK: Final = Shape(1024, 4096)


@dataclass(frozen=True, slots=True)
class StitchedHeights:
    """Ellipsoidal heights of a grid, read from tiles when sliced (an ArraySource).

    Attributes
    ----------
    grid : MapGrid
        In EPSG:4326.
    tiles : tuple of DemTile
        First one with a value wins.
    datum : {"ellipsoid", "egm96", "egm2008"}
        Of the tiles.
    geoid : Geoid, optional
        Added to heights above the geoid, and the ocean's height; None where neither is needed.
    reach : int
        Void filling's reach and this source's halo [pixels].
    uncovered : {"refuse", "ocean"}
        What ground without a tile is.
    """

    grid: MapGrid
    tiles: tuple[DemTile, ...]
    datum: VerticalDatum
    geoid: Geoid | None
    reach: int
    uncovered: Uncovered

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return self.grid.shape.rows, self.grid.shape.cols

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32."""
        return np.dtype(np.float32)

    def __getitem__(self, key: Any, /) -> NDArray[np.float32]:
        """Give the heights of a basic slice; memory is that of the slice and a halo."""
        keys = key if isinstance(key, tuple) else (key,)
        if len(keys) > 2 or any(k is Ellipsis for k in keys[1:]):
            raise OutOfRangeError(f"index {key!r}", expected="one or two slices")
        row, rows, row_key = _span(keys[0], self.grid.shape.rows)
        col, cols, col_key = _span(keys[1] if len(keys) > 1 else slice(None), self.grid.shape.cols)
        values = self._window(Window(row, col, rows, cols))
        return np.asarray(values[row_key, col_key], np.float32)

    def _window(self, keep: Window) -> NDArray[np.float32]:
        top, left = max(keep.row - self.reach, 0), max(keep.col - self.reach, 0)
        bottom = min(keep.row + keep.rows + self.reach, self.grid.shape.rows)
        right = min(keep.col + keep.cols + self.reach, self.grid.shape.cols)
        read = Window(top, left, bottom - top, right - left)
        heights, covered = self._stitch(self.grid.crop(read))
        geoid = self._geoid(self.grid.crop(read))
        ocean = np.float32(0.0) if self.datum != "ellipsoid" or geoid is None else geoid
        if np.isnan(heights).any():
            filled = fill_holes(heights, reach=self.reach)
            heights = np.where(covered, filled, ocean if self.uncovered == "ocean" else np.float32(np.nan))
        if self.datum != "ellipsoid" and geoid is not None:
            heights = heights + geoid
        inner = (
            slice(keep.row - top, keep.row - top + keep.rows),
            slice(keep.col - left, keep.col - left + keep.cols),
        )
        return np.asarray(heights[inner], np.float32)

    def _stitch(self, target: MapGrid) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        heights = np.full((target.shape.rows, target.shape.cols), np.nan, np.float32)
        covered = np.zeros(heights.shape, np.bool_)
        for tile in self.tiles:
            found = tile.read_onto(target)
            if found is None:
                continue
            covered |= tile.covers(target)
            np.copyto(heights, found, where=np.isnan(heights))
        return heights, covered

    def _geoid(self, target: MapGrid) -> NDArray[np.float32] | None:
        if self.geoid is None:
            return None
        cols, rows = (
            np.arange(target.shape.cols, dtype=np.float64),
            np.arange(target.shape.rows, dtype=np.float64),
        )
        lon = target.x_start + (cols + 0.5) * target.x_step
        lat = target.y_start + (rows + 0.5) * target.y_step
        return self.geoid.height(lon, lat).astype(np.float32)


def open_dem(
    paths: Sequence[Path],
    *,
    datum: VerticalDatum | None = None,
    bounds: tuple[float, float, float, float] | None = None,
    pad: int = 0,
    uncovered: Uncovered = "refuse",
    geoid_file: Path | None = None,
    void_reach: int = VOID_REACH,
) -> ElevationModel:
    """Open an elevation model; heights are read when they are sliced.

    Parameters
    ----------
    paths : sequence of Path
        GeoTIFF, SRTM ``.hgt``, Copernicus tiles, or folders of these.
    datum : {"ellipsoid", "egm96", "egm2008"}, optional
        What the files' heights count from; wins over what they say.
    bounds : tuple of float, optional
        West, south, east, north [degrees]; east may run past 180.  The tiles' union by default.
    pad : int
        Pixels added on every side of the bounds.
    uncovered : {"refuse", "ocean"}
        Ground without a tile: refuse to open where ``bounds`` ask for it (else NaN and a warning), or take it for
        ocean (the archive of GLO-30 has no tiles there).
    geoid_file : Path, optional
        Raster of geoid heights, for a geoid that PROJ does not have here.
    void_reach : int
        Voids with valid heights within so many pixels in five of eight directions are interpolated; others stay
        NaN (:func:`survey_dem` counts them).

    Raises
    ------
    MissingInputError
        A file or the geoid's grid is missing.
    MetadataMismatchError
        Nobody says what heights count from, or tiles differ in it.
    GridMismatchError
        The tiles do not cover the bounds, and ``uncovered`` says to refuse.
    DamagedFileError
        A file is no raster.

    Notes
    -----
    The grid is that of the finest tile, continued.  Ocean is height 0 above the geoid.  Tiles on another grid, or in
    another projection, are interpolated bilinearly.
    """
    tiles = list_tiles(paths)
    stated = _common_datum(tiles, datum)
    grid = _common_grid(tiles, bounds, pad)
    gaps = _uncovered_share(tiles, grid)
    if gaps > 0.0 and uncovered == "refuse" and bounds is not None:
        raise GridMismatchError(
            f"the tiles leave {100 * gaps:.1f} % of the area {_text(grid.bounds)} without heights",
            expected="tiles that cover the area and its margin",
            hint="add the missing tiles, or say that ground without a tile is ocean",
        )
    as_ocean = gaps > 0.0 and uncovered == "ocean"
    needs_geoid = stated.datum != "ellipsoid" or as_ocean
    wanted: VerticalDatum = "egm2008" if stated.datum == "egm2008" else "egm96"
    geoid = open_geoid(wanted, file=geoid_file) if needs_geoid else None
    findings = [Finding("ok", "dem datum", f"heights count from {stated.datum}, says {stated.stated_by}")]
    if gaps > 0.0:
        findings.append(
            Finding("note", "dem cover", f"{100 * gaps:.1f} % of the area has no tile: taken for ocean")
        )
    return ElevationModel(
        grid=grid,
        height=StitchedHeights(grid, tiles, stated.datum, geoid, void_reach, uncovered),
        datum=stated.datum,
        stated_by=stated.stated_by,
        geoid="" if geoid is None else geoid.name,
        geoid_digest="" if geoid is None else geoid.digest,
        sources=tuple(str(t.path) for t in tiles),
        findings=tuple(findings),
    )


def survey_dem(model: ElevationModel) -> Tally:
    """Read an elevation model once, block by block, and count pixels with and without a height."""
    used = 0
    for block in BlockPlan(model.grid.shape, _BLOCK):
        used += int(np.isfinite(model.height[block.keep.slices]).sum())
    size = model.grid.shape.size
    return Tally("pixels", size, used, {"void": size - used})


def _common_datum(tiles: Sequence[DemTile], asked: VerticalDatum | None) -> StatedDatum:
    stated = [decide_datum(asked, crs=t.wkt, tags=t.tags, file=t.path.name) for t in tiles]
    if len({s.datum for s in stated}) > 1:
        raise MetadataMismatchError(
            f"heights count from {' and '.join(sorted({s.datum for s in stated}))} in different tiles",
            expected="one vertical datum",
            hint="give tiles of one product, or set inputs.dem_datum",
        )
    return stated[0]


def _common_grid(
    tiles: Sequence[DemTile], bounds: tuple[float, float, float, float] | None, pad: int
) -> MapGrid:
    plain = [t for t in tiles if t.is_geographic]
    lead = min(plain, key=lambda t: abs(t.grid.x_step * t.grid.y_step)) if plain else tiles[0]
    if plain:
        # rounding of written steps adds up over a wide area: 1/3600 is meant where it is nearly there
        step_x, step_y = _exact(abs(lead.grid.x_step)), _exact(abs(lead.grid.y_step))
        origin = lead.grid.x_start, lead.grid.y_start
    else:
        north = 0.5 * (lead.bounds[1] + lead.bounds[3])
        step_y = abs(lead.grid.y_step) / 111_320.0
        step_x = abs(lead.grid.x_step) / (111_320.0 * max(math.cos(math.radians(north)), 0.01))
        origin = lead.bounds[0], lead.bounds[3]
    west, south, east, top = bounds or _union(tiles, lead)
    first_col = math.floor((west - origin[0]) / step_x + 1e-3) - pad
    last_col = math.ceil((east - origin[0]) / step_x - 1e-3) + pad
    first_row = math.floor((origin[1] - top) / step_y + 1e-3) - pad
    last_row = math.ceil((origin[1] - south) / step_y - 1e-3) + pad
    if last_col <= first_col or last_row <= first_row:
        raise OutOfRangeError(
            f"bounds {_text((west, south, east, top))}", expected="west < east, south < north"
        )
    return MapGrid(
        "EPSG:4326",
        origin[0] + first_col * step_x,
        origin[1] - first_row * step_y,
        step_x,
        -step_y,
        Shape(last_row - first_row, last_col - first_col),
    )


def _exact(step: float) -> float:
    per_degree = 1.0 / step
    return 1.0 / round(per_degree) if abs(per_degree - round(per_degree)) < 1e-4 else step


def _union(tiles: Sequence[DemTile], lead: DemTile) -> tuple[float, float, float, float]:
    middle = 0.5 * (lead.bounds[0] + lead.bounds[2])
    turns = [360.0 * round((middle - 0.5 * (t.bounds[0] + t.bounds[2])) / 360.0) for t in tiles]
    return (
        min(t.bounds[0] + turn for t, turn in zip(tiles, turns, strict=True)),
        min(t.bounds[1] for t in tiles),
        max(t.bounds[2] + turn for t, turn in zip(tiles, turns, strict=True)),
        max(t.bounds[3] for t in tiles),
    )


def _uncovered_share(tiles: Sequence[DemTile], grid: MapGrid) -> float:
    """Return the share of a grid that no tile covers, from every tile's own outline on a coarse copy of the grid."""
    shrink = max(1, math.ceil(math.sqrt(grid.shape.size / 250_000)))
    rows, cols = -(-grid.shape.rows // shrink), -(-grid.shape.cols // shrink)
    x_step, y_step = grid.x_step * grid.shape.cols / cols, grid.y_step * grid.shape.rows / rows
    coarse = MapGrid(grid.crs, grid.x_start, grid.y_start, x_step, y_step, Shape(rows, cols))
    covered = np.zeros((rows, cols), np.bool_)
    for tile in tiles:
        covered |= tile.covers(coarse)
    return float(1.0 - covered.mean())


def _span(key: Any, length: int) -> tuple[int, int, Any]:
    if key is Ellipsis:
        key = slice(None)
    if isinstance(key, slice):
        start, stop, step = key.indices(length)
        if step != 1:
            raise OutOfRangeError(f"step {step}", expected="slices with step 1")
        return start, max(stop - start, 0), slice(None)
    index = int(key) + (length if int(key) < 0 else 0)
    if not 0 <= index < length:
        raise IndexError(key)
    return index, 1, 0


def _text(bounds: tuple[float, float, float, float]) -> str:
    return ", ".join(f"{b:.4f}" for b in bounds)
