"""Images in radar geometry from the store: samples of bursts, joined images, interferograms, strip by strip."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.io.plain_raster import Picture
from fringeworks.io.store import StepFolder
from fringeworks.model.grids import Shape, Window
from fringeworks.numerics.interpolate import sample_image
from fringeworks.tops.frame import intersection
from fringeworks.workflow.intermediates.layers import StepLayer
from fringeworks.workflow.intermediates.opened import OpenedRun
from fringeworks.workflow.scenes.layout import FrameLayout, StoredBurst
from fringeworks.workflow.tasks.places import POSTING, open_samples, read_samples

LINES: Final = 64
"""Lines that are held at a time."""

Piece = tuple[Window, NDArray[Any]]


def strips(shape: Shape) -> Iterator[Window]:
    """Cut an image into strips of its whole width."""
    for row in range(0, shape.rows, LINES):
        yield Window(row, 0, min(LINES, shape.rows - row), shape.cols)


def burst_pieces(folder: StepFolder, burst: StoredBurst, dates: tuple[int, ...]) -> Iterator[Piece]:
    """Give the samples of one date, or first times conjugate of second of two, strip by strip."""
    samples = open_samples(folder, burst.name)
    for window in strips(burst.stored.shape):
        yield window, _of_dates(samples, dates, window.slices[0], window.slices[1])


def _of_dates(samples: Any, dates: tuple[int, ...], rows: slice, cols: slice) -> NDArray[np.complex64]:
    first = read_samples(samples, (dates[0], rows, cols))
    if len(dates) == 1:
        return first
    return np.asarray(first * np.conj(read_samples(samples, (dates[1], rows, cols))), np.complex64)


def joined_window(layout: FrameLayout) -> Window:
    """Return the part of the common grid that the joined image covers: the box around all that bursts give to it."""
    parts = [part for b in layout.bursts if (part := intersection(b.keep, b.stored)) is not None]
    row, col = min(p.row for p in parts), min(p.col for p in parts)
    end, side = max(p.row + p.rows for p in parts), max(p.col + p.cols for p in parts)
    return Window(row, col, end - row, side - col)


def joined_pieces(
    run: OpenedRun, layout: FrameLayout, dates: tuple[int, ...], *, cover: Window
) -> Iterator[Piece]:
    """Give the image that bursts and sub-swaths make together, strip by strip; NaN where none gives a sample.

    The phase steps between sub-swaths that step ``joins`` found are taken out where that step is done, as they are
    before interferograms are averaged.
    """
    folder = run.step("coregister")
    opened = {b.name: open_samples(folder, b.name) for b in layout.bursts}
    phases = run.values("joins", "phases") or {}
    for window in strips(cover.shape):
        out = np.full(tuple(window.shape), complex(math.nan, math.nan), np.complex64)
        place = Window(cover.row + window.row, cover.col, window.rows, window.cols)
        for burst in layout.bursts:
            kept = intersection(burst.keep, burst.stored)
            part = None if kept is None else intersection(kept, place)
            if part is None:
                continue
            rows = slice(part.row - burst.stored.row, part.row - burst.stored.row + part.rows)
            cols = slice(part.col - burst.stored.col, part.col - burst.stored.col + part.cols)
            values = _of_dates(opened[burst.name], dates, rows, cols)
            turn = _turn(phases, layout, dates, burst.swath)
            inside = Window(part.row - place.row, part.col - place.col, part.rows, part.cols)
            out[inside.slices] = values if turn == 1 else values * np.complex64(turn)
        yield window, out


def _turn(phases: dict[str, float], layout: FrameLayout, dates: tuple[int, ...], swath: str) -> complex:
    """Return the factor that takes the steps between sub-swaths out of one date, or out of an interferogram of two."""
    steps = [float(phases.get(f"{layout.dates[d].isoformat()} {swath}", 0.0)) for d in dates]
    return cmath.exp(1j * (steps[0] - (steps[1] if len(steps) == 2 else 0.0)))


def heights_of(folder: StepFolder, burst: StoredBurst, window: Window) -> NDArray[np.float64]:
    """Return the height behind each sample of a window of a burst's stored samples [m], from those at the nodes."""
    nodes = np.asarray(folder.array(burst.name)[:, :])
    row = (window.row + np.arange(window.rows)) / POSTING[0]
    col = (window.col + np.arange(window.cols)) / POSTING[1]
    return sample_image(nodes, row[:, None], col=col[None])


def height_pieces(folder: StepFolder, burst: StoredBurst) -> Iterator[Piece]:
    """Give the height behind each sample of a burst, strip by strip."""
    for window in strips(burst.stored.shape):
        yield window, heights_of(folder, burst, window).astype(np.float32)


def looked_picture(run: OpenedRun, layer: StepLayer, index: int) -> Picture:
    """Return the image of one pair in averaged radar geometry."""
    array: Any = run.step(layer.step).array(layer.array)
    change, dtype = _change(run, layer, np.dtype(array.dtype))
    shape = Shape(*array.shape[-2:])

    def pieces() -> Iterator[Piece]:
        for window in strips(shape):
            yield window, change(np.asarray(array[(index, *window.slices)]))

    return Picture(shape=shape, dtype=dtype, pieces=pieces(), units=layer.unit)


def _change(
    run: OpenedRun, layer: StepLayer, stored: np.dtype[Any]
) -> tuple[Callable[[NDArray[Any]], NDArray[Any]], str]:
    if layer.name == "phase" and stored.kind == "c":
        return lambda values: np.angle(values).astype(np.float32), "float32"
    if layer.name == "displacement":
        metre = -run.layout.wavelength / (4.0 * math.pi)
        return lambda values: np.asarray(values * np.float32(metre), np.float32), "float32"
    return lambda values: values, stored.name
