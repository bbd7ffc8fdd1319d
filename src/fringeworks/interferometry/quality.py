"""Which pairs contradict the others: verdict, weight and reason for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.interferometry.consistency import Misfit, snoop
from fringeworks.interferometry.network import find_triplets
from fringeworks.model.options import option
from fringeworks.model.stack import Pair, PairNetwork
from fringeworks.model.tally import Tally


@dataclass(frozen=True, slots=True)
class PairQualityOptions:
    """When a pair is taken for bad.

    Attributes
    ----------
    ratio : float
        A pair stands out where its misfit to the others is this many times the median of all pairs.
    least_misfit : float
        A smaller misfit is never held against a pair [rad].
    cycle_fraction : float
        A pair with whole-cycle errors on more than this fraction of the pixels is excluded.
    least_factor : float
        A pair whose weight would fall below this is excluded.
    most_bad : float
        Largest fraction of pairs that may be found bad.
    """

    ratio: float = option(
        3.0,
        meaning="A pair stands out where its misfit to all other pairs is this many times the median misfit.",
        minimum=1.5,
        maximum=100.0,
    )
    least_misfit: float = option(
        0.3,
        meaning="A misfit below this is never held against a pair: 0.3 rad is about 1.3 mm.",
        unit="rad",
        minimum=0.0,
    )
    cycle_fraction: float = option(
        0.1,
        meaning="Pairs with whole-cycle errors on more than this fraction of the pixels are excluded; smaller "
        "patches are left to the rejection pixel by pixel.",
        minimum=0.0,
        maximum=1.0,
    )
    least_factor: float = option(
        0.01,
        meaning="A bad pair keeps the share of its weight that its misfit deserves; below this share it is excluded.",
        minimum=0.01,
        maximum=1.0,
    )
    most_bad: float = option(
        0.3,
        meaning="At most this fraction of the pairs is called bad: beyond it, nobody can say which ones are right.",
        minimum=0.0,
        maximum=0.9,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PairVerdict:
    """What the other pairs say of one pair.

    Attributes
    ----------
    pair : Pair
        The pair.
    verdict : str
        ``good``, ``suspect`` (keeps ``factor`` of its weight) or ``excluded``.
    factor : float
        Share of its weight it keeps, in [0, 1].
    reason : str
        One sentence with the figures.
    misfit : float
        Root mean square of pair minus prediction by the others [rad]; NaN where no loop checks it.
    cycle_fraction : float
        Fraction of pixels more than half a cycle off.
    plane_share : float
        Fraction of the misfit's variance that a plane over the image explains; NaN where it was not looked at.
    redundancy : float
        Part of its error that the other pairs reveal, in [0, 1].
    n_triplets, n_failing : int
        Its triplets, and those of them that close badly.
    """

    pair: Pair
    verdict: str
    factor: float
    reason: str
    misfit: float
    cycle_fraction: float
    plane_share: float
    redundancy: float
    n_triplets: int
    n_failing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairQuality:
    """Verdict on all pairs.

    Attributes
    ----------
    verdicts : tuple of PairVerdict
        One for each pair, in the network's order.
    factor : float64, (pair)
        Share of its weight each pair keeps: 1 good, 0 excluded.
    typical_misfit : float
        Median misfit of the pairs that stay [rad].
    n_failing_before, n_failing_after : int
        Triplets that close badly: of all, and of those without a bad pair.
    tally : Tally
        Pairs considered, used, excluded.
    """

    verdicts: tuple[PairVerdict, ...]
    factor: NDArray[np.float64]
    typical_misfit: float
    n_failing_before: int
    n_failing_after: int
    tally: Tally


def judge_pairs(
    sample: NDArray[np.float32],
    *,
    network: PairNetwork,
    options: PairQualityOptions,
    coherence: NDArray[np.float64] | None = None,
    positions: NDArray[np.float64] | None = None,
) -> PairQuality:
    """Find the pairs that contradict all others.

    Parameters
    ----------
    sample : float32, (pair, pixel)
        Unwrapped phase of pixels spread over the whole image [rad]; NaN where there is no data.  Some hundred
        to two thousand pixels.  Constants of the pairs are taken out here.
    network : PairNetwork
        Dates and pairs.
    options : PairQualityOptions
        Limits.
    coherence : float64, (pair), optional
        Mean coherence; decides between pairs that the data cannot tell apart.
    positions : float64, (pixel, 2), optional
        Row and column of each pixel, to tell slopes from cycle errors.

    Returns
    -------
    PairQuality
        In the order of the network's pairs.

    Raises
    ------
    ShapeMismatchError
        Arrays do not fit the network.

    Notes
    -----
    Data snooping (Baarda 1968), with a whole pair as the unit: all pairs are inverted for one phase a date, and
    each pair's residual, pooled over the pixels, is held against what its redundancy lets one expect.  The pair
    that stands out most is set aside, and the rest inverted again, until none stands out.  A pair set aside is
    then predicted by the others.  Of two pairs that only one loop joins (a date with two pairs) the data cannot
    say which is wrong: the one of lower coherence, else the longer one, is blamed, and its reason says so.
    """
    _check(sample, network, coherence, positions)
    if coherence is None:
        trust = -np.array([pair.days for pair in network.pairs], float)
    else:
        trust = np.asarray(coherence, float)
    n_most = int(options.most_bad * len(network.pairs))
    found = snoop(
        sample.astype(np.float64),
        network=network,
        ratio=options.ratio,
        least_misfit=options.least_misfit,
        trust=trust,
        n_most=n_most,
    )
    triplets, failing = _failing_triplets(sample, network, options.ratio, options.least_misfit)
    verdicts = tuple(
        _verdict(k, found, network=network, options=options, positions=positions, loops=(triplets, failing))
        for k in range(len(network.pairs))
    )
    factor = np.array([v.factor for v in verdicts])
    clean = ~np.isin(triplets, np.flatnonzero(factor < 1.0)).any(axis=1)
    excluded = int(np.count_nonzero(factor == 0.0))
    return PairQuality(
        verdicts=verdicts,
        factor=factor,
        typical_misfit=found.typical,
        n_failing_before=int(failing.sum()),
        n_failing_after=int((failing & clean).sum()),
        tally=Tally("pairs", factor.size, factor.size - excluded, {"contradicts the other pairs": excluded}),
    )


def _check(
    sample: NDArray[np.float32],
    network: PairNetwork,
    coherence: NDArray[np.float64] | None,
    positions: NDArray[np.float64] | None,
) -> None:
    n_pairs = len(network.pairs)
    if sample.ndim != 2 or sample.shape[0] != n_pairs:
        raise ShapeMismatchError(f"sample of shape {sample.shape}", expected=f"({n_pairs} pairs, pixels)")
    if coherence is not None and np.shape(coherence) != (n_pairs,):
        raise ShapeMismatchError(f"coherence of shape {np.shape(coherence)}", expected=f"({n_pairs},)")
    if positions is not None and positions.shape != (sample.shape[1], 2):
        raise ShapeMismatchError(
            f"positions of shape {positions.shape}", expected=f"({sample.shape[1]} pixels, 2)"
        )


def _verdict(
    k: int,
    found: Misfit,
    *,
    network: PairNetwork,
    options: PairQualityOptions,
    positions: NDArray[np.float64] | None,
    loops: tuple[NDArray[np.int64], NDArray[np.bool_]],
) -> PairVerdict:
    own = (loops[0] == k).any(axis=1)
    n_triplets, n_failing = int(own.sum()), int((own & loops[1]).sum())
    error, bad = found.error[k], bool(found.bad[k])
    finite = np.isfinite(error)
    cycles = float(np.mean(np.abs(error[finite]) > np.pi)) if finite.any() else 0.0
    misfit = float(np.sqrt(np.mean(error[finite] ** 2))) if finite.any() else float("nan")
    small = error[finite & (np.abs(error) <= np.pi)]
    calm = float(np.sqrt(np.mean(small**2))) if small.size else misfit
    share = _plane_share(error, positions) if bad and positions is not None else float("nan")
    figures = f"misses the other pairs by {misfit:.2f} rad rms, where {found.typical:.2f} rad is usual"
    figures += f"; {n_failing} of its {n_triplets} triplets close badly"
    if not bad:
        verdict, factor = "good", 1.0
        reason = figures if finite.any() else "no loop of pairs checks it"
    elif cycles > options.cycle_fraction:
        verdict, factor = "excluded", 0.0
        reason = f"{figures}; whole-cycle errors on {100 * cycles:.0f} % of the pixels"
    elif cycles > 0.0 and calm < max(options.ratio * found.typical, options.least_misfit):
        verdict, factor = "good", 1.0
        reason = f"{figures}; whole-cycle errors on {100 * cycles:.1f} % of the pixels, left to the rejection pixel by pixel"
    else:
        factor = min(1.0, (max(found.typical, 0.1 * options.least_misfit) / max(calm, 1e-6)) ** 2)
        verdict = "suspect" if factor >= options.least_factor else "excluded"
        factor = factor if verdict == "suspect" else 0.0
        reason = figures + _character(share, cycles, factor)
    rivals = found.rivals.get(k, ())
    if rivals:
        names = ", ".join(str(network.pairs[r]) for r in rivals)
        reason += f"; {names} closes the same loop, the data cannot tell the two apart, and the less reliable one is blamed"
    return PairVerdict(
        pair=network.pairs[k],
        verdict=verdict,
        factor=factor,
        reason=reason,
        misfit=misfit,
        cycle_fraction=cycles,
        plane_share=share,
        redundancy=float(found.redundancy[k]),
        n_triplets=n_triplets,
        n_failing=n_failing,
    )


def _character(share: float, cycles: float, factor: float) -> str:
    text = (
        "; no whole-cycle errors"
        if cycles == 0.0
        else f"; whole-cycle errors on {100 * cycles:.1f} % of the pixels"
    )
    if share > 0.5:
        text += f", {100 * share:.0f} % of the misfit is a plane over the image (orbit or flattening)"
    return text + (f"; keeps {100 * factor:.1f} % of its weight" if factor > 0.0 else "")


def _plane_share(error: NDArray[np.float64], positions: NDArray[np.float64]) -> float:
    finite = np.isfinite(error)
    if finite.sum() < 4 or not np.var(error[finite]) > 0.0:
        return float("nan")
    basis = np.column_stack([np.ones(int(finite.sum())), positions[finite]])
    residual = error[finite] - basis @ np.linalg.lstsq(basis, error[finite], rcond=None)[0]
    return float(1.0 - np.mean(residual**2) / np.var(error[finite]))


def _failing_triplets(
    sample: NDArray[np.float32], network: PairNetwork, ratio: float, least: float
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    triplets = find_triplets(network)
    spread = np.zeros(len(triplets))
    for k, (first, second, third) in enumerate(triplets):
        value = sample[first].astype(np.float64) + sample[second] - sample[third]
        value = value[np.isfinite(value)]
        spread[k] = np.sqrt(np.mean((value - np.median(value)) ** 2)) if value.size else 0.0
    usual = float(np.median(spread)) if spread.size else 0.0
    return triplets, spread > max(ratio * usual, least)
