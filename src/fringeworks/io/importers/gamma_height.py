"""The DEM of a GAMMA stack: which raster it is, and what its heights are measured from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pyproj import CRS
from pyproj.exceptions import CRSError

from fringeworks.errors import GridMismatchError, UnitError
from fringeworks.io.importers.cubes import FilledRaster
from fringeworks.io.importers.gamma_files import GammaFiles
from fringeworks.io.importers.gamma_headers import MapHeader, read_map_header
from fringeworks.io.importers.gamma_pairs import check_grid
from fringeworks.io.importers.tiff_extent import check_whole
from fringeworks.io.raster_source import RasterSource, open_raster
from fringeworks.model.grids import MapGrid
from fringeworks.model.tally import Finding

_DATUMS = {
    "egm2008": "egm2008",
    "egm08": "egm2008",
    "egm96": "egm96",
    "ellipsoid": "ellipsoid",
    "wgs84": "ellipsoid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Height:
    """Heights of a stack, or the word that there are none.

    Attributes
    ----------
    raster : FilledRaster, optional
        The DEM on the stack's grid.
    datum : str
        ``ellipsoid``, ``egm96``, ``egm2008`` or empty.
    findings : tuple of Finding
        What was noticed.
    """

    raster: FilledRaster | None
    datum: str
    findings: tuple[Finding, ...]


def open_height(files: GammaFiles, grid: MapGrid, *, asked_datum: str) -> Height:
    """Open the DEM that lies on the stack's grid.

    Raises
    ------
    GridMismatchError
        There are DEMs, and none of them lies on the grid.
    DamagedFileError
        The DEM is truncated.
    UnitError
        Its heights cannot be metres.
    """
    if not files.heights:
        text = "no DEM (*_dem.tif): no heights are published, and the look geometry is that of sea level"
        return Height(raster=None, datum="", findings=(Finding("warning", "height", text),))
    fitting = []
    for path in files.heights:
        check_whole(path)
        source = open_raster(path)
        if replace(source.grid, crs=_horizontal(source.grid.crs)).agrees_with(grid):
            fitting.append(source)
    if not fitting:
        check_grid(open_raster(files.heights[0]), grid)
        raise GridMismatchError(
            f"{files.heights[0]} lies on another grid", expected="that of the interferograms"
        )
    source = fitting[0]
    raster = FilledRaster(raster=source)
    datum, who = _datum(source, asked_datum)
    findings = [_datum_finding(source, datum, who)]
    if len(fitting) > 1:
        others = ", ".join(s.path.name for s in fitting[1:])
        findings.append(
            Finding("warning", "height", f"{source.path.name} is used, though {others} would fit as well")
        )
    _check_range(raster)
    return Height(raster=raster, datum=datum, findings=tuple(findings))


def _datum(source: RasterSource, asked: str) -> tuple[str, str]:
    if asked:
        return asked, "the configuration"
    words = source.tags.get("VERTICAL_DATUM", "").lower().replace(" ", "").replace("_", "")
    for key, name in _DATUMS.items():
        if key in words:
            return name, "the file's tag VERTICAL_DATUM"
    try:
        crs = CRS.from_user_input(source.grid.crs)
    except CRSError:
        return "", ""
    words = crs.name.lower().replace(" ", "")
    for key in ("egm2008", "egm96"):
        if key in words and crs.is_compound:
            return key, "the file's compound CRS"
    return ("ellipsoid", "the file's three-dimensional CRS") if len(crs.axis_info) == 3 else ("", "")


def _datum_finding(source: RasterSource, datum: str, who: str) -> Finding:
    if datum:
        return Finding("ok", "height", f"heights of {source.path.name} count from {datum}, says {who}")
    text = (
        f"nobody says what the heights of {source.path.name} are measured from (GAMMA's map header names only the "
        "horizontal datum); they are shown, and used for angles and height errors, where up to 110 m hardly matter; "
        "inputs.dem_datum says it"
    )
    return Finding("note", "height", text)


def _horizontal(crs_text: str) -> str:
    """Return the horizontal part of a CRS as authority code where it has one."""
    try:
        crs = CRS.from_user_input(crs_text)
    except CRSError:
        return crs_text
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    authority = crs.to_2d().to_authority() if len(crs.axis_info) == 3 else crs.to_authority()
    return ":".join(authority) if authority else crs_text


def _check_range(raster: FilledRaster) -> None:
    n_rows, n_cols = raster.shape
    for row in {0, n_rows // 2, n_rows - 1}:
        values = raster.window(range(row, row + 1), range(n_cols))
        bad = values[(values < -600.0) | (values > 9000.0)]
        if bad.size:
            raise UnitError(
                f"{raster.raster.path} holds a height of {float(bad.flat[0]):g}",
                expected="metres, -600 to 9000, and a declared no-data value",
                hint="declare the no-data value, or export the DEM in metres",
            )


def check_map_header(files: GammaFiles, grid: MapGrid) -> tuple[MapHeader | None, tuple[Finding, ...]]:
    """Compare the map parameter file with the rasters' grid.

    Returns
    -------
    MapHeader or None, tuple of Finding
        The header, where it is of the same size as the rasters.

    Notes
    -----
    Exporters differ on whether the corner is the first pixel's centre or outer corner, half a pixel apart; the
    rasters' own transform is used.
    """
    if not files.map_headers:
        return None, ()
    header = read_map_header(files.map_headers[0])
    name = header.path.name
    if (header.rows, header.cols) != tuple(grid.shape):
        text = f"{name} is of {header.rows} x {header.cols} pixels, the rasters of {grid.shape.rows} x {grid.shape.cols}"
        return None, (Finding("warning", "grid", text + ": it is of another grid and not used"),)
    findings = []
    if header.corner is not None:
        off = (
            abs((header.corner[0] - grid.x_start) / grid.x_step),
            abs((header.corner[1] - grid.y_start) / grid.y_step),
        )
        text = f"the corner in {name} lies {off[0]:.3f} columns and {off[1]:.3f} rows from the rasters' outer corner"
        level = "ok" if max(off) < 1e-3 else "note" if max(abs(v - 0.5) for v in off) < 0.01 else "warning"
        findings.append(
            Finding(level, "grid", text + ("" if level == "ok" else "; the rasters' own is used"))
        )
    if header.height_offset:
        text = f"{name} says DEM_hgt_offset {header.height_offset:g} m; it is not added to the heights of the raster"
        findings.append(Finding("warning", "height", text))
    return header, tuple(findings)
