"""Steps of phase between sub-swaths: from their range overlaps to one phase per date and sub-swath.

Two neighbouring sub-swaths see the ground of their overlap some 0.8 s apart.  An interferogram of the farther one times
the conjugate of that of the nearer one holds no ground, no atmosphere and no motion; what is left is a constant for
each image and sub-swath, from the instrument or the processor that made the images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.tally import Finding, Tally
from fringeworks.tops.adjustment import Adjustment, adjust
from fringeworks.tops.diversity import OverlapTable
from fringeworks.tops.network import gather
from fringeworks.tops.options import DiversityOptions, JoinOptions
from fringeworks.tops.overlaps import OverlapStatistics

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SwathPhases:
    """What to add to the phase of each date's image in each sub-swath.

    Attributes
    ----------
    names : tuple of str
        Of the sub-swaths, from near to far range.
    phase : float64, (date, swath)
        To be **added** to the phase of the image [rad]: multiply its samples with ``exp(1j * phase)``.  0 for the
        reference date, and where nothing is known.
    sigma : float64, (date, swath)
        Of the phase [rad]; NaN where a step on the way is not known.
    step, step_sigma : float64, (date, boundary)
        Phase of the farther sub-swath less that of the nearer one; the step is 0 and its sigma NaN where not known.
    datum : str
        ``mean``: the mean over sub-swaths is zero; ``first``: the first sub-swath's phase is.
    table : OverlapTable
        Double differences before and after.
    tally : Tally
        Dates in blocks.
    findings : tuple of Finding
        Dates and boundaries without a step.
    """

    names: tuple[str, ...]
    phase: Values
    sigma: Values
    step: Values
    step_sigma: Values
    datum: str
    table: OverlapTable
    tally: Tally
    findings: tuple[Finding, ...]


def estimate_joins(
    boundaries: Sequence[Sequence[OverlapStatistics]],
    *,
    names: Sequence[str],
    reference: int,
    n_dates: int,
    options: JoinOptions,
    network: DiversityOptions,
) -> SwathPhases:
    """Estimate the phase of every date and sub-swath.

    Parameters
    ----------
    boundaries : sequence of sequences of OverlapStatistics
        For each two neighbouring sub-swaths their range overlaps (one for each burst, or one for all): ``upper`` is the
        nearer sub-swath, ``lower`` the farther one.  Azimuth shifts have been applied.
    names : sequence of str
        Of the sub-swaths, near to far; one more than boundaries.
    reference : int
        Number of the reference date, whose phases are zero.
    n_dates : int
        Dates of the stack.
    options : JoinOptions
        Datum and the largest sigma that is believed.
    network : DiversityOptions
        Thresholds of the adjustment.

    Returns
    -------
    SwathPhases

    Raises
    ------
    ShapeMismatchError
        Names do not fit boundaries, or overlaps do not fit dates.
    OutOfRangeError
        No such reference date.
    """
    if len(names) != len(boundaries) + 1:
        raise ShapeMismatchError(
            f"{len(names)} sub-swaths with {len(boundaries)} boundaries",
            expected="one boundary fewer than sub-swaths",
        )
    if not 0 <= reference < n_dates:
        raise OutOfRangeError(f"reference date {reference} of {n_dates}", expected="the number of a date")
    if any(o.n_dates != n_dates for overlaps in boundaries for o in overlaps):
        raise ShapeMismatchError("overlaps of another stack", expected=f"{n_dates} dates")
    step, sigma = np.zeros((n_dates, len(boundaries))), np.full((n_dates, len(boundaries)), np.nan)
    tables, findings, tally = [], [], Tally("dates in blocks", 0, 0)
    for k, overlaps in enumerate(boundaries):
        boundary = f"{names[k]}/{names[k + 1]}"
        usable = [o for o in overlaps if o.looks.size and len(o.pairs)]
        if not usable:
            text = f"no two dates have data on both sides of {boundary}: phases between them stay as they are"
            findings.append(Finding("warning", "sub-swaths", text))
            continue
        found = _adjusted(usable, reference=reference, network=network)
        step[:, k], sigma[:, k], unknown = _believed(found, options.largest_sigma_rad)
        tables.append(_table(found, usable))
        tally = tally + found.tally
        findings += [
            Finding(
                "warning",
                "sub-swaths",
                f"date {date}: phase step {boundary} not known to {options.largest_sigma_rad} rad",
            )
            for date in unknown
        ]
    phase, phase_sigma = _phases(step, sigma, options.datum)
    return SwathPhases(
        names=tuple(names),
        phase=phase,
        sigma=phase_sigma,
        step=step,
        step_sigma=sigma,
        datum=options.datum,
        table=_stack(tables, n_dates),
        tally=tally,
        findings=tuple(findings),
    )


def _adjusted(
    overlaps: Sequence[OverlapStatistics], *, reference: int, network: DiversityOptions
) -> Adjustment:
    blocks = gather(
        overlaps,
        levers=[np.ones(o.looks.size) for o in overlaps],
        bases=[np.ones((o.looks.size, 1)) for o in overlaps],
        minimum_coherence=network.minimum_coherence,
    )
    coarse = np.zeros(overlaps[0].n_dates)
    return adjust(blocks, reference=reference, coarse=coarse, rejection_sigma=network.rejection_sigma)


def _believed(found: Adjustment, largest: float) -> tuple[Values, Values, NDArray[np.int64]]:
    sigma = np.sqrt(np.maximum(np.diagonal(found.covariance[:, 0, :, 0]), 0.0))
    unknown = ~found.known | (sigma > largest)
    step = np.where(unknown, 0.0, found.value[:, 0])
    return step, np.where(unknown, np.nan, sigma), np.flatnonzero(unknown)


def _phases(step: Values, sigma: Values, datum: str) -> tuple[Values, Values]:
    """Return phases and sigmas (date, swath) from steps (date, boundary), which are independent of each other."""
    n_swaths = step.shape[1] + 1
    # row s sums the steps below sub-swath s
    chain = np.tril(np.ones((n_swaths, n_swaths)), -1)[:, :-1]
    if datum == "mean":
        chain = chain - chain.mean(axis=0)
    phase = step @ chain.T
    involved = np.abs(chain) > 0
    unknown = np.isnan(sigma)[:, None, :] & involved
    variance = np.nan_to_num(sigma**2) @ (chain**2).T
    return phase, np.where(unknown.any(axis=2), np.nan, np.sqrt(variance))


def _table(found: Adjustment, overlaps: Sequence[OverlapStatistics]) -> OverlapTable:
    return OverlapTable(
        names=tuple(o.name for o in overlaps),
        before=found.before,
        residual=found.residual,
        sigma=found.residual_sigma,
    )


def _stack(tables: Sequence[OverlapTable], n_dates: int) -> OverlapTable:
    nothing = np.empty((0, n_dates))
    return OverlapTable(
        names=tuple(name for t in tables for name in t.names),
        before=np.concatenate([nothing, *(t.before for t in tables)]),
        residual=np.concatenate([nothing, *(t.residual for t in tables)]),
        sigma=np.concatenate([nothing, *(t.sigma for t in tables)]),
    )
