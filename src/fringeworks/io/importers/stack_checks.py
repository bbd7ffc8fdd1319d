"""What samples of the phases themselves say about unit and sign, for a stack of any format."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import MetadataMismatchError, UnitError
from fringeworks.model.grids import Shape
from fringeworks.model.stack import Pair
from fringeworks.model.tally import Finding

SAMPLE_PIXELS = 20_000
"""Pixels looked at of each pair: enough for a median to 1 %, few enough for a thousand pairs."""
_CLOSURE_PIXELS = 4_000
_LEAST_PIXELS = 50
_METRES_BELOW = 0.1
_DEGREES_ABOVE = 0.25
_FLIPPED_SHARE = 0.3


def sample_rows(shape: Shape) -> tuple[range, ...]:
    """Return at most four bands of whole rows, spread over an image, that hold about :data:`SAMPLE_PIXELS`."""
    if shape.size <= SAMPLE_PIXELS:
        return (range(shape.rows),)
    n_bands = min(4, shape.rows)
    height = max(1, SAMPLE_PIXELS // (n_bands * shape.cols))
    starts = np.linspace(0, shape.rows - height, n_bands).astype(int)
    return tuple(range(int(start), int(start) + height) for start in starts)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSample:
    """Some rows of one pair.

    Attributes
    ----------
    pair : Pair
        Its dates.
    name : str
        File, for messages.
    phase : float32, (row, x)
        As the file gives it; NaN where there is no data.
    coherence : float32, (row, x), optional
        Of the same pixels.
    """

    pair: Pair
    name: str
    phase: NDArray[np.float32]
    coherence: NDArray[np.float32] | None


def _steps(phase: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the absolute differences of neighbours along x where both are valid."""
    steps = np.abs(np.diff(phase, axis=1))
    return steps[np.isfinite(steps)]


def check_unit(
    samples: tuple[PairSample, ...],
    *,
    effective_looks: float | None,
    unit_is_said: Literal["everywhere", "not"],
) -> list[Finding]:
    """Refuse phases that cannot be unwrapped radians.

    Parameters
    ----------
    samples : tuple of PairSample
        Some rows of each pair.
    effective_looks : float, optional
        Independent samples of one pixel, for the noise that coherence predicts.
    unit_is_said : str
        Whether all files say radians themselves; small values are then doubted, not refused.

    Raises
    ------
    UnitError
        They look like metres, degrees, or are still wrapped.

    Notes
    -----
    Unwrapped neighbours differ by less than pi almost everywhere, by the rule of unwrapping; degrees do not.
    Wrapped phase stays within pi and jumps. Metres of a whole stack stay below 0.1 where radians would say that
    nothing, not even the air, moved by half a millimetre.
    """
    wrapped = [sample.name for sample in samples if _is_wrapped(sample.phase)]
    if wrapped:
        raise UnitError(
            f"{wrapped[0]} holds wrapped phase: all of it within pi, with jumps from side to side"
            + (f" (and {len(wrapped) - 1} more)" if len(wrapped) > 1 else ""),
            expected="unwrapped phase in radians",
            hint="point to the unwrapped files",
        )
    size = np.concatenate([np.abs(s.phase[np.isfinite(s.phase)]) for s in samples])
    steps = np.concatenate([_steps(s.phase) for s in samples])
    largest = float(np.percentile(size, 99)) if size.size else 0.0
    jumps = float(np.mean(steps > np.pi)) if steps.size else 0.0
    small = largest < _METRES_BELOW
    if small and unit_is_said == "not":
        raise UnitError(
            f"99 % of all phases are below {largest:.3g} in size", expected="radians", hint=_hint("metres")
        )
    if jumps > _DEGREES_ABOVE:
        raise UnitError(
            f"{100 * jumps:.0f} % of all neighbours differ by more than pi",
            expected="radians",
            hint=_hint("degrees"),
        )
    text = (
        f"phases fit radians: 99 % below {largest:.1f} in size, neighbours differ by "
        f"{float(np.median(steps)) if steps.size else 0.0:.2f} (median), {100 * jumps:.3f} % of them by more than pi"
    )
    if small:
        text = f"99 % of all phases are below {largest:.3g} in size, as metres would be, but the files say radians"
    return [Finding("warning" if small else "ok", "unit", text), *_noise_finding(samples, effective_looks)]


def _hint(unit: str) -> str:
    return f"they look like {unit}; export the unwrapped phase itself"


def _is_wrapped(phase: NDArray[np.float32]) -> bool:
    valid = phase[np.isfinite(phase)]
    if valid.size < _LEAST_PIXELS:
        return False
    inside = float(np.abs(valid).max()) <= np.pi + 1e-3
    touches = float(valid.max()) > 0.98 * np.pi and float(valid.min()) < -0.98 * np.pi
    return inside and touches and float(np.mean(_steps(phase) > np.pi)) > 1e-3


def _noise_finding(samples: tuple[PairSample, ...], effective_looks: float | None) -> list[Finding]:
    """Compare the noise between neighbours with what coherence predicts (Just and Bamler 1994, many looks)."""
    if effective_looks is None:
        return []
    ratios = []
    for sample in samples:
        if sample.coherence is None:
            continue
        good = np.where(sample.coherence > 0.3, sample.phase, np.nan)
        steps, coherence = _steps(good), sample.coherence[sample.coherence > 0.3]
        if steps.size < _LEAST_PIXELS:
            continue
        gamma = min(float(np.median(coherence)), 0.999)
        predicted = np.sqrt((1 - gamma**2) / (2 * effective_looks * gamma**2))
        ratios.append(1.4826 * float(np.median(steps)) / np.sqrt(2) / predicted)
    if not ratios:
        return []
    ratio = float(np.median(ratios))
    text = f"neighbours differ by {ratio:.2g} times the noise that coherence predicts"
    if 1 / 50 < ratio < 20:
        return [Finding("ok", "unit", text)]
    return [Finding("warning", "unit", text + ": other unit, or phases without noise?")]


@dataclass(frozen=True, slots=True)
class Triplet:
    """Three pairs that close: ``first + second - direct``, by their places in the network."""

    first: int
    second: int
    direct: int

    @property
    def signed(self) -> tuple[tuple[int, int], ...]:
        """Places of the pairs and their signs in the sum."""
        return (self.first, 1), (self.second, 1), (self.direct, -1)


def triplets_of(pairs: tuple[Pair, ...]) -> tuple[Triplet, ...]:
    """Return all triplets of pairs over three dates."""
    place = {(pair.reference, pair.secondary): k for k, pair in enumerate(pairs)}
    after: dict[object, list[object]] = {}
    for pair in pairs:
        after.setdefault(pair.reference, []).append(pair.secondary)
    found = []
    for start, ends in after.items():
        for middle, end in combinations(sorted(ends), 2):  # type: ignore[type-var]
            if (middle, end) in place:
                found.append(Triplet(place[start, middle], place[middle, end], place[start, end]))  # type: ignore[index]
    return tuple(found)


def check_closure(samples: tuple[PairSample, ...]) -> list[Finding]:
    """Refuse a pair whose sign is opposite to the others', as triplets that do not close tell.

    Raises
    ------
    MetadataMismatchError
        Turning one pair's sign takes at least 70 % off the spread of most closures it is in.

    Notes
    -----
    Each phase has its own constant, so a closure's spread over pixels is looked at, not its mean: robust, because
    unwrapping errors are steps.  The sign of all pairs together cannot be seen in closures.
    """
    pairs = tuple(sample.pair for sample in samples)
    triplets = triplets_of(pairs)
    if not triplets:
        return [
            Finding("warning", "closure", "no three pairs close: a pair of opposite sign could not be seen")
        ]
    flat = [_thinned(sample.phase) for sample in samples]
    spreads, better = [], np.zeros((2, len(pairs)), int)
    for triplet in triplets:
        closure = flat[triplet.first] + flat[triplet.second] - flat[triplet.direct]
        if np.isfinite(closure).sum() < _LEAST_PIXELS:
            continue
        spread = robust_spread(closure)
        spreads.append(spread)
        turned = {k: robust_spread(closure - 2 * sign * flat[k]) for k, sign in triplet.signed}
        best = min(turned, key=lambda k: turned[k])
        for k, _ in triplet.signed:
            better[0, k] += 1
            better[1, k] += bool(k == best and turned[k] < _FLIPPED_SHARE * spread)
    flipped = [k for k in range(len(pairs)) if better[0, k] and better[1, k] > better[0, k] / 2]
    if flipped:
        names = ", ".join(samples[k].name for k in flipped)
        raise MetadataMismatchError(
            f"the sign of {names} is opposite to the others': with the sign turned, {better[1, flipped[0]]} of "
            f"{better[0, flipped[0]]} triplets close three times as well",
            expected="all pairs formed in the same order of dates",
            hint="the two dates were swapped when the pair was formed or named: form it again",
        )
    alone = int(np.sum(better[0] == 0))
    return [
        Finding(
            "ok",
            "closure",
            f"{len(spreads)} triplets close with a spread of {float(np.median(spreads)) if spreads else 0.0:.2f} rad "
            f"(median) and no pair is turned against the others; {alone} of {len(pairs)} pairs are in no triplet",
        )
    ]


def _thinned(phase: NDArray[np.float32]) -> NDArray[np.float64]:
    flat = phase.reshape(-1).astype(float)
    return flat[:: max(1, flat.size // _CLOSURE_PIXELS)]


def robust_spread(values: NDArray[np.float64]) -> float:
    """Return the standard deviation as the median absolute deviation gives it, zero where nothing is valid."""
    values = values[np.isfinite(values)]
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) if values.size else 0.0
