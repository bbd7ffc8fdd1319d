"""Whole turns of the double difference: sub-swaths of one date share its timing, but not the length of a turn.

A shift is known from one sub-swath to within whole turns of its double difference, some 0.11 lines.  The turn is one over
the spectral separation, which differs by a tenth between sub-swaths: the number of turns that brings all of them to one
shift is the right one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.tally import Finding

Values = NDArray[np.float64]

MOST_TURNS: Final = 3
"""Whole turns tried to either side: a third of a line, more than any orbit's error."""

SURE: Final = 25.0
"""By how much the sum of squares over sigmas has to fall for turns to be believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Whole turns of the dates' shifts.

    Attributes
    ----------
    turns : int64, (date, swath)
        To be added; 0 where that fits, or nothing fits better beyond doubt.
    coarse : float64, (date, swath)
        Shifts with the turns added [s], as a start for a new estimate.
    misfit : float64, (date)
        Root mean square of the sub-swaths' shifts about their mean, over their sigmas; NaN with fewer than two.
    findings : tuple of Finding
        Dates with turns, and dates whose sub-swaths do not agree.
    """

    turns: NDArray[np.int64]
    coarse: Values
    misfit: Values
    findings: tuple[Finding, ...]


def resolve_turns(shift: Values, sigma: Values, *, turn: Values, scatter: float) -> Turns:
    """Find the whole turns that bring the shifts of all sub-swaths of a date together.

    Parameters
    ----------
    shift, sigma : float64, (date, swath)
        Shifts relative to the reference date [s], within half a turn of zero; sigma NaN where nothing is known.
    turn : float64, (swath)
        Length of a turn, one over the absolute spectral separation [s].
    scatter : float
        Standard deviation by which sub-swaths of a date may differ anyway [s].

    Returns
    -------
    Turns

    Raises
    ------
    ShapeMismatchError
        The arrays do not fit each other.
    OutOfRangeError
        A turn or the scatter is not above zero.
    """
    if shift.shape != sigma.shape or turn.shape != shift.shape[1:]:
        raise ShapeMismatchError(
            f"shifts {shift.shape}, sigmas {sigma.shape}, turns {turn.shape}",
            expected="(date, swath) and (swath)",
        )
    if not (scatter > 0.0 and bool((turn > 0.0).all())):
        raise OutOfRangeError(f"turns of {turn} s, a scatter of {scatter} s", expected="above zero")
    known = np.isfinite(sigma) & np.isfinite(shift)
    weight = np.where(known, 1.0 / (np.nan_to_num(sigma) ** 2 + scatter**2), 0.0)
    filled = np.where(known, shift, 0.0)
    # Candidates (candidate, date): each sub-swath's shift with so many turns; the others take the turns next to it.
    tried = np.arange(-MOST_TURNS, MOST_TURNS + 1)
    candidates = (filled[None] + tried[:, None, None] * turn).transpose(0, 2, 1).reshape(-1, len(shift))
    turns = np.rint((candidates[..., None] - filled) / turn).astype(np.int64)
    turns = np.concatenate([np.zeros((1, *shift.shape), np.int64), np.where(known, turns, 0)])
    squares = _squares(filled + turns * turn, weight)
    dates = np.arange(len(shift))
    several = known.sum(axis=1) > 1
    best = squares.argmin(axis=0)
    best = np.where(several & (squares[0] - squares[best, dates] > SURE), best, 0)
    left = squares[best, dates] / np.maximum(known.sum(axis=1) - 1, 1)
    misfit = np.where(several, np.sqrt(left), np.nan)
    chosen = turns[best, dates]
    return Turns(
        turns=chosen,
        coarse=filled + chosen * turn,
        misfit=misfit,
        findings=tuple(_findings(chosen, misfit)),
    )


def _squares(shift: Values, weight: Values) -> Values:
    """Return weighted squares about the weighted mean, over the last axis."""
    total = np.maximum(weight.sum(axis=-1), 1e-300)
    mean = (weight * shift).sum(axis=-1) / total
    return np.asarray((weight * (shift - mean[..., None]) ** 2).sum(axis=-1))


def _findings(turns: NDArray[np.int64], misfit: Values) -> list[Finding]:
    found = [
        Finding(
            "warning", "azimuth shift", f"date {d}: {turns[d].tolist()} turns bring its sub-swaths together"
        )
        for d in np.flatnonzero(turns.any(axis=1))
    ]
    found += [
        Finding(
            "warning",
            "azimuth shift",
            f"date {d}: its sub-swaths differ by {misfit[d]:.0f} standard deviations",
        )
        for d in np.flatnonzero(np.nan_to_num(misfit) > 5.0)
    ]
    return found
