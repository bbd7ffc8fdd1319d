"""An orbit as a curve: position, velocity and acceleration at any instant between state vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import prange
from numpy.typing import ArrayLike, NDArray

from fringeworks.errors import OutOfRangeError, TooFewDataError
from fringeworks.model.acquisition import OrbitSource, StateVectors
from fringeworks.numerics.compiled import kernel, parallel_kernel

N_NODES = 4
"""State vectors behind one piece of the curve: positions and velocities of four fix degree 7."""
N_COEFFICIENTS = 2 * N_NODES


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrbitCurve:
    """A piecewise polynomial through state vectors, matching their positions and velocities.

    Between two neighbouring state vectors the position is the polynomial of degree 7 that has the given
    positions and velocities at the four nearest of them; the curve and its velocity are continuous.

    Attributes
    ----------
    epoch : str
        UTC instant (ISO 8601, whole second) from which times count.
    knots : float64, (n)
        Times of the state vectors [s].
    scale : float64, (n - 1)
        Half-open piece i spans ``knots[i]`` to ``knots[i + 1]``; its polynomial's variable is
        ``(time - knots[i]) / scale[i]``.
    coefficients : float64, (n - 1, 3, 8)
        Earth-fixed position [m], lowest power first.
    source : {"annotation", "restituted", "precise"}
        Kind of the state vectors.

    Notes
    -----
    With 10 s between state vectors the interpolation error is far below the rounding of the files (1e-6 m); it
    stays under 1 mm with every second vector left out, which the tests hold on real precise and restituted
    orbit files.  Outside ``start`` to ``stop`` the curve is not defined and every function gives NaN.
    """

    epoch: str
    knots: NDArray[np.float64]
    scale: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    source: OrbitSource

    @property
    def start(self) -> float:
        """Time of the first state vector [s since epoch]."""
        return float(self.knots[0])

    @property
    def stop(self) -> float:
        """Time of the last state vector [s since epoch]."""
        return float(self.knots[-1])

    def position(self, time: ArrayLike) -> NDArray[np.float64]:
        """Give the Earth-fixed position [m], (..., 3), at times [s since epoch]; NaN outside the curve."""
        return self._evaluate(time)[..., 0, :]

    def velocity(self, time: ArrayLike) -> NDArray[np.float64]:
        """Give the Earth-fixed velocity [m/s], (..., 3), at times [s since epoch]; NaN outside the curve."""
        return self._evaluate(time)[..., 1, :]

    def acceleration(self, time: ArrayLike) -> NDArray[np.float64]:
        """Give the Earth-fixed acceleration [m/s^2], (..., 3), at times [s]; NaN outside the curve."""
        return self._evaluate(time)[..., 2, :]

    def _evaluate(self, time: ArrayLike) -> NDArray[np.float64]:
        when = np.asarray(time, np.float64)
        out = np.empty((when.size, 3, 3))
        _evaluate_all(self.knots, self.scale, self.coefficients, np.ascontiguousarray(when).reshape(-1), out)
        return out.reshape((*when.shape, 3, 3))

    def clip(self, start: float, stop: float) -> OrbitCurve:
        """Return the pieces that cover a span of time [s since epoch].

        Raises
        ------
        OutOfRangeError
            The curve does not cover the span.
        """
        if not self.start <= start <= stop <= self.stop:
            raise OutOfRangeError(
                f"the orbit spans {self.start:.3f} to {self.stop:.3f} s after {self.epoch}",
                expected=f"an orbit that covers {start:.3f} to {stop:.3f} s",
                hint="give an orbit file that covers the acquisition",
            )
        first = max(int(np.searchsorted(self.knots, start, side="right")) - 1, 0)
        last = min(max(int(np.searchsorted(self.knots, stop, side="left")), first + 1), self.knots.size - 1)
        first = min(first, last - 1)
        return OrbitCurve(
            epoch=self.epoch,
            knots=_frozen(self.knots[first : last + 1]),
            scale=_frozen(self.scale[first:last]),
            coefficients=_frozen(self.coefficients[first:last]),
            source=self.source,
        )


def orbit_curve(states: StateVectors) -> OrbitCurve:
    """Lay a curve through state vectors.

    Parameters
    ----------
    states : StateVectors
        At least two; their spacing may vary.

    Raises
    ------
    TooFewDataError
        Fewer than two state vectors.
    """
    n = len(states)
    if n < 2:
        raise TooFewDataError(
            f"{n} state vectors", expected="at least 2", hint="give an orbit file that covers the acquisition"
        )
    nodes = min(N_NODES, n)
    first = np.clip(np.arange(n - 1) - (nodes // 2 - 1), 0, n - nodes)
    index = first[:, None] + np.arange(nodes)
    scale = np.diff(states.time)
    u = (states.time[index] - states.time[:-1, None]) / scale[:, None]
    solved = np.linalg.solve(_hermite_matrix(u), _hermite_values(states, index, scale))
    coefficients = np.zeros((n - 1, 3, N_COEFFICIENTS))
    coefficients[:, :, : 2 * nodes] = solved.transpose(0, 2, 1)
    return OrbitCurve(
        epoch=states.epoch,
        knots=_frozen(states.time),
        scale=_frozen(scale),
        coefficients=_frozen(coefficients),
        source=states.source,
    )


def _hermite_matrix(u: NDArray[np.float64]) -> NDArray[np.float64]:
    power = np.arange(2 * u.shape[1])
    value = u[:, :, None] ** power
    slope = np.zeros_like(value)
    slope[:, :, 1:] = power[1:] * value[:, :, :-1]
    return np.concatenate([value, slope], axis=1)


def _hermite_values(
    states: StateVectors, index: NDArray[np.intp], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.concatenate([states.position[index], states.velocity[index] * scale[:, None, None]], axis=1)


def _frozen(values: NDArray[np.float64]) -> NDArray[np.float64]:
    copy = np.array(values, np.float64, order="C")
    copy.flags.writeable = False
    return copy


@kernel
def piece_of(knots: NDArray[np.float64], time: float, guess: int) -> int:
    """Return the piece that holds a time, walking from a guess; the outermost piece beyond the ends."""
    last = knots.size - 2
    i = min(max(guess, 0), last)
    if abs(time - knots[i]) > 4.0 * (knots[i + 1] - knots[i]):
        i = min(max(int(np.searchsorted(knots, time)) - 1, 0), last)
    while i < last and time >= knots[i + 1]:
        i += 1
    while i > 0 and time < knots[i]:
        i -= 1
    return i


@kernel
def axis_state(c: NDArray[np.float64], u: float) -> tuple[float, float, float]:
    """Evaluate one axis: value, first and second derivative with respect to ``u`` (Horner, degree 7)."""
    value, slope, bend = c[7], 0.0, 0.0
    for k in range(6, -1, -1):
        bend = bend * u + slope
        slope = slope * u + value
        value = value * u + c[k]
    return value, slope, 2.0 * bend


@parallel_kernel
def _evaluate_all(
    knots: NDArray[np.float64],
    scale: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    time: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    for j in prange(time.size):
        if not (time[j] >= knots[0] and time[j] <= knots[-1]):
            out[j] = np.nan
            continue
        i = piece_of(knots, time[j], 0)
        step = scale[i]
        u = (time[j] - knots[i]) / step
        for axis in range(3):
            value, slope, bend = axis_state(coefficients[i, axis], u)
            out[j, 0, axis] = value
            out[j, 1, axis] = slope / step
            out[j, 2, axis] = bend / (step * step)
