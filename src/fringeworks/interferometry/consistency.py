"""Hold every pair against the prediction by all others, for many pixels at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.stack import PairNetwork

_RIDGE = 1e-9
_UNCHECKED = 0.05
_UNREACHED = 1e4
_MOST_PATTERNS = 256
_SAME = 0.999


@dataclass(frozen=True, slots=True)
class Misfit:
    """Result of data snooping.

    Attributes
    ----------
    error : float64, (pair, pixel)
        Pair minus prediction by all pairs that are not bad, itself left out [rad]; NaN where nothing predicts it.
    bad : bool, (pair)
        Pairs that stood out.
    redundancy : float64, (pair)
        Mean over the pixels, before any pair was set aside.
    typical : float
        Median misfit of the pairs that stayed, scaled for redundancy [rad].
    rivals : mapping of int to tuple of int
        For a bad pair: the pairs that the data could not tell from it.
    """

    error: NDArray[np.float64]
    bad: NDArray[np.bool_]
    redundancy: NDArray[np.float64]
    typical: float
    rivals: Mapping[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class _Adjustment:
    residual: NDArray[np.float64]
    redundancy: NDArray[np.float64]


def snoop(
    sample: NDArray[np.float64],
    *,
    network: PairNetwork,
    ratio: float,
    least_misfit: float,
    trust: NDArray[np.float64],
    n_most: int,
) -> Misfit:
    """Set aside, one after the other, the pairs that stand out against the rest.

    Parameters
    ----------
    sample : float64, (pair, pixel)
        Unwrapped phase [rad]; NaN where there is no data.
    network : PairNetwork
        Dates and pairs.
    ratio : float
        A pair stands out where its scaled misfit exceeds this many times the median of all.
    least_misfit : float
        ... and this [rad].
    trust : float64, (pair)
        Of pairs the data cannot tell apart, the one with the least trust is blamed.
    n_most : int
        Stop after this many.

    Returns
    -------
    Misfit
        Errors of all pairs, which stood out, and which could not be told apart.
    """
    phase = sample - np.nan_to_num(_median(sample))[:, None]
    matrix = network.incidence().astype(float)[:, 1:]
    few = _Observations.of(phase[:, _thinned(phase)], matrix)
    bad = np.zeros(phase.shape[0], bool)
    rivals: dict[int, tuple[int, ...]] = {}
    adjustment = _settle(few, bad, rounds=2)
    redundancy = _mean(adjustment.redundancy)
    while True:
        scaled, typical = _scaled(adjustment, bad)
        worst = int(np.argmax(scaled))
        if scaled[worst] <= max(ratio * typical, least_misfit) or bad.sum() >= n_most:
            break
        same = _indistinguishable(adjustment, scaled, worst)
        blamed = int(same[np.argmin(trust[same])])
        rivals[blamed] = tuple(int(k) for k in same if k != blamed)
        bad[blamed] = True
        adjustment = _settle(few, bad, rounds=1)
    adjustment = _settle(_Observations.of(phase, matrix), bad, rounds=3)
    _, typical = _scaled(adjustment, bad)
    checked = adjustment.redundancy > _UNCHECKED
    error = np.where(checked, adjustment.residual / np.where(checked, adjustment.redundancy, 1.0), np.nan)
    return Misfit(error, bad, redundancy, typical, {k: v for k, v in rivals.items() if v})


@dataclass(slots=True)
class _Observations:
    """Phases with the pixels sorted by which pairs they have; constants of the pairs are moved as they get known."""

    phase: NDArray[np.float64]
    matrix: NDArray[np.float64]
    patterns: NDArray[np.bool_]
    members: list[NDArray[np.int64]]

    @classmethod
    def of(cls, phase: NDArray[np.float64], matrix: NDArray[np.float64]) -> _Observations:
        patterns, member = np.unique(np.isfinite(phase), axis=1, return_inverse=True)
        member = np.reshape(member, -1)
        order = np.argsort(member, kind="stable")
        edges = np.searchsorted(member[order], np.arange(1, patterns.shape[1]))
        return cls(phase, matrix, patterns.T, np.split(order, edges))


def _thinned(phase: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the pixels the search looks at: all where gaps are few, else an even choice, the search being dear."""
    n_patterns = np.unique(np.isfinite(phase), axis=1).shape[1]
    n_pixels = phase.shape[1]
    wanted = n_pixels if n_patterns <= _MOST_PATTERNS else _MOST_PATTERNS
    return np.unique(np.linspace(0, max(n_pixels - 1, 0), min(wanted, n_pixels)).astype(np.int64))


def _scaled(adjustment: _Adjustment, bad: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    usable = (adjustment.redundancy > _UNCHECKED) & np.isfinite(adjustment.residual)
    power = np.where(usable, adjustment.residual**2 / np.where(usable, adjustment.redundancy, 1.0), 0.0)
    count = usable.sum(axis=1)
    scaled = np.sqrt(power.sum(axis=1) / np.maximum(count, 1))
    # a pair seen by few pixels only is not judged by them
    judged = ~bad & (count > 0.05 * usable.shape[1])
    typical = float(np.median(scaled[judged])) if judged.any() else 0.0
    return np.where(judged, scaled, 0.0), typical


def _indistinguishable(adjustment: _Adjustment, scaled: NDArray[np.float64], worst: int) -> NDArray[np.int64]:
    own = adjustment.residual[worst]
    found = [worst]
    for k in np.flatnonzero(scaled > 0.99 * scaled[worst]):
        both = np.isfinite(own) & np.isfinite(adjustment.residual[k])
        if k == worst or not both.any():
            continue
        first, second = own[both], adjustment.residual[k][both]
        size = np.sqrt(np.sum(first**2) * np.sum(second**2))
        if abs(np.sum(first * second)) > _SAME * size:
            found.append(int(k))
    return np.array(sorted(found))


def _settle(observations: _Observations, bad: NDArray[np.bool_], *, rounds: int) -> _Adjustment:
    """Adjust, and move each pair's constant so that its residuals have median zero; as often as asked."""
    for _ in range(rounds):
        adjustment = _invert(observations, bad)
        shift = np.nan_to_num(_median(adjustment.residual))[:, None]
        observations.phase = observations.phase - shift
        adjustment = _Adjustment(adjustment.residual - shift, adjustment.redundancy)
    return adjustment


def _invert(observations: _Observations, bad: NDArray[np.bool_]) -> _Adjustment:
    phase, matrix = observations.phase, observations.matrix
    residual = np.full(phase.shape, np.nan)
    redundancy = np.zeros(phase.shape)
    ridge = _RIDGE * np.eye(matrix.shape[1])
    for pattern, pixels in zip(observations.patterns, observations.members, strict=True):
        weight = (pattern & ~bad).astype(float)
        normal = (matrix.T * weight) @ matrix
        inverse = np.linalg.inv(normal + ridge)
        spread = np.sum((matrix @ inverse) * matrix, axis=1)
        values = np.where(pattern[:, None], phase[:, pixels], 0.0)
        misfit = values - matrix @ (inverse @ (matrix.T @ (weight[:, None] * values)))
        reached = pattern & (spread < _UNREACHED)
        residual[:, pixels] = np.where(reached[:, None], misfit, np.nan)
        redundancy[:, pixels] = np.maximum(np.where(reached, 1.0 - weight * spread, 0.0), 0.0)[:, None]
    return _Adjustment(residual, redundancy)


def _median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = np.isfinite(values).any(axis=1)
    found = np.full(values.shape[0], np.nan)
    if finite.any():
        found[finite] = np.nanmedian(values[finite], axis=1)
    return found


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values.mean(axis=1)) if values.shape[1] else np.zeros(values.shape[0])
