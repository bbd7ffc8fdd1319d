"""A plane in wrapped phase: found without unwrapping, and taken out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from fringeworks.errors import ShapeMismatchError, TooFewDataError
from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.phase import TURN

_BLOCK: Final = 512  # rows and columns whose spectra are added up
_REDUCED: Final = 256  # longest side of the image on which the slope is refined
_STEPS: Final = 50
_FINE: Final = 1e-4  # rad over the whole image at which the refinement ends


@dataclass(frozen=True, slots=True)
class Ramp:
    """A plane of phase, zero at the first pixel.

    Attributes
    ----------
    per_row, per_col : float
        Slope [rad/pixel], in [-pi, pi].
    length : float
        Length of the mean phasor once the ramp is out, in [0, 1]: 1 = nothing but the ramp and a constant was there.
    """

    per_row: float
    per_col: float
    length: float

    def cycles(self, shape: tuple[int, int]) -> tuple[float, float]:
        """Return the whole turns along all rows and all columns of an image."""
        return self.per_row * shape[0] / TURN, self.per_col * shape[1] / TURN


def estimate_ramp(phasor: NDArray[np.complex64], weight: NDArray[np.float32] | None = None) -> Ramp:
    """Find the plane that, taken out, leaves the longest mean phasor.

    Parameters
    ----------
    phasor : complex64, (line, sample)
        Its angle is the wrapped phase; its magnitude does not matter.  NaN or zero where there is no data.
    weight : float32, (line, sample), optional
        Not negative; NaN = none.  One everywhere by default.

    Returns
    -------
    Ramp

    Raises
    ------
    TooFewDataError
        Nothing is finite.
    ShapeMismatchError
        The weight is not as large as the phasor.

    Notes
    -----
    The ramp (a, b) maximises |sum w z exp(-i (a line + b sample))| with z the unit phasor.  The power spectra of
    blocks are added up, so that motion here and there does not hide the common slope; their peak is known to a turn
    in 512 pixels.  The image, that slope taken out, is averaged to at most 256 rows and columns, whose zero-padded
    spectrum gives the peak to a tenth of a turn over the image, and steps of Newton's method give it exactly.
    """
    if weight is not None and weight.shape != phasor.shape:
        raise ShapeMismatchError(
            f"weight of {weight.shape} for a phase of {phasor.shape}", expected="the same rows and columns"
        )
    unit = np.empty(phasor.shape, np.complex64)
    weights = np.ones((1, 1), np.float32) if weight is None else weight
    total = _weigh(phasor, weights, unit)
    if not total > 0:
        raise TooFewDataError("a phase without a finite pixel", expected="at least one")
    rough = _peak_of_blocks(unit)
    step = max(1, -(-max(unit.shape) // _REDUCED))
    reduced = _average(unit, rough[0], rough[1], step)
    fine = _peak(np.abs(fft.fft2(reduced, _padded(reduced.shape, 4))))
    slope, length = _refine(reduced, fine)
    return Ramp(
        _principal(rough[0] + slope[0] / step), _principal(rough[1] + slope[1] / step), length / total
    )


def remove_ramp(
    phasor: NDArray[np.complex64], ramp: Ramp, *, row: int = 0, col: int = 0
) -> NDArray[np.complex64]:
    """Return an image with a ramp taken out.

    Parameters
    ----------
    phasor : complex64, (line, sample)
        Left as it is; NaN stays NaN.
    ramp : Ramp
        Of the whole image.
    row, col : int
        Where this part begins in the whole image.

    Returns
    -------
    complex64, (line, sample)
        Same magnitude; angle less ``per_row * line + per_col * sample``.
    """
    out = np.empty(phasor.shape, np.complex64)
    _turn_back(phasor, ramp.per_row, ramp.per_col, row, col, out)
    return out


def ramp_phase(ramp: Ramp, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return the phase of a ramp, not wrapped, to add it back after unwrapping; float32 [rad], (line, sample)."""
    rows, cols = np.arange(shape[0])[:, None], np.arange(shape[1])
    return (ramp.per_row * rows + ramp.per_col * cols).astype(np.float32)


def _principal(slope: float) -> float:
    return float(slope - TURN * np.rint(slope / TURN))


def _padded(shape: tuple[int, ...], times: int) -> tuple[int, int]:
    return fft.next_fast_len(times * shape[0]), fft.next_fast_len(times * shape[1])


def _peak(power: NDArray[np.floating]) -> tuple[float, float]:
    """Return the slope of the largest value of a spectrum [rad/pixel]."""
    row, col = np.unravel_index(int(np.argmax(power)), power.shape)
    return _principal(TURN * float(row) / power.shape[0]), _principal(TURN * float(col) / power.shape[1])


def _peak_of_blocks(unit: NDArray[np.complex64]) -> tuple[float, float]:
    rows, cols = min(unit.shape[0], _BLOCK), min(unit.shape[1], _BLOCK)
    size = _padded((rows, cols), 1)
    power = np.zeros(size)
    for row in range(0, unit.shape[0], rows):
        for col in range(0, unit.shape[1], cols):
            power += np.abs(fft.fft2(unit[row : row + rows, col : col + cols], size)) ** 2
    return _peak(power)


def _refine(image: NDArray[np.complex128], slope: tuple[float, float]) -> tuple[tuple[float, float], float]:
    """Climb from a slope to the nearest maximum of the mean phasor; return slope [rad/pixel] and sum."""
    rows, cols = np.arange(image.shape[0])[:, None], np.arange(image.shape[1])[None, :]
    at = np.array(slope)
    best, gradient, curvature = _climb(image, rows, cols, at)
    for _ in range(_STEPS):
        step = np.linalg.lstsq(curvature, gradient, rcond=1e-12)[0]
        for _ in range(20):
            found, following, bend = _climb(image, rows, cols, at + step)
            if found >= best:
                break
            step = step / 2
        else:
            break
        at, best, gradient, curvature = at + step, found, following, bend
        if np.abs(step * image.shape).max() < _FINE:
            break
    return (float(at[0]), float(at[1])), best


def _climb(
    image: NDArray[np.complex128],
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    slope: NDArray[np.float64],
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Return the length of the sum, its gradient, and how the phases about their common direction bend it.

    The curvature is that of a sum of cosines taken at their top: positive definite, so that each step climbs.
    """
    turned = image * np.exp(-1j * (slope[0] * rows + slope[1] * cols))
    total = turned.sum()
    length = abs(total)
    toward = turned * np.conj(total) / max(length, 1e-300)
    weight = np.abs(turned)
    mass = max(float(weight.sum()), 1e-300)
    x = rows - float((weight.sum(1) @ rows[:, 0]) / mass), cols - float((weight.sum(0) @ cols[0]) / mass)
    gradient = np.array([float((toward.imag * axis).sum()) for axis in x])
    curvature = np.array([[float((weight * a * b).sum()) for b in x] for a in x])
    return float(length), gradient, curvature


@kernel
def _weigh(phasor: NDArray[np.complex64], weight: NDArray[np.float32], unit: NDArray[np.complex64]) -> float:
    """Fill weighted unit phasors, 0 where there is nothing; return the sum of weights."""
    total = 0.0
    alike = weight.size == 1
    for y in range(phasor.shape[0]):
        for x in range(phasor.shape[1]):
            magnitude = abs(phasor[y, x])
            w = float(weight[0, 0]) if alike else float(weight[y, x])
            if np.isfinite(magnitude) and magnitude > 0.0 and w > 0.0 and np.isfinite(w):
                unit[y, x] = phasor[y, x] / magnitude * w
                total += w
            else:
                unit[y, x] = 0.0
    return total


@kernel
def _average(
    unit: NDArray[np.complex64], per_row: float, per_col: float, step: int
) -> NDArray[np.complex128]:
    """Return sums over blocks of ``step`` rows and columns, a slope taken out before."""
    n_rows, n_cols = (unit.shape[0] + step - 1) // step, (unit.shape[1] + step - 1) // step
    out = np.zeros((n_rows, n_cols), np.complex128)
    for y in range(unit.shape[0]):
        for x in range(unit.shape[1]):
            angle = per_row * y + per_col * x
            out[y // step, x // step] += unit[y, x] * complex(np.cos(angle), -np.sin(angle))
    return out


@kernel
def _turn_back(
    phasor: NDArray[np.complex64],
    per_row: float,
    per_col: float,
    row: int,
    col: int,
    out: NDArray[np.complex64],
) -> None:
    for y in range(phasor.shape[0]):
        for x in range(phasor.shape[1]):
            angle = per_row * (row + y) + per_col * (col + x)
            out[y, x] = phasor[y, x] * complex(np.cos(angle), -np.sin(angle))
