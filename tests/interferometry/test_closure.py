"""Closure of triplets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.interferometry.stacks import TURN, consistent, mexico_city

from fringeworks.errors import ShapeMismatchError, TooFewDataError
from fringeworks.interferometry.closure import (
    align_pairs,
    close_triplets,
    closure_constants,
    pair_constants,
    tabulate,
)
from fringeworks.interferometry.network import find_triplets


def plain_closure(phase, triplets, constants):
    """The layers of one pixel, term by term."""
    value = np.array([phase[a] + phase[b] - phase[c] for a, b, c in triplets]) - constants
    value = value[np.isfinite(value)]
    cycles = np.floor(value / TURN + 0.5)
    wrapped = value - TURN * cycles
    return (
        np.sqrt(np.mean(value**2)),
        np.mean(wrapped),
        abs(np.mean(np.exp(1j * value))),
        np.count_nonzero(cycles),
    )


def test_consistent_phases_close(rng):
    network, phase = consistent(rng)
    triplets = find_triplets(network)
    constants = closure_constants(phase.reshape(len(phase), -1), triplets=triplets)
    closure = close_triplets(phase, triplets=triplets, constants=constants)
    # float32 phases of up to 150 rad: rounding 8e-6 rad each
    assert np.max(closure.layers["closure_rms"]) < 5e-5
    assert np.min(closure.layers["closure_coherence"]) > 1 - 1e-6
    assert np.all(closure.layers["n_unwrapping_errors"] == 0)


def test_the_sign_is_first_plus_second_minus_third(rng):
    network, phase = consistent(rng, n_dates=3, n_next=2, constants=False)
    phase[0] += 0.3
    closure = close_triplets(phase, triplets=find_triplets(network), constants=np.zeros(1))
    np.testing.assert_allclose(closure.layers["closure_bias"], 0.3, atol=1e-5)
    phase[1] += 0.5  # the pair 1-3 in sorted order
    assert (network.pairs[1].reference, network.pairs[1].secondary) == (network.dates[0], network.dates[2])
    closure = close_triplets(phase, triplets=find_triplets(network), constants=np.zeros(1))
    np.testing.assert_allclose(closure.layers["closure_bias"], -0.2, atol=1e-5)


def test_compiled_equals_plain(rng):
    network, phase = consistent(rng, shape=(9, 11), noise=2.0)
    phase[rng.random(phase.shape) < 0.2] = np.nan
    phase[:, 4, 5] = np.nan
    triplets = find_triplets(network)
    constants = rng.normal(size=len(triplets)) * 30
    closure = close_triplets(phase, triplets=triplets, constants=constants)
    names = ("closure_rms", "closure_bias", "closure_coherence", "n_unwrapping_errors")
    for y, x in np.ndindex(9, 11):
        got = [closure.layers[name][y, x] for name in names]
        if (y, x) == (4, 5):
            assert np.isnan(got[:3]).all()
            assert got[3] == -1
        else:
            expected = plain_closure(phase[:, y, x].astype(float), triplets, constants)
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    assert closure.tally.as_dict()["rejected"] == {"no complete triplet": 1}


def test_a_patch_of_cycle_errors_is_counted_where_it_is(rng):
    network, phase = consistent(rng, noise=0.2)
    triplets = find_triplets(network)
    bad = 10
    phase[bad, 5:15, 5:20] += TURN
    constants = closure_constants(phase.reshape(len(phase), -1), triplets=triplets)
    closure = close_triplets(phase, triplets=triplets, constants=constants)
    touched = int((triplets == bad).any(axis=1).sum())
    errors = closure.layers["n_unwrapping_errors"]
    assert touched >= 3
    # noise of 0.35 rad in a closure does not reach half a cycle
    np.testing.assert_array_equal(errors[5:15, 5:20], touched)
    assert errors.sum() == touched * 150
    records = tabulate(closure.sums, network=network, triplets=triplets, constants=constants)
    for record, triplet in zip(records, triplets, strict=True):
        assert record.cycle_fraction == pytest.approx(0.125 if bad in triplet else 0.0)


def test_a_slope_is_not_taken_for_cycles(rng):
    """Rounding before the constant is out makes jumps of a slope; with the constant out there are none."""
    network, phase = consistent(rng, n_dates=3, n_next=2, constants=False)
    phase[0] += np.linspace(-1.7, 1.7, 40, dtype=np.float32) + 2.9
    triplets = find_triplets(network)
    naive = np.round((phase[0] + phase[2] - phase[1]) / TURN)
    assert np.mean(naive != np.median(naive)) > 0.3
    constants = closure_constants(phase.reshape(3, -1), triplets=triplets)
    closure = close_triplets(phase, triplets=triplets, constants=constants)
    assert closure.layers["n_unwrapping_errors"].sum() == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_whole_cycles_and_constants_of_a_pair_change_nothing(seed):
    rng = np.random.default_rng(seed)
    network, phase = consistent(rng, n_dates=6, n_next=3, shape=(6, 7), noise=0.3)
    triplets = find_triplets(network)

    def layers(values):
        constants = closure_constants(values.reshape(len(values), -1), triplets=triplets)
        return close_triplets(values, triplets=triplets, constants=constants).layers

    moved = (
        phase.astype(float)
        + TURN * rng.integers(-5, 6, size=(len(phase), 1, 1))
        + rng.normal(size=(len(phase), 1, 1))
    )
    before, after = layers(phase), layers(moved.astype(np.float32))
    for name in ("closure_rms", "closure_bias", "closure_coherence"):
        np.testing.assert_allclose(after[name], before[name], atol=2e-4)
    np.testing.assert_array_equal(after["n_unwrapping_errors"], before["n_unwrapping_errors"])


def test_blocks_give_what_the_whole_gives(rng):
    network, phase = consistent(rng, noise=1.0)
    phase[rng.random(phase.shape) < 0.1] = np.nan
    triplets = find_triplets(network)
    constants = closure_constants(phase.reshape(len(phase), -1), triplets=triplets)
    whole = close_triplets(phase, triplets=triplets, constants=constants)
    upper = close_triplets(phase[:, :13], triplets=triplets, constants=constants)
    lower = close_triplets(phase[:, 13:], triplets=triplets, constants=constants)
    for name, image in whole.layers.items():
        np.testing.assert_array_equal(np.concatenate([upper.layers[name], lower.layers[name]]), image)
    sums = upper.sums + lower.sums
    np.testing.assert_array_equal(sums.count, whole.sums.count)
    np.testing.assert_array_equal(sums.n_cycles, whole.sums.n_cycles)
    # the same terms in another order of summation
    np.testing.assert_allclose(sums.square, whole.sums.square, rtol=1e-12)


def test_a_network_without_triplets_closes_nothing(rng):
    network, phase = consistent(rng, n_next=1)
    triplets = find_triplets(network)
    closure = close_triplets(
        phase,
        triplets=triplets,
        constants=closure_constants(phase.reshape(len(phase), -1), triplets=triplets),
    )
    assert np.isnan(closure.layers["closure_rms"]).all()
    assert np.all(closure.layers["n_unwrapping_errors"] == -1)
    assert closure.tally.used == 0


def test_triplets_and_constants_are_checked(rng):
    network, phase = consistent(rng)
    triplets = find_triplets(network)
    with pytest.raises(ShapeMismatchError, match="one constant for each triplet"):
        close_triplets(phase, triplets=triplets, constants=np.zeros(3))
    with pytest.raises(ShapeMismatchError, match="triplets of these pairs"):
        close_triplets(phase[:5], triplets=triplets, constants=np.zeros(len(triplets)))


def test_pairs_are_aligned_on_a_common_area(rng):
    network, phase = consistent(rng)
    constants = pair_constants(phase[:, :4, :4], network=network)
    aligned = align_pairs(phase, constants=constants)
    assert aligned.dtype == np.float32
    # float32 of phases of some 100 rad
    np.testing.assert_allclose(np.median(aligned[:, :4, :4].reshape(len(phase), -1), axis=1), 0.0, atol=2e-5)


def test_a_pair_without_value_in_the_area_is_named(rng):
    network, phase = consistent(rng)
    phase[7, :4, :4] = np.nan
    with pytest.raises(TooFewDataError, match=str(network.pairs[7])):
        pair_constants(phase[:, :4, :4], network=network)


@pytest.mark.data
def test_mexico_city_closes_as_the_inventory_says(helper_data):
    network, phase, _ = mexico_city(helper_data)
    triplets = find_triplets(network)
    assert len(triplets) == 24
    constants = closure_constants(phase.reshape(30, -1), triplets=triplets)
    closure = close_triplets(phase, triplets=triplets, constants=constants)
    records = tabulate(closure.sums, network=network, triplets=triplets, constants=constants)
    assert sum(record.std < 0.65 for record in records) == 19
    # Cycles rounded with the triplet's constant left in: the inventory's "15 to 43 % of the pixels".
    naive = []
    for record, (first, second, third) in zip(records, triplets, strict=True):
        if record.dates[:2] == ("20180307", "20180319"):
            value = phase[first].astype(float) + phase[second] - phase[third]
            cycles = np.round(value[np.isfinite(value)] / TURN)
            numbers, counts = np.unique(cycles, return_counts=True)
            naive.append(1 - counts.max() / counts.sum())
            assert numbers.size >= 2
    assert len(naive) == 3
    assert min(naive) == pytest.approx(0.15, abs=0.01)
    assert max(naive) == pytest.approx(0.43, abs=0.01)
    # With the constant out, hardly a pixel closes on whole cycles: what does not close is a plane.
    assert max(record.cycle_fraction for record in records) < 0.002
