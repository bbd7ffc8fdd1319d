"""Compiled closures in cycles, single errors at a glance, and labels that agree with their neighbours."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

Bytes: TypeAlias = NDArray[np.int8]
Counts: TypeAlias = NDArray[np.int64]
Labels: TypeAlias = NDArray[np.int32]
Reals: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]

UNKNOWN: Final = 127
"""Whole cycles of a triplet that lacks a phase, or lies too far from a whole number."""

FAR: Final = 3
"""Pixels across a border over which a jump is looked for: resampling may have blurred it."""

_TURN: Final = 2.0 * np.pi
_NEIGHBOUR: Final = 0.1
_LEAST_GAIN: Final = 0.5


@kernel
def _cycles(
    phase: Singles, triplet: Counts, plane: Reals, place: tuple[int, int], origin: tuple[int, int]
) -> float:
    """Return the closure of a triplet at a pixel, its plane taken out [cycles]; NaN where a phase is missing."""
    row, col = place
    value = np.float64(phase[triplet[0], row, col]) + phase[triplet[1], row, col]
    value -= phase[triplet[2], row, col]
    return float(value - plane[0] - plane[1] * (origin[0] + row) - plane[2] * (origin[1] + col)) * (
        1.0 / _TURN
    )


@kernel
def flag_lines(
    phase: Singles,
    triplets: Counts,
    planes: Reals,
    origin: tuple[int, int],
    doubt: float,
    lines: tuple[int, int],
    out: Bytes,
) -> None:
    """Fill, for a range of rows: 2 = some triplet closes on whole cycles, 1 = all close, 0 = none is complete.

    Parameters
    ----------
    phase : float32, (pair, row, col)
        Unwrapped phase [rad].
    triplets : int64, (triplet, 3)
        Indices of the pairs.
    planes : float64, (triplet, 3)
        Smooth part of each closure.
    origin : (int, int)
        Row and column of the block in the image.
    doubt : float
        A closure further than this from a whole number says nothing [cycles].
    lines : (int, int)
        First row and end.
    out : int8, (row, col)
        Filled.
    """
    cols = phase.shape[2]
    for row in range(lines[0], lines[1]):
        for col in range(cols):
            out[row, col] = 0
        for k in range(triplets.shape[0]):
            a, b, c = phase[triplets[k, 0], row], phase[triplets[k, 1], row], phase[triplets[k, 2], row]
            begin = planes[k, 0] + planes[k, 1] * (origin[0] + row) + planes[k, 2] * origin[1]
            slope = planes[k, 2]
            line = out[row]
            for col in range(cols):
                value = (np.float64(a[col]) + b[col] - c[col] - begin - slope * col) * (1.0 / _TURN)
                whole = np.rint(value)
                far = abs(value - whole)
                state = 2 if far <= doubt and whole != 0 else (1 if far <= 0.5 else 0)
                line[col] = max(line[col], state)


@kernel
def gather_cycles(
    phase: Singles,
    triplets: Counts,
    planes: Reals,
    origin: tuple[int, int],
    doubt: float,
    places: Counts,
    out: Bytes,
) -> None:
    """Fill the whole cycles of each triplet at some pixels, (pixel, triplet); :data:`UNKNOWN` where in doubt.

    ``places`` is int64, (pixel, 2): row and column in the block.
    """
    for m in range(places.shape[0]):
        at = (places[m, 0], places[m, 1])
        for k in range(triplets.shape[0]):
            value = _cycles(phase, triplets[k], planes[k], at, origin)
            whole = np.rint(value)
            known = abs(value - whole) <= doubt and abs(whole) < 100
            out[m, k] = np.int8(whole) if known else np.int8(UNKNOWN)


@kernel
def gather_medians(
    phase: Singles,
    triplets: Counts,
    planes: Reals,
    origin: tuple[int, int],
    doubt: float,
    places: Counts,
    out: Bytes,
) -> None:
    """Fill the whole cycles of the median of each closure over three by three pixels, as :func:`gather_cycles` does.

    Three values make a median, also where the pixel itself lacks the triplet: noise and small gaps drop out.
    """
    values = np.empty(9)
    for m in range(places.shape[0]):
        at = (places[m, 0], places[m, 1])
        for k in range(triplets.shape[0]):
            n = _sort_around(phase, triplets[k], planes[k], at, origin, values)
            middle = values[n // 2] if n >= 3 else np.nan
            whole = np.rint(middle)
            known = abs(middle - whole) <= doubt and abs(whole) < 100
            out[m, k] = np.int8(whole) if known else np.int8(UNKNOWN)


@kernel
def _sort_around(
    phase: Singles,
    triplet: Counts,
    plane: Reals,
    place: tuple[int, int],
    origin: tuple[int, int],
    values: Reals,
) -> int:
    """Fill, in order of size, the closures of three by three pixels that have one; returns how many."""
    rows, cols = phase.shape[1:]
    n = 0
    for row in range(max(place[0] - 1, 0), min(place[0] + 2, rows)):
        for col in range(max(place[1] - 1, 0), min(place[1] + 2, cols)):
            value = _cycles(phase, triplet, plane, (row, col), origin)
            if np.isfinite(value):
                k = n
                while k > 0 and values[k - 1] > value:
                    values[k] = values[k - 1]
                    k -= 1
                values[k] = value
                n += 1
    return n


@kernel
def find_single(cycles: Bytes, members: Counts, signs: Bytes, out: Labels) -> None:
    """Find pixels where one pair alone explains everything.

    Parameters
    ----------
    cycles : int8, (pixel, triplet)
        From :func:`gather_cycles`.
    members : int64, (pair, most)
        Triplets of each pair, -1 where there are no more.
    signs : int8, (pair, most)
        +1 where the pair is first or second of the triplet, -1 where it is the third.
    out : int32, (pixel, 2)
        Pair and its cycles; pair -1 where no single pair, known to two triplets or more, explains it, and -2 where
        several together do, each triplet being explained by one of them.

    Notes
    -----
    Two triplets of a pair share nothing but that pair, so that no other single pair can explain both, and any two
    others cost more: the answer is the least one and the only one.
    """
    for m in range(cycles.shape[0]):
        n_violated = 0
        for k in range(cycles.shape[1]):
            n_violated += cycles[m, k] not in (0, UNKNOWN)
        out[m, 0], out[m, 1] = -1, 0
        n_explained = 0
        for pair in range(members.shape[0]):
            found, n_agree, agree = 0, 0, True
            for j in range(members.shape[1]):
                if members[pair, j] < 0:
                    break
                value = cycles[m, members[pair, j]]
                if value == UNKNOWN:
                    continue
                value *= signs[pair, j]
                if value == 0 or (n_agree and value != found):
                    agree = False
                    break
                found = value
                n_agree += 1
            if agree and n_agree >= 2:
                n_explained += n_agree
                if n_agree == n_violated:
                    out[m, 0], out[m, 1] = pair, found
                    break
        if out[m, 0] < 0 and n_explained == n_violated:
            out[m, 0] = -2


@kernel
def _misfit(cycles: Reals, sums: Bytes) -> float:
    """Return how far closures lie from what a label says they are, each at most a cycle."""
    total = 0.0
    for k in range(cycles.size):
        if np.isfinite(cycles[k]):
            total += min(abs(cycles[k] - sums[k]), 1.0)
    return total


@kernel
def agree_with_neighbours(
    phase: Singles,
    triplets: Counts,
    planes: Reals,
    origin: tuple[int, int],
    flags: Bytes,
    labels: Labels,
    sums: Bytes,
    lines: tuple[int, int],
    out: Labels,
) -> None:
    """Give each pixel, of its own label, its neighbours' and none, the one that costs least.

    Parameters
    ----------
    flags : int8, (row, col)
        From :func:`flag_lines`; other pixels than those with 2 only lose labels.
    labels : int32, (row, col)
        Index of a solution, 0 = no cycles.
    sums : int8, (label, triplet)
        What each solution makes of the closures [cycles].
    lines : (int, int)
        First row and end.
    out : int32, (row, col)
        Filled in these rows; other arguments as in :func:`flag_lines`.

    Notes
    -----
    A label costs the misfit of the closures, and a tenth of a cycle for each of eight neighbours that has another
    (Besag's conditional modes, all pixels at once).  A new label has to better the misfit itself, by half a cycle.
    """
    rows, cols = labels.shape
    cycles = np.empty(triplets.shape[0])
    around = np.empty(9, np.int32)
    for row in range(lines[0], lines[1]):
        for col in range(cols):
            own = labels[row, col]
            out[row, col] = own
            if flags[row, col] == 0:
                continue
            n = 0
            some = own != 0
            for down in range(-1, 2):
                for right in range(-1, 2):
                    r, c = row + down, col + right
                    if (down != 0 or right != 0) and 0 <= r < rows and 0 <= c < cols and flags[r, c] > 0:
                        around[n] = labels[r, c]
                        some |= around[n] != 0
                        n += 1
            if not some:
                continue
            for k in range(triplets.shape[0]):
                cycles[k] = _cycles(phase, triplets[k], planes[k], (row, col), origin)
            own_misfit = _misfit(cycles, sums[own])
            least, best = 1e30, own
            for j in range(-2, n):
                label = own if j == -2 else (0 if j == -1 else around[j])
                misfit = own_misfit if label == own else _misfit(cycles, sums[label])
                if misfit > own_misfit - _LEAST_GAIN and label != own and label != 0:  # noqa: PLR1714
                    continue
                cost = misfit
                for i in range(n):
                    cost += _NEIGHBOUR if around[i] != label else 0.0
                if cost < least - 1e-9:
                    least, best = cost, label
            out[row, col] = best


@kernel
def count_jumps(
    phase: Singles,
    triplets: Counts,
    planes: Reals,
    origin: tuple[int, int],
    flags: Bytes,
    labels: Labels,
    sums: Bytes,
    lines: tuple[int, int],
    out: Labels,
) -> None:
    """Count, for the pixels of a range of rows with a label, where closures jump with it and where they do not.

    Pixels beyond the border with cycles of their own but no label say nothing, nor do closures that the labels leave
    unexplained.  ``out`` is int32, (2, row, col): triplets and directions in which the closure changes, over some pixels across the
    border, as the label says; and in which it does not.
    """
    rows, cols = labels.shape
    for row in range(lines[0], lines[1]):
        for col in range(cols):
            out[0, row, col], out[1, row, col] = 0, 0
            own = labels[row, col]
            if own == 0:
                continue
            for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                r, c = row + down, col + right
                far_r, far_c = row + FAR * down, col + FAR * right
                if not (0 <= r < rows and 0 <= c < cols and 0 <= far_r < rows and 0 <= far_c < cols):
                    continue
                other = labels[far_r, far_c]
                if labels[r, c] == own or other == own or (other == 0 and flags[far_r, far_c] == 2):
                    continue
                for k in range(triplets.shape[0]):
                    jump = float(sums[own, k]) - sums[other, k]
                    if jump == 0:
                        continue
                    here = _cycles(phase, triplets[k], planes[k], (row, col), origin)
                    there = _cycles(phase, triplets[k], planes[k], (far_r, far_c), origin)
                    # false for NaN, too
                    if abs(here - sums[own, k]) < 0.5 and abs(there - sums[other, k]) < 0.5:
                        out[0 if abs(here - there - jump) < abs(here - there) else 1, row, col] += 1
