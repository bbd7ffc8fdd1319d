"""Where short pairs are biased: sums of consecutive pairs held against the long pair over the same time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.interferometry.bias_kernels import sum_ladders
from fringeworks.model.arrays import BoolImage, FloatImage, FloatStack
from fringeworks.model.stack import PairNetwork
from fringeworks.model.tally import Tally
from fringeworks.numerics.compiled import in_threads

_AT_ONCE = 4096
"""Pixels of one call of the kernel: their sums stay in the cache."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BiasIndicator:
    """What closures of one length say about the bias of short pairs.

    Attributes
    ----------
    closure : float32, (row, col)
        Angle of the mean phasor of the closures [rad]: what the consecutive pairs together have more than the long
        one; NaN where no closure is complete.
    strength : float32, (row, col)
        Length of that mean, in [0, 1]: 1 = all closures alike.
    rate : float32, (row, col)
        The closure over the time it spans [rad/year]: how much faster the ground seems to move away in consecutive
        pairs than in the long ones.
    n_closures : int16, (row, col)
        Complete closures.
    susceptible : bool, (row, col)
        The closure is larger than noise makes it, and the closures agree.
    tally : Tally
        Pixels considered, with a closure, without.
    """

    closure: FloatImage
    strength: FloatImage
    rate: FloatImage
    n_closures: NDArray[np.int16]
    susceptible: BoolImage
    tally: Tally


def find_ladders(network: PairNetwork, *, length: int) -> NDArray[np.int64]:
    """Return the closures over ``length`` consecutive dates, (closure, length + 1): the short pairs, then the long one.

    Consecutive are dates of the network that follow each other; closures that lack a pair are left out.
    """
    if length < 2:
        raise OutOfRangeError(f"closures over {length} pairs", expected="at least 2")
    index = {(int(i), int(j)): k for k, (i, j) in enumerate(network.endpoints())}
    rows = []
    for first in range(len(network.dates) - length):
        short = [index.get((day, day + 1), -1) for day in range(first, first + length)]
        row = [*short, index.get((first, first + length), -1)]
        if min(row) >= 0:
            rows.append(row)
    return np.array(rows, np.int64).reshape(-1, length + 1)


def longest_ladders(network: PairNetwork, *, most: int = 6, fewest: int = 3) -> int:
    """Return the length of the longest closures of which the network holds ``fewest`` at least; 0 where there is none."""
    lengths = range(min(most, len(network.dates) - 1), 1, -1)
    return next((n for n in lengths if len(find_ladders(network, length=n)) >= fewest), 0)


def _sums(
    phase: FloatStack, shift: NDArray[np.float64], ladders: NDArray[np.int64], network: PairNetwork
) -> tuple[NDArray[np.complex128], NDArray[np.int16], NDArray[np.float64]]:
    """Return sum of phasors, number, and years of the complete closures, each (row, col)."""
    rows, cols = phase.shape[1:]
    out = np.zeros((4, rows * cols))
    flat = np.ascontiguousarray(phase, np.float32).reshape(phase.shape[0], -1)
    spans = np.array([network.pairs[row[-1]].days / 365.25 for row in ladders], np.float64)

    def work(first: int, last: int) -> None:
        sum_ladders((first, last), flat, shift, ladders, spans, out)

    in_threads(lambda a, b: work(a * _AT_ONCE, min(b * _AT_ONCE, rows * cols)), -(-rows * cols // _AT_ONCE))
    total = (out[0] + 1j * out[1]).reshape(rows, cols)
    return total, out[2].reshape(rows, cols).astype(np.int16), out[3].reshape(rows, cols)


def indicate_bias(
    phase: FloatStack,
    *,
    network: PairNetwork,
    length: int = 3,
    constants: NDArray[np.float64] | None = None,
    n_sigma: float = 3.0,
    least_strength: float = 0.3,
) -> BiasIndicator:
    """Ask of each pixel whether its short pairs are biased.

    Parameters
    ----------
    phase : float32, (pair, row, col)
        Wrapped or unwrapped phase of multilooked interferograms [rad]; NaN where there is no data.
    network : PairNetwork
        Dates and pairs.
    length : int
        Short pairs in a closure; longer ones ask against less biased pairs.
    constants : float64, (pair), optional
        Constant of each interferogram over an area that is taken to be without bias [rad]
        (:func:`fringeworks.interferometry.closure.pair_constants`); none by default.
    n_sigma : float
        The closure has to exceed what closures of random angle give, so many times.
    least_strength : float
        ... and the mean phasor to be so long.

    Returns
    -------
    BiasIndicator
        A block gives the values of the whole.

    Raises
    ------
    TooFewDataError
        The network has no such closure.
    ShapeMismatchError
        Phases or constants do not fit the network.

    Notes
    -----
    ``tau = mean exp(i (sum phi_k,k+1 - phi_k,k+n))``; susceptible where ``|arg tau| > n_sigma pi / sqrt(3 K)`` for K
    closures and ``|tau|`` is at least 0.3 (Zheng et al. 2022), and here also longer than K random angles make it but for
    as rare a case: ``|tau|^2 > -ln P / K``.  What moves soil water and plants decorrelates and turns
    the mean of the looks alike, more in short pairs than in long ones; a single look closes always.  It is an
    indicator: it corrects nothing, and a bias that the long pair shares is not seen.
    """
    n_pairs = len(network.pairs)
    shift = np.zeros(n_pairs) if constants is None else np.asarray(constants, np.float64)
    if phase.ndim != 3 or phase.shape[0] != n_pairs or shift.shape != (n_pairs,):
        raise ShapeMismatchError(
            f"phase of {phase.shape}, constants of {shift.shape}", expected=f"{n_pairs} pairs"
        )
    ladders = find_ladders(network, length=length)
    if len(ladders) == 0:
        raise TooFewDataError(
            f"no closure over {length} consecutive pairs",
            expected="consecutive pairs and the pair over their whole time",
            hint="choose another length, or a network with such pairs",
        )
    total, count, years = _sums(phase, shift, ladders, network)
    known = count > 0
    n = np.where(known, count, np.nan)
    closure, strength = np.where(known, np.angle(total), np.nan), np.abs(total) / n
    with np.errstate(invalid="ignore"):
        beyond = np.abs(closure) > n_sigma * np.pi / np.sqrt(3.0 * n)
        random = np.sqrt(-np.log(erfc(n_sigma / np.sqrt(2.0))) / n)
        susceptible = beyond & (strength >= np.maximum(least_strength, random))
    n_known = int(known.sum())
    return BiasIndicator(
        closure=closure.astype(np.float32),
        strength=strength.astype(np.float32),
        rate=(closure * n / np.where(known, years, np.nan)).astype(np.float32),
        n_closures=count,
        susceptible=np.asarray(susceptible, np.bool_),
        tally=Tally("pixels", known.size, n_known, {"no complete closure": known.size - n_known}),
    )
