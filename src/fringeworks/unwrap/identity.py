"""The identity every result keeps: unwrapped phase is wrapped phase plus whole cycles."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import SolverError
from fringeworks.model.arrays import BoolImage, ComplexImage, FloatImage
from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.phase import TURN
from fringeworks.unwrap.protocol import Unwrapped, WrappedPhase

TOLERANCE: Final = 1e-4
"""Most that a result may differ from the wrapped phase, whole cycles and float32's rounding aside [rad]."""
SLACK: Final = 1e-2
"""The same for what a solver answers, before it is made exact: solvers round; a filter changes phase by far more."""
_ROUNDING: Final = 2.0**-24  # float32: half of the last digit, as a part of the value


def usable(wrapped: WrappedPhase) -> BoolImage:
    """Return where there is something to unwrap: a phasor with a direction and a coherence; bool, (y, x)."""
    out = np.empty(wrapped.phasor.shape, np.bool_)
    _find_usable(wrapped.phasor, wrapped.coherence, out)
    return out


def empty_result(wrapped: WrappedPhase) -> Unwrapped:
    """Return the result where nothing can be unwrapped: no phase, no component."""
    shape = wrapped.phasor.shape
    return Unwrapped(phase=np.full(shape, np.nan, np.float32), components=np.zeros(shape, np.uint16))


def congruent(
    wrapped: WrappedPhase,
    phase: FloatImage,
    *,
    components: NDArray[np.uint16],
    solver: str,
    cost: float = math.nan,
) -> Unwrapped:
    """Return a solver's answer as the protocol wants it: exactly congruent, NaN outside of components.

    Parameters
    ----------
    wrapped : WrappedPhase
        What was unwrapped.
    phase : float32, (y, x)
        What the solver says [rad]; only read inside components.
    components : uint16, (y, x)
        Its components, 0 = none.
    solver : str
        Its name, for the message.
    cost : float
        What it minimised, in its own units.

    Raises
    ------
    SolverError
        Somewhere in a component the answer differs from the wrapped phase by other than whole cycles, or is not
        finite.
    """
    out, labels = np.empty_like(phase, np.float32), np.empty_like(components)
    worst = _snap(wrapped.phasor, wrapped.coherence, phase, components, out, labels)
    if not worst <= SLACK:
        raise SolverError(
            f"{solver} changed the phase by {worst:.3g} rad besides whole cycles",
            expected=f"at most {SLACK:g} rad",
            hint="its result is not used; choose another method, or report it to the solver's authors",
        )
    return Unwrapped(phase=out, components=labels, cost=cost)


def largest_deviation(wrapped: WrappedPhase, unwrapped: Unwrapped) -> float:
    """Return the largest difference of unwrapped and wrapped phase, whole cycles and float32's rounding aside [rad].

    0 if nothing is unwrapped; infinite where a phase is missing inside a component, or present outside of all.
    """
    return float(_deviation(wrapped.phasor, unwrapped.phase, unwrapped.components))


@kernel
def _is_usable(phasor: complex, coherence: float) -> bool:
    finite = math.isfinite(phasor.real) and math.isfinite(phasor.imag) and math.isfinite(coherence)
    return finite and (phasor.real != 0.0 or phasor.imag != 0.0)


@kernel
def _find_usable(phasor: ComplexImage, coherence: FloatImage, out: BoolImage) -> None:
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            out[y, x] = _is_usable(phasor[y, x], coherence[y, x])


@kernel
def _snap(
    phasor: ComplexImage,
    coherence: FloatImage,
    phase: FloatImage,
    components: NDArray[np.uint16],
    out: FloatImage,
    labels: NDArray[np.uint16],
) -> float:
    """Fill phase made exactly congruent, and labels where there are data; return the largest deviation."""
    worst = 0.0
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            out[y, x] = np.nan
            labels[y, x] = 0
            if components[y, x] == 0 or not _is_usable(phasor[y, x], coherence[y, x]):
                continue
            angle = math.atan2(float(phasor[y, x].imag), float(phasor[y, x].real))
            difference = float(phase[y, x]) - angle
            cycles = np.rint(difference / TURN)
            deviation = abs(difference - TURN * cycles)
            # a comparison that NaN fails, too
            if not deviation <= worst:
                worst = deviation if math.isfinite(deviation) else np.inf
            out[y, x] = angle + TURN * cycles
            labels[y, x] = components[y, x]
    return worst


@kernel
def _deviation(phasor: ComplexImage, phase: FloatImage, components: NDArray[np.uint16]) -> float:
    worst = 0.0
    for y in range(phase.shape[0]):
        for x in range(phase.shape[1]):
            if components[y, x] == 0:
                if not math.isnan(phase[y, x]):
                    return np.inf
                continue
            angle = math.atan2(float(phasor[y, x].imag), float(phasor[y, x].real))
            difference = float(phase[y, x]) - angle
            deviation = abs(difference - TURN * np.rint(difference / TURN))
            if not math.isfinite(deviation):
                return np.inf
            worst = max(worst, deviation - _ROUNDING * abs(float(phase[y, x])))
    return worst
