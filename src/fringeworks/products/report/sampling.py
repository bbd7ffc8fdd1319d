"""Small copies of large rasters: every n-th pixel, read block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from fringeworks.model.arrays import ArraySource, Block, BlockPlan
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.model.layers import layer_of
from fringeworks.products.report.data import ReportData

_BLOCK_BYTES = 32 * 2**20


def step_for(shape: Shape, longest: int) -> int:
    """Return the step by which every n-th row and column leaves at most ``longest`` on a side."""
    return max(-(-max(shape.rows, shape.cols) // longest), 1)


def windows(shape: Shape, *, bytes_per_pixel: float) -> BlockPlan:
    """Cut an image into blocks of about 32 MiB, at least 256 rows high where there are as many: whole tiles."""
    pixels = max(int(_BLOCK_BYTES // bytes_per_pixel), 1)
    rows = min(max(pixels // shape.cols, 256), shape.rows)
    return BlockPlan(shape, Shape(rows, min(max(pixels // rows, 64), shape.cols)))


def _every(block: Block, step: int) -> tuple[slice, slice, slice, slice]:
    """Return which rows and columns of a block are n-th of the image, and where they go in the small copy."""
    keep = block.keep
    row, col = -keep.row % step, -keep.col % step
    top, left = (keep.row + row) // step, (keep.col + col) // step
    n_rows, n_cols = -(-(keep.rows - row) // step), -(-(keep.cols - col) // step)
    return (
        slice(row, None, step),
        slice(col, None, step),
        slice(top, top + max(n_rows, 0)),
        slice(left, left + max(n_cols, 0)),
    )


def thinned(source: ArraySource, *, step: int, layer: str = "") -> NDArray[np.float32]:
    """Take every ``step``-th pixel of a raster, values unchanged.

    Parameters
    ----------
    source : ArraySource, (y, x)
        What to read.
    step : int
        1 = all.
    layer : str
        Layer-table name: its fill becomes NaN.

    Returns
    -------
    float32, (ceil(y / step), ceil(x / step))
        NaN where there is no data.
    """
    shape = Shape(*source.shape[-2:])
    values = np.empty((-(-shape.rows // step), -(-shape.cols // step)), np.float32)
    for block in windows(shape, bytes_per_pixel=4):
        rows, cols, to_rows, to_cols = _every(block, step)
        values[to_rows, to_cols] = np.asarray(source[block.keep.slices])[rows, cols]
    if layer and np.isfinite(layer_of(layer).fill):
        values[values == layer_of(layer).fill] = np.nan
    return values


@dataclass(frozen=True, slots=True)
class Frame:
    """How a thinned raster is drawn.

    Attributes
    ----------
    extent : tuple of float
        Left, right, bottom, top in axis units.
    aspect : float
        Height of one axis unit of y over one of x.
    origin : ``upper`` or ``lower``
        Where the first row lies.
    degrees : bool
        Axes in degrees; else kilometres, or the CRS's own unit.
    unit : str
        Of the axes.
    """

    extent: tuple[float, float, float, float]
    aspect: float
    origin: Literal["upper", "lower"]
    degrees: bool
    unit: str

    @property
    def ratio(self) -> float:
        """Height over width of the map on paper."""
        left, right, bottom, top = self.extent
        return abs((top - bottom) * self.aspect / (right - left))


def frame_of(grid: MapGrid, *, step: int = 1) -> Frame:
    """Return how every ``step``-th pixel of a grid is drawn."""
    crs = CRS.from_user_input(grid.crs)
    metric = not crs.is_geographic and crs.axis_info[0].unit_conversion_factor == 1.0
    scale = 1e-3 if metric else 1.0
    rows, cols = -(-grid.shape.rows // step), -(-grid.shape.cols // step)
    x_end, y_end = grid.x_start + cols * step * grid.x_step, grid.y_start + rows * step * grid.y_step
    low, high = sorted((grid.y_start, y_end))
    aspect = 1 / max(np.cos(np.deg2rad((low + high) / 2)), 0.05) if crs.is_geographic else 1.0
    return Frame(
        extent=(grid.x_start * scale, x_end * scale, low * scale, high * scale),
        aspect=float(aspect),
        origin="upper" if grid.y_step < 0 else "lower",
        degrees=bool(crs.is_geographic),
        unit="degree" if crs.is_geographic else "km" if metric else str(crs.axis_info[0].unit_name),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """The small copies the pictures are drawn from.

    Attributes
    ----------
    step : int
        Every n-th pixel of the products.
    frame : Frame
        How they are drawn.
    layers : dict of str to float32, (row, column)
        By layer name; NaN where there is no data.
    recommended : bool, (row, column)
        Where velocity has a value and ``recommended_mask`` is 1 (or absent).
    chosen_dates : int64, (chosen)
        Indices of the dates drawn as small maps.
    maps : float32, (chosen, row // thinner, column // thinner)
        Displacement at those dates [m].
    thinner : int
        Step of ``maps`` within the other layers.
    points : int64, (point, 2)
        Row and column in the products of the points of the explorer.
    series : float32, (point, date)
        Their displacement [m].
    """

    step: int
    frame: Frame
    layers: dict[str, NDArray[np.float32]]
    recommended: NDArray[np.bool_]
    chosen_dates: NDArray[np.int64]
    maps: NDArray[np.float32]
    thinner: int
    points: NDArray[np.int64]
    series: NDArray[np.float32]


_SAMPLED = (
    "velocity",
    "velocity_std",
    "temporal_coherence",
    "recommended_mask",
    "misclosure_rms",
    "closure_rms",
    "closure_bias",
    "bias_rate",
    "closure_coherence",
    "n_unwrapping_errors",
)


def sample(data: ReportData, *, longest: int, n_maps: int = 12, series_bytes: int = 1_500_000) -> Sampled:
    """Read all the report draws, in one pass over each raster.

    Parameters
    ----------
    data : ReportData
        The report's data.
    longest : int
        Pixels on the longer side of the small copies.
    n_maps : int
        Dates drawn as small maps, at most.
    series_bytes : int
        Size of the series that the page carries, two bytes a value.
    """
    step = step_for(data.grid.shape, longest)
    layers = {n: thinned(data.layers[n], step=step, layer=n) for n in _SAMPLED if n in data.layers}
    if data.truth_velocity is not None:
        layers["truth_velocity"] = thinned(data.truth_velocity, step=step)
    recommended = np.isfinite(layers["velocity"])
    if "recommended_mask" in layers:
        recommended &= layers["recommended_mask"] == 1
    n_dates = len(data.dates)
    chosen = np.unique(np.linspace(0, n_dates - 1, min(n_maps + 1, n_dates)).round().astype(np.int64))[1:]
    if n_dates == 1:
        chosen = np.zeros(1, np.int64)
    thinner = step_for(Shape(*recommended.shape), 200)
    points = _points(np.isfinite(layers["velocity"]), n_most=series_bytes // (2 * n_dates)) * step
    maps, series = _pass_over(data.layers["displacement"], chosen, step * thinner, points)
    return Sampled(
        step=step,
        frame=frame_of(data.grid, step=step),
        layers=layers,
        recommended=recommended,
        chosen_dates=chosen,
        maps=maps,
        thinner=thinner,
        points=points,
        series=series,
    )


def _points(valid: NDArray[np.bool_], *, n_most: int) -> NDArray[np.int64]:
    """Return rows and columns of a regular raster of valid pixels, as dense as ``n_most`` allows."""
    step = 1
    while int(valid[step // 2 :: step, step // 2 :: step].sum()) > n_most:
        step += 1
    found = np.argwhere(valid[step // 2 :: step, step // 2 :: step])
    return np.asarray(found * step + step // 2, np.int64)


def _pass_over(
    source: ArraySource, chosen: NDArray[np.int64], step: int, points: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    n_dates, shape = source.shape[0], Shape(*source.shape[-2:])
    series = np.full((len(points), n_dates), np.nan, np.float32)
    maps = np.empty((len(chosen), -(-shape.rows // step), -(-shape.cols // step)), np.float32)
    for block in windows(shape, bytes_per_pixel=4.0 * n_dates):
        cube: NDArray[Any] = np.asarray(source[(slice(None), *block.keep.slices)])
        rows, cols, to_rows, to_cols = _every(block, step)
        maps[:, to_rows, to_cols] = cube[chosen][:, rows, cols]
        place = points - (block.keep.row, block.keep.col)
        inside = ((place >= 0) & (place < (block.keep.rows, block.keep.cols))).all(axis=1)
        series[inside] = cube[:, place[inside, 0], place[inside, 1]].T
    return maps, series
