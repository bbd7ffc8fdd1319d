"""The solid Earth tide as a correction: Moon and Sun lift the ground by decimetres, differently across a track."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np

from fringeworks.corrections.protocol import Delay, Fields, LookGeometry
from fringeworks.geometry.tides import solid_tide, tide_range_change
from fringeworks.model.identity import Instant

_SIGMA: Final = 0.003
"""Of the tide along the line of sight [m]: the terms that :mod:`fringeworks.geometry.tides` leaves out, as they differ from
date to date; across an image they differ by far less."""


class SolidEarthTide:
    """Predicts the range change by the solid Earth tide; needs no data."""

    name = "solid-earth-tide"
    needs: frozenset[str] = frozenset()

    def delay(self, when: datetime, look: LookGeometry, fields: Fields) -> Delay:
        """Give minus the tide toward the satellite at an instant [m], (y, x); NaN where the geometry is.

        Parameters
        ----------
        when : datetime
            UTC.
        look : LookGeometry
            Pixels asked for.
        fields : mapping
            Nothing is looked up.
        """
        del fields
        places = (
            np.asarray(look.longitude, np.float64),
            np.asarray(look.latitude, np.float64),
            np.asarray(look.height, np.float64),
        )
        known = np.isfinite(places[0]) & np.isfinite(places[1]) & np.isfinite(places[2])
        longitude, latitude, height = (np.where(known, place, 0.0) for place in places)
        moment = Instant.parse(when.replace(tzinfo=None).isoformat())
        enu = solid_tide(moment, longitude=longitude, latitude=latitude, height=height)
        found = tide_range_change(enu, look_enu=look.look_enu)
        delay = np.where(known, found, np.nan).astype(np.float32)
        return Delay(delay, np.where(known, np.float32(_SIGMA), np.float32(np.nan)).astype(np.float32))
