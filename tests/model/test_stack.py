"""Pairs and their network: order, incidence, connected subsets."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fringeworks.errors import DateOrderError, DuplicatePairError, ShapeMismatchError
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.model.stack import InterferogramStack, Pair, PairNetwork, StackFacts

DAYS = [date(2018, 1, 6) + timedelta(days=12 * k) for k in range(6)]


def pairs_of(*indices):
    return [Pair(DAYS[i], DAYS[j]) for i, j in indices]


def test_a_pair_knows_its_days_and_its_name():
    pair = Pair(DAYS[0], DAYS[2])
    assert pair.days == 24
    assert str(pair) == "20180106_20180130"


@pytest.mark.parametrize("secondary", [DAYS[1], DAYS[0]])
def test_the_reference_is_earlier(secondary):
    with pytest.raises(DateOrderError, match=r"pair 20180118-\d{8}; expected: a reference earlier"):
        Pair(DAYS[1], secondary)


def test_a_network_is_sorted_and_baselines_follow_their_pairs():
    network = PairNetwork.of(pairs_of((1, 2), (0, 2), (0, 1)), np.array([12.0, 2.0, 1.0]))
    assert network.dates == tuple(DAYS[:3])
    assert [str(p) for p in network.pairs] == [str(p) for p in pairs_of((0, 1), (0, 2), (1, 2))]
    np.testing.assert_array_equal(network.perpendicular_baseline, [1.0, 2.0, 12.0])


def test_a_pair_given_twice_is_refused():
    with pytest.raises(DuplicatePairError, match=r"pair 20180106_20180118 is given twice"):
        PairNetwork.of(pairs_of((0, 1), (1, 2), (0, 1)))


def test_every_pair_has_a_baseline_or_none_has():
    with pytest.raises(ShapeMismatchError, match=r"\(2,\) baselines; expected: one for each of 1 pairs"):
        PairNetwork(tuple(DAYS[:2]), tuple(pairs_of((0, 1))), np.zeros(2))


def test_years_are_julian():
    network = PairNetwork.of([Pair(date(2018, 1, 1), date(2022, 1, 1))])
    np.testing.assert_array_equal(network.years, [0.0, 4.0])  # 1461 days = 4 x 365.25


def test_incidence_takes_secondary_minus_reference():
    network = PairNetwork.of(pairs_of((0, 1), (0, 2), (1, 2)))
    np.testing.assert_array_equal(network.incidence(), [[-1, 1, 0], [-1, 0, 1], [0, -1, 1]])
    series = np.array([0.0, 3.0, 5.0])
    np.testing.assert_array_equal(network.incidence() @ series, [3.0, 5.0, 2.0])


def test_subsets_are_numbered_in_order_of_time():
    network = PairNetwork.of(pairs_of((1, 3), (0, 2), (4, 5)))
    np.testing.assert_array_equal(network.components(), [0, 1, 0, 1, 2, 2])


def test_leaving_pairs_out_can_cut_the_network():
    network = PairNetwork.of(pairs_of((0, 1), (1, 2), (2, 3)))
    np.testing.assert_array_equal(network.components(np.array([True, False, True])), [0, 0, 1, 1])
    np.testing.assert_array_equal(network.components(np.zeros(3, bool)), [0, 1, 2, 3])


@given(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda ij: ij[0] < ij[1]), min_size=1))
def test_the_rank_of_the_incidence_is_dates_minus_subsets(edges):
    network = PairNetwork.of(pairs_of(*edges))
    rank = np.linalg.matrix_rank(network.incidence().astype(float))
    assert rank == len(network.dates) - (network.components().max() + 1)


def test_a_selection_keeps_all_dates():
    network = PairNetwork.of(pairs_of((0, 1), (1, 2)), np.array([1.0, 2.0]))
    part = network.select(np.array([False, True]))
    assert part.dates == network.dates
    assert part.pairs == tuple(pairs_of((1, 2)))
    np.testing.assert_array_equal(part.perpendicular_baseline, [2.0])
    bare = PairNetwork.of(pairs_of((0, 1), (1, 2))).select(np.array([True, False]))
    assert bare.perpendicular_baseline is None


def test_a_network_without_pairs_has_empty_arrays_of_the_right_shape():
    network = PairNetwork(tuple(DAYS[:2]), ())
    assert network.endpoints().shape == (0, 2)
    assert network.incidence().shape == (0, 2)


def test_a_stack_says_nothing_it_was_not_told():
    network = PairNetwork.of(pairs_of((0, 1)))
    grid = MapGrid("EPSG:4326", 0.0, 0.0, 1.0, -1.0, Shape(2, 3))
    stack = InterferogramStack(
        grid=grid,
        network=network,
        wavelength=0.0555,
        phase=np.zeros((1, 2, 3), np.float32),
        facts=StackFacts(source_format="sample", sign_reason="made so"),
    )
    assert stack.coherence is None
    assert stack.facts.relative_orbit is None
    assert stack.facts.platforms == ()
    assert stack.findings == ()
