"""What phases are fitted by: a constant, velocity, height error, and a yearly term if asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.tally import Finding
from fringeworks.timeseries.points.options import NetworkOptions

Reals = NDArray[np.float64]

COLLINEAR = 0.98
"""Squared correlation of baselines with time above which a height error cannot be told from a velocity."""
LEAST_SENSITIVITY = 0.3
"""Phase that the largest height error looked for has to make between dates, to be looked for at all [rad]."""


@dataclass(frozen=True, slots=True)
class TimeDesign:
    """Dates, parameters and limits of the fit of a series.

    Attributes
    ----------
    line : float64, (date)
        Phase of a velocity of 1 m/yr [rad yr/m], about its mean.
    columns : float64, (parameter, date)
        Velocity; a row for the height error, which differs from point to point; cosine and sine of the year [rad].
    n_columns : int
        Parameters that are estimated: 1 velocity, 2 with height error, 4 with the yearly term.
    with_height, with_season : bool
        Whether height errors and yearly terms are estimated.
    max_velocity, max_height : float
        Limits of the search [m/yr, m].
    """

    line: Reals
    columns: Reals
    n_columns: int
    with_height: bool
    with_season: bool
    max_velocity: float
    max_height: float


def make_design(
    years: NDArray[np.floating],
    *,
    sensitivity: NDArray[np.floating],
    wavelength: float,
    options: NetworkOptions,
) -> tuple[TimeDesign, list[Finding]]:
    """Decide which parameters the dates can tell apart.

    Parameters
    ----------
    years : float, (date)
        Time [yr].
    sensitivity : float, (date)
        Phase of one metre of height error at a typical point [rad/m].
    wavelength : float
        Radar wavelength [m].
    options : NetworkOptions
        Limits, and whether a yearly term is wanted.

    Returns
    -------
    TimeDesign
        The design.
    list of Finding
        What is not estimated, and why; and where the number of dates is small for the tests.
    """
    times: Reals = np.asarray(years, np.float64)
    line: Reals = 4.0 * math.pi / wavelength * (times - times.mean() if times.size else times)
    findings: list[Finding] = []
    with_height = _tell_height(line, np.asarray(sensitivity, float), options, findings)
    with_season = _tell_season(times, options, findings) and with_height
    columns = np.zeros((4, times.size))
    columns[0] = line
    columns[2], columns[3] = np.cos(2.0 * math.pi * times), np.sin(2.0 * math.pi * times)
    n_columns = 4 if with_season else 2 if with_height else 1
    design = TimeDesign(
        line, columns, n_columns, with_height, with_season, options.max_velocity, options.max_height
    )
    return design, findings


def _tell_height(line: Reals, sensitivity: Reals, options: NetworkOptions, findings: list[Finding]) -> bool:
    """Say whether height errors can be told from velocities, and note it where not."""
    n = line.size
    if options.max_height == 0.0:
        return False
    if n < 4:
        findings.append(
            Finding(
                "warning", "height", f"With {n} dates no height errors are estimated: at least 4 are needed."
            )
        )
        return False
    swing = float(np.ptp(sensitivity))
    if not swing * options.max_height >= LEAST_SENSITIVITY:
        text = f"Baselines are too alike to show height errors: {options.max_height:g} m would make {swing * options.max_height:.2f} rad."
        findings.append(Finding("note", "height", text))
        return False
    likeness = float(np.corrcoef(line, sensitivity)[0, 1]) ** 2
    if likeness > COLLINEAR:
        text = f"Baselines drift with time (squared correlation {likeness:.3f}): height errors cannot be told from velocities."
        findings.append(Finding("warning", "height", text))
        return False
    return True


def _tell_season(years: Reals, options: NetworkOptions, findings: list[Finding]) -> bool:
    """Say whether a yearly term is estimated, and note it where it was asked for in vain."""
    if not options.seasonal:
        return False
    span = float(np.ptp(years)) if years.size else 0.0
    if span <= 1.0 or years.size < 8:
        text = f"{years.size} dates over {span:.2f} years: no yearly term is estimated; it needs 8 dates over more than a year."
        findings.append(Finding("note", "season", text))
        return False
    return True
