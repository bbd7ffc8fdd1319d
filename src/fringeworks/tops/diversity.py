"""Azimuth misregistration from burst overlaps, adjusted over a network of dates.

A secondary image whose targets lie ``e`` seconds later than its annotation says, sampled where it says, shows them with
the phase of their Doppler frequency f at -e.  The interferogram, reference times conjugate of secondary, is then turned
by +2 pi f e.  Two bursts see an overlap with frequencies some 4.5 kHz apart, so the double difference, lower burst times
conjugate of upper, is turned by 2 pi (f_lower - f_upper) e.  The remedy is to sample the secondary ``e`` seconds later:
the shift reported here is to be **added** to the azimuth time at which a date is sampled [Prats2012; Fattahi2017].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.tally import Finding, Tally
from fringeworks.tops.adjustment import Adjustment, adjust
from fringeworks.tops.network import gather
from fringeworks.tops.options import DiversityOptions
from fringeworks.tops.overlaps import OverlapStatistics

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapTable:
    """The double differences of each overlap and date, against the mean of the other dates.

    Attributes
    ----------
    names : tuple of str
        Of the overlaps.
    before, residual, sigma : float64, (overlap, date)
        Phase before and after the shifts, and sigma of the latter [rad]; NaN where a date is not used.
    """

    names: tuple[str, ...]
    before: Values
    residual: Values
    sigma: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class AzimuthShifts:
    """What to add to the azimuth time at which each date of a sub-swath is sampled.

    Attributes
    ----------
    shift : float64, (date)
        At the middle of the overlaps [s]; 0 for the reference date and where nothing is known.
    sigma : float64, (date)
        Of the shift [s]; 0 for the reference date, NaN where nothing is known.
    covariance : float64, (date, date)
        Of the shifts [s^2].
    terms : float64, (date, term)
        Coefficients of the shift [s]: constant, and as asked for linear and quadratic in :meth:`position`.
    terms_sigma : float64, (date, term)
        Their sigmas [s].
    centre, half_length : float
        Middle and half of the extent of the overlaps along azimuth, in the unit of ``OverlapStatistics.along``.
    variance_factor : float64, (date)
        By which scatter of blocks raised (or lowered) the variance that coherence promises.
    overlap_sigma : float64, (date)
        Phase that each overlap of a date was found to have of its own [rad]: ionosphere, motion along track.
    n_blocks : int64, (date)
        Blocks used.
    table : OverlapTable
        Double differences before and after.
    tally : Tally
        Dates in blocks.
    findings : tuple of Finding
        What a person should know: dates without a shift, overlaps without a signal.
    """

    shift: Values
    sigma: Values
    covariance: Values
    terms: Values
    terms_sigma: Values
    centre: float
    half_length: float
    variance_factor: Values
    overlap_sigma: Values
    n_blocks: NDArray[np.int64]
    table: OverlapTable
    tally: Tally
    findings: tuple[Finding, ...]

    def position(self, along: float | Values) -> Values:
        """Return the place along azimuth from -1 at the first overlap to 1 at the last."""
        return (np.asarray(along, np.float64) - self.centre) / self.half_length

    def at(self, along: float) -> Values:
        """Return the shift of each date at a place along azimuth, (date) [s]."""
        return np.asarray(self.terms @ _powers(self.position(along)[None], self.terms.shape[1])[0])

    def in_lines(self, line_interval: float) -> tuple[Values, Values]:
        """Return shift and sigma in lines, of the time between lines [s]."""
        return self.shift / line_interval, self.sigma / line_interval


def estimate_shifts(
    overlaps: Sequence[OverlapStatistics],
    *,
    reference: int,
    options: DiversityOptions,
    n_dates: int | None = None,
    coarse: Values | None = None,
) -> AzimuthShifts:
    """Estimate the azimuth shift of every date of a sub-swath.

    Parameters
    ----------
    overlaps : sequence of OverlapStatistics
        All burst overlaps of one sub-swath; none gives zero shifts and says so.
    reference : int
        Number of the reference date, whose shift is zero.
    options : DiversityOptions
        Mode, terms, thresholds.
    n_dates : int, optional
        Dates of the stack; needed where there is no overlap.
    coarse : float64, (date), optional
        Shifts known to a quarter of a millisecond (from matching) [s]; 0 by default.  Results lie within half a turn
        of the double difference, 0.11 ms, of them.

    Returns
    -------
    AzimuthShifts
        With what it rests on.

    Raises
    ------
    ShapeMismatchError
        The overlaps differ in dates or pairs, or the number of dates is not known.
    OutOfRangeError
        A spectral separation is zero or positive: the bursts of Sentinel-1 are scanned forward, so a positive one says
        that upper and lower were exchanged, and would double misregistration instead of removing it.
    """
    count = _checked(overlaps, reference, n_dates)
    start = np.zeros(count) if coarse is None else np.nan_to_num(np.asarray(coarse, np.float64))
    if start.shape != (count,):
        raise ShapeMismatchError(f"coarse shifts {start.shape}", expected=f"({count},)")
    usable = [o for o in overlaps if o.looks.size and len(o.pairs)]
    if options.diversity == "off" or not usable:
        return _nothing(start - start[reference], overlaps, options)
    along = np.array([o.along for o in usable])
    centre = 0.5 * float(along.max() + along.min())
    half = 0.5 * float(along.max() - along.min()) or 1.0
    n_terms = min(options.n_terms, len(np.unique(along)))
    blocks = gather(
        usable,
        levers=[2.0 * np.pi * o.separation for o in usable],
        bases=[_powers(np.full(o.looks.size, (o.along - centre) / half), n_terms) for o in usable],
        minimum_coherence=options.minimum_coherence,
    )
    found = adjust(blocks, reference=reference, coarse=start, rejection_sigma=options.rejection_sigma)
    findings = _findings(found, overlaps, usable, asked=options.n_terms, n_terms=n_terms, reference=reference)
    return _shifts(found, usable, (centre, half), findings)


def _powers(position: Values, n_terms: int) -> Values:
    return np.asarray(position[:, None] ** np.arange(n_terms))


def _shifts(
    found: Adjustment,
    overlaps: Sequence[OverlapStatistics],
    place: tuple[float, float],
    findings: tuple[Finding, ...],
) -> AzimuthShifts:
    n_dates, n_terms = found.value.shape
    size = n_dates * n_terms
    variance = np.diag(found.covariance.reshape(size, size)).reshape(n_dates, n_terms)
    unknown = ~found.known
    covariance = found.covariance[:, 0, :, 0].copy()
    covariance[unknown] = covariance[:, unknown] = np.nan
    terms_sigma = np.sqrt(np.maximum(variance, 0.0))
    terms_sigma[unknown] = np.nan
    return AzimuthShifts(
        shift=found.value[:, 0],
        sigma=terms_sigma[:, 0],
        covariance=covariance,
        terms=found.value,
        terms_sigma=terms_sigma,
        centre=place[0],
        half_length=place[1],
        variance_factor=found.variance_factor,
        overlap_sigma=found.overlap_sigma,
        n_blocks=found.n_blocks,
        table=OverlapTable(
            names=tuple(o.name for o in overlaps),
            before=found.before,
            residual=found.residual,
            sigma=found.residual_sigma,
        ),
        tally=found.tally,
        findings=findings,
    )


def _nothing(
    shift: Values, overlaps: Sequence[OverlapStatistics], options: DiversityOptions
) -> AzimuthShifts:
    n = shift.size
    nothing, unknown = np.full((0, n), np.nan), np.full(n, np.nan)
    if options.diversity == "off":
        finding = Finding("note", "azimuth shift", "not estimated: diversity is off")
    else:
        text = f"{len(overlaps)} burst overlaps, none with two dates in common: azimuth shifts stay as orbits have them"
        finding = Finding("warning", "azimuth shift", text)
    return AzimuthShifts(
        shift=shift,
        sigma=unknown,
        covariance=np.full((n, n), np.nan),
        terms=shift[:, None],
        terms_sigma=unknown[:, None],
        centre=0.0,
        half_length=1.0,
        variance_factor=np.ones(n),
        overlap_sigma=np.zeros(n),
        n_blocks=np.zeros(n, np.int64),
        table=OverlapTable(names=(), before=nothing, residual=nothing, sigma=nothing),
        tally=Tally("dates in blocks", 0, 0),
        findings=(finding,),
    )


def _findings(
    found: Adjustment,
    overlaps: Sequence[OverlapStatistics],
    usable: Sequence[OverlapStatistics],
    *,
    asked: int,
    n_terms: int,
    reference: int,
) -> tuple[Finding, ...]:
    findings = []
    unknown = np.flatnonzero(~found.known)
    for date in unknown:
        alone = np.count_nonzero(found.subset == found.subset[date]) == 1
        how = "kept as orbits have it" if alone else "placed at the mean of the others"
        text = (
            f"date {date} has no coherent pair that leads to reference date {reference}: its shift is {how}"
        )
        findings.append(Finding("warning", "azimuth shift", text))
    if len(usable) < len(overlaps):
        names = ", ".join(o.name or "unnamed" for o in overlaps if o not in usable)
        findings.append(Finding("note", "overlap", f"no two dates have data in {names}"))
    if n_terms < asked:
        text = f"{n_terms} of {asked} terms along azimuth: only {len(usable)} overlaps"
        findings.append(Finding("warning", "azimuth terms", text))
    return tuple(findings)


def _checked(overlaps: Sequence[OverlapStatistics], reference: int, n_dates: int | None) -> int:
    counts = {o.n_dates for o in overlaps} | ({n_dates} if n_dates is not None else set())
    if len(counts) != 1:
        raise ShapeMismatchError(f"overlaps of {sorted(counts)} dates", expected="one number of dates")
    count = counts.pop()
    if any(not np.array_equal(o.pairs, overlaps[0].pairs) for o in overlaps):
        raise ShapeMismatchError("overlaps with different pairs", expected="the same pairs in all")
    if not 0 <= reference < count:
        raise OutOfRangeError(f"reference date {reference} of {count}", expected="the number of a date")
    wrong = [o.name for o in overlaps if o.looks.size and not bool((o.separation < 0.0).all())]
    if wrong:
        raise OutOfRangeError(
            f"a spectral separation that is not negative in {', '.join(wrong)}",
            expected="Doppler of the later burst minus that of the earlier one, negative for Sentinel-1",
            hint="exchange upper and lower, or the sign of the separation",
        )
    return count
