"""Bare weights know no scale: the sigma comes from the residuals alone, however few loops there are."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from fringeworks.model.stack import Pair, PairNetwork
from fringeworks.timeseries.smallbaseline import InversionOptions, invert

DAYS = [date(2021, 1, 1) + timedelta(days=12 * k) for k in range(6)]


def factor(noise: float, rng: np.random.Generator, *, nearest: int) -> float:
    """Return the median variance of unit weight of pixels whose interferograms have noise of a size [rad]."""
    ends = [(i, j) for i in range(6) for j in range(i + 1, min(i + 1 + nearest, 6))]
    network = PairNetwork.of([Pair(DAYS[i], DAYS[j]) for i, j in ends])
    phase = (noise * rng.normal(size=(len(ends), 50, 60))).astype(np.float32)
    found = invert(
        phase,
        None,
        network=network,
        wavelength=0.0555,
        effective_looks=10.0,
        options=InversionOptions(weighting="uniform"),
    )
    return float(np.median(found.variance_factor))


def test_few_loops_do_not_hide_the_size_of_the_noise():
    small, large = (factor(noise, np.random.default_rng(5), nearest=2) for noise in (0.05, 0.2))
    # four times the noise, the same draws: sixteen times the variance, to the rounding of float32
    assert abs(large / small - 16) < 0.05
    # four loops: the median of chi-square over its freedom is 0.84
    assert abs(small / 0.05**2 - 0.84) < 0.08


def test_without_loops_nothing_is_claimed():
    assert factor(0.2, np.random.default_rng(5), nearest=1) < 1e-6
