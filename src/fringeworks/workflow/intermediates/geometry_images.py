"""Images of a burst that orbits and heights give: coordinates, offsets, removed phase; and its original samples."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import RequestError
from fringeworks.io.plain_raster import Picture
from fringeworks.model.grids import Window
from fringeworks.numerics.boxpolynomial import BoxPolynomial
from fringeworks.tops.alignment import fit_ground, fit_offsets
from fringeworks.workflow.intermediates.layers import StepLayer
from fringeworks.workflow.intermediates.opened import OpenedRun
from fringeworks.workflow.intermediates.radar_images import Piece, heights_of, strips
from fringeworks.workflow.scenes import SceneStack, survey_scenes
from fringeworks.workflow.scenes.layout import StoredBurst
from fringeworks.workflow.status import config_of
from fringeworks.workflow.tasks.aligning import DatedBurst
from fringeworks.workflow.tasks.specs import dated_burst, shift_of

GROUND: Final = ("longitude", "latitude")
"""Layers of the ground behind a burst, in the order in which the polynomial has them."""
_OFFSETS: Final = {"line_offset": 0, "sample_offset": 1, "removed_phase": 2, "perpendicular_baseline": 3}


def scenes_of(run: OpenedRun) -> SceneStack:
    """Open the images of a run again, as its configuration names them.

    Raises
    ------
    InputRefusedError
        They are not there any more.
    """
    return survey_scenes(config_of(run.output))


def geometry_picture(run: OpenedRun, layer: StepLayer, burst: StoredBurst, *, date: int) -> Picture:
    """Return an image that is computed from orbits and heights as the run computes it.

    Parameters
    ----------
    run : OpenedRun
        Its images have to be where its configuration names them.
    layer : StepLayer
        Which.
    burst : StoredBurst
        Of the common grid.
    date : int
        Index of the date; of no matter for coordinates.

    Raises
    ------
    RequestError
        The date does not hold the burst.
    InputRefusedError
        The images are not there any more.
    """
    scenes = scenes_of(run)
    if layer.name in GROUND:
        return _ground_picture(run, scenes, layer, burst)
    spec = dated_burst(scenes, store=str(run.store.folder), name=burst.name, date=date)
    if spec is None:
        raise RequestError(
            f"{scenes.days[date]} does not hold burst {burst.name}", expected="another date or burst"
        )
    if layer.name == "original":
        return _original_picture(spec)
    return _offset_picture(run, scenes, spec, layer, burst)


def _ground_picture(run: OpenedRun, scenes: SceneStack, layer: StepLayer, burst: StoredBurst) -> Picture:
    whole = next(b.window for b in scenes.frame.bursts if b.name == burst.name)
    seen_by = scenes.dates[scenes.reference].seen_by
    ground = fit_ground(scenes.frame.grid, seen_by, window=whole, heights=scenes.heights)
    number = GROUND.index(layer.name)

    def pieces() -> Iterator[Piece]:
        for window in strips(burst.stored.shape):
            yield window, np.degrees(_evaluated(run, ground, number, burst, window))

    return Picture(shape=burst.stored.shape, dtype="float64", pieces=pieces(), units=layer.unit)


def _evaluated(
    run: OpenedRun, polynomial: BoxPolynomial, number: int, burst: StoredBurst, window: Window
) -> NDArray[np.float64]:
    lines = burst.stored.row + window.row + np.arange(window.rows, dtype=np.float64)
    samples = burst.stored.col + window.col + np.arange(window.cols, dtype=np.float64)
    heights = heights_of(run.step("heights"), burst, window)
    return polynomial.on_grid(number, x=lines, y=samples, z=heights)


def _offset_picture(
    run: OpenedRun, scenes: SceneStack, spec: DatedBurst, layer: StepLayer, burst: StoredBurst
) -> Picture:
    window = next(b.window for b in spec.frame.bursts if b.name == spec.name)
    offsets = fit_offsets(
        spec.frame.grid,
        spec.reference,
        secondary=spec.secondary,
        secondary_grid=spec.source.burst().grid,
        window=window,
        heights=spec.heights,
    ).polynomial
    number = _OFFSETS[layer.name]
    shift = (0.0, 0.0)
    found = run.values("diversity", "shifts")
    if found and number < 2:
        shift = shift_of(found, day=scenes.days[spec.date].isoformat(), swath=burst.swath, burst=spec.name)

    def pieces() -> Iterator[Piece]:
        for strip in strips(burst.stored.shape):
            values = _evaluated(run, offsets, number, burst, strip)
            if number == 0:
                values += (
                    shift[0] - (burst.stored.row - window.row + strip.row + np.arange(strip.rows))[:, None]
                )
            elif number == 1:
                values += shift[1] - (burst.stored.col - window.col + np.arange(strip.cols))[None]
            elif number == 2:
                values *= 4.0 * math.pi / spec.wavelength
            yield strip, values

    return Picture(shape=burst.stored.shape, dtype="float64", pieces=pieces(), units=layer.unit)


def _original_picture(spec: DatedBurst) -> Picture:
    grid, source = spec.source.burst().grid, spec.source.integers()
    tags = {
        "RADAR_EPOCH": grid.epoch,
        "AZIMUTH_START_S": repr(grid.azimuth_start),
        "LINE_INTERVAL_S": repr(grid.azimuth_step),
        "RANGE_START_M": repr(grid.range_start),
        "SAMPLE_SPACING_M": repr(grid.range_step),
        "PRODUCT": spec.source.product,
        "BURST_INDEX": str(spec.source.index),
    }

    def pieces() -> Iterator[Piece]:
        for window in strips(grid.shape):
            parts: NDArray[Any] = np.asarray(source[(*window.slices, slice(None))], np.float32)
            yield window, np.ascontiguousarray(parts).view(np.complex64)[..., 0]

    return Picture(shape=grid.shape, dtype="complex64", pieces=pieces(), tags=tags)
