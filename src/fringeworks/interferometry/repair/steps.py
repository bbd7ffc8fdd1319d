"""Which of several answers that closures cannot tell apart is right: the pairs' own steps across a region's border.

Half of a date's pairs a cycle too large leave the same closures as the other half a cycle too small.  A pair that is off
inside of a region, though, has a step of its own at the border, and one that is right has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.interferometry.repair.kernels import FAR, UNKNOWN
from fringeworks.numerics.compiled import kernel

Cycles = tuple[tuple[int, int], ...]
DEARER: Final = 2
"""An answer of so many cycles more than the least is thought of, too."""
MOST: Final = 24
"""Answers that are compared, at most."""
_FEWEST: Final = 3
_SHARE: Final = 0.75


def other_answers(answers: Sequence[Cycles], *, ends: NDArray[np.int64]) -> tuple[Cycles, ...]:
    """Return answers and what they become when one of their dates is moved by a cycle: all leave the same closures.

    Parameters
    ----------
    answers : sequence of Cycles
        The first is the one that is taken where nothing speaks against it.
    ends : int64, (pair, 2)
        Reference and secondary date of each pair.
    """
    least = sum(abs(n) for _, n in answers[0])
    found: dict[Cycles, None] = dict.fromkeys(answers)
    for answer in answers:
        for day in sorted({int(day) for pair, _ in answer for day in ends[pair]}):
            moved = [_moved(answer, day, step, ends) for step in (-1, 1)]
            found |= dict.fromkeys(m for m in moved if m and sum(abs(n) for _, n in m) <= least + DEARER)
    return tuple(found)[:MOST]


def _moved(answer: Cycles, day: int, step: int, ends: NDArray[np.int64]) -> Cycles:
    """Return an answer with a date moved by a cycle."""
    moved = dict(answer)
    for pair in np.flatnonzero((ends == day).any(axis=1)).tolist():
        moved[pair] = moved.get(pair, 0) + (step if ends[pair, 1] == day else -step)
    return tuple(sorted((pair, n) for pair, n in moved.items() if n))


def choose(answers: Sequence[Cycles], steps: NDArray[np.int8]) -> int:
    """Return the answer that the steps across a border show; -1 where they do not decide.

    Parameters
    ----------
    answers : sequence of Cycles
        At least two.
    steps : int8, (edge, pair)
        Whole cycles each pair has too many inside, as its phase steps at places of the border;
        :data:`~fringeworks.interferometry.repair.kernels.UNKNOWN` where it has no phase.

    Notes
    -----
    The best and the second best answer differ in some pairs; over these, three quarters of the steps have to be those of
    the best.
    """
    numbers = [dict(answer) for answer in answers]
    pairs = sorted({pair for answer in numbers for pair in answer})
    seen = steps[:, pairs]
    wanted = np.array([[answer.get(pair, 0) for pair in pairs] for answer in numbers], np.int8)
    known = seen != UNKNOWN
    agree = np.array([((seen == row) & known).sum() for row in wanted])
    order = np.argsort(-agree, kind="stable")
    best, second = int(order[0]), int(order[1])
    apart = wanted[best] != wanted[second]
    n_known = int(known[:, apart].sum())
    n_agree = int(((seen == wanted[best]) & known)[:, apart].sum())
    return best if n_known >= _FEWEST and n_agree >= _SHARE * n_known else -1


@kernel
def gather_steps(
    phase: NDArray[np.float32],
    flags: NDArray[np.int8],
    labels: NDArray[np.int32],
    asked: NDArray[np.int8],
    cycles: NDArray[np.int8],
    places: NDArray[np.int64],
    steps: NDArray[np.int8],
) -> int:
    """Fill places and steps across borders of regions, and return how many there are; empty arrays only count.

    Parameters
    ----------
    phase : float32, (pair, row, col)
        Unwrapped phase [rad].
    flags : int8, (row, col)
        2 = some triplet closes on whole cycles.
    labels : int32, (row, col)
        Index of a solution.
    asked : int8, (label)
        1 = its borders are looked at; 2 = they are, and nothing can be said against it, since it is in doubt itself.
    cycles : int8, (label, pair)
        Of the solutions.
    places : int64, (edge, 2)
        Row and column inside of the region; filled.
    steps : int8, (edge, pair)
        Cycles that the pair has too many inside, by its step and what the other side has too many; filled.
    """
    rows, cols = labels.shape
    n = 0
    for row in range(rows):
        for col in range(cols):
            own = labels[row, col]
            if own == 0 or asked[own] == 0:
                continue
            for side in range(4):
                down, right = (side == 1) - (side == 0), (side == 3) - (side == 2)
                r, c = row + FAR * down, col + FAR * right
                if not (0 <= r < rows and 0 <= c < cols) or labels[row + down, col + right] == own:
                    continue
                other = labels[r, c]
                if other == own or asked[other] == 2 or flags[r, c] == 0 or (other == 0 and flags[r, c] == 2):
                    continue
                if places.shape[0] > 0:
                    places[n, 0], places[n, 1] = row, col
                    for pair in range(phase.shape[0]):
                        step = (np.float64(phase[pair, row, col]) - phase[pair, r, c]) / (2.0 * np.pi)
                        value = np.rint(step) + cycles[other, pair]
                        steps[n, pair] = np.int8(value) if abs(value) < 100 else np.int8(UNKNOWN)
                n += 1
    return n
