"""Grids as values: shapes, windows, looks, and where a raster lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fringeworks.errors import OutOfRangeError


@dataclass(frozen=True, slots=True, order=True)
class Shape:
    """Rows and columns of an image."""

    rows: int
    cols: int

    def __iter__(self) -> Iterator[int]:
        """Iterate rows, then columns, as NumPy orders them."""
        yield self.rows
        yield self.cols

    @property
    def size(self) -> int:
        """Number of pixels."""
        return self.rows * self.cols


@dataclass(frozen=True, slots=True)
class Looks:
    """Samples averaged along azimuth and range."""

    azimuth: int
    range: int

    def __post_init__(self) -> None:
        if self.azimuth < 1 or self.range < 1:
            raise OutOfRangeError(
                f"looks {self.azimuth} x {self.range}", expected="at least 1 in each direction"
            )


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of an image: first row, first column, rows, columns."""

    row: int
    col: int
    rows: int
    cols: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices that cut this window out of an array."""
        return slice(self.row, self.row + self.rows), slice(self.col, self.col + self.cols)

    @property
    def shape(self) -> Shape:
        """Shape of the window."""
        return Shape(self.rows, self.cols)


@dataclass(frozen=True, slots=True)
class MapGrid:
    """A north-up raster grid in a coordinate reference system.

    Attributes
    ----------
    crs : str
        Anything pyproj understands, by preference an authority code such as ``EPSG:4326``.
    x_start, y_start : float
        Outer corner of the first pixel [CRS units].
    x_step, y_step : float
        Pixel size [CRS units]; ``y_step`` is negative when rows run southward.
    shape : Shape
        Rows and columns.
    """

    crs: str
    x_start: float
    y_start: float
    x_step: float
    y_step: float
    shape: Shape

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """Affine coefficients (a, b, c, d, e, f) of ``x = a col + b row + c``, ``y = d col + e row + f``."""
        return self.x_step, 0.0, self.x_start, 0.0, self.y_step, self.y_start

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north edges [CRS units]."""
        x_end = self.x_start + self.shape.cols * self.x_step
        y_end = self.y_start + self.shape.rows * self.y_step
        return (
            min(self.x_start, x_end),
            min(self.y_start, y_end),
            max(self.x_start, x_end),
            max(self.y_start, y_end),
        )

    def centre_of(self, row: int, col: int) -> tuple[float, float]:
        """Return x and y of a pixel's centre [CRS units]."""
        return self.x_start + (col + 0.5) * self.x_step, self.y_start + (row + 0.5) * self.y_step

    def index_of(self, x: float, y: float) -> tuple[int, int]:
        """Return row and column of the pixel that holds a point; may lie outside the grid."""
        return int((y - self.y_start) // self.y_step), int((x - self.x_start) // self.x_step)

    def holds(self, row: int, col: int) -> bool:
        """Return whether a row and column lie inside the grid."""
        return 0 <= row < self.shape.rows and 0 <= col < self.shape.cols

    def crop(self, window: Window) -> MapGrid:
        """Return the grid of a window of this grid."""
        return replace(
            self,
            x_start=self.x_start + window.col * self.x_step,
            y_start=self.y_start + window.row * self.y_step,
            shape=window.shape,
        )

    def agrees_with(self, other: MapGrid, *, tolerance: float = 1e-3) -> bool:
        """Return whether two grids are the same to a fraction of a pixel (``tolerance``, default 0.001 px)."""
        if self.shape != other.shape or self.crs != other.crs:
            return False
        far = max(self.shape.rows, self.shape.cols)
        return (
            abs(self.x_start - other.x_start) <= tolerance * abs(self.x_step)
            and abs(self.y_start - other.y_start) <= tolerance * abs(self.y_step)
            and abs(self.x_step - other.x_step) * far <= tolerance * abs(self.x_step)
            and abs(self.y_step - other.y_step) * far <= tolerance * abs(self.y_step)
        )


@dataclass(frozen=True, slots=True)
class RadarGrid:
    """A grid in zero-Doppler azimuth time and slant range; an index is a sample's centre.

    Attributes
    ----------
    epoch : str
        UTC instant (ISO 8601, whole second) from which azimuth times count.
    azimuth_start, azimuth_step : float
        Time of the first line and between lines [s].
    range_start, range_step : float
        One-way slant range of the first sample and between samples [m].
    shape : Shape
        Lines and samples.
    """

    epoch: str
    azimuth_start: float
    azimuth_step: float
    range_start: float
    range_step: float
    shape: Shape
