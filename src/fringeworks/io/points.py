"""Scatterers as GeoParquet: one row a point, the series as a list, dates and units in the file's metadata."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from fringeworks.errors import DiskFullError, MetadataMismatchError, MissingInputError
from fringeworks.model.scatterers import COLUMNS, Scatterers

VERSION: Final = 1
"""Raised when a reader of the older file would misread the newer one."""
_ROWS: Final = 65_536
"""Points in a group of rows: a reader that wants some need not read all."""
_CRS: Final = "OGC:CRS84"


def write_points(path: Path, points: Scatterers) -> Path:
    """Write scatterers as GeoParquet 1.1, whole or not at all.

    Parameters
    ----------
    path : Path
        The file; its folder is made where it is missing.
    points : Scatterers
        Any number of points, also none.

    Raises
    ------
    DiskFullError
        There was no room.

    Notes
    -----
    Columns are those of :data:`fringeworks.model.scatterers.COLUMNS`, then ``displacement`` (list of float32 [m]) and
    ``geometry`` (point, well-known binary). Metadata keys of the file: ``geo``, ``dates`` (JSON list of ISO dates),
    ``units`` (JSON object by column), ``facts`` (JSON object) and ``points_version``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        pq.write_table(table_of(points), partial, row_group_size=_ROWS, compression="zstd")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        if error.errno == 28:
            raise DiskFullError(f"no room for {path}", hint="free some space and run again") from error
        raise
    return path


def table_of(points: Scatterers) -> pa.Table:
    """Return scatterers as an Arrow table with the metadata of the file."""
    arrays: dict[str, Any] = {}
    for column in COLUMNS:
        values = points.columns[column.name]
        if column.dtype == "str":
            arrays[column.name] = pa.array([str(v) for v in values], pa.string())
        else:
            arrays[column.name] = pa.array(np.asarray(values, column.dtype))
    n, m = points.displacement.shape
    flat = pa.array(np.ascontiguousarray(points.displacement, np.float32).ravel())
    offsets = pa.array(np.arange(n + 1, dtype=np.int32) * m)
    arrays["displacement"] = pa.ListArray.from_arrays(offsets, flat)
    lon, lat = points.columns["longitude"], points.columns["latitude"]
    arrays["geometry"] = pa.array(list(shapely.to_wkb(shapely.points(lon, lat))), pa.binary())
    table = pa.table(arrays)
    return table.replace_schema_metadata({k: v.encode() for k, v in _metadata(points, lon, lat).items()})


def _metadata(points: Scatterers, lon: NDArray[Any], lat: NDArray[Any]) -> dict[str, str]:
    geometry: dict[str, Any] = {"encoding": "WKB", "geometry_types": ["Point"]}
    if len(points):
        geometry["bbox"] = [float(np.min(lon)), float(np.min(lat)), float(np.max(lon)), float(np.max(lat))]
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": geometry}}
    units = {c.name: c.unit for c in COLUMNS if c.unit} | {"displacement": "m"}
    return {
        "geo": json.dumps(geo),
        "dates": json.dumps([d.isoformat() for d in points.dates]),
        "units": json.dumps(units),
        "facts": json.dumps(dict(points.facts), sort_keys=True),
        "points_version": str(VERSION),
        "crs": _CRS,
    }


def read_points(path: Path) -> Scatterers:
    """Read scatterers back.

    Raises
    ------
    MissingInputError
        There is no such file, or it is no Parquet.
    MetadataMismatchError
        It is not a file of scatterers, or of a newer version.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise MissingInputError(f"{path} cannot be read: {error}", expected="a points.parquet") from error
    metadata = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
    missing = [c.name for c in COLUMNS if c.name not in table.column_names]
    if missing or "dates" not in metadata or "displacement" not in table.column_names:
        raise MetadataMismatchError(
            f"{path} holds no {', '.join(missing) or 'dates or displacement'}",
            expected="the columns of points.parquet",
        )
    if int(metadata.get("points_version", "1")) > VERSION:
        raise MetadataMismatchError(
            f"{path} is of version {metadata['points_version']}",
            expected=f"at most {VERSION}",
            hint="use a newer Fringeworks",
        )
    dates = tuple(date.fromisoformat(d) for d in json.loads(metadata["dates"]))
    columns: dict[str, NDArray[Any]] = {}
    for column in COLUMNS:
        values = table[column.name].to_numpy(zero_copy_only=False)
        columns[column.name] = values if column.dtype == "str" else np.asarray(values, column.dtype)
    series = table["displacement"].combine_chunks()
    flat = np.asarray(series.flatten().to_numpy(zero_copy_only=False), np.float32)
    return Scatterers(
        columns=columns,
        displacement=flat.reshape(len(table), len(dates)),
        dates=dates,
        facts=json.loads(metadata.get("facts", "{}")),
    )
