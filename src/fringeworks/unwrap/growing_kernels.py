"""Kernels of region growing: local mean phase, reliability of neighbours, merging from good to poor."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.arrays import BoolImage, ComplexImage, FloatImage
from fringeworks.numerics.compiled import kernel
from fringeworks.numerics.phase import TURN

LEVELS: Final = 65536
"""Steps in which reliability is lowered while growing."""
_BESIDE_RESIDUE: Final = (
    0.01  # factor on the reliability of two neighbours beside a residue: grown across last
)


@kernel
def unit_and_weight(
    phasor: ComplexImage,
    coherence: FloatImage,
    valid: BoolImage,
    *,
    looks: float,
    unit: ComplexImage,
    weight: FloatImage,
) -> None:
    """Fill unit phasors, 0 where there is nothing, and weights: one over the phase variance the coherence implies.

    The weight is g2 / (1 - g2), with g2 the squared coherence freed of its bias, 1 / looks in the mean, and limited
    to what eight good neighbours together outweigh.
    """
    for y in range(valid.shape[0]):
        for x in range(valid.shape[1]):
            unit[y, x], weight[y, x] = 0.0, 0.0
            if not valid[y, x]:
                continue
            unit[y, x] = phasor[y, x] / abs(phasor[y, x])
            g2 = min(float(coherence[y, x]) ** 2, 0.999)
            if looks > 1.0:
                g2 = (g2 - 1.0 / looks) / (1.0 - 1.0 / looks)
            g2 = min(max(g2, 1e-3), 0.999)
            weight[y, x] = min(g2 / (1.0 - g2), 10.0)


@kernel
def neighbour_products(
    unit: ComplexImage, weight: FloatImage, along_rows: NDArray[np.float32], along_cols: NDArray[np.float32]
) -> None:
    """Fill weighted products of each pixel's next neighbour with its own conjugate.

    Parameters
    ----------
    unit, weight : (y, x)
        From :func:`unit_and_weight`.
    along_rows, along_cols : float32, (part, y, x)
        Real and imaginary part of the product with the neighbour at x + 1, and at y + 1.
    """
    n_rows, n_cols = unit.shape
    for y in range(n_rows):
        for x in range(n_cols):
            here = np.conj(unit[y, x]) * weight[y, x]
            along_rows[0, y, x], along_rows[1, y, x] = 0.0, 0.0
            along_cols[0, y, x], along_cols[1, y, x] = 0.0, 0.0
            if x + 1 < n_cols:
                product = unit[y, x + 1] * weight[y, x + 1] * here
                along_rows[0, y, x], along_rows[1, y, x] = product.real, product.imag
            if y + 1 < n_rows:
                product = unit[y + 1, x] * weight[y + 1, x] * here
                along_cols[0, y, x], along_cols[1, y, x] = product.real, product.imag


@kernel
def mean_phase(
    unit: ComplexImage,
    weight: FloatImage,
    coherence: FloatImage,
    along_rows: NDArray[np.float32],
    along_cols: NDArray[np.float32],
    *,
    half: int,
    looks: float,
    first: int,
    last: int,
    phase: FloatImage,
    quality: FloatImage,
    evidence: FloatImage,
) -> None:
    """Fill rows ``first`` to ``last`` with the mean phase of a window, its local slope taken out of the sum.

    ``quality`` is the length of the weighted mean phasor times the coherence; ``evidence`` the number of looks in the
    window times its squared coherence: noise alone exceeds a value e with probability exp(-e).
    """
    n_rows, n_cols = unit.shape
    for y in range(first, last):
        for x in range(n_cols):
            phase[y, x], quality[y, x], evidence[y, x] = 0.0, 0.0, 0.0
            if weight[y, x] == 0.0:
                continue
            slope_x = math.atan2(float(along_rows[1, y, x]), float(along_rows[0, y, x]))
            slope_y = math.atan2(float(along_cols[1, y, x]), float(along_cols[0, y, x]))
            step = complex(math.cos(slope_x), -math.sin(slope_x))
            total, plain, sum_of_weights, n = 0j, 0j, 0.0, 0
            for j in range(max(y - half, 0), min(y + half + 1, n_rows)):
                angle = -(slope_y * (j - y) + slope_x * (max(x - half, 0) - x))
                turn = complex(math.cos(angle), math.sin(angle))
                for i in range(max(x - half, 0), min(x + half + 1, n_cols)):
                    if weight[j, i] > 0.0:
                        turned = complex(unit[j, i]) * turn
                        total += weight[j, i] * turned
                        plain += coherence[j, i] * turned
                        sum_of_weights += weight[j, i]
                        n += 1
                    turn *= step
            phase[y, x] = math.atan2(total.imag, total.real)
            quality[y, x] = abs(total) / sum_of_weights * coherence[y, x]
            evidence[y, x] = looks * abs(plain) ** 2 / n


@kernel
def _wrapped(difference: float) -> float:
    return difference - TURN * float(np.rint(difference / TURN))


@kernel
def _has_residue(phase: FloatImage, valid: BoolImage, y: int, x: int) -> bool:
    """Return whether the wrapped differences around four pixels, (y, x) the first, do not add up to zero."""
    if y < 0 or x < 0 or y + 1 >= phase.shape[0] or x + 1 >= phase.shape[1]:
        return False
    if not (valid[y, x] and valid[y, x + 1] and valid[y + 1, x] and valid[y + 1, x + 1]):
        return False
    around = (
        _wrapped(float(phase[y, x + 1]) - float(phase[y, x]))
        + _wrapped(float(phase[y + 1, x + 1]) - float(phase[y, x + 1]))
        + _wrapped(float(phase[y + 1, x]) - float(phase[y + 1, x + 1]))
        + _wrapped(float(phase[y, x]) - float(phase[y + 1, x]))
    )
    return abs(around) > 0.5 * TURN


@kernel
def _level(qualities: float, difference: float) -> int:
    """Return the level of two neighbours, 0 = best: the poorer quality, less the more the phase differs."""
    reliability = qualities * (1.0 - abs(_wrapped(difference)) / (0.5 * TURN))
    return min(max(int((1.0 - reliability) * (LEVELS - 1)), 0), LEVELS - 1)


@kernel
def edge_levels(
    phase: FloatImage,
    quality: FloatImage,
    valid: BoolImage,
    levels: NDArray[np.uint16],
    counts: NDArray[np.int64],
) -> None:
    """Fill the level of each pair of neighbours and count the pairs of each level.

    Parameters
    ----------
    phase, quality : float32, (y, x)
        From :func:`mean_phase`.
    valid : bool, (y, x)
    levels : uint16, (y, x, neighbour)
        Neighbour at x + 1, and at y + 1; only written where both are valid.
    counts : int64, (LEVELS)
        Zero at the call.
    """
    n_rows, n_cols = phase.shape
    for y in range(n_rows):
        for x in range(n_cols):
            if not valid[y, x]:
                continue
            beside = _has_residue(phase, valid, y, x)
            if x + 1 < n_cols and valid[y, x + 1]:
                both = min(quality[y, x], quality[y, x + 1])
                if beside or _has_residue(phase, valid, y - 1, x):
                    both *= _BESIDE_RESIDUE
                level = _level(both, float(phase[y, x + 1]) - float(phase[y, x]))
                levels[y, x, 0] = level
                counts[level] += 1
            if y + 1 < n_rows and valid[y + 1, x]:
                both = min(quality[y, x], quality[y + 1, x])
                if beside or _has_residue(phase, valid, y, x - 1):
                    both *= _BESIDE_RESIDUE
                level = _level(both, float(phase[y + 1, x]) - float(phase[y, x]))
                levels[y, x, 1] = level
                counts[level] += 1


@kernel
def sort_edges(
    levels: NDArray[np.uint16], valid: BoolImage, place: NDArray[np.int64], order: NDArray[np.int32]
) -> None:
    """Fill the pairs of neighbours in the order of their levels; within a level in that of the image.

    ``place`` holds where each level begins and is used up; a pair is 2 * pixel + neighbour.
    """
    n_rows, n_cols = valid.shape
    for y in range(n_rows):
        for x in range(n_cols):
            if not valid[y, x]:
                continue
            pixel = y * n_cols + x
            if x + 1 < n_cols and valid[y, x + 1]:
                level = levels[y, x, 0]
                order[place[level]] = 2 * pixel
                place[level] += 1
            if y + 1 < n_rows and valid[y + 1, x]:
                level = levels[y, x, 1]
                order[place[level]] = 2 * pixel + 1
                place[level] += 1


@kernel
def find_root(parent: NDArray[np.int32], cycles: NDArray[np.int32], node: int) -> int:
    """Return the root of a node; afterwards the node hangs directly on it, with its cycles relative to it."""
    root, total = node, 0
    while parent[root] != root:
        total += cycles[root]
        root = parent[root]
    while parent[node] != root and node != root:
        following, own = parent[node], cycles[node]
        parent[node], cycles[node] = root, total
        total -= own
        node = following
    return root


@kernel
def merge(
    phase: NDArray[np.float32],
    order: NDArray[np.int32],
    n_cols: int,
    parent: NDArray[np.int32],
    cycles: NDArray[np.int32],
    size: NDArray[np.int32],
) -> None:
    """Join regions across pairs of neighbours, best first, each shifted by the cycles that make the pair's step smallest.

    Parameters
    ----------
    phase : float32, (pixel)
    order : int32, (pair)
        From :func:`sort_edges`.
    n_cols : int
    parent, cycles, size : int32, (pixel)
        Each pixel its own parent, no cycles, size 1 at the call; forest of regions afterwards.
    """
    for k in range(order.size):
        pixel = int(order[k] >> 1)
        other = pixel + n_cols if order[k] & 1 else pixel + 1
        root, other_root = find_root(parent, cycles, pixel), find_root(parent, cycles, other)
        if root == other_root:
            continue
        own = cycles[pixel] if pixel != root else 0
        others = cycles[other] if other != other_root else 0
        step = int(np.rint((float(phase[other]) - float(phase[pixel])) / TURN))
        shift = own - step - others
        if size[root] >= size[other_root]:
            parent[other_root], cycles[other_root] = root, shift
            size[root] += size[other_root]
        else:
            parent[root], cycles[root] = other_root, -shift
            size[other_root] += size[root]


@kernel
def place_pixels(
    unit: ComplexImage,
    mean: FloatImage,
    evidence: FloatImage,
    valid: BoolImage,
    *,
    least_evidence: float,
    most_residual: float,
    parent: NDArray[np.int32],
    cycles: NDArray[np.int32],
    phase: FloatImage,
    trusted: BoolImage,
) -> None:
    """Fill each pixel's own phase next to the unwrapped mean phase, and where it can be trusted."""
    n_cols = unit.shape[1]
    for y in range(unit.shape[0]):
        for x in range(n_cols):
            phase[y, x], trusted[y, x] = np.nan, False
            if not valid[y, x]:
                continue
            pixel = y * n_cols + x
            root = find_root(parent, cycles, pixel)
            level = cycles[pixel] if pixel != root else 0
            own = math.atan2(float(unit[y, x].imag), float(unit[y, x].real))
            residual = _wrapped(own - float(mean[y, x]))
            phase[y, x] = float(mean[y, x]) + TURN * level + residual
            trusted[y, x] = evidence[y, x] >= least_evidence and abs(residual) <= most_residual
