"""Bursts in annotation: when each starts, where it lies in the raster, which of its samples are valid."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.io.safe.tree import Node
from fringeworks.model.grids import Window
from fringeworks.model.identity import Instant

MAX_SIDE: Final = 200_000
"""Largest number of lines or samples of a raster; strip map reaches some 60 000 lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstTiming:
    """One entry of the burst list.

    Attributes
    ----------
    start : Instant
        Zero-Doppler time of the first line.
    sensing : Instant
        Time of the first echo in raw data.
    since_node : float
        First line since the ascending node, as annotated [s].
    annotated_number : int, optional
        ESA's burst number within the repeat cycle, where the processor writes it (3.40 and later).
    first_valid, last_valid : int32, (line)
        First and last valid sample; -1 where a line has none.
    """

    start: Instant
    sensing: Instant
    since_node: float
    annotated_number: int | None
    first_valid: NDArray[np.int32]
    last_valid: NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """Size and sampling of a sub-swath's raster.

    Attributes
    ----------
    lines, samples : int
        Size.
    line_interval : float
        Between lines [s].
    first_line : Instant
        Zero-Doppler time of the first line.
    two_way_time : float
        To the first sample [s].
    sampling_rate : float
        Range sampling [Hz].
    """

    lines: int
    samples: int
    line_interval: float
    first_line: Instant
    two_way_time: float
    sampling_rate: float


def read_raster(root: Node) -> Raster:
    """Read size and sampling of the raster.

    Raises
    ------
    DamagedFileError
        A figure is missing or cannot be.
    """
    image = root.node("imageAnnotation/imageInformation")
    lines, samples = image.integer("numberOfLines"), image.integer("numberOfSamples")
    if not (0 < lines <= MAX_SIDE and 0 < samples <= MAX_SIDE):
        raise image.refuse(f"a raster of {lines} x {samples}", expected=f"1 to {MAX_SIDE} on each side")
    raster = Raster(
        lines=lines,
        samples=samples,
        line_interval=image.positive("azimuthTimeInterval"),
        first_line=image.instant("productFirstLineUtcTime"),
        two_way_time=image.positive("slantRangeTime"),
        sampling_rate=root.positive("generalAnnotation/productInformation/rangeSamplingRate"),
    )
    _check_sampling(image, raster)
    return raster


def _check_sampling(image: Node, raster: Raster) -> None:
    if not 1e-4 < raster.line_interval < 1e-2:
        raise image.refuse(f"lines every {raster.line_interval} s", expected="0.2 to 3 ms")
    if not 4e-3 < raster.two_way_time < 9e-3:
        raise image.refuse(f"a first echo after {raster.two_way_time} s", expected="5 to 7 ms")
    if not 1e7 < raster.sampling_rate < 2e8:
        raise image.refuse(f"range sampling at {raster.sampling_rate} Hz", expected="25 to 110 MHz")


def read_bursts(root: Node, raster: Raster) -> tuple[int, tuple[BurstTiming, ...]]:
    """Read the burst list.

    Returns
    -------
    lines_per_burst : int
        Lines of each burst.
    bursts : tuple of BurstTiming
        In order of time; empty where the product holds none (strip map).

    Raises
    ------
    DamagedFileError
        The list contradicts itself or the raster's size.
    """
    timing = root.node("swathTiming")
    records = timing.records("burstList/burst")
    if not records:
        return raster.lines, ()
    lines, samples = timing.integer("linesPerBurst"), timing.integer("samplesPerBurst")
    if lines < 1 or lines * len(records) != raster.lines or samples != raster.samples:
        raise timing.refuse(
            f"{len(records)} bursts of {lines} x {samples} in a raster of {raster.lines} x {raster.samples}",
            expected="bursts that fill the raster",
        )
    bursts = tuple(_read_burst(node, lines, samples) for node in records)
    for early, late in pairwise(bursts):
        if not 0 < late.start.seconds_since(early.start) < 3600:
            raise timing.refuse(
                f"a burst of {late.start} after one of {early.start}", expected="bursts in order of time"
            )
    offset = abs(bursts[0].start.seconds_since(raster.first_line))
    if offset > lines * raster.line_interval:
        raise timing.refuse(
            f"the first burst starts {offset:.3f} s off the raster's first line", expected="less than a burst"
        )
    return lines, bursts


def _read_burst(node: Node, lines: int, samples: int) -> BurstTiming:
    first = node.integers("firstValidSample", length=lines)
    last = node.integers("lastValidSample", length=lines)
    if (first < -1).any() or (last >= samples).any() or ((first < 0) != (last < 0)).any():
        raise node.refuse("valid samples outside the burst", expected=f"-1 or 0 to {samples - 1}")
    if (last < first).any():
        raise node.refuse("a last valid sample before the first")
    number = node.optional("burstId")
    start, sensing = node.instant("azimuthTime"), node.instant("sensingTime")
    if abs(sensing.seconds_since(start)) > 60:
        raise node.refuse(
            f"raw data of {sensing} for a burst of {start}", expected="less than a minute apart"
        )
    return BurstTiming(
        start=start,
        sensing=sensing,
        since_node=node.number("azimuthAnxTime"),
        annotated_number=None if number is None else node.integer("burstId"),
        first_valid=first,
        last_valid=last,
    )


def valid_window(first: NDArray[np.int32], last: NDArray[np.int32]) -> Window:
    """Return the window of the lines that have valid samples, and of the samples valid in all of them.

    Parameters
    ----------
    first, last : int32, (line)
        First and last valid sample; -1 where a line has none.

    Returns
    -------
    Window
        Empty where no line has a valid sample.
    """
    lines = np.flatnonzero(first >= 0)
    if lines.size == 0:
        return Window(0, 0, 0, 0)
    low, high = int(first[lines].max()), int(last[lines].min())
    # one contiguous run: the longest, should lines be missing inside
    breaks = np.flatnonzero(np.diff(lines) > 1)
    runs = np.split(lines, breaks + 1)
    longest = max(runs, key=len)
    return Window(int(longest[0]), low, len(longest), max(high - low + 1, 0))
