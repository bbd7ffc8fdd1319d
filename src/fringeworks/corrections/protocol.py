"""What a correction promises, and how it is taken out of a series.

A correction predicts, for an instant and a geometry, how much *farther away* the ground looks: metres of extra
one-way path along the line of sight.  It knows nothing of interferograms, series or files.  Others add one by naming
it in the entry-point group ``fringeworks.corrections``; the conformance suite is
``tests/contracts/correction.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.model.arrays import FloatImage, FloatStack
from fringeworks.model.tally import Tally

Fields: TypeAlias = Mapping[str, Any]
"""Ancillary data by name, as the correction's ``needs`` asks for them, for one instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookGeometry:
    """Geometry of the pixels a correction is asked for, all float32 on one grid.

    Attributes
    ----------
    look_enu : float32, (3, y, x)
        Unit vector from the ground to the satellite (east, north, up).
    incidence : float32, (y, x)
        Angle at the ground from the ellipsoid's normal [rad].
    longitude, latitude : float32 or float64, (y, x)
        WGS84 [rad].
    height : float32, (y, x)
        Above the WGS84 ellipsoid [m].
    """

    look_enu: FloatStack
    incidence: FloatImage
    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    height: FloatImage

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.incidence.shape
        return rows, cols


@dataclass(frozen=True, slots=True)
class Delay:
    """Prediction for one instant.

    Attributes
    ----------
    delay : float32, (y, x)
        Extra one-way path along the line of sight [m]; positive = looks farther away; NaN where not predicted.
    sigma : float32, (y, x)
        One sigma of it [m].
    """

    delay: FloatImage
    sigma: FloatImage


@runtime_checkable
class Correction(Protocol):
    """Predicts the extra path along the line of sight at one instant."""

    @property
    def name(self) -> str:
        """Name in configuration and manifest."""
        ...

    @property
    def needs(self) -> frozenset[str]:
        """Names of the ancillary data ``delay`` looks up in ``fields``."""
        ...

    def delay(self, when: datetime, look: LookGeometry, fields: Fields) -> Delay:
        """Predict the extra one-way path at an instant [m], (y, x); the arguments are left as they are.

        Parameters
        ----------
        when : datetime
            UTC instant of the acquisition.
        look : LookGeometry
            Pixels asked for.
        fields : mapping
            Ancillary data, at least those of ``needs``.

        Raises
        ------
        MissingInputError
            Something of ``needs`` is not in ``fields``.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedSeries:
    """A series with a correction taken out, and the record of where that was possible.

    Attributes
    ----------
    displacement : float32, (date, y, x)
        Series with the correction subtracted on the dates that have one [m], positive toward the satellite.
    correction : float32, (date, y, x)
        What was subtracted [m], in the sign of the displacement; 0 where nothing was predicted.  Adding it gives
        the input back.
    sigma : float32, (date, y, x)
        One sigma of the correction, against the reference date [m]; NaN where nothing was predicted.
    reference_date : date, optional
        The date the delays are differences to; none where no date has data.
    corrected : tuple of date
        Dates with data.
    uncorrected : mapping of date to str
        Dates kept as they were, with the reason.
    tally : Tally
        Dates considered, used, rejected by reason.
    """

    displacement: FloatStack
    correction: FloatStack
    sigma: FloatStack
    reference_date: date | None
    corrected: tuple[date, ...]
    uncorrected: Mapping[date, str]
    tally: Tally


def apply_correction(
    displacement: FloatStack,
    delays: Mapping[date, Delay],
    *,
    dates: tuple[date, ...],
    reasons: Mapping[date, str] | None = None,
) -> CorrectedSeries:
    """Take predicted delays out of a displacement series.

    Parameters
    ----------
    displacement : float32, (date, y, x)
        Metres, positive toward the satellite, first date zero.
    delays : mapping of date to Delay
        Predictions for the dates that have data.
    dates : tuple of date
        Dates of the series.
    reasons : mapping of date to str, optional
        Why dates have no data.

    Returns
    -------
    CorrectedSeries
        Dates without data, and pixels without a prediction, are kept as they are: nothing is dropped.

    Raises
    ------
    ShapeMismatchError
        Series, dates and delays do not fit.

    Notes
    -----
    A longer path looks like motion away: the displacement it fakes is ``-(delay - delay_reference)``, which is
    subtracted.  The reference is the first date, or the first *with* data: then the dates before it, and all
    without data, keep the delay difference they have, and their record says so.
    """
    _check(displacement, delays, dates)
    known = tuple(d for d in dates if d in delays)
    said = reasons or {}
    correction = np.zeros(displacement.shape, np.float32)
    sigma = np.full(displacement.shape, np.nan, np.float32)
    if known:
        first = delays[known[0]]
        for k, day in enumerate(dates):
            if day in delays:
                fake = first.delay - delays[day].delay
                predicted = np.isfinite(fake)
                correction[k] = np.where(predicted, fake, 0.0)
                spread = 0.0 if day == known[0] else np.hypot(first.sigma, delays[day].sigma)
                sigma[k] = np.where(predicted, spread, np.nan)
    missing = {d: said.get(d, "no data for this date") for d in dates if d not in delays}
    counts: dict[str, int] = {}
    for reason in missing.values():
        counts[reason] = counts.get(reason, 0) + 1
    return CorrectedSeries(
        displacement=np.asarray(displacement - correction, np.float32),
        correction=correction,
        sigma=sigma,
        reference_date=known[0] if known else None,
        corrected=known,
        uncorrected=missing,
        tally=Tally("dates", len(dates), len(known), counts),
    )


def _check(displacement: FloatStack, delays: Mapping[date, Delay], dates: tuple[date, ...]) -> None:
    if displacement.ndim != 3 or displacement.shape[0] != len(dates):
        raise ShapeMismatchError(
            f"series of shape {displacement.shape}", expected=f"({len(dates)} dates, y, x)"
        )
    for day, found in delays.items():
        if found.delay.shape != displacement.shape[1:] or found.sigma.shape != displacement.shape[1:]:
            raise ShapeMismatchError(
                f"delay of {day.isoformat()} with shape {found.delay.shape}",
                expected=f"{displacement.shape[1:]}, as the series",
            )
