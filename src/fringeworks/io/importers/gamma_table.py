"""GAMMA's look-up table: where each map pixel lies in the radar image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import DamagedFileError
from fringeworks.model.grids import Shape

_PIXEL = np.dtype(">c8")


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupTable:
    """A raw file of big-endian float32 pairs, range sample and azimuth line of the multilooked image, (y, x).

    Attributes
    ----------
    path : Path
        The file; opened for each window, closed at once.
    shape : Shape
        Rows and columns of the map.
    """

    path: Path
    shape: Shape

    def __post_init__(self) -> None:
        size, expected = self.path.stat().st_size, self.shape.size * _PIXEL.itemsize
        if size != expected:
            raise DamagedFileError(
                f"{self.path} has {size} bytes",
                expected=f"{expected}, 8 for each of {self.shape.rows} x {self.shape.cols} map pixels",
                hint="export the look-up table again, on the grid of the interferograms",
            )

    def window(self, rows: range, cols: range) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Read range sample and azimuth line of a window; NaN where the map pixel is not in the radar image."""
        values = np.empty((len(rows), len(cols)), np.complex128)
        if values.size:
            with self.path.open("rb") as file:
                file.seek(rows.start * self.shape.cols * _PIXEL.itemsize)
                flat = np.fromfile(file, _PIXEL, len(rows) * self.shape.cols)
            values[...] = flat.reshape(len(rows), self.shape.cols)[:, cols.start : cols.stop]
        values[values == 0] = complex(np.nan, np.nan)
        return values.real.copy(), values.imag.copy()
