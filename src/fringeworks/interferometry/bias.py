"""Where short pairs are biased: sums of consecutive pairs held against the long pair over the same time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.model.arrays import BoolImage, FloatImage, FloatStack
from fringeworks.model.stack import PairNetwork
from fringeworks.model.tally import Tally


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
    total = np.zeros(phase.shape[1:], np.complex128)
    count = np.zeros(phase.shape[1:], np.int16)
    years = np.zeros(phase.shape[1:])
    for row in ladders:
        value = (phase[row[:-1]] - shift[row[:-1], None, None]).sum(axis=0, dtype=np.float64)
        value -= phase[row[-1]] - shift[row[-1]]
        complete = np.isfinite(value)
        total += np.where(complete, np.exp(1j * np.where(complete, value, 0.0)), 0.0)
        count += complete
        years += complete * (network.pairs[row[-1]].days / 365.25)
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
