"""Constants of platforms: what all dates of one satellite have in common against those of another.

Satellites of one family differ a little in timing and in the phase of their beams.  Interferograms across two of them
then step at every burst, by the same amount at all dates.  Estimates for each date hold such constants already; told
apart, they are a figure that a person can check, and the best guess for a date of which nothing else is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.tally import Finding

Values = NDArray[np.float64]
Bools = NDArray[np.bool_]

ITERATIONS: Final = 20
FAR: Final = 3.5
"""Values beyond this many robust standard deviations say nothing of the scatter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformConstants:
    """One constant for each platform and column (sub-swath, or boundary between sub-swaths).

    Attributes
    ----------
    platforms : tuple of str
        The reference date's platform first; its constants are zero.
    columns : tuple of str
        What the constants belong to: ``IW1`` ..., or ``IW1/IW2`` ...
    constant, sigma : float64, (platform, column)
        In the unit of the values; NaN where no date of the platform has a value.
    is_significant : bool, (platform, column)
        Whether the constant stands out of the scatter of dates.
    n_dates : int64, (platform, column)
        Dates with a value.
    scatter : float64, (column)
        Standard deviation of dates about their platform's constant, beyond their own sigmas.
    mean, mean_sigma : float64, (platform, column)
        Of the platform's dates, relative to the reference date like the values; NaN where no date has a value.
    rest : float64, (date, column)
        Values without the significant constants.
    findings : tuple of Finding
        The significant ones, with their figures.
    """

    platforms: tuple[str, ...]
    columns: tuple[str, ...]
    constant: Values
    sigma: Values
    is_significant: Bools
    n_dates: NDArray[np.int64]
    scatter: Values
    mean: Values
    mean_sigma: Values
    rest: Values
    findings: tuple[Finding, ...]

    def common(self) -> tuple[Values, Values, Values]:
        """Return what all columns of a platform agree on: a timing offset moves all its sub-swaths alike.

        Returns
        -------
        mean, sigma : float64, (platform)
            Weighted mean of the constants; NaN where there is none.  Columns share their dates' scatter, so sigma is
            that of the best column.
        misfit : float64, (platform)
            Root mean square of the columns about the mean, over their sigmas: well above one where the columns have
            constants of their own.
        """
        known = np.isfinite(self.constant) & np.isfinite(self.sigma)
        # The reference platform's constants are zero, of sigma zero.
        sigmas = np.where(known & (self.sigma > 0), self.sigma, 1.0)
        weight = np.where(known, sigmas**-2, 0.0)
        total = weight.sum(axis=1)
        filled = np.nan_to_num(self.constant)
        mean = np.divide(
            (weight * filled).sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0
        )
        known = weight > 0
        sigma = np.where(known, self.sigma, np.inf).min(axis=1)
        apart = np.where(
            known & (self.sigma > 0), (filled - mean[:, None]) / np.maximum(self.sigma, 1e-300), 0.0
        )
        misfit = np.sqrt((apart**2).sum(axis=1) / np.maximum(known.sum(axis=1) - 1, 1))
        return mean, np.where(total > 0, sigma, np.nan), misfit

    def of(self, platforms: Sequence[str]) -> Values:
        """Return the significant constants of dates of these platforms, (date, column)."""
        rows = [self.platforms.index(p) for p in platforms]
        return np.where(self.is_significant, self.constant, 0.0)[rows]

    def expected(self, platforms: Sequence[str]) -> tuple[Values, Values]:
        """Return what to expect of dates of these platforms of which nothing else is known, and its sigma.

        That is their platform's mean, not zero: values count from the reference date, whose own error they all share.
        Zero, of a sigma NaN, where no date of the platform has a value.
        """
        rows = [self.platforms.index(p) for p in platforms]
        spread = np.sqrt(self.mean_sigma**2 + self.scatter**2)
        return np.nan_to_num(self.mean[rows]), np.where(np.isfinite(self.mean), spread, np.nan)[rows]


def platform_constants(
    values: Values,
    sigma: Values,
    *,
    platforms: Sequence[str],
    reference: int,
    columns: Sequence[str],
    significance: float,
    least_scatter: float,
    what: str,
    units: Mapping[str, float | Sequence[float]],
) -> PlatformConstants:
    """Tell constants of platforms from what differs between dates.

    Parameters
    ----------
    values, sigma : float64, (date, column)
        Estimates relative to the reference date (shifts, or phase steps); sigma NaN where nothing is known.
    platforms : sequence of str
        Of each date.
    reference : int
        Number of the reference date.
    columns : sequence of str
        Names for reports.
    significance : float
        Standard deviations from which on a constant is taken for one.
    least_scatter : float
        Standard deviation of dates that is expected anyway, in the unit of the values: with one date of a platform, its
        own misregistration cannot be told from a constant.
    what : str
        For findings: ``azimuth shift``.
    units : mapping of str to float
        For findings: unit and its number in a unit of the values, for all columns or each; the first is the main one.

    Returns
    -------
    PlatformConstants

    Raises
    ------
    ShapeMismatchError
        Values, sigmas, platforms and columns do not fit each other.
    OutOfRangeError
        The expected scatter is not above zero.

    Notes
    -----
    A constant is a robust mean over the platform's dates less that over the reference platform's dates.  Scatter is the
    standard deviation of all dates about their platform's mean, outliers left out.
    """
    if values.shape != sigma.shape or values.shape != (len(platforms), len(columns)):
        raise ShapeMismatchError(
            f"values {values.shape}, sigmas {sigma.shape}", expected=f"({len(platforms)}, {len(columns)})"
        )
    if not least_scatter > 0.0:
        raise OutOfRangeError(f"an expected scatter of {least_scatter}", expected="above zero")
    ordered = [platforms[reference], *sorted(set(platforms) - {platforms[reference]})]
    member = np.array([[p == name for p in platforms] for name in ordered])
    shape = (len(ordered), len(columns))
    mean, mean_sigma = np.full((2, *shape), np.nan)
    count, scatter = np.zeros(shape, np.int64), np.full(len(columns), least_scatter)
    for c in range(len(columns)):
        known = np.isfinite(sigma[:, c])
        count[:, c] = (member & known).sum(axis=1)
        scatter[c] = max(_scatter(values[:, c], member & known), least_scatter)
        for p in np.flatnonzero(count[:, c]):
            chosen = member[p] & known
            mean[p, c], variance = _robust_mean(values[chosen, c], sigma[chosen, c], scatter[c])
            mean_sigma[p, c] = np.sqrt(variance)
    constant, spread = mean - mean[0], np.hypot(mean_sigma, mean_sigma[0])
    spread[0] = np.where(np.isfinite(spread[0]), 0.0, np.nan)
    is_significant = np.nan_to_num(np.abs(constant)) > significance * np.nan_to_num(spread, nan=np.inf)
    is_significant[0] = False
    applied = np.where(is_significant, constant, 0.0)
    findings = [
        Finding(
            "warning",
            "platform",
            f"{ordered[p]} against {ordered[0]}, {columns[c]}: {what} of "
            f"{_figures(constant[p, c], spread[p, c], c, units)} at all its {count[p, c]} dates",
        )
        for p, c in zip(*np.nonzero(is_significant), strict=True)
    ]
    return PlatformConstants(
        platforms=tuple(ordered),
        columns=tuple(columns),
        constant=constant,
        sigma=spread,
        is_significant=is_significant,
        n_dates=count,
        scatter=scatter,
        mean=mean,
        mean_sigma=mean_sigma,
        rest=values - member.T.astype(float) @ applied,
        findings=tuple(findings),
    )


def _figures(value: float, sigma: float, column: int, units: Mapping[str, float | Sequence[float]]) -> str:
    """Return a value and its sigma in all units, for people."""
    texts = []
    for unit, scale in units.items():
        factor = scale if isinstance(scale, int | float) else scale[column]
        texts.append(f"{factor * value:+.4f} +- {abs(factor) * sigma:.4f} {unit}")
    return texts[0] + (f" ({', '.join(texts[1:])})" if texts[1:] else "")


def _scatter(values: Values, member: Bools) -> float:
    """Return the standard deviation of values about their platform's mean, without those that stand far out."""
    groups = [values[m] for m in member if m.sum() > 1]
    if not groups:
        return 0.0
    apart = np.concatenate([g - np.median(g) for g in groups])
    limit = FAR * 1.4826 * float(np.median(np.abs(apart)))
    kept = [g[np.abs(g - np.median(g)) <= limit] for g in groups]
    freedom = sum(g.size for g in kept) - len(kept)
    if freedom < 1:
        return 0.0
    return float(np.sqrt(sum(((g - g.mean()) ** 2).sum() for g in kept if g.size) / freedom))


def _robust_mean(values: Values, sigma: Values, scatter: float) -> tuple[float, float]:
    """Return the mean, values beyond 1.5 standard deviations toned down, and its variance."""
    variance = sigma**2 + scatter**2
    mean = float(np.median(values))
    weight = 1.0 / variance
    for _ in range(ITERATIONS):
        apart = np.abs(values - mean) / np.sqrt(variance)
        weight = np.minimum(1.0, 1.5 / np.maximum(apart, 1e-12)) / variance
        mean = float((weight * values).sum() / weight.sum())
    return mean, float((weight**2 * variance).sum() / weight.sum() ** 2)
