"""A finished run as an object: look at a series, take another reference, hand it to xarray.

A reference is a view: choosing another one subtracts another area's series from what is published.
Nothing upstream runs again, and going back is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from fringeworks.errors import MissingInputError, ReferenceUnusableError
from fringeworks.io.raster_source import RasterSource, open_raster
from fringeworks.io.rasters import ProductFile, write_raster
from fringeworks.io.store import read_json
from fringeworks.model.arrays import FloatImage, FloatStack
from fringeworks.model.grids import MapGrid
from fringeworks.model.layers import LAYERS
from fringeworks.products.standard import STANDARD_FOLDER
from fringeworks.timeseries.models import ModelOptions, fit

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """The products of a run, relative to a reference area.

    Attributes
    ----------
    folder : Path
        Output folder of the run.
    manifest : dict
        Its manifest.
    dates : tuple of date
        Dates of the series.
    removed : float64, (date)
        What is subtracted from the published series for this view [m]; zero for the published reference.
    reference : str
        The reference area in words.
    """

    folder: Path
    manifest: dict[str, Any]
    dates: tuple[date, ...]
    removed: NDArray[np.float64]
    reference: str

    @property
    def grid(self) -> MapGrid:
        """Grid of the products."""
        return self.layer("velocity").grid

    def layer(self, name: str) -> RasterSource:
        """Open a published layer as it lies on disk.

        Raises
        ------
        MissingInputError
            The run has not published it.
        """
        path = self.folder / STANDARD_FOLDER / f"{name}.tif"
        if not path.is_file():
            raise MissingInputError(f"{path} is not there", hint="`fringeworks run` publishes it")
        return open_raster(path)

    def displacement(self, rows: slice = slice(None), cols: slice = slice(None)) -> FloatStack:
        """Return the series of a window, float32 (date, y, x) [m], positive toward the satellite."""
        values = self.layer("displacement")[:, rows, cols]
        return np.asarray(values - self.removed[:, None, None], np.float32)

    def velocity(self, rows: slice = slice(None), cols: slice = slice(None)) -> FloatImage:
        """Return the velocity of a window in this view, float32 (y, x) [m/yr].

        The slope of a straight line through each pixel's own dates, as in ``velocity.tif``.
        """
        if not self.removed.any():
            return np.asarray(self.layer("velocity")[rows, cols], np.float32)
        return fit(self.displacement(rows, cols), dates=self.dates, options=ModelOptions()).layers["velocity"]

    def series(self, longitude: float, latitude: float) -> NDArray[np.float32]:
        """Return the series of the pixel that holds a point, float32 (date) [m].

        Raises
        ------
        ReferenceUnusableError
            The point lies outside the products.
        """
        row, col = self._pixel(longitude, latitude)
        return self.displacement(slice(row, row + 1), slice(col, col + 1))[:, 0, 0]

    def referenced_to(self, longitude: float, latitude: float, *, radius: int = 2) -> RunView:
        """Return the same run relative to another area.

        Parameters
        ----------
        longitude, latitude : float
            Centre of the area [degrees].
        radius : int
            Half width of the area [pixels].

        Raises
        ------
        ReferenceUnusableError
            The point lies outside the products.
        ReferenceUnusableError
            The area holds no pixel with a whole series.
        """
        row, col = self._pixel(longitude, latitude)
        rows = slice(max(row - radius, 0), row + radius + 1)
        cols = slice(max(col - radius, 0), col + radius + 1)
        block = self.layer("displacement")[:, rows, cols].reshape(len(self.dates), -1)
        recommended = self.layer("recommended_mask")[rows, cols].reshape(-1) == 1
        whole = np.isfinite(block).all(axis=0) & recommended
        if not whole.any():
            raise ReferenceUnusableError(
                f"the area around {longitude}, {latitude} holds no recommended pixel with a whole series",
                expected="a place where recommended_mask is 1",
            )
        words = f"longitude {longitude:.6f}, latitude {latitude:.6f}, {int(whole.sum())} pixels"
        return replace(self, removed=block[:, whole].astype(np.float64).mean(axis=1), reference=words)

    def to_xarray(self) -> xarray.Dataset:
        """Return displacement, velocity and quality with named axes, units and coordinates."""
        import xarray  # noqa: PLC0415  (only who asks for it pays for its import)

        grid = self.grid
        x = grid.x_start + (np.arange(grid.shape.cols) + 0.5) * grid.x_step
        y = grid.y_start + (np.arange(grid.shape.rows) + 0.5) * grid.y_step
        arrays = {
            "displacement": (("date", "y", "x"), self.displacement()),
            "velocity": (("y", "x"), self.velocity()),
        }
        for name in ("velocity_std", "temporal_coherence", "recommended_mask"):
            arrays[name] = (("y", "x"), self.layer(name)[:, :])
        data = {
            name: xarray.Variable(
                dims,
                values,
                {
                    "units": LAYERS[name].unit,
                    "long_name": LAYERS[name].long_name,
                    "positive": LAYERS[name].sign,
                },
            )
            for name, (dims, values) in arrays.items()
        }
        coordinates = {"date": np.array(self.dates, "datetime64[ns]"), "y": y, "x": x}
        return xarray.Dataset(data, coordinates, {"crs": grid.crs, "reference": self.reference})

    def export(self, folder: Path) -> list[ProductFile]:
        """Write displacement and velocity of this view as Cloud-Optimised GeoTIFFs.

        The published ``velocity_std`` belongs to the published reference: a run with another reference gives its own.
        """
        folder.mkdir(parents=True, exist_ok=True)
        kept = ("REFERENCE_DATE", "DATA_NOTICE", "WAVELENGTH_M", "CONFIG_HASH")
        tags = {name: value for name, value in self.layer("velocity").tags.items() if name in kept}
        tags["REFERENCE_AREA"] = self.reference
        names = tuple(d.isoformat() for d in self.dates)
        return [
            write_raster(
                folder / "displacement.tif",
                self.displacement(),
                layer=LAYERS["displacement"],
                grid=self.grid,
                band_names=names,
                tags=tags,
            ),
            write_raster(
                folder / "velocity.tif", self.velocity(), layer=LAYERS["velocity"], grid=self.grid, tags=tags
            ),
        ]

    def _pixel(self, longitude: float, latitude: float) -> tuple[int, int]:
        grid = self.grid
        x, y = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True).transform(longitude, latitude)
        row, col = grid.index_of(x, y)
        if not grid.holds(row, col):
            raise ReferenceUnusableError(
                f"{longitude}, {latitude} lies outside the products",
                expected=f"a point inside {', '.join(f'{b:.4f}' for b in grid.bounds)} ({grid.crs})",
            )
        return row, col


def open_run(folder: Path) -> RunView:
    """Open a finished run.

    Parameters
    ----------
    folder : Path
        Output folder of ``fringeworks run``.

    Raises
    ------
    MissingInputError
        The folder holds no finished run.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise MissingInputError(f"{folder} holds no finished run: {path} is not there")
    bands = open_raster(folder / STANDARD_FOLDER / "displacement.tif").band_names
    dates = tuple(date.fromisoformat(name) for name in bands)
    manifest: dict[str, Any] = read_json(path)
    reference = manifest.get("reference", {})
    words = f"{reference.get('x')}, {reference.get('y')}, {reference.get('n_pixels')} pixels"
    return RunView(
        folder=folder, manifest=manifest, dates=dates, removed=np.zeros(len(dates)), reference=words
    )
