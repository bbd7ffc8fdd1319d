"""The layers of single interferograms in the table of layers (:mod:`fringeworks.model.layers`)."""

from __future__ import annotations

import math

from fringeworks.model.layer import AWAY, Layer

OF_INTERFEROGRAMS: tuple[Layer, ...] = (
    Layer(
        name="wrapped",
        long_name="wrapped interferometric phase",
        unit="rad",
        sign=AWAY,
        colours="twilight",
        valid_range=(-math.pi - 1e-5, math.pi + 1e-5),
        meaning="Argument of reference times conjugate of secondary, topography and flat earth removed.",
    ),
    Layer(
        name="filtered",
        long_name="filtered interferometric phase",
        unit="rad",
        sign=AWAY,
        colours="twilight",
        valid_range=(-math.pi - 1e-5, math.pi + 1e-5),
        meaning="As wrapped, after the phase filter.",
    ),
    Layer(
        name="unwrapped",
        long_name="unwrapped interferometric phase",
        unit="rad",
        sign=AWAY,
        colours="RdBu_r",
        meaning="Phase with whole cycles restored, as it entered the inversion.",
    ),
    Layer(
        name="model_phase",
        long_name="phase of corrections",
        unit="rad",
        sign=AWAY,
        meaning="What corrections predict; subtracted before filtering.",
    ),
    Layer(
        name="coherence",
        long_name="interferometric coherence",
        unit="1",
        valid_range=(0.0, 1.0),
        colours="gray",
        meaning="Magnitude of the complex correlation of two images.",
    ),
    Layer(
        name="connected_components",
        long_name="connected components",
        unit="1",
        dtype="uint16",
        fill=0,
        colours="tab20",
        meaning="Label of the region that was unwrapped as one; 0 = none.",
    ),
    Layer(
        name="amplitude",
        long_name="amplitude",
        unit="1",
        valid_range=(0.0, math.inf),
        colours="gray",
        meaning="Root of the mean intensity of the two images.",
    ),
)
"""In the order they are made."""
