"""Repair of unwrapping errors: what is found, what is left alone."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from tests.interferometry.repair.injected import TURN, inject
from tests.interferometry.stacks import mexico_city

from fringeworks.errors import ShapeMismatchError
from fringeworks.interferometry.network import connect_single, find_triplets
from fringeworks.interferometry.repair import (
    HALO,
    RepairOptions,
    apply_repair,
    find_cycles,
    fit_closure_planes,
    join_labels,
    judge_regions,
    repair_cycles,
)
from fringeworks.model.arrays import BlockPlan
from fringeworks.model.grids import Shape


@pytest.mark.parametrize(
    ("changes", "least"),
    [
        ({}, 0.99),
        ({"noise": 0.6}, 0.99),
        ({"gaps": 0.0, "noise": 0.05}, 0.999),
        ({"n_next": 3, "n_dates": 20}, 0.98),
        ({"regions": 30}, 0.98),
        ({"pairs": 3, "regions": 8}, 0.95),
    ],
    ids=["plain", "noisy", "clean", "sparse", "crowded", "several"],
)
def test_injected_errors_are_repaired_and_none_is_introduced(rng, changes, least):
    stack = inject(rng, **changes)
    out, repair = repair_cycles(stack.phase, network=stack.network)
    repaired, introduced = stack.score(repair)
    # the issue asks for 95 % of those in two triangles, and for fewer than 1e-4 introduced
    assert repaired >= least
    assert introduced < 1e-4
    right = np.abs(out - (stack.phase - TURN * stack.cycles)) < 1e-3
    assert right[stack.valid].mean() > 0.998
    np.testing.assert_array_equal(np.isnan(out), ~stack.valid)


def test_errors_of_single_pixels_are_repaired(rng):
    stack = inject(rng, regions=0, noise=0.2, gaps=0.0)
    for _ in range(300):
        at = tuple(rng.integers(n) for n in stack.phase.shape)
        sign = rng.choice([-1, 1])
        stack.phase[at] += np.float32(TURN * sign)
        stack.cycles[at] += sign
    _, repair = repair_cycles(stack.phase, network=stack.network)
    repaired, introduced = stack.score(repair)
    assert repaired > 0.98
    assert introduced < 1e-5


@pytest.mark.parametrize("noise", [0.1, 0.6, 0.8])
def test_where_nothing_is_wrong_nothing_is_changed(rng, noise):
    stack = inject(rng, regions=0, noise=noise)
    out, repair = repair_cycles(stack.phase, network=stack.network)
    # at 0.8 rad some single values are off by more than half a cycle by noise alone
    assert stack.score(repair)[1] < 5e-5
    if noise < 0.7:
        np.testing.assert_array_equal(out, stack.phase)
        assert repair.regions == ()


def moat(phase: np.ndarray) -> None:
    """Cut a rectangle off from the rest: beyond, no step can be seen."""
    for rows, cols in (
        ((15, 20), (25, 65)),
        ((40, 45), (25, 65)),
        ((15, 45), (25, 30)),
        ((15, 45), (60, 65)),
    ):
        phase[:, slice(*rows), slice(*cols)] = np.nan


@pytest.mark.parametrize("cut_off", [False, True])
def test_an_error_of_a_pair_in_one_triangle_is_told_by_its_own_step_or_left(rng, cut_off):
    stack = inject(rng, n_dates=8, n_next=2, regions=0, noise=0.1, gaps=0.0)
    # the first two dates and their common neighbour make the only triangle of the pair of the first and third
    pair = 1
    assert str(stack.network.pairs[pair]) == "20210103_20210127"
    right = stack.phase.copy()
    stack.phase[pair, 20:40, 30:60] += np.float32(TURN)
    if cut_off:
        moat(stack.phase)
    before = stack.phase.copy()
    out, repair = repair_cycles(stack.phase, network=stack.network)
    np.testing.assert_array_equal(stack.phase, before)
    assert repair.tally.considered == 600
    if cut_off:
        np.testing.assert_array_equal(out, before)
        assert repair.tally.rejected["several pairs explain it alike"] > 500
    else:
        # float32 of some ten radians
        np.testing.assert_allclose(out, right, atol=1e-5)
        assert repair.tally.used == 600


@pytest.mark.parametrize("cut_off", [False, True])
def test_which_half_of_the_pairs_of_a_date_is_told_by_their_own_steps_or_left(rng, cut_off):
    stack = inject(rng, n_dates=10, n_next=4, regions=0, noise=0.1, gaps=0.0)
    ends = stack.network.endpoints().tolist()
    right = stack.phase.copy()
    for pair in (ends.index([0, 1]), ends.index([0, 4])):
        stack.phase[pair, 20:40, 30:60] -= np.float32(TURN)
    stack.phase[ends.index([6, 8]), 20:40, 30:60] += np.float32(TURN)
    if cut_off:
        moat(stack.phase)
    out, _ = repair_cycles(stack.phase, network=stack.network)
    if not cut_off:
        np.testing.assert_allclose(out, right, atol=1e-5)
        return
    changed = np.abs(out - stack.phase) > 1.0
    # the third one, far from them in time, is repaired all the same
    assert changed[ends.index([6, 8]), 21:39, 31:59].all()
    changed[ends.index([6, 8])] = False
    assert not changed.any()


def test_three_of_the_four_pairs_of_a_date_are_put_right_although_moving_the_fourth_is_cheaper(rng):
    stack = inject(rng, n_dates=10, n_next=4, regions=0, noise=0.3, gaps=0.0)
    ends = stack.network.endpoints().tolist()
    right = stack.phase.copy()
    for pair in (ends.index([0, 1]), ends.index([0, 2]), ends.index([0, 4])):
        stack.phase[pair, 20:40, 30:60] += np.float32(TURN)
    out, _ = repair_cycles(stack.phase, network=stack.network)
    np.testing.assert_allclose(out, right, atol=1e-5)


def test_what_was_changed_is_recorded(rng):
    stack = inject(rng, regions=0, noise=0.1, gaps=0.0)
    stack.phase[17, 20:40, 30:60] += np.float32(2 * TURN)
    stack.phase[40, 70:75, 10:14] -= np.float32(TURN)
    _, repair = repair_cycles(stack.phase, network=stack.network)
    first, second = repair.regions
    assert dict(first.cycles) == {str(stack.network.pairs[17]): 2}
    assert (first.window.row, first.window.col, first.window.rows, first.window.cols) == (20, 30, 20, 30)
    assert first.n_pixels == 600
    assert first.repaired
    assert first.jump_share == 1.0
    assert dict(second.cycles) == {str(stack.network.pairs[40]): -1}
    assert second.n_pixels == 20
    assert repair.tally.as_dict() == {"what": "pixels", "considered": 620, "used": 620, "rejected": {}}
    small = repair_cycles(stack.phase, network=stack.network, options=RepairOptions(least_pixels=100))[1]
    assert [r.reason for r in small.regions] == ["", "fewer pixels than asked for"]
    assert small.tally.rejected == {"fewer pixels than asked for": 20}


def test_ramps_and_bumps_are_no_cycle_errors(rng):
    stack = inject(rng, regions=0, noise=0.15, gaps=0.0)
    rows, cols = np.mgrid[:100, :110]
    # a pair flattened with a baseline of its own: a ramp of two cycles
    stack.phase[10] += (TURN * 2.0 * (cols / 110 - 0.3 * rows / 100)).astype(np.float32)
    # and something smooth that is no plane, higher than a cycle
    stack.phase[30] += (9.0 * np.exp(-((rows - 50) ** 2 + (cols - 60) ** 2) / (2 * 18.0**2))).astype(
        np.float32
    )
    # beside a true error on the ramp
    stack.phase[10, 80:95, 20:40] += np.float32(TURN)
    out, repair = repair_cycles(stack.phase, network=stack.network)
    changed = np.abs(out - stack.phase) > 1.0
    assert changed[10, 80:95, 20:40].all()
    changed[10, 80:95, 20:40] = False
    assert changed.mean() < 1e-5
    bump = [r for r in repair.regions if not r.repaired]
    assert bump
    assert all(r.reason == "its border does not jump" for r in bump)
    assert max(r.jump_share for r in bump) < 0.2


def test_an_island_is_put_right(rng):
    stack = inject(rng, regions=0, noise=0.1, gaps=0.0)
    water = np.zeros((100, 110), bool)
    water[30:70, 30:70] = True
    water[40:60, 40:60] = False
    stack.phase[:, water] = np.nan
    stack.phase[12, 40:60, 40:60] += np.float32(TURN)
    out, repair = repair_cycles(stack.phase, network=stack.network)
    assert repair.regions[0].n_pixels == 400
    assert np.isnan(repair.regions[0].jump_share)
    assert repair.regions[0].repaired
    np.testing.assert_allclose(out[12, 40:60, 40:60], stack.phase[12, 40:60, 40:60] - TURN, atol=1e-4)


def test_blocks_give_the_result_of_the_whole(rng):
    stack = inject(rng, n_dates=12, regions=8, pairs=2, noise=0.5)
    triplets, options = find_triplets(stack.network), RepairOptions()
    rows, cols = (part.ravel() for part in np.indices(stack.phase[0].shape))
    planes = fit_closure_planes(
        stack.phase.reshape(len(stack.phase), -1)[:, ::7],
        positions=np.column_stack([rows, cols])[::7].astype(float),
        triplets=triplets,
    )
    whole = find_cycles(stack.phase, triplets=triplets, planes=planes, options=options)
    parts = []
    for block in BlockPlan(Shape(100, 110), Shape(40, 55), Shape(HALO, HALO)):
        at = block.read
        part = find_cycles(
            np.ascontiguousarray(stack.phase[(slice(None), *at.slices)]),
            triplets=triplets,
            planes=planes,
            options=options,
            row=at.row,
            col=at.col,
        )
        parts.append((block.keep, part.cut(block.inner)))
    joined = join_labels(parts, shape=Shape(100, 110))
    one, other = (judge_regions(x, network=stack.network, options=options) for x in (whole, joined))
    for pair in range(len(stack.phase)):
        np.testing.assert_array_equal(one.cycles_of(pair), other.cycles_of(pair))
    assert [(r.cycles, r.window, r.n_pixels, r.reason) for r in one.regions] == [
        (r.cycles, r.window, r.n_pixels, r.reason) for r in other.regions
    ]
    assert one.tally == other.tally
    put = apply_repair(stack.phase, repair=one)
    piece = apply_repair(stack.phase[:, 40:80, 55:110], repair=other, row=40, col=55)
    np.testing.assert_array_equal(put[:, 40:80, 55:110], piece)


def test_the_number_of_threads_changes_nothing(rng):
    stack = inject(rng, n_dates=12, n_next=3, regions=5, pairs=2)
    before = numba.get_num_threads()
    try:
        found = []
        for n in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(n)
            found.append(repair_cycles(stack.phase, network=stack.network)[0])
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])


def test_a_network_without_triangles_is_left_alone(rng):
    stack = inject(rng, n_dates=6, n_next=5, regions=3)
    star = connect_single(stack.network.dates, reference=stack.network.dates[0])
    out, repair = repair_cycles(stack.phase[:5], network=star)
    np.testing.assert_array_equal(out, stack.phase[:5])
    assert repair.tally.considered == 0


def test_bad_input_is_named(rng):
    stack = inject(rng, n_dates=5, regions=0)
    triplets = find_triplets(stack.network)
    with pytest.raises(ShapeMismatchError, match=r"planes of \(2, 3\)"):
        find_cycles(stack.phase, triplets=triplets, planes=np.zeros((2, 3)), options=RepairOptions())
    with pytest.raises(ShapeMismatchError, match="4 pixels, 2"):
        fit_closure_planes(np.zeros((9, 4), np.float32), positions=np.zeros((4, 3)), triplets=triplets)


@pytest.mark.data
def test_the_ramps_of_mexico_city_are_not_taken_for_cycles(helper_data, rng):
    network, phase, _ = mexico_city(helper_data)
    out, repair = repair_cycles(phase, network=network)
    # five of its triplets close badly by ramps (docs/explanation/decisions/0008)
    np.testing.assert_array_equal(out, phase)
    assert repair.tally.considered < 10
    # errors put into the real stack are found beside the ramps
    rows, cols = np.mgrid[:60, :100]
    cycles = np.zeros(phase.shape, np.int8)
    for _ in range(20):
        disc = np.hypot(rows - rng.integers(60), cols - rng.integers(100)) < rng.uniform(2, 12)
        cycles[rng.integers(len(phase))][disc] += rng.choice([-1, 1])
    _, again = repair_cycles((phase + TURN * cycles).astype(np.float32), network=network)
    found = np.stack([again.cycles_of(k) for k in range(len(phase))])
    sides = np.bincount(find_triplets(network).ravel(), minlength=len(phase))
    locatable = (cycles != 0) & np.isfinite(phase) & (sides >= 2)[:, None, None]
    assert (found == cycles)[locatable].mean() > 0.95
    assert ((found != 0) & (cycles == 0)).mean() < 1e-4
