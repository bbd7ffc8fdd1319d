"""One image of one step, chosen by layer, date, pair and burst, written as GeoTIFF; numbers as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fringeworks.errors import MissingInputError, RequestError
from fringeworks.io.plain_raster import Picture, write_picture
from fringeworks.io.store import write_json
from fringeworks.model.grids import Shape, Window
from fringeworks.model.tally import Tally
from fringeworks.workflow.intermediates.geometry_images import geometry_picture
from fringeworks.workflow.intermediates.ground_points import ground_points
from fringeworks.workflow.intermediates.layers import StepLayer, layer_named
from fringeworks.workflow.intermediates.opened import OpenedRun, chosen
from fringeworks.workflow.intermediates.radar_images import (
    Piece,
    burst_pieces,
    height_pieces,
    joined_pieces,
    joined_window,
    looked_picture,
    strips,
)
from fringeworks.workflow.scenes.layout import FrameLayout
from fringeworks.workflow.tasks.places import open_samples, read_samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A file that was written.

    Attributes
    ----------
    path : Path
        The file.
    layer : StepLayer
        What is in it.
    chosen : mapping of str to str
        Date, pair and burst.
    shape : Shape
        Rows and columns; (0, 0) for numbers.
    dtype : str
        Type of the values.
    tally : Tally
        Pixels, and how many hold a value.
    """

    path: Path
    layer: StepLayer
    chosen: Mapping[str, str]
    shape: Shape
    dtype: str
    tally: Tally

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "path": str(self.path),
            "step": self.layer.step,
            "layer": self.layer.name,
            "unit": self.layer.unit,
            "meaning": self.layer.meaning,
            **dict(self.chosen),
            "shape": list(self.shape),
            "dtype": self.dtype,
            "tally": self.tally.as_dict(),
        }


def export_intermediate(
    run: OpenedRun,
    to: Path,
    *,
    step: str,
    layer: str = "",
    choice: Mapping[str, str] | None = None,
    in_parts: bool = False,
) -> Exported:
    """Write one image of a step.

    Parameters
    ----------
    run : OpenedRun
        The run.
    to : Path
        File to write: GeoTIFF, or JSON for numbers.
    step, layer : str
        Which step, and which of its layers; the first that fits where none is named.
    choice : mapping of str to str
        ``date`` (ISO), ``pair`` (YYYYMMDD_YYYYMMDD), ``burst`` (its name); what has only one value need not be given.
    in_parts : bool
        Write complex values as two bands, real and imaginary, instead of one complex band.

    Raises
    ------
    RequestError
        Something is chosen that is not there, or nothing of several.
    MissingInputError
        The run does not hold what is needed, or its images are not there any more.
    """
    wanted = {name: value for name, value in (choice or {}).items() if value}
    found = layer_named(run, step, layer, given=frozenset(wanted))
    useless = sorted(set(wanted) - set(found.by))
    if useless:
        fit = f"{' and '.join(found.by)}" if found.by else "nothing to choose"
        raise RequestError(f"--{useless[0]} with layer {found.name!r} of step {step!r}", expected=fit)
    if found.place == "values":
        write_json(to, run.values(step, found.name))
        return _exported(to, found, {}, Shape(0, 0), "json", 0)
    picture, names = _picture(run, found, wanted)
    tags = {
        "STEP": step,
        "LAYER": found.name,
        "UNITS": found.unit,
        "MEANING": found.meaning,
        **{name.upper(): value for name, value in names.items()},
    }
    picture = replace(picture, tags={**tags, **picture.tags})
    if in_parts and np.dtype(picture.dtype).kind == "c":
        picture = _in_parts(picture)
    n_valid = write_picture(to, picture)
    return _exported(to, found, names, picture.shape, picture.dtype, n_valid)


def _exported(
    to: Path, layer: StepLayer, names: Mapping[str, str], shape: Shape, dtype: str, n_valid: int
) -> Exported:
    tally = Tally("pixels", shape.size, n_valid, {"no data": shape.size - n_valid})
    return Exported(path=to, layer=layer, chosen=names, shape=shape, dtype=dtype, tally=tally)


def _in_parts(picture: Picture) -> Picture:
    def pieces() -> Iterator[Piece]:
        for window, values in picture.pieces:
            yield window, np.stack([values.real, values.imag])

    return replace(picture, dtype="float32", band_names=("real", "imaginary"), pieces=pieces())


def _picture(run: OpenedRun, layer: StepLayer, wanted: Mapping[str, str]) -> tuple[Picture, dict[str, str]]:
    if layer.place == "map":
        return _map_picture(run, layer, wanted)
    if layer.place == "looked":
        index = chosen("pair", wanted.get("pair", ""), run.pairs)
        picture = looked_picture(run, layer, index)
        looks = run.looks
        cover = Window(0, 0, picture.shape.rows * looks.azimuth, picture.shape.cols * looks.range)
        tags = {"LOOKS_AZIMUTH": str(looks.azimuth), "LOOKS_RANGE": str(looks.range)}
        placed = _placed(run, replace(picture, tags=tags), cover, (looks.azimuth, looks.range))
        return placed, {"pair": run.pairs[index]}
    if layer.place == "overlap":
        return _overlap_picture(run, layer, wanted)
    return _sample_picture(run, layer, wanted)


def _sample_picture(
    run: OpenedRun, layer: StepLayer, wanted: Mapping[str, str]
) -> tuple[Picture, dict[str, str]]:
    """Return an image at full resolution: of a burst, or of all of them."""
    layout = run.layout
    dates, names = _dates(run, layout, layer, wanted)
    if layer.place == "image":
        cover = joined_window(layout)
        pieces = joined_pieces(run, layout, dates, cover=cover)
        return _placed(run, Picture(shape=cover.shape, dtype="complex64", pieces=pieces), cover), names
    known = [b.name for b in layout.bursts]
    burst = layout.bursts[chosen("burst", wanted.get("burst", ""), known)]
    names["burst"] = burst.name
    shape = burst.stored.shape
    if layer.name in {"samples", "interferogram"}:
        pieces = burst_pieces(run.step("coregister"), burst, dates)
        return _placed(run, Picture(shape=shape, dtype="complex64", pieces=pieces), burst.stored), names
    if layer.name == "height":
        pieces = height_pieces(run.step("heights"), burst)
        picture = Picture(shape=shape, dtype="float32", pieces=pieces, units=layer.unit)
        return _placed(run, picture, burst.stored), names
    picture = geometry_picture(run, layer, burst, date=dates[0] if dates else 0)
    return (picture if layer.name == "original" else _placed(run, picture, burst.stored)), names


def _dates(
    run: OpenedRun, layout: FrameLayout, layer: StepLayer, wanted: Mapping[str, str]
) -> tuple[tuple[int, ...], dict[str, str]]:
    """Return the indices of the date, or of the two dates, that are meant, and their names."""
    days = [d.isoformat() for d in layout.dates]
    if "date" in layer.by:
        index = chosen("date", wanted.get("date", ""), days)
        return (index,), {"date": days[index]}
    if "pair" not in layer.by:
        return (), {}
    text = wanted.get("pair", "")
    ends = [f"{part[:4]}-{part[4:6]}-{part[6:]}" for part in text.replace("-", "").split("_")]
    if len(ends) != 2 or any(end not in days for end in ends) or ends[0] >= ends[1]:
        pairs = run.pairs
        listed = f"such as {pairs[0]}" if pairs else "YYYYMMDD_YYYYMMDD"
        raise RequestError(
            f"no pair {text!r}" if text else "no pair is named",
            expected=f"two dates of {', '.join(days)}, the earlier first, {listed}",
        )
    first, second = (days.index(end) for end in ends)
    return (first, second), {"pair": text.replace("-", "")}


def _placed(run: OpenedRun, picture: Picture, cover: Window, looks: tuple[int, int] = (1, 1)) -> Picture:
    """Say where an image in radar geometry lies: on the common grid, and on the map where that is known."""
    layout = run.layout
    grid = layout.grid
    tags = {
        "FIRST_LINE": str(cover.row),
        "FIRST_SAMPLE": str(cover.col),
        "RADAR_EPOCH": grid.epoch,
        "AZIMUTH_START_S": repr(grid.azimuth_start),
        "LINE_INTERVAL_S": repr(grid.azimuth_step),
        "RANGE_START_M": repr(grid.range_start),
        "SAMPLE_SPACING_M": repr(grid.range_step),
        "WAVELENGTH_M": repr(layout.wavelength),
        "REFERENCE_DATE": layout.reference.isoformat(),
        "POLARISATION": layout.polarisation,
    }
    points, crs = ground_points(run, cover=cover, looks=looks)
    return replace(picture, tags={**tags, **picture.tags}, points=points, points_crs=crs)


def _overlap_picture(
    run: OpenedRun, layer: StepLayer, wanted: Mapping[str, str]
) -> tuple[Picture, dict[str, str]]:
    rows = run.values("overlaps", "strips") or []
    row = rows[chosen("burst", wanted.get("burst", ""), [r["array"] for r in rows])]
    days = [d.isoformat() for d in run.layout.dates]
    date = chosen("date", wanted.get("date", ""), days)
    array = open_samples(run.step("overlaps"), row["array"])
    shape = Shape(*array.shape[2:4])

    def pieces() -> Iterator[Piece]:
        for window in strips(shape):
            yield window, read_samples(array, (date, slice(None), *window.slices))

    tags = {"FIRST_LINE": str(row["lines"][0]), "PIECES": str(row["columns"])}
    picture = Picture(
        shape=shape,
        dtype="complex64",
        pieces=pieces(),
        band_names=tuple(row["bursts"]),
        units=layer.unit,
        tags=tags,
    )
    return picture, {"date": days[date], "burst": row["array"]}


def _map_picture(
    run: OpenedRun, layer: StepLayer, wanted: Mapping[str, str]
) -> tuple[Picture, dict[str, str]]:
    grid = run.grid
    if grid is None:
        raise MissingInputError(
            "the run does not say where its map lies", hint="run it again with --from lookup"
        )
    array: Any = run.step(layer.step).array(layer.array)
    names: dict[str, str] = {}
    key: tuple[Any, ...] = () if len(array.shape) == 2 else (slice(None),)
    bands: tuple[str, ...] = ("",) if len(array.shape) == 2 else tuple(str(k) for k in range(array.shape[0]))
    for what, known in (("pair", run.pairs), ("date", [d.isoformat() for d in run.dates])):
        if what in layer.by:
            index = chosen(what, wanted.get(what, ""), known)
            names[what], key, bands = known[index], (index,), ("",)
    if layer.name == "los_enu":
        bands = ("east", "north", "up")

    def pieces() -> Iterator[Piece]:
        for window in strips(grid.shape):
            yield window, np.asarray(array[(*key, *window.slices)])

    return (
        Picture(
            shape=grid.shape,
            dtype=np.dtype(array.dtype).name,
            pieces=pieces(),
            band_names=bands,
            units=layer.unit,
            grid=grid,
        ),
        names,
    )
