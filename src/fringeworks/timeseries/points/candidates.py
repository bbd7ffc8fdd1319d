"""Candidates for persistent scatterers: steady, stronger than the ground around them, one a resolution cell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.grids import Shape, Window
from fringeworks.model.tally import Tally
from fringeworks.timeseries.points.candidates_kernels import (
    find_side_lobes,
    find_strongest,
    measure_clutter,
    place_peaks,
)
from fringeworks.timeseries.points.dispersion import AmplitudeSums
from fringeworks.timeseries.points.options import CandidateOptions

Singles = NDArray[np.float32]
Numbers = NDArray[np.int64]

GUARD_CELLS = 2.0
"""Resolution cells around a candidate, and along its side lobes, that are not clutter."""
CLUTTER_CELLS = 7.0
"""Resolution cells to each side over which clutter is measured."""
LEAST_STD = 0.02
"""Smallest sigma of a phase that amplitudes are believed about [rad]: oscillators and coregistration do the rest."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Samples that may be persistent scatterers.

    Attributes
    ----------
    row, col : int64, (candidate)
        Sample in the block that was given; ascending.
    line, sample : float64, (candidate)
        Place of the peak in that block, to a fraction of a sample.
    amplitude, dispersion : float32, (candidate)
        Mean amplitude, and its standard deviation over its mean.
    signal_to_clutter : float32, (candidate)
        Power of the scatterer over that of the ground around; NaN where there is too little ground to compare with.
    phase_std : float32, (candidate)
        Sigma of the phase [rad]: root mean square of the dispersion and of 1 / sqrt(2 signal_to_clutter).
    tally : Tally
        Of samples.
    """

    row: Numbers
    col: Numbers
    line: NDArray[np.float64]
    sample: NDArray[np.float64]
    amplitude: Singles
    dispersion: Singles
    signal_to_clutter: Singles
    phase_std: Singles
    tally: Tally

    def __len__(self) -> int:
        return int(self.row.size)


def candidate_halo(options: CandidateOptions) -> Shape:
    """Return the lines and samples around a block that decide about the candidates in it."""
    reach = max(options.side_lobe_reach, CLUTTER_CELLS) + 1.0
    return Shape(math.ceil(reach * options.resolution_lines), math.ceil(reach * options.resolution_samples))


def find_candidates(
    sums: AmplitudeSums, *, options: CandidateOptions, keep: Window | None = None
) -> Candidates:
    """Choose the samples of a block that may be persistent scatterers.

    Parameters
    ----------
    sums : AmplitudeSums
        Of all dates, of calibrated amplitudes, over the block and its halo (:func:`candidate_halo`).
    options : CandidateOptions
        Limits and resolution.
    keep : Window, optional
        Part of the block whose candidates are wanted; all of it where it is not given.

    Returns
    -------
    Candidates

    Raises
    ------
    OutOfRangeError
        ``keep`` is not inside the block.

    Notes
    -----
    A candidate has, in this order: enough dates; a dispersion below the limit; the largest mean amplitude among such
    samples of its resolution cell, since images are sampled more finely than they resolve and a scatterer shows in
    several samples; no much stronger sample on the same line or column, whose side lobe it may be; and a mean power above
    that of the ground around by the ratio asked for.  The sigma of a phase with signal-to-clutter ratio R is
    1 / sqrt(2 R), and the dispersion tends to the same number [Ferretti2001, Adam2004]; both are estimates with errors of
    their own, and their mean square is used.
    """
    rows, cols = sums.total.shape
    inside = keep or Window(0, 0, rows, cols)
    if inside.row < 0 or inside.col < 0 or inside.row + inside.rows > rows or inside.col + inside.cols > cols:
        raise OutOfRangeError(f"{inside} to keep", expected=f"a window of the {rows} x {cols} samples given")
    steady = sums.dispersion()
    enough = sums.count >= options.minimum_dates
    with np.errstate(invalid="ignore", divide="ignore"):
        wanted = enough & (steady.dispersion <= options.dispersion)
        power = (sums.squares / sums.count).astype(np.float32)
    part = inside.slices
    row, col = (np.asarray(axis, np.int64) for axis in np.nonzero(wanted[part]))
    counts = {
        "too few dates": int(np.count_nonzero(~enough[part])),
        "amplitude varies": int(np.count_nonzero(enough[part])) - row.size,
    }
    row, col = row + inside.row, col + inside.col
    amplitude = np.nan_to_num(steady.mean)
    keepers = np.empty(row.size, np.bool_)
    cell = options.resolution_lines, options.resolution_samples
    find_strongest(amplitude, wanted, row, col, *cell, keepers)
    row, col = _drop(counts, "a stronger one in its resolution cell", ~keepers, row, col)
    lobes = np.empty(row.size, np.bool_)
    level = 10.0 ** (options.side_lobe_db / 20.0)
    find_side_lobes(amplitude, row, col, *cell, options.side_lobe_reach, level, lobes)
    row, col = _drop(counts, "side lobe of a stronger one", lobes, row, col)
    ratio = _signal_to_clutter(power, row, col, cell)
    weak = ~(np.nan_to_num(ratio, nan=np.inf) >= options.signal_to_clutter)
    row, col, ratio = *_drop(counts, "weak against the ground around", weak, row, col), ratio[~weak]
    line, sample = np.empty(row.size), np.empty(row.size)
    place_peaks(amplitude, row, col, line, sample)
    spread = steady.dispersion[row, col]
    return Candidates(
        row,
        col,
        line,
        sample,
        amplitude[row, col],
        spread,
        ratio,
        _phase_std(spread, ratio),
        Tally("samples", inside.rows * inside.cols, row.size, counts),
    )


def gather_phase(
    stack: NDArray[Any], row: Numbers, col: Numbers, *, reference: int = 0
) -> NDArray[np.float32]:
    """Read the phase of samples, of each date minus that of the reference date.

    Parameters
    ----------
    stack : complex64, (date, line, sample)
        Coregistered and flattened images; NaN and zero are missing.
    row, col : int64, (point)
        Samples.
    reference : int
        Index of the reference date.

    Returns
    -------
    float32, (date, point)
        Radians in (-pi, pi], positive toward the satellite; NaN where the date or the reference date is missing.

    Raises
    ------
    ShapeMismatchError
        The stack is not (date, line, sample).
    OutOfRangeError
        There is no such reference date.
    """
    if stack.ndim != 3:
        raise ShapeMismatchError(f"stack of shape {stack.shape}", expected="(date, line, sample)")
    if not 0 <= reference < len(stack):
        raise OutOfRangeError(f"reference date {reference}", expected=f"0 to {len(stack) - 1}")
    base = stack[reference][row, col]
    phase = np.empty((len(stack), row.size), np.float32)
    for date, image in enumerate(stack):
        product = image[row, col] * np.conj(base)
        phase[date] = np.where(np.abs(product) > 0, np.angle(product), np.nan)
    return phase


def _drop(
    counts: dict[str, int], reason: str, dropped: NDArray[np.bool_], row: Numbers, col: Numbers
) -> tuple[Numbers, Numbers]:
    counts[reason] = int(np.count_nonzero(dropped))
    return row[~dropped], col[~dropped]


def _signal_to_clutter(power: Singles, row: Numbers, col: Numbers, cell: tuple[float, float]) -> Singles:
    """Return power of candidates over that of the ground around, less the ground's share in their own."""
    guard = [math.ceil(GUARD_CELLS * size) for size in cell]
    outer = [math.ceil(CLUTTER_CELLS * size) for size in cell]
    clutter = np.empty(row.size, np.float32)
    measure_clutter(power, row, col, guard[0], guard[1], outer[0], outer[1], clutter)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.maximum(power[row, col] / clutter - 1.0, 0.0), np.float32)


def _phase_std(dispersion: Singles, ratio: Singles) -> Singles:
    with np.errstate(divide="ignore"):
        square = 0.5 / ratio.astype(float)
    square = np.where(np.isfinite(square), square, dispersion.astype(float) ** 2)
    std = np.sqrt(0.5 * (dispersion.astype(float) ** 2 + square))
    return np.maximum(std, LEAST_STD).astype(np.float32)
