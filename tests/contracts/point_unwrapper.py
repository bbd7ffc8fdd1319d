"""What every unwrapper of a network of points has to pass: inherit, and give ``unwrapper``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fringeworks.errors import ShapeMismatchError
from fringeworks.timeseries.points.spacetime_protocol import UNPLACED, PointPhases, PointUnwrapper
from fringeworks.timeseries.points.triangulation import triangulate

TURN = 2.0 * np.pi
# float32 of 100 rad leaves 4e-6 rad: anything above 1e-4 is no rounding
ROUNDING = 1e-4
YEAR = 365.25


def places(n_points=300, extent=9e3, seed=0):
    return np.random.default_rng(seed).uniform(0.0, extent, (2, n_points))


def record(x, y, truth, *, noise=0.0, seed=1, days=12, **more):
    """Return wrapped phases as an unwrapper gets them, read-only, and what they were before wrapping."""
    rng = np.random.default_rng(seed)
    truth = truth + noise * rng.standard_normal(truth.shape)
    truth = truth - truth[0]
    phase = np.angle(np.exp(1j * truth)).astype(np.float32)
    phase[~np.isfinite(truth)] = np.nan
    edges, triangles = triangulate(x, y)
    for array in (phase, edges, triangles):
        array.flags.writeable = False
    years = np.arange(len(truth)) * days / YEAR
    return PointPhases(phase=phase, edges=edges, triangles=triangles, years=years, **more), truth


def bowl(x, y, years, rate, width=1.5e3):
    """Return the phase of a sinking bowl of a rate [rad/yr] at its centre, (date, point)."""
    shape = np.exp(-((x - x.mean()) ** 2 + (y - y.mean()) ** 2) / (2 * width**2))
    return -rate * shape[None, :] * years[:, None]


def errors(found, truth):
    """Return unwrapped minus true phase relative to the reference point of each component."""
    own = found.references[np.maximum(found.component - 1, 0)]
    return found.phase - (truth - truth[:, own])


class PointUnwrapperContract:
    """Conformance."""

    @pytest.fixture
    def unwrapper(self):
        raise AssertionError("give an unwrapper")

    def test_it_keeps_the_protocol(self, unwrapper):
        assert isinstance(unwrapper, PointUnwrapper)
        assert unwrapper.name
        assert unwrapper.licence

    def test_smooth_motion_comes_back_exactly(self, unwrapper):
        # 60 rad/yr is 27 cm/yr at C band: 44 cycles at the last date, but never half a cycle along an arc in 12 days
        x, y = places()
        network, truth = record(x, y, bowl(x, y, np.arange(20) * 12 / YEAR, 60.0))
        found = unwrapper.unwrap(network)
        assert np.abs(errors(found, truth)).max() < ROUNDING
        assert (found.component == 1).all()
        assert found.tally.used == found.tally.considered == truth.size
        assert found.phase.dtype == np.float32

    def test_only_whole_cycles_are_added(self, unwrapper):
        x, y = places(120)
        network, _ = record(x, y, np.zeros((8, 120)), noise=2.0)
        found = unwrapper.unwrap(network)
        point = found.references[0]
        turns = (found.phase - (network.phase - network.phase[:, [point]])) / TURN
        assert np.abs(turns - np.round(turns)).max() < ROUNDING
        assert (found.phase[:, point] == 0.0).all()
        assert (found.phase[network.reference] == 0.0).all()

    def test_noise_makes_few_wrong_cycles(self, unwrapper):
        # 0.35 rad and the noise of the reference date: 0.5 rad a point, 0.7 an arc; half a cycle is 4.5 of these
        x, y = places(400)
        network, truth = record(x, y, bowl(x, y, np.arange(24) * 12 / YEAR, 25.0), noise=0.35)
        wrong = np.abs(errors(unwrapper.unwrap(network), truth)) > 1.0
        assert wrong.mean() < 1e-3

    def test_it_repeats_and_a_turned_input_changes_nothing(self, unwrapper):
        x, y = places(150)
        network, _ = record(x, y, bowl(x, y, np.arange(9) * 12 / YEAR, 30.0), noise=0.6)
        first, second = unwrapper.unwrap(network), unwrapper.unwrap(network)
        assert np.array_equal(first.phase, second.phase)
        turned = network.phase + np.float32(TURN) * np.random.default_rng(3).integers(
            -2, 3, network.phase.shape
        )
        turned[0] = 0.0
        other = unwrapper.unwrap(replace(network, phase=turned.astype(np.float32)))
        assert np.abs(other.phase - first.phase).max() < 1e-4

    def test_missing_phases_stay_missing_and_harm_no_other(self, unwrapper):
        x, y = places(300)
        truth = bowl(x, y, np.arange(16) * 12 / YEAR, 25.0)
        truth[np.random.default_rng(5).random(truth.shape) < 0.1] = np.nan
        truth[0] = 0.0
        truth[:, 7] = np.nan
        truth[:, 40] = np.where(np.isfinite(truth[:, 40]), truth[:, 40], 0.0)
        network, truth = record(x, y, truth, noise=0.1, reference_point=40)
        found = unwrapper.unwrap(network)
        assert np.isnan(found.phase[np.isnan(network.phase)]).all()
        assert found.component[7] == 0
        kept = np.isfinite(found.phase)
        assert np.array_equal(kept, np.isfinite(network.phase) & (found.flags & UNPLACED == 0))
        assert kept.sum() > 0.99 * np.isfinite(network.phase).sum()
        assert np.abs(errors(found, truth)[kept]).max() < 1.0
        assert found.tally.considered == found.tally.used + sum(found.tally.rejected.values())

    def test_a_prior_takes_steep_motion_off(self, unwrapper):
        # 500 rad/yr: 2.6 cycles between images at the centre, half a cycle along some arcs; the prior is 5 % off
        x, y = places(300)
        truth = bowl(x, y, np.arange(14) * 12 / YEAR, 500.0)
        prior = (0.95 * truth).astype(np.float32)
        network, truth = record(x, y, truth, noise=0.1, prior=prior)
        assert np.abs(errors(unwrapper.unwrap(network), truth)).max() < 1e-3

    def test_arrays_that_do_not_fit_are_refused(self, unwrapper):
        x, y = places(20)
        network, _ = record(x, y, np.zeros((5, 20)))
        with pytest.raises(ShapeMismatchError, match="prior"):
            unwrapper.unwrap(replace(network, prior=np.zeros((4, 20), np.float32)))
        with pytest.raises(ShapeMismatchError, match="times"):
            unwrapper.unwrap(replace(network, years=np.zeros(4)))
