"""Closure of triplets: what three interferograms of three dates say about one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError, TooFewDataError
from fringeworks.interferometry.closure_kernels import sum_triplets
from fringeworks.model.arrays import FloatStack
from fringeworks.model.stack import PairNetwork
from fringeworks.model.tally import Tally

TURN = 2.0 * np.pi


@dataclass(frozen=True, slots=True)
class ClosureSums:
    """Sums behind the table of triplets; those of two blocks add up to those of both.

    Attributes
    ----------
    count : float64, (triplet)
        Pixels with all three phases.
    total, square : float64, (triplet)
        Sums of closure [rad] and squared closure [rad^2], the triplet's constant taken out.
    n_cycles : float64, (triplet)
        Pixels that close on a whole number of cycles other than zero.
    """

    count: NDArray[np.float64]
    total: NDArray[np.float64]
    square: NDArray[np.float64]
    n_cycles: NDArray[np.float64]

    def __add__(self, other: ClosureSums) -> ClosureSums:
        """Add the sums of another block."""
        return ClosureSums(
            self.count + other.count,
            self.total + other.total,
            self.square + other.square,
            self.n_cycles + other.n_cycles,
        )


@dataclass(frozen=True, slots=True)
class Closure:
    """Closure of one block.

    Attributes
    ----------
    layers : dict of str to array, (y, x)
        ``closure_rms``, ``closure_bias`` [rad], ``closure_coherence`` (float32; NaN where no triplet is complete),
        ``n_unwrapping_errors`` (int16; -1 there).
    sums : ClosureSums
        For the table of triplets.
    tally : Tally
        Pixels considered, used, rejected by reason.
    """

    layers: dict[str, NDArray[np.float32] | NDArray[np.int16]]
    sums: ClosureSums
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class TripletRecord:
    """One row of the table of triplets.

    Attributes
    ----------
    dates : tuple of str
        Three dates, YYYYMMDD.
    constant : float
        Constant taken out of the closure: whole cycles and residue [rad].
    n_pixels : int
        Pixels with all three phases.
    mean, std : float
        Of the closure that remains [rad]; NaN without pixels.
    cycle_fraction : float
        Fraction of the pixels that close on whole cycles other than zero.
    """

    dates: tuple[str, str, str]
    constant: float
    n_pixels: int
    mean: float
    std: float
    cycle_fraction: float


def pair_constants(area: NDArray[np.float32], *, network: PairNetwork) -> NDArray[np.float64]:
    """Return the constant of each interferogram: its median over a reference area common to all [rad], (pair).

    Parameters
    ----------
    area : float32, (pair, pixel) or (pair, y, x)
        Unwrapped phase over the reference area [rad].
    network : PairNetwork
        For the names of the pairs.

    Raises
    ------
    TooFewDataError
        Interferograms without a valid pixel in the area; they are named.
    """
    flat = area.reshape(area.shape[0], -1)
    empty = ~np.isfinite(flat).any(axis=1)
    if empty.any():
        names = ", ".join(str(network.pairs[k]) for k in np.flatnonzero(empty))
        raise TooFewDataError(
            f"no valid pixel in the reference area for {names}",
            expected="at least one in each interferogram",
            hint="choose another reference area, or leave these pairs out",
        )
    return np.asarray(np.nanmedian(flat.astype(np.float64), axis=1))


def align_pairs(phase: FloatStack, *, constants: NDArray[np.float64]) -> FloatStack:
    """Take the arbitrary constant out of each interferogram, float32, (pair, y, x)."""
    return (phase - constants[:, None, None]).astype(np.float32)


def closure_constants(sample: NDArray[np.float32], *, triplets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Find the constant of each triplet's closure: the commonest number of whole cycles, and the residue.

    Parameters
    ----------
    sample : float32, (pair, pixel)
        Unwrapped phase of pixels from the whole image [rad]; some thousand are enough.
    triplets : int64, (triplet, 3)
        As :func:`fringeworks.interferometry.network.find_triplets` gives them.

    Returns
    -------
    float64, (triplet)
        Constant [rad]; 0 where no pixel has all three phases.

    Notes
    -----
    Every unwrapped interferogram carries an arbitrary constant, so a closure's own constant says nothing, and
    rounding a closure to cycles before taking it out would turn a slope into apparent jumps.  The circular mean
    gives the residue, the commonest whole number of cycles about it the rest; the median of what lies within
    half a cycle of that refines it.  A patch of cycle errors smaller than the rest of the image leaves it alone.
    """
    constants = np.zeros(len(triplets))
    for k, (first, second, third) in enumerate(triplets):
        value = sample[first].astype(np.float64) + sample[second] - sample[third]
        value = value[np.isfinite(value)]
        if value.size == 0:
            continue
        residue = float(np.angle(np.mean(np.exp(1j * value))))
        cycles = np.round((value - residue) / TURN)
        numbers, counts = np.unique(cycles, return_counts=True)
        centre = residue + TURN * float(numbers[np.argmax(counts)])
        constants[k] = float(np.median(value[np.abs(value - centre) < np.pi]))
    return constants


def close_triplets(
    phase: FloatStack, *, triplets: NDArray[np.int64], constants: NDArray[np.float64]
) -> Closure:
    """Close all triplets in a block: ``phase(1,2) + phase(2,3) - phase(1,3)``, each triplet's constant taken out.

    Parameters
    ----------
    phase : float32, (pair, y, x)
        Unwrapped phase [rad]; NaN where there is no data.
    triplets : int64, (triplet, 3)
        Indices of the three pairs.
    constants : float64, (triplet)
        From :func:`closure_constants`, for the whole image.

    Returns
    -------
    Closure
        A block gives the same layers as the whole image.

    Raises
    ------
    ShapeMismatchError
        Triplets name pairs that are not there, or constants do not fit them.

    Notes
    -----
    The bias is the mean of the closures wrapped to half a cycle, *after* the constant of each triplet: it shows
    where in the image short pairs are biased against the rest of the image, not a bias common to all of it.
    """
    if len(constants) != len(triplets) or (len(triplets) and int(triplets.max()) >= phase.shape[0]):
        raise ShapeMismatchError(
            f"{len(triplets)} triplets, {len(constants)} constants, {phase.shape[0]} pairs",
            expected="one constant for each triplet, and triplets of these pairs",
        )
    pixels, lines = sum_triplets(
        np.ascontiguousarray(phase, np.float32), np.ascontiguousarray(triplets), np.asarray(constants, float)
    )
    table = lines.sum(axis=0)
    known = pixels[0] > 0
    count = np.where(known, pixels[0], np.nan)
    layers: dict[str, NDArray[np.float32] | NDArray[np.int16]] = {
        "closure_rms": np.sqrt(pixels[1] / count).astype(np.float32),
        "closure_bias": (pixels[2] / count).astype(np.float32),
        "closure_coherence": np.minimum(np.hypot(pixels[3], pixels[4]) / count, 1.0).astype(np.float32),
        "n_unwrapping_errors": np.where(known, pixels[5], -1).astype(np.int16),
    }
    n_known = int(known.sum())
    return Closure(
        layers=layers,
        sums=ClosureSums(table[:, 0], table[:, 1], table[:, 2], table[:, 3]),
        tally=Tally("pixels", known.size, n_known, {"no complete triplet": known.size - n_known}),
    )


def tabulate(
    sums: ClosureSums,
    *,
    network: PairNetwork,
    triplets: NDArray[np.int64],
    constants: NDArray[np.float64],
) -> tuple[TripletRecord, ...]:
    """Make the table of triplets from the sums over all blocks."""
    records = []
    for k, (first, second, _) in enumerate(triplets):
        early, late = network.pairs[first], network.pairs[second]
        n = float(sums.count[k])
        mean = sums.total[k] / n if n else np.nan
        variance = sums.square[k] / n - mean**2 if n else np.nan
        days = tuple(f"{d:%Y%m%d}" for d in (early.reference, early.secondary, late.secondary))
        records.append(
            TripletRecord(
                dates=(days[0], days[1], days[2]),
                constant=float(constants[k]),
                n_pixels=int(n),
                mean=float(mean),
                std=float(np.sqrt(np.maximum(variance, 0.0))),
                cycle_fraction=float(sums.n_cycles[k] / n) if n else np.nan,
            )
        )
    return tuple(records)
