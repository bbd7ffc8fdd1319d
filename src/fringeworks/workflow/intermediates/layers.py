"""What each step left that can be written: its name, unit, and what chooses one image of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import zarr

from fringeworks.errors import RequestError
from fringeworks.io.store import StepFolder
from fringeworks.model.layers import LAYERS
from fringeworks.workflow.intermediates.opened import OpenedRun

Place = Literal["burst", "image", "overlap", "looked", "map", "values"]
"""burst: samples of one burst; image: bursts joined; overlap: what two bursts share; looked: averaged, in radar
geometry; map: on the map; values: no image, numbers as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLayer:
    """One thing that can be written.

    Attributes
    ----------
    step, name : str
        Step, and name of the layer.
    place : str
        Which geometry it lies in.
    by : tuple of str
        What chooses one image: ``date``, ``pair``, ``burst``.
    unit : str
        UDUNITS spelling.
    meaning : str
        One sentence.
    array : str
        Name in the store; empty where it is computed.
    """

    step: str
    name: str
    place: Place
    by: tuple[str, ...]
    unit: str
    meaning: str
    array: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "by": list(self.by)}


_AWAY: Final = "positive = away from the satellite at the later date"
_TOWARD: Final = "positive = toward the satellite at the later date"


def _layer(
    step: str, name: str, place: Place, by: str, unit: str, meaning: str, *, array: str = ""
) -> StepLayer:
    return StepLayer(
        step=step, name=name, place=place, by=tuple(by.split()), unit=unit, meaning=meaning, array=array
    )


_RADAR: Final = (
    _layer("heights", "height", "burst", "burst", "m", "height above the ellipsoid behind each sample"),
    _layer("heights", "longitude", "burst", "burst", "degree", "longitude behind each sample; needs the images"),
    _layer("heights", "latitude", "burst", "burst", "degree", "latitude behind each sample; needs the images"),
    _layer("coregister", "samples", "burst", "date burst", "1", "aligned samples, flat earth and topography taken out"),
    _layer("coregister", "image", "image", "date", "1", "the same of all bursts and sub-swaths, joined"),
    _layer("coregister", "interferogram", "burst", "pair burst", "1", f"reference times conjugate of secondary at full resolution, {_AWAY}"),
    _layer("coregister", "interferogram_image", "image", "pair", "1", f"the same of all bursts and sub-swaths, joined, {_AWAY}"),
    _layer("coregister", "original", "burst", "date burst", "1", "samples as they stand in the product, before anything is done; needs the images"),
    _layer("coregister", "removed_phase", "burst", "date burst", "rad", "flat earth and topography: phase taken out of an interferogram of the reference date with this one; needs the images"),
    _layer("coregister", "line_offset", "burst", "date burst", "1", "lines by which ground lies later in this date's burst than in the reference date's; needs the images"),
    _layer("coregister", "sample_offset", "burst", "date burst", "1", "the same in samples; needs the images"),
    _layer("coregister", "perpendicular_baseline", "burst", "date burst", "m", "from the reference date; needs the images"),
    _layer("interferograms", "phase", "looked", "pair", "rad", f"wrapped, flat earth and topography taken out, {_AWAY}", array="phasor"),
    _layer("interferograms", "phasor", "looked", "pair", "1", "the same as a complex number of magnitude one", array="phasor"),
    _layer("interferograms", "coherence", "looked", "pair", "1", "freed of its bias", array="coherence"),
    _layer("interferograms", "amplitude", "looked", "pair", "1", "root of the mean intensity of the two images", array="amplitude"),
    _layer("filter", "phase", "looked", "pair", "rad", f"wrapped and filtered, {_AWAY}", array="filtered"),
    _layer("filter", "phasor", "looked", "pair", "1", "the same as a complex number", array="filtered"),
    *(
        layer
        for step in ("unwrap", "repair")
        for layer in (
            _layer(step, "phase", "looked", "pair", "rad", f"unwrapped, {_AWAY}", array="phase"),
            _layer(step, "displacement", "looked", "pair", "m", f"-wavelength / (4 pi) phase, {_TOWARD}", array="phase"),
            _layer(step, "components", "looked", "pair", "1", "region that was unwrapped as one; 0 = none", array="components"),
        )
    ),
)  # fmt: skip
_SHARED: Final = "samples of two bursts where both see the same ground, before alignment is refined; bands: upper, lower burst"
_UNITS: Final = {"phase": "rad", "slant_range": "m", "incidence": "rad", "wrapped": "1", "filtered": "1"}
"""Units in the store of arrays whose name in the table of layers means another unit, or which it does not hold."""
_MAP_AXES: Final = {"geocode": "pair", "lookup": ""}
"""What chooses one image of arrays on the map whose axes are not named in the store."""


def layers_of(run: OpenedRun, step: str = "") -> tuple[StepLayer, ...]:
    """Return what can be written of a step, or of all finished steps.

    Raises
    ------
    UnknownStepError
        The step is not finished in this run.
    """
    names = (step,) if step else run.finished()
    return tuple(layer for name in names for layer in _of_step(run, run.step(name)))


def layer_named(run: OpenedRun, step: str, name: str, *, given: frozenset[str]) -> StepLayer:
    """Return a layer of a step; without a name the first that is chosen by what is given.

    Raises
    ------
    RequestError
        The step has no such layer, or none at all.
    """
    offered = layers_of(run, step)
    if not offered:
        raise RequestError(f"step {step!r} left nothing that can be written", expected="another step")
    if name:
        match = next((layer for layer in offered if layer.name == name), None)
        if match is None:
            listed = ", ".join(layer.name for layer in offered)
            raise RequestError(f"step {step!r} has no layer {name!r}", expected=f"one of {listed}")
        return match
    return next((layer for layer in offered if given <= set(layer.by)), offered[0])


def _of_step(run: OpenedRun, folder: StepFolder) -> list[StepLayer]:
    found = [
        layer
        for layer in _RADAR
        if layer.step == folder.name and (not layer.array or folder.has(layer.array))
    ]
    if folder.name == "overlaps":
        found.append(_layer("overlaps", "samples", "overlap", "date burst", "1", _SHARED))
    if not found:
        found = _on_map(run, folder)
    values = sorted((folder.folder / "values").glob("*.json"))
    return found + [
        _layer(folder.name, p.stem, "values", "", "1", "numbers of the step, as JSON")
        for p in values
        if not _named(found, p.stem)
    ]


def _named(layers: list[StepLayer], name: str) -> bool:
    return any(layer.name == name for layer in layers)


def _on_map(run: OpenedRun, folder: StepFolder) -> list[StepLayer]:
    """Return the arrays of a step that lie on the map."""
    grid = run.grid
    if grid is None:
        return []
    found = []
    for path in sorted((folder.folder / "data.zarr").glob("*/zarr.json")):
        array = zarr.open_array(str(path.parent), mode="r")
        if tuple(array.shape[-2:]) != tuple(grid.shape):
            continue
        by = _map_axis(folder.name, path.parent.name, array)
        name = path.parent.name
        found.append(
            _layer(
                folder.name,
                name,
                "map",
                by,
                unit_on_map(name),
                "on the map, as kept in the store",
                array=name,
            )
        )
    return found


def unit_on_map(name: str) -> str:
    """Return the unit that an array on the map is kept in."""
    return _UNITS[name] if name in _UNITS else LAYERS[name].unit if name in LAYERS else "1"


def _map_axis(step: str, name: str, array: Any) -> str:
    named = array.metadata.dimension_names
    if len(array.shape) == 2 or name == "los_enu":
        return ""
    return str(named[0]) if named and named[0] in {"date", "pair"} else _MAP_AXES.get(step, "")
