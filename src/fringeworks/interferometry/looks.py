"""Sums over looks: how those of pieces are joined, and what interferogram they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.arrays import ComplexImage, FloatImage
from fringeworks.model.grids import Looks, Shape
from fringeworks.model.tally import Tally

T = TypeVar("T", np.complex64, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LookSums:
    """Sums over cells of looks; cells are counted from the first line and sample of the whole image.

    Attributes
    ----------
    looks : Looks
        Lines and samples of a cell.
    row, col : int
        First cell.
    product : complex64, (row, col)
        Sum of reference times conjugate of secondary, geometric phase taken out.
    reference_power, secondary_power : float32, (row, col)
        Sums of squared magnitudes, over the same samples.
    count : float32, (row, col)
        Number of samples used (whole).
    """

    looks: Looks
    row: int
    col: int
    product: ComplexImage
    reference_power: FloatImage
    secondary_power: FloatImage
    count: FloatImage


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Interferogram:
    """An interferogram on the grid of its looks.

    Attributes
    ----------
    looks : Looks
        Lines and samples averaged.
    phasor : complex64, (line, sample)
        Mean of reference times conjugate of secondary, geometric phase taken out; its angle is the wrapped phase,
        positive = away from the satellite.  NaN in both parts where too few samples are valid.
    coherence : float32, (line, sample)
        Magnitude of the complex correlation over the looks, in [0, 1]; not corrected for bias.
    reference_amplitude, secondary_amplitude : float32, (line, sample)
        Root of mean power, in units of the images.
    tally : Tally
        Cells considered, used, rejected.
    """

    looks: Looks
    phasor: ComplexImage
    coherence: FloatImage
    reference_amplitude: FloatImage
    secondary_amplitude: FloatImage
    tally: Tally

    @property
    def amplitude(self) -> FloatImage:
        """Geometric mean of the two amplitudes, float32, (line, sample)."""
        return np.asarray(np.sqrt(self.reference_amplitude * self.secondary_amplitude), np.float32)


def join_sums(parts: Sequence[LookSums], *, shape: Shape) -> LookSums:
    """Add the sums of pieces of an image: bursts, sub-swaths, blocks.

    Parameters
    ----------
    parts : sequence of LookSums
        All of the same looks, in an order that the caller keeps (the bits depend on it where cells are shared).  They
        may share cells but no samples: overlapping bursts are cut by ``valid`` of :func:`sum_looks` first.
    shape : Shape
        Whole image [lines, samples]; only whole cells are kept.

    Raises
    ------
    ShapeMismatchError
        No parts, or parts of different looks.
    """
    if not parts or any(part.looks != parts[0].looks for part in parts):
        raise ShapeMismatchError(
            f"{len(parts)} parts of looks {sorted({(p.looks.azimuth, p.looks.range) for p in parts})}",
            expected="at least one, and the same looks in all",
        )
    looks = parts[0].looks
    rows, cols = shape.rows // looks.azimuth, shape.cols // looks.range
    product = np.zeros((rows, cols), np.complex64)
    first, second, count = (np.zeros((rows, cols), np.float32) for _ in range(3))
    for part in parts:
        n_rows = max(min(part.product.shape[0], rows - part.row), 0)
        n_cols = max(min(part.product.shape[1], cols - part.col), 0)
        here = slice(part.row, part.row + n_rows), slice(part.col, part.col + n_cols)
        there = slice(0, n_rows), slice(0, n_cols)
        product[here] += part.product[there]
        first[here] += part.reference_power[there]
        second[here] += part.secondary_power[there]
        count[here] += part.count[there]
    return LookSums(
        looks=looks, row=0, col=0, product=product, reference_power=first, secondary_power=second, count=count
    )


def look_down(sums: LookSums, *, factor: Looks) -> LookSums:
    """Add cells together, ``factor`` of them in each direction; cells that are not complete at the end are left out.

    Raises
    ------
    OutOfRangeError
        The first cell is not a multiple of the factor.
    """
    if sums.row % factor.azimuth or sums.col % factor.range:
        raise OutOfRangeError(
            f"first cell {sums.row}, {sums.col}",
            expected=f"multiples of {factor.azimuth} and {factor.range}",
            hint="join the parts to the whole image first",
        )
    return LookSums(
        looks=Looks(sums.looks.azimuth * factor.azimuth, sums.looks.range * factor.range),
        row=sums.row // factor.azimuth,
        col=sums.col // factor.range,
        product=_added(sums.product, factor),
        reference_power=_added(sums.reference_power, factor),
        secondary_power=_added(sums.secondary_power, factor),
        count=_added(sums.count, factor),
    )


def _added(values: NDArray[T], factor: Looks) -> NDArray[T]:
    rows, cols = values.shape[0] // factor.azimuth, values.shape[1] // factor.range
    whole = values[: rows * factor.azimuth, : cols * factor.range]
    parts = whole.reshape(rows, factor.azimuth, cols, factor.range)
    wide = np.complex128 if np.iscomplexobj(values) else np.float64
    return np.asarray(parts.sum(axis=(1, 3), dtype=wide).astype(values.dtype))


def finish(sums: LookSums, *, least_fraction: float = 0.5) -> Interferogram:
    """Turn sums into an interferogram with coherence and amplitude.

    Parameters
    ----------
    sums : LookSums
        Of an image or a part of it.
    least_fraction : float
        A cell has no value where a smaller fraction of its samples is valid.

    Notes
    -----
    Coherence is ``|sum r conj(s) exp(-i phi)| / sqrt(sum |r|^2 sum |s|^2)``, phi the geometric phase.
    """
    wanted = max(least_fraction * sums.looks.azimuth * sums.looks.range, 1.0)
    power = np.sqrt(sums.reference_power) * np.sqrt(sums.secondary_power)
    enough = sums.count >= wanted
    valid = enough & (power > 0)
    count = np.where(valid, sums.count, np.float32(np.nan))
    phasor = np.where(valid, sums.product, np.complex64(complex(np.nan, np.nan))).astype(np.complex64)
    with np.errstate(invalid="ignore", divide="ignore"):
        coherence = np.minimum(np.abs(phasor) / power, np.float32(1.0))
        phasor /= count
    n_valid, n_enough = int(valid.sum()), int(enough.sum())
    return Interferogram(
        looks=sums.looks,
        phasor=phasor,
        coherence=coherence,
        reference_amplitude=np.sqrt(sums.reference_power / count),
        secondary_amplitude=np.sqrt(sums.secondary_power / count),
        tally=Tally(
            "pixels",
            valid.size,
            n_valid,
            {"too few valid samples": valid.size - n_enough, "no power in an image": n_enough - n_valid},
        ),
    )
