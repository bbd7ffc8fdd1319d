"""Space-time unwrapping by flow: the contract, and what it owes beyond."""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import pytest
from tests.contracts.point_unwrapper import (
    TURN,
    YEAR,
    PointUnwrapperContract,
    bowl,
    errors,
    places,
    record,
)

from fringeworks.errors import OutOfRangeError
from fringeworks.timeseries.points.spacetime import FlowUnwrapper, unwrap_points
from fringeworks.timeseries.points.spacetime_options import SpaceTimeOptions
from fringeworks.timeseries.points.spacetime_protocol import PLACED, UNPLACED


class TestFlow(PointUnwrapperContract):
    @pytest.fixture
    def unwrapper(self):
        return FlowUnwrapper()


def test_a_step_of_the_ground_that_ends_within_the_network_is_found():
    # A fault of 4 km on which one side moves 0.8 cycles at date 9, tapering to nothing at its ends: every arc across its
    # middle steps by a fifth of a cycle the wrong way, but around its ends all is below half a cycle.
    x, y = places(900)
    along = np.clip(1.0 - ((x - 4500.0) / 2000.0) ** 2, 0.0, None)
    beside = np.exp(-np.abs(y - 4500.0) / 2500.0)
    slip = 0.8 * TURN * along * beside * np.where(y > 4500.0, 1.0, 0.0)
    truth = bowl(x, y, np.arange(20) * 12 / YEAR, 6.0)
    truth[9:] += slip
    network, truth = record(x, y, truth, noise=0.15)
    wrong = np.abs(errors(FlowUnwrapper().unwrap(network), truth)) > 1.0
    assert wrong[9:].mean() < 0.01


def test_islands_are_components_with_a_reference_each():
    x, y = places(200)
    x[120:] += 40e3
    truth = bowl(x, y, np.arange(12) * 12 / YEAR, 0.0)
    truth[:, 120:] += 2.4 * np.arange(12)[:, None]  # the sea hides how they move against each other
    network, truth = record(x, y, truth, noise=0.3)
    lengths = np.hypot(*(v[network.edges[:, 1]] - v[network.edges[:, 0]] for v in (x, y)))
    network = replace(network, lengths=lengths, reference_point=150)
    found = FlowUnwrapper(SpaceTimeOptions(longest_arc_m=8e3)).unwrap(network)
    assert (found.component == np.where(np.arange(200) < 120, 1, 2)).all()
    assert found.references[1] == 150
    assert np.abs(errors(found, truth)).max() < 1.0
    whole = FlowUnwrapper().unwrap(network)
    assert (whole.component == 1).all()


def test_points_cut_off_at_one_date_are_placed_by_their_other_dates():
    y, x = (v.ravel() for v in np.mgrid[:12, :14] * 700.0)
    truth = bowl(x, y, np.arange(15) * 12 / YEAR, 10.0)
    far = x > 6500.0
    truth[:, far] += 0.9 * np.sqrt(np.arange(15))[:, None]
    truth[6, (x > 4000.0) & ~far] = np.nan
    network, truth = record(x, y, truth, noise=0.05, reference_point=int(np.argmin(x)))
    found = FlowUnwrapper().unwrap(network)
    assert (found.flags[6, far] == PLACED).all()
    assert np.nanmax(np.abs(errors(found, truth))) < 1.0


def test_without_the_reference_point_a_date_has_no_value():
    x, y = places(50)
    truth = np.zeros((6, 50))
    truth[3, 11] = np.nan
    network, _ = record(x, y, truth, noise=0.1, reference_point=11)
    found = FlowUnwrapper().unwrap(network)
    assert np.isnan(found.phase[3]).all()
    assert (found.flags[3] == UNPLACED).sum() == 49
    assert found.tally.rejected == {"missing": 1, "without a way to the reference": 49}
    # Left to itself it takes a point with all dates.
    free = FlowUnwrapper().unwrap(replace(network, reference_point=None))
    assert free.references[0] != 11
    assert np.isfinite(free.phase).sum() == truth.size - 1


@pytest.mark.parametrize("n_dates", [0, 1, 2, 3])
@pytest.mark.parametrize("n_points", [0, 1, 2, 3, 10])
def test_few_dates_and_points_are_legal(n_dates, n_points):
    x, y = places(n_points)
    network, truth = record(x, y, np.zeros((n_dates, n_points)), noise=0.2) if n_dates else (None, None)
    if network is None:
        return
    found = FlowUnwrapper().unwrap(network)
    assert found.phase.shape == (n_dates, n_points)
    if n_points:
        assert np.abs(errors(found, truth)).max() < ROUND


ROUND = 1e-4


def test_threads_change_nothing():
    x, y = places(300)
    network, _ = record(x, y, bowl(x, y, np.arange(12) * 12 / YEAR, 30.0), noise=0.9)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = FlowUnwrapper().unwrap(network)
    finally:
        numba.set_num_threads(before)
    many = FlowUnwrapper().unwrap(network)
    assert np.array_equal(one.phase, many.phase)
    assert np.array_equal(one.arc_changes, many.arc_changes)


def test_order_of_dates_and_choice_of_reference_date_do_not_matter():
    x, y = places(200)
    network, truth = record(x, y, bowl(x, y, np.arange(15) * 12 / YEAR, 30.0), noise=0.2)
    order = np.random.default_rng(8).permutation(15)
    middle = 7
    phase = network.phase - network.phase[middle]
    shuffled = replace(
        network,
        phase=phase[order],
        years=network.years[order],
        reference=int(np.flatnonzero(order == middle)[0]),
    )
    found = FlowUnwrapper().unwrap(shuffled)
    assert np.abs(errors(found, (truth - truth[middle])[order])).max() < ROUND


def test_the_record_says_how_noisy_arcs_are_and_what_was_changed():
    x, y = places(500)
    network, _ = record(x, y, np.zeros((40, 500)), noise=0.25)
    found = unwrap_points(
        network.phase, edges=network.edges, triangles=network.triangles, years=network.years, reference=0
    )
    # An arc holds the noise of two points; the average of about 17 other dates adds a little.
    assert np.isclose(np.median(found.arc_std), 0.25 * np.sqrt(2.0), rtol=0.1)
    assert found.residues.shape == found.changed.shape == (40,)
    assert found.arc_changes.sum() >= found.changed.sum()
    noisy, _ = record(x, y, np.zeros((40, 500)), noise=0.9)
    assert FlowUnwrapper().unwrap(noisy).residues.sum() > found.residues.sum()


def test_what_cannot_be_right_is_refused():
    x, y = places(20)
    network, _ = record(x, y, np.zeros((5, 20)))
    with pytest.raises(OutOfRangeError, match="reference point 20"):
        FlowUnwrapper().unwrap(replace(network, reference_point=20))
    with pytest.raises(OutOfRangeError, match="reference date 5"):
        replace(network, reference=5)
    with pytest.raises(OutOfRangeError, match="an arc to point"):
        replace(network, phase=network.phase[:, :10])
    with pytest.raises(OutOfRangeError, match="method 'mcf'"):
        SpaceTimeOptions(method="mcf")
