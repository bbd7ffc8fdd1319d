"""Which functions of time a series is fitted with, and their design matrix."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import DAYS_PER_YEAR
from fringeworks.errors import ConfigurationError, TooFewDataError
from fringeworks.model.options import option
from fringeworks.model.tally import Finding


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What a displacement series is fitted with.

    Attributes
    ----------
    acceleration, annual, semiannual : bool
        Terms beside the straight line.
    steps : tuple of str
        ISO dates of sudden displacements.
    postseismic : tuple of str
        ``log:YYYY-MM-DD:tau_days`` or ``exp:YYYY-MM-DD:tau_days``.
    maximum_condition : float
        Largest condition number of the design, its columns scaled to unit length.
    minimum_dates : int
        Fewest dates a pixel must have.
    temporal_correlation : bool
        Whether the noise of the dates may be correlated in time.
    """

    acceleration: bool = option(
        default=False,
        meaning="Fit a constant acceleration; needs no minimum time, but a year makes it useful.",
    )
    annual: bool = option(
        default=True,
        meaning="Fit a sine with a period of one year; left out, and said so, where the series is not longer "
        "than a year.",
    )
    semiannual: bool = option(
        default=False, meaning="Fit a sine with a period of half a year; the same rule as for annual."
    )
    steps: tuple[str, ...] = option(
        (), meaning="Dates of sudden displacement, such as earthquakes: a list of ISO dates."
    )
    postseismic: tuple[str, ...] = option(
        (),
        meaning="Decaying motion after an event: kind:date:days, such as log:2018-02-16:30 or exp:2018-02-16:90.",
    )
    maximum_condition: float = option(
        100.0,
        meaning="Terms that the dates cannot tell apart are left out: largest condition number of the design "
        "matrix, each column scaled to unit length.",
        minimum=2.0,
        maximum=1e6,
    )
    minimum_dates: int = option(
        5, meaning="Pixels with fewer dates get no velocity.", unit="dates", minimum=3
    )
    temporal_correlation: bool = option(
        default=True,
        meaning="Estimate how long the noise of the dates is remembered, and widen the standard deviations for it.",
    )


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the model: its layer stem and its columns of the design matrix."""

    name: str
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Design:
    """Design matrix of a temporal model.

    Attributes
    ----------
    dates : tuple of date
        Rows.
    matrix : float64, (date, column)
        The first two columns are 1 and the time since the middle of the series [years of 365.25 days].
    terms : tuple of Term
        Terms beside constant and line, in layer-table names.
    findings : tuple of Finding
        What was asked for and left out, with the reason.
    """

    dates: tuple[date, ...]
    matrix: NDArray[np.float64]
    terms: tuple[Term, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    columns: tuple[NDArray[np.float64], ...]
    refusal: str = ""


def build_design(dates: tuple[date, ...], options: ModelOptions) -> Design:
    """Build the design matrix of the model that is asked for, as far as the dates can carry it.

    Parameters
    ----------
    dates : tuple of date
        Dates of the series, in order.
    options : ModelOptions
        Terms asked for.

    Returns
    -------
    Design
        With a finding for every term that was left out: seasons in a series of a year or less, events
        outside the series, terms that the dates cannot tell apart (they are dropped from the last one on).

    Raises
    ------
    TooFewDataError
        Fewer than three dates.
    ConfigurationError
        A date or a post-seismic term that does not parse.

    Notes
    -----
    Time is counted from the middle of the series, so the linear term beside an acceleration is the velocity
    at mid-series. Steps count from their own date on: an image of that day is taken as after the event.
    """
    if len(dates) < 3:
        raise TooFewDataError(f"{len(dates)} dates", expected="at least 3 for a velocity with a sigma")
    time = mid_years(dates)
    findings: list[Finding] = []
    chosen: list[_Candidate] = []
    line = [np.ones_like(time), time]
    for candidate in _candidates(dates, options):
        if candidate.refusal:
            findings.append(Finding("warning", "model", candidate.refusal))
            continue
        trial = _stack(line, [*chosen, candidate])
        condition = scaled_condition(trial)
        if trial.shape[1] > len(dates) - 1 or condition > options.maximum_condition:
            findings.append(Finding("warning", "model", _entangled(candidate.name, condition, options)))
            continue
        chosen.append(candidate)
    return Design(tuple(dates), _stack(line, chosen), _terms(chosen), tuple(findings))


def mid_years(dates: tuple[date, ...]) -> NDArray[np.float64]:
    """Return the time of each date since the middle of the series [years of 365.25 days], (date)."""
    days = np.array([(d - dates[0]).days for d in dates], float)
    years: NDArray[np.float64] = (days - 0.5 * (days[0] + days[-1])) / DAYS_PER_YEAR
    return years


def calendar_fraction(dates: tuple[date, ...]) -> NDArray[np.float64]:
    """Return years since 1 January of the first date's year [years of 365.25 days], (date)."""
    start = date(dates[0].year, 1, 1)
    return np.array([(d - start).days for d in dates], float) / DAYS_PER_YEAR


def scaled_condition(matrix: NDArray[np.float64]) -> float:
    """Return the condition number of a matrix whose columns are scaled to unit length."""
    length = np.linalg.norm(matrix, axis=0)
    return float(np.linalg.cond(matrix / length)) if np.all(length > 0.0) else float("inf")


def _candidates(dates: tuple[date, ...], options: ModelOptions) -> list[_Candidate]:
    found: list[_Candidate] = []
    time = mid_years(dates)
    if options.acceleration:
        found.append(_Candidate("acceleration", (0.5 * time**2,)))
    for wanted, name, per_year in (
        (options.annual, "seasonal", 1.0),
        (options.semiannual, "semiannual", 2.0),
    ):
        if wanted:
            found.append(_season(dates, name, per_year))
    found += [_step(dates, text) for text in options.steps]
    found += [_decay(dates, text) for text in options.postseismic]
    return found


def _season(dates: tuple[date, ...], name: str, per_year: float) -> _Candidate:
    days = (dates[-1] - dates[0]).days
    if days <= DAYS_PER_YEAR:
        word = "annual" if name == "seasonal" else name
        return _Candidate(
            name, (), f"{word} term left out: the series is {days} days long, and it needs more than a year"
        )
    angle = 2.0 * np.pi * per_year * calendar_fraction(dates)
    return _Candidate(name, (np.cos(angle), np.sin(angle)))


def _step(dates: tuple[date, ...], text: str) -> _Candidate:
    when = _parse_date(text, text)
    name = f"step_{when:%Y%m%d}"
    after = np.array([d >= when for d in dates])
    return _Candidate(name, (after.astype(float),), _outside(name, when, after))


def _decay(dates: tuple[date, ...], text: str) -> _Candidate:
    parts = str(text).split(":")
    if len(parts) != 3 or parts[0] not in {"log", "exp"}:
        raise ConfigurationError(
            f"post-seismic term {text!r}",
            expected="kind:date:days, with kind log or exp",
            hint="write it as log:2018-02-16:30",
        )
    when = _parse_date(parts[1], text)
    tau = _parse_days(parts[2], text)
    name = f"postseismic_{parts[0]}_{when:%Y%m%d}"
    elapsed = np.array([max((d - when).days, 0) for d in dates], float) / tau
    column = np.log1p(elapsed) if parts[0] == "log" else -np.expm1(-elapsed)
    return _Candidate(name, (column,), _outside(name, when, elapsed > 0.0))


def _outside(name: str, when: date, after: NDArray[np.bool_]) -> str:
    if after.any() and not after.all():
        return ""
    side = "before the first" if after.all() else "after the last"
    return f"{name} left out: {when.isoformat()} lies {side} date of the series"


def _parse_date(text: str, whole: str) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError as problem:
        raise ConfigurationError(
            f"date {text!r} in {str(whole)!r}", expected="an ISO date", hint="write it as 2018-02-16"
        ) from problem


def _parse_days(text: str, whole: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = float("nan")
    if not days > 0.0:
        raise ConfigurationError(
            f"decay time {text!r} in {whole!r}",
            expected="a positive number of days",
            hint="write it as log:2018-02-16:30",
        )
    return days


def _entangled(name: str, condition: float, options: ModelOptions) -> str:
    return (
        f"{name} left out: with it the design has condition {condition:.3g}, above the limit of "
        f"{options.maximum_condition:g}: the dates cannot tell it from the terms before it"
    )


def _stack(line: list[NDArray[np.float64]], chosen: list[_Candidate]) -> NDArray[np.float64]:
    columns = line + [column for term in chosen for column in term.columns]
    stacked: NDArray[np.float64] = np.stack(columns, axis=1)
    return stacked


def _terms(chosen: list[_Candidate]) -> tuple[Term, ...]:
    terms, at = [], 2
    for candidate in chosen:
        width = len(candidate.columns)
        terms.append(Term(candidate.name, tuple(range(at, at + width))))
        at += width
    return tuple(terms)
