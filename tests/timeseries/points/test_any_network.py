"""Networks of every size, shape and state end in a result that adds up; nothing stops on them."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.timeseries.points.atmosphere import estimate_atmosphere
from fringeworks.timeseries.points.spacetime import unwrap_points
from fringeworks.timeseries.points.spacetime_options import SpaceTimeOptions
from fringeworks.timeseries.points.triangulation import triangulate


def places(n_points, rng):
    x, y = rng.uniform(0.0, 1e4, (2, n_points))
    kind = rng.integers(5)
    if kind == 0:
        y = 0.5 * x
    if kind == 1:
        x, y = np.round(x / 2e3) * 2e3, np.round(y / 2e3) * 2e3
    if kind == 2:
        x, y = np.full((2, n_points), 7.0)
    if kind == 3:
        x, y = x + 5e5, y + 4e6
    return x, y


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_any_network_is_legal(first):
    for seed in range(first, first + 20):
        rng = np.random.default_rng(seed)
        n_points, n_dates = (
            int(rng.choice([0, 1, 2, 3, 4, 7, 30, 120])),
            int(rng.choice([1, 2, 3, 4, 5, 9, 30])),
        )
        x, y = places(n_points, rng)
        phase = rng.uniform(-4.0, 4.0, (n_dates, n_points)).astype(np.float32)
        phase[rng.random(phase.shape) < rng.choice([0.0, 0.1, 0.5, 0.95, 1.0])] = np.nan
        reference = int(rng.integers(n_dates))
        phase[reference] *= 0.0
        years = np.sort(rng.uniform(0.0, 2.0, n_dates)) if rng.random() < 0.8 else np.zeros(n_dates)
        prior = rng.standard_normal(phase.shape).astype(np.float32) if rng.random() < 0.5 else None
        noise = rng.choice([0.0, 0.1, np.nan, 5.0], n_points).astype(np.float32)
        edges, triangles = triangulate(x, y, same_place=float(rng.choice([0.0, 10.0, 3e3])))
        found = unwrap_points(
            phase,
            edges=edges,
            triangles=triangles,
            years=years,
            reference=reference,
            prior=prior,
            phase_std=noise,
            lengths=np.hypot(x[edges[:, 1]] - x[edges[:, 0]], y[edges[:, 1]] - y[edges[:, 0]]),
            options=SpaceTimeOptions(longest_arc_m=float(rng.choice([0.0, 1e3]))),
        )
        assert found.tally.considered == found.tally.used + sum(found.tally.rejected.values()) == phase.size
        assert np.isnan(found.phase[np.isnan(phase)]).all()
        own = found.references[np.maximum(found.component - 1, 0)] if len(found.references) else []
        turns = (found.phase - (phase - phase[:, own])) / (2 * np.pi) if len(own) else np.zeros(0)
        turns = turns[np.isfinite(turns)]
        assert np.abs(turns - np.round(turns)).max(initial=0.0) < 1e-4
        air = estimate_atmosphere(
            x, y, found.phase, years=years, at_x=x, at_y=y, reference=reference, phase_std=noise
        )
        assert np.isfinite(air.phase).all()
