"""The standard family: rasters of the series, and of each interferogram (DESIGN.md section 5)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.io.rasters import ProductFile, write_raster
from fringeworks.model.arrays import ArraySource
from fringeworks.model.grids import MapGrid
from fringeworks.model.layers import layer_of
from fringeworks.model.quality import NOT_RECOMMENDED
from fringeworks.model.stack import Pair
from fringeworks.products.publish import Converted, publish_layers

STANDARD_FOLDER = "products/standard"
INTERFEROGRAM_FOLDER = "products/interferograms"
POINTS = f"{STANDARD_FOLDER}/points.parquet"
REQUIRED = ("velocity", "velocity_std", "displacement", "temporal_coherence", "quality_flags")


def recommended(flags: NDArray[Any]) -> NDArray[np.uint8]:
    """Return 1 where no flag speaks against use, 0 elsewhere; same shape as ``flags``."""
    doubtful: NDArray[np.uint16] = flags.astype(np.uint16) & np.uint16(NOT_RECOMMENDED)
    return np.asarray(doubtful == 0, np.uint8)


def publish_standard(
    out: Path,
    *,
    layers: Mapping[str, ArraySource],
    grid: MapGrid,
    dates: Sequence[date],
    tags: Mapping[str, str] | None = None,
    layer_tags: Mapping[str, Mapping[str, str]] | None = None,
) -> list[ProductFile]:
    """Write the rasters of the standard family under ``out/products/standard``.

    Parameters
    ----------
    out : Path
        Folder of the run.
    layers : mapping of str to ArraySource
        At least those in :data:`REQUIRED`; every other name of the layer table is welcome. ``incidence`` in
        radians, all else in the layer table's units. ``recommended_mask`` is made from ``quality_flags``
        where it is not given.
    grid : MapGrid
        Grid of all layers.
    dates : sequence of date
        One for each band of ``displacement``.
    tags, layer_tags : mapping, optional
        ``CONFIG_HASH``, ``REFERENCE_AREA``, ``REFERENCE_DATE`` ... for all files; further ones by layer name.

    Returns
    -------
    list of ProductFile
        Sorted by name.

    Raises
    ------
    OutOfRangeError
        A required layer is absent, or a name is not in the layer table.
    ShapeMismatchError
        A layer does not fit the grid or the dates.
    DiskFullError
        There was no room.
    """
    missing = [name for name in REQUIRED if name not in layers]
    if missing:
        raise OutOfRangeError(f"no layer {', '.join(missing)}", expected=f"all of {', '.join(REQUIRED)}")
    complete = dict(layers)
    complete.setdefault(
        "recommended_mask", Converted(layers["quality_flags"], recommended, np.dtype(np.uint8))
    )
    return publish_layers(
        out / STANDARD_FOLDER, layers=complete, grid=grid, dates=dates, tags=tags, layer_tags=layer_tags
    )


def publish_interferogram(
    out: Path,
    *,
    pair: Pair,
    layers: Mapping[str, ArraySource],
    grid: MapGrid,
    wavelength: float,
    tags: Mapping[str, str] | None = None,
    folder: str = INTERFEROGRAM_FOLDER,
) -> list[ProductFile]:
    """Write one interferogram under ``out/products/interferograms/<ref>_<sec>``.

    Parameters
    ----------
    out : Path
        Folder of the run.
    pair : Pair
        Its two dates.
    layers : mapping of str to ArraySource, (y, x)
        By layer-table names: ``unwrapped`` [rad, positive = away], ``coherence``, ``connected_components`` ...
        ``displacement`` is made from ``unwrapped`` where it is not given.
    grid : MapGrid
        Grid of all layers.
    wavelength : float
        Radar wavelength [m].
    tags : mapping of str to str, optional
        Tags for all files.
    folder : str
        Folder of the pair's folder, in ``out``.

    Returns
    -------
    list of ProductFile
        Sorted by name.

    Raises
    ------
    OutOfRangeError
        A name is not in the layer table.
    ShapeMismatchError
        A layer does not fit the grid.
    DiskFullError
        There was no room.

    Notes
    -----
    displacement = -wavelength / (4 pi) phase: secondary minus reference, positive toward the satellite.
    """
    for name in sorted(layers):
        if tuple(layers[name].shape) != tuple(grid.shape):
            raise ShapeMismatchError(
                f"layer {name} of {pair} of shape {tuple(layers[name].shape)}",
                expected=f"{tuple(grid.shape)}",
            )
    complete = dict(layers)
    if "unwrapped" in layers and "displacement" not in layers:
        factor = np.float32(-wavelength / (4 * math.pi))
        complete["displacement"] = Converted(
            layers["unwrapped"], lambda phase: factor * phase, np.dtype(np.float32)
        )
    place = out / folder / str(pair)
    described = {
        "REFERENCE": pair.reference.isoformat(),
        "SECONDARY": pair.secondary.isoformat(),
        **(tags or {}),
    }
    return [
        _publish_pair_layer(place, name=name, source=complete[name], pair=pair, grid=grid, tags=described)
        for name in sorted(complete)
    ]


def _publish_pair_layer(
    folder: Path, *, name: str, source: ArraySource, pair: Pair, grid: MapGrid, tags: Mapping[str, str]
) -> ProductFile:
    layer, band = layer_of(name), ""
    if name == "displacement":
        band = f"{pair.secondary.isoformat()} minus {pair.reference.isoformat()}"
        layer = replace(
            layer,
            meaning="Displacement along the line of sight from the reference date to the secondary date.",
        )
    return write_raster(folder / f"{name}.tif", source, layer=layer, grid=grid, band_names=(band,), tags=tags)
