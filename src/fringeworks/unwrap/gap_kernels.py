"""Kernels that look across gaps between components, and inside components over the same distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.arrays import FloatImage
from fringeworks.numerics.compiled import kernel


@kernel
def find_gaps(
    phase: FloatImage,
    components: NDArray[np.uint16],
    widest: int,
    places: NDArray[np.int64],
    steps: NDArray[np.float64],
) -> int:
    """Fill the places where two components face each other along the second axis; return how many there are.

    Parameters
    ----------
    phase : float32, (line, place)
        Unwrapped phase [rad].
    components : uint16, (line, place)
    widest : int
        Widest gap; components that touch are 1 apart.
    places : int64, (gap, column)
        The two components, the line, the last place of the first and the first place of the second, and whether the
        slope on both sides could be taken out.  Nothing is written beyond its length.
    steps : float64, (gap)
        Phase of the second minus phase of the first [rad], less the mean slope of both sides over the same distance
        where each side is wide enough.
    """
    n_lines, n_places = phase.shape
    n = 0
    for line in range(n_lines):
        last = -1
        for here in range(n_places):
            label = components[line, here]
            if label == 0:
                continue
            gap = here - last
            if last >= 0 and components[line, last] != label and gap <= widest:
                if n < steps.size:
                    sided = _has_sides(components, line, last, here, n_places)
                    steps[n] = _step(phase, line, last, here, sided)
                    places[n, 0], places[n, 1], places[n, 2] = components[line, last], label, line
                    places[n, 3], places[n, 4], places[n, 5] = last, here, sided
                n += 1
            last = here
    return n


@kernel
def _has_sides(components: NDArray[np.uint16], line: int, last: int, here: int, n_places: int) -> bool:
    before, after = 2 * last - here, 2 * here - last
    if before < 0 or after >= n_places:
        return False
    same_before = components[line, before] == components[line, last]
    return bool(same_before and components[line, after] == components[line, here])


@kernel
def _step(phase: FloatImage, line: int, last: int, here: int, sided: bool) -> float:  # noqa: FBT001 - a kernel
    step = float(phase[line, here]) - float(phase[line, last])
    if sided:
        before = float(phase[line, last]) - float(phase[line, 2 * last - here])
        after = float(phase[line, 2 * here - last]) - float(phase[line, here])
        step -= 0.5 * (before + after)
    return step


@kernel
def sum_steps(
    phase: FloatImage, components: NDArray[np.uint16], gap: int, every: int, sums: NDArray[np.float64]
) -> None:
    """Add up squared steps over a distance inside components, along the second axis of every n-th line.

    Parameters
    ----------
    phase, components : (line, place)
    gap : int
        Distance.
    every : int
        Lines to advance.
    sums : float64, (4)
        Number and sum of squares [rad^2] of plain steps; the same of steps less the slope of both sides.  Added to.
    """
    n_lines, n_places = phase.shape
    for line in range(0, n_lines, every):
        for last in range(n_places - gap):
            here = last + gap
            label = components[line, last]
            if label == 0 or components[line, here] != label:
                continue
            sums[0] += 1
            sums[1] += _step(phase, line, last, here, False) ** 2  # noqa: FBT003
            if _has_sides(components, line, last, here, n_places):
                sums[2] += 1
                sums[3] += _step(phase, line, last, here, True) ** 2  # noqa: FBT003
