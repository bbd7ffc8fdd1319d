"""Form interferograms: multiply, take out the geometric phase, and average over looks, in one pass over the samples.

The sums over cells of looks are additive, so an image may come in any pieces: bursts that meet inside a cell, or
blocks of lines.  :func:`sum_looks` makes the sums of a piece;
:func:`fringeworks.interferometry.looks.join_sums` those of the image, and ``finish`` beside it the interferogram with
coherence and amplitude.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.interferometry.forming_kernels import EACH_PIXEL, LATTICE, WITHOUT, sum_lines
from fringeworks.interferometry.looks import Interferogram, LookSums, finish, join_sums
from fringeworks.model.arrays import BoolImage, ComplexImage
from fringeworks.model.grids import Looks, Shape
from fringeworks.numerics.compiled import in_threads


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """Where the nodes of a coarse grid lie in a block, whose first pixel's centre is line 0, sample 0.

    Attributes
    ----------
    line, sample : float
        Position of the first node; may be negative.
    line_step, sample_step : float
        Spacing of the nodes, above 0.
    """

    line: float
    sample: float
    line_step: float
    sample_step: float

    def __post_init__(self) -> None:
        if not (self.line_step > 0 and self.sample_step > 0):
            raise OutOfRangeError(
                f"lattice steps {self.line_step} x {self.sample_step}", expected="both above 0"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeometricPhase:
    """Phase that the geometry alone predicts: curved Earth and topography.

    Attributes
    ----------
    values : float32 or float64, (line, sample) or (node, node)
        One value a pixel of the block, or the nodes of ``lattice``, between which it is interpolated bilinearly
        (and extended linearly beyond the outermost).  NaN where unknown: such samples are not used.
    radians_per_unit : float
        1 for a phase; 4 pi / wavelength for a range difference in metres.
    lattice : Lattice, optional
        Where the nodes lie; without it there is one value a pixel.
    """

    values: NDArray[np.float32] | NDArray[np.float64]
    radians_per_unit: float = 1.0
    lattice: Lattice | None = None

    @classmethod
    def of_ranges(
        cls, difference: NDArray[np.float64], *, wavelength: float, lattice: Lattice | None = None
    ) -> GeometricPhase:
        """Return the phase of a range difference, secondary minus reference [m, one way].

        Parameters
        ----------
        difference : float64, (line, sample) or (node, node)
            R_secondary - R_reference [m]; positive = the secondary is farther away.
        wavelength : float
            Radar wavelength [m].
        lattice : Lattice, optional
            Where the nodes lie; without it there is one value a pixel.

        Notes
        -----
        The phase of reference times conjugate of secondary is ``+4 pi / wavelength (R_secondary - R_reference)``.
        """
        if not wavelength > 0:
            raise OutOfRangeError(f"wavelength {wavelength} m", expected="above 0")
        return cls(values=difference, radians_per_unit=4.0 * np.pi / wavelength, lattice=lattice)


def sum_looks(
    reference: ComplexImage,
    secondary: ComplexImage,
    *,
    looks: Sequence[Looks],
    geometric: GeometricPhase | None = None,
    valid: BoolImage | None = None,
    line: int = 0,
    sample: int = 0,
) -> tuple[LookSums, ...]:
    """Multiply two coregistered images, take out the geometric phase, and sum over one or more sets of looks.

    Parameters
    ----------
    reference, secondary : complex64, (line, sample)
        Coregistered samples; where either is NaN or infinite, the sample is not used.
    looks : sequence of Looks
        Any sizes of cells; all come from the same pass.
    geometric : GeometricPhase, optional
        Subtracted from the phase; without it the phase stays as it is (an already flattened secondary).
    valid : bool, (line, sample), optional
        True = use it (lines between the cuts of a burst, say); all by default.
    line, sample : int
        Position of the block's first sample in the whole image, where cells begin at 0.

    Returns
    -------
    tuple of LookSums
        One for each set of looks, with all cells the block touches; those at its border may be partly filled.

    Raises
    ------
    ShapeMismatchError
        The arrays differ in shape, or the lattice has fewer than 2 x 2 nodes.
    OutOfRangeError
        No looks, or a negative position.

    Notes
    -----
    Blocks of lines that begin at multiples of :func:`line_multiple` give the bits of the whole image; others
    to rounding.  The same holds for any number of threads.  A pass costs little more than reading the samples.
    """
    _check_images(reference, secondary, valid)
    if not looks or line < 0 or sample < 0:
        raise OutOfRangeError(
            f"{len(looks)} sets of looks at line {line}, sample {sample}",
            expected="at least one set, and a position of at least 0",
        )
    values, kind, place, scale = _angles(geometric, reference.shape)
    shapes = [_cells(Shape(*reference.shape), size, line, sample) for size in looks]
    sizes = np.cumsum([0] + [cells.size for _, _, cells in shapes])
    layout = [
        (offset, cells.cols, row, col) for offset, (row, col, cells) in zip(sizes[:-1], shapes, strict=True)
    ]
    out = np.zeros((5, int(sizes[-1])), np.float32)
    borders = _borders(line, reference.shape[0], line_multiple(looks))
    arguments = (
        np.ascontiguousarray(reference, np.complex64),
        np.ascontiguousarray(secondary, np.complex64),
        np.empty((0, 0), np.bool_) if valid is None else np.ascontiguousarray(valid),
        values,
        kind,
        place,
        scale,
        np.array([line, sample], np.int64),
        np.array([(size.azimuth, size.range) for size in looks], np.int64),
        np.array(layout, np.int64),
    )

    def work(first: int, last: int) -> None:
        for group in range(first, last):
            sum_lines(*arguments, (borders[group], borders[group + 1]), out)

    in_threads(work, len(borders) - 1)
    return tuple(
        _sums_of(out[:, begin:end], size, place_)
        for (begin, end), size, place_ in zip(pairwise(sizes.tolist()), looks, shapes, strict=True)
    )


def line_multiple(looks: Sequence[Looks]) -> int:
    """Return the number of lines at whose multiples a block begins a cell of every set of looks."""
    return math.lcm(*(size.azimuth for size in looks))


def form_interferograms(
    reference: ComplexImage,
    secondary: ComplexImage,
    *,
    looks: Sequence[Looks],
    geometric: GeometricPhase | None = None,
    valid: BoolImage | None = None,
    least_fraction: float = 0.5,
) -> tuple[Interferogram, ...]:
    """Form the interferograms of two whole images, one for each set of looks.

    Arguments are those of :func:`sum_looks` and :func:`finish`.
    """
    shape = Shape(*reference.shape)
    parts = sum_looks(reference, secondary, looks=looks, geometric=geometric, valid=valid)
    return tuple(finish(join_sums([part], shape=shape), least_fraction=least_fraction) for part in parts)


def _check_images(reference: ComplexImage, secondary: ComplexImage, valid: BoolImage | None) -> None:
    shapes = {reference.shape, secondary.shape} | (set() if valid is None else {valid.shape})
    if len(shapes) > 1 or reference.ndim != 2 or 0 in reference.shape:
        raise ShapeMismatchError(
            f"reference {reference.shape}, secondary {secondary.shape}"
            + ("" if valid is None else f", valid {valid.shape}"),
            expected="the same lines and samples, at least one of each",
        )


def _angles(
    geometric: GeometricPhase | None, shape: tuple[int, ...]
) -> tuple[NDArray[Any], int, NDArray[np.float64], float]:
    if geometric is None:
        return np.empty((0, 0)), WITHOUT, np.zeros(4), 0.0
    values = np.ascontiguousarray(geometric.values)
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    scale, lattice = float(geometric.radians_per_unit), geometric.lattice
    if lattice is None:
        if values.shape != shape:
            raise ShapeMismatchError(
                f"geometric phase of {values.shape}",
                expected=f"one value for each of {shape[0]} x {shape[1]} pixels, or a lattice",
            )
        return values, EACH_PIXEL, np.zeros(4), scale
    if values.ndim != 2 or min(values.shape) < 2:
        raise ShapeMismatchError(f"lattice of {values.shape} nodes", expected="at least 2 x 2")
    place = np.array([lattice.line, lattice.line_step, lattice.sample, lattice.sample_step], np.float64)
    return values, LATTICE, place, scale


def _cells(shape: Shape, looks: Looks, line: int, sample: int) -> tuple[int, int, Shape]:
    row, col = line // looks.azimuth, sample // looks.range
    rows = -(-(line + shape.rows) // looks.azimuth) - row
    cols = -(-(sample + shape.cols) // looks.range) - col
    return row, col, Shape(rows, cols)


def _borders(line: int, n_lines: int, multiple: int) -> list[int]:
    """Return where groups of lines begin, and the end: at multiples, counted in the whole image."""
    first = -line % multiple
    return sorted({0, *range(first, n_lines, multiple), n_lines})


def _sums_of(out: NDArray[np.float32], looks: Looks, place: tuple[int, int, Shape]) -> LookSums:
    row, col, cells = place
    real, imaginary, first, second, count = (part.reshape(cells.rows, cells.cols) for part in out)
    product = np.empty((cells.rows, cells.cols), np.complex64)
    product.real, product.imag = real, imaginary
    return LookSums(
        looks=looks,
        row=row,
        col=col,
        product=product,
        reference_power=first.copy(),
        secondary_power=second.copy(),
        count=count.copy(),
    )
