"""Networks: what each design forms, and what the pairs tell."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.interferometry.network import (
    connect_delaunay,
    connect_long,
    connect_nearest,
    connect_single,
    connect_within,
    date_baselines,
    find_triplets,
    pairs_per_date,
    rank,
    redundancy,
    unite,
)
from fringeworks.model.stack import Pair, PairNetwork

DATES = tuple(date(2020, 1, 1) + timedelta(days=12 * k) for k in range(40))


def with_baselines(network, heights):
    ends = network.endpoints()
    return PairNetwork(network.dates, network.pairs, heights[ends[:, 1]] - heights[ends[:, 0]])


def test_nearest_pairs():
    network = connect_nearest(DATES, n_next=3)
    assert len(network.pairs) == 39 + 38 + 37
    assert max(pair.days for pair in network.pairs) == 36
    assert rank(network) == 39


def test_pairs_within_a_span(rng):
    heights = rng.normal(size=40) * 80
    network = connect_within(DATES, maximum_days=36, baselines=heights, maximum_baseline=100)
    expected = {
        (i, j) for i in range(40) for j in range(i + 1, min(i + 4, 40)) if abs(heights[j] - heights[i]) <= 100
    }
    index = {d: k for k, d in enumerate(DATES)}
    assert {(index[p.reference], index[p.secondary]) for p in network.pairs} == expected
    first = network.pairs[0]
    assert network.perpendicular_baseline[0] == pytest.approx(
        heights[index[first.secondary]] - heights[index[first.reference]]
    )


def test_long_pairs_after_flatsim():
    network = connect_long(DATES, spans=(91, 365), tolerance_days=7)
    # multiples of 12 days nearest to three months and a year; the last date within three months takes 84 days
    assert sorted(p.days for p in network.pairs if p.reference == DATES[0]) == [96, 360]
    assert [p.days for p in network.pairs if p.secondary == DATES[-1]] == [360, 96, 84]


def test_one_reference():
    network = connect_single(DATES, reference=DATES[10])
    assert len(network.pairs) == 39
    assert pairs_per_date(network)[10] == 39
    assert redundancy(network) == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(OutOfRangeError, match="2019-01-01"):
        connect_single(DATES, reference=date(2019, 1, 1))


def test_delaunay_is_connected_and_planar(rng):
    network = connect_delaunay(DATES, rng.normal(size=40) * 60, days_per_metre=1.0)
    assert rank(network) == 39
    # a planar graph of n points has at most 3 n - 6 edges
    assert 39 <= len(network.pairs) <= 3 * 40 - 6
    with pytest.raises(TooFewDataError, match="2 dates"):
        connect_delaunay(DATES[:2], np.zeros(2), days_per_metre=1.0)


def test_union_holds_each_pair_once():
    network = unite(connect_nearest(DATES, n_next=3), connect_within(DATES, maximum_days=48))
    assert len(network.pairs) == 39 + 38 + 37 + 36
    assert network.perpendicular_baseline is None


def test_one_date_makes_no_pair():
    with pytest.raises(TooFewDataError, match="1 dates"):
        connect_nearest(DATES[:1], n_next=1)
    with pytest.raises(ShapeMismatchError, match="one for each of 40 dates"):
        connect_within(DATES, maximum_days=12, baselines=np.zeros(3))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(3, 12))
def test_triplets_are_all_closed_triples(seed, n_dates):
    rng = np.random.default_rng(seed)
    days = DATES[:n_dates]
    pairs = [
        Pair(days[i], days[j])
        for i in range(n_dates)
        for j in range(i + 1, n_dates)
        if rng.random() < 0.5 or j == i + 1
    ]
    network = PairNetwork.of(pairs)
    have = set(network.pairs)
    expected = {
        (a, b, c)
        for k, a in enumerate(days)
        for m, b in enumerate(days[k + 1 :], k + 1)
        for c in days[m + 1 :]
        if {Pair(a, b), Pair(b, c), Pair(a, c)} <= have
    }
    found = set()
    for first, second, third in find_triplets(network):
        one, two, three = network.pairs[first], network.pairs[second], network.pairs[third]
        assert one.secondary == two.reference
        assert (three.reference, three.secondary) == (one.reference, two.secondary)
        found.add((one.reference, one.secondary, two.secondary))
    assert found == expected


def test_rank_counts_subsets():
    pairs = [Pair(DATES[0], DATES[1]), Pair(DATES[1], DATES[2]), Pair(DATES[5], DATES[6])]
    assert rank(PairNetwork.of(pairs)) == 3
    assert len(find_triplets(PairNetwork.of(pairs))) == 0


def test_redundancy_sums_to_the_surplus():
    network = connect_nearest(DATES, n_next=4)
    found = redundancy(network)
    assert found.sum() == pytest.approx(len(network.pairs) - rank(network))
    assert np.all((found > -1e-12) & (found < 1))


def test_date_baselines_come_back(rng):
    heights = rng.normal(size=40) * 60
    network = with_baselines(connect_nearest(DATES, n_next=3), heights)
    found = date_baselines(network)
    np.testing.assert_allclose(found.baseline, heights - heights[0], atol=1e-9)
    assert found.rms < 1e-9
    assert found.findings == ()


def test_a_swapped_sign_is_found(rng):
    heights = rng.normal(size=40) * 60
    network = with_baselines(connect_nearest(DATES, n_next=3), heights)
    wrong = network.perpendicular_baseline.copy()
    k = int(np.argmax(np.abs(wrong)))
    wrong[k] *= -1
    found = date_baselines(PairNetwork(network.dates, network.pairs, wrong))
    np.testing.assert_allclose(found.baseline, heights - heights[0], atol=1e-6)
    assert len(found.findings) == 1
    assert str(network.pairs[k]) in found.findings[0].text
    assert "the other way round" in found.findings[0].text
    assert found.misfit[k] == pytest.approx(2 * wrong[k], abs=1e-6)


def test_a_wrong_value_is_found_without_blaming_the_sign(rng):
    heights = rng.normal(size=40) * 60
    network = with_baselines(connect_nearest(DATES, n_next=3), heights)
    wrong = network.perpendicular_baseline.copy()
    wrong[30] += 500.0
    found = date_baselines(PairNetwork(network.dates, network.pairs, wrong))
    assert [str(network.pairs[30]) in f.text for f in found.findings] == [True]
    assert "other way round" not in found.findings[0].text


def test_noise_of_a_metre_is_no_finding(rng):
    heights = rng.normal(size=40) * 60
    network = with_baselines(connect_nearest(DATES, n_next=3), heights)
    noisy = network.perpendicular_baseline + rng.normal(size=len(network.pairs))
    found = date_baselines(PairNetwork(network.dates, network.pairs, noisy), tolerance=8.0)
    assert found.findings == ()
    # residuals keep sqrt(redundancy) of the noise
    share = np.sqrt(1 - rank(network) / len(network.pairs))
    assert found.rms == pytest.approx(share, rel=0.2)


def test_unknown_and_unreached_baselines_are_missing(rng):
    pairs = [Pair(DATES[0], DATES[1]), Pair(DATES[1], DATES[2]), Pair(DATES[2], DATES[3])]
    found = date_baselines(PairNetwork.of(pairs, np.array([10.0, np.nan, 5.0])))
    np.testing.assert_allclose(found.baseline, [0.0, 10.0, np.nan, np.nan])
    assert np.isnan(found.misfit).all()
    with pytest.raises(TooFewDataError, match="no baselines"):
        date_baselines(PairNetwork.of(pairs))
