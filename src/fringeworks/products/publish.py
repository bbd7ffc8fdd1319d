"""Publish layers as files: the one place where inside units become units on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.io.rasters import ProductFile, write_raster
from fringeworks.model.arrays import ArraySource
from fringeworks.model.grids import MapGrid
from fringeworks.model.layers import layer_of

ENU_BANDS = ("east", "north", "up")


@dataclass(frozen=True, slots=True)
class Converted:
    """A source whose values pass through one function, window by window.

    Attributes
    ----------
    source : ArraySource
        Where the values come from.
    convert : callable
        Function of an array that keeps its shape.
    dtype : numpy dtype
        Type of what ``convert`` gives.
    """

    source: ArraySource
    convert: Any
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return tuple(self.source.shape)

    def __getitem__(self, key: Any, /) -> NDArray[Any]:
        """Convert what the source gives for a basic slice."""
        values: NDArray[Any] = self.convert(np.asarray(self.source[key]))
        return values


def in_file_units(name: str, source: ArraySource) -> ArraySource:
    """Return a layer in the unit the layer table gives it on disk: angles of the geometry become degrees.

    Parameters
    ----------
    name : str
        Name of the layer, with its date where it has one.
    source : ArraySource
        Values as the house keeps them inside: metres, years, radians.
    """
    if layer_of(name).unit == "degree":
        return Converted(source, np.rad2deg, np.dtype(np.float32))
    return source


def band_names_of(name: str, dates: Sequence[date]) -> tuple[str, ...]:
    """Return the descriptions of a layer's bands: ISO dates, east-north-up, or one without a name."""
    axis = layer_of(name).axis
    if axis == "date":
        return tuple(day.isoformat() for day in dates)
    return ENU_BANDS if axis == "enu" else ("",)


def publish_layers(
    folder: Path,
    *,
    layers: Mapping[str, ArraySource],
    grid: MapGrid,
    dates: Sequence[date],
    tags: Mapping[str, str] | None = None,
    layer_tags: Mapping[str, Mapping[str, str]] | None = None,
) -> list[ProductFile]:
    """Write each layer as ``folder/<name>.tif``.

    Parameters
    ----------
    folder : Path
        Folder of the family; it is made.
    layers : mapping of str to ArraySource
        By layer-table names (``step_20200101`` counts as ``step``); (y, x), or (date, y, x), or (3, y, x) for
        ``los_enu``. In metres, years and **radians**: the door converts to the file's unit.
    grid : MapGrid
        Grid of all layers.
    dates : sequence of date
        Dates of the layers that have a date axis.
    tags, layer_tags : mapping, optional
        Tags for all files, and further ones by layer name: ``{"height": {"VERTICAL_DATUM": "EGM96"}}``.

    Returns
    -------
    list of ProductFile
        Sorted by name.

    Raises
    ------
    OutOfRangeError
        A name the layer table does not hold.
    ShapeMismatchError
        A layer does not fit the grid or the dates.
    DiskFullError
        There was no room; files already written are whole.
    """
    for name in sorted(layers):
        _check_axes(name, layers[name], grid, dates)
    return [
        write_raster(
            folder / f"{name}.tif",
            in_file_units(name, layers[name]),
            layer=layer_of(name),
            grid=grid,
            band_names=band_names_of(name, dates),
            tags={**(tags or {}), **(layer_tags or {}).get(name, {})},
        )
        for name in sorted(layers)
    ]


def _check_axes(name: str, source: ArraySource, grid: MapGrid, dates: Sequence[date]) -> None:
    n_bands = len(band_names_of(name, dates))
    wanted = tuple(grid.shape) if layer_of(name).axis == "" else (n_bands, *grid.shape)
    if tuple(source.shape) != wanted:
        raise ShapeMismatchError(f"layer {name} of shape {tuple(source.shape)}", expected=f"{wanted}")
