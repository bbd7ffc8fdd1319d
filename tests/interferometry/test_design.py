"""The one door to network design."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fringeworks.errors import DisconnectedNetworkError, OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.interferometry.design import PairOptions, design_network
from fringeworks.interferometry.network import find_triplets, pairs_per_date, rank
from fringeworks.model.stack import Pair

START = date(2020, 1, 1)


def every(days, n):
    return tuple(START + timedelta(days=days * k) for k in range(n))


def in_triangles(network):
    return set(find_triplets(network).ravel().tolist()) == set(range(len(network.pairs)))


def test_the_default_is_short_pairs_with_seasonal_and_annual_ones(rng):
    design = design_network(every(12, 60), rng.normal(0, 60, 60), options=PairOptions())
    days = np.array([pair.days for pair in design.network.pairs])
    # 59 + 58 + 57 short ones, and those nearest to 91 and 365 days in steps of 12
    assert np.count_nonzero(days == 12) == 59
    assert np.count_nonzero(days == 36) == 57
    # 96 days, and 84 for the last one that has no date 96 days later
    assert {96, 360} <= set(days.tolist())
    assert np.count_nonzero((days > 80) & (days < 100)) >= 52
    assert np.count_nonzero(days > 340) >= 29
    assert rank(design.network) == 59
    assert in_triangles(design.network)
    assert pairs_per_date(design.network).min() >= 2
    assert len(design.reasons) == len(design.network.pairs)
    assert any("against the bias" in reason for reason in design.reasons)
    assert design.tally.considered == 60 * 59 // 2
    assert design.tally.considered == design.tally.used + sum(design.tally.rejected.values())


def test_baselines_of_the_pairs_are_those_of_their_dates(rng):
    dates, heights = every(12, 9), rng.normal(0, 80, 9)
    order = rng.permutation(9)
    design = design_network(tuple(dates[k] for k in order), heights[order], options=PairOptions())
    at = dict(zip(dates, heights, strict=True))
    expected = [at[p.secondary] - at[p.reference] for p in design.network.pairs]
    np.testing.assert_allclose(design.network.perpendicular_baseline, expected)


def test_the_baseline_limit_holds_except_to_join(rng):
    heights = np.where(np.arange(20) < 10, 0.0, 900.0) + rng.normal(0, 5, 20)
    design = design_network(every(12, 20), heights, options=PairOptions(maximum_baseline=200.0))
    across = np.abs(design.network.perpendicular_baseline)
    over = [reason for reason, b in zip(design.reasons, across, strict=True) if b > 200]
    # the one pair that joins them, and the one that makes a triangle over it
    assert sorted(over) == ["closes a triangle", "joins subsets"]
    assert rank(design.network) == 19
    assert "joins subsets" in design.findings[0].text
    assert design.tally.rejected["baseline above maximum_baseline"] > 50
    with pytest.raises(DisconnectedNetworkError, match=r"2 subsets .* 2020-01-01 to 2020-04-18"):
        design_network(every(12, 20), heights, options=PairOptions(maximum_baseline=200.0, subsets="refuse"))


def test_a_gap_in_time_is_joined_by_the_shortest_pair():
    dates = every(12, 10) + tuple(START + timedelta(days=900 + 12 * k) for k in range(10))
    options = PairOptions(n_next=0, maximum_days=30, long_spans=(), triangles=False, minimum_pairs=1)
    design = design_network(dates, None, options=options)
    joining = [p for p, r in zip(design.network.pairs, design.reasons, strict=True) if r == "joins subsets"]
    assert joining == [Pair(dates[9], dates[10])]


def test_single_reference():
    dates = every(12, 11)
    design = design_network(dates, None, options=PairOptions(design="single"))
    assert len(design.network.pairs) == 10
    assert all(dates[5] in (p.reference, p.secondary) for p in design.network.pairs)
    assert set(design.reasons) == {"with the reference date"}
    assert "10 of 10 pairs are in no triangle" in design.findings[0].text
    first = design_network(dates, None, options=PairOptions(design="single", reference="2020-01-01"))
    assert all(p.reference == dates[0] for p in first.network.pairs)
    with pytest.raises(OutOfRangeError, match="reference date 2021-01-01"):
        design_network(dates, None, options=PairOptions(design="single", reference="2021-01-01"))


def test_the_middle_counts_baselines_too():
    heights = np.zeros(11)
    heights[5] = 400.0
    design = design_network(every(12, 11), heights, options=PairOptions(design="single"))
    middle = set.intersection(*({p.reference, p.secondary} for p in design.network.pairs)).pop()
    assert middle in (START + timedelta(days=48), START + timedelta(days=72))


def test_delaunay(rng):
    options = PairOptions(design="delaunay", long_spans=(), maximum_baseline=1000.0)
    design = design_network(every(12, 20), rng.normal(0, 60, 20), options=options)
    assert in_triangles(design.network)
    # a triangulation of n points has at most 3 n - 6 sides
    assert len(design.network.pairs) <= 54
    with pytest.raises(TooFewDataError, match="without a perpendicular baseline"):
        design_network(every(12, 20), None, options=options)
    with pytest.raises(TooFewDataError, match="on one line"):
        design_network(every(12, 20), np.zeros(20), options=options)


def test_long_pairs_can_begin_at_every_second_date():
    one, two = (
        design_network(every(12, 60), None, options=PairOptions(long_every=n, triangles=False))
        for n in (1, 2)
    )
    long = [sum(p.days > 300 for p in d.network.pairs) for d in (one, two)]
    assert long[1] == pytest.approx(long[0] / 2, abs=1)


def test_unknown_baselines_are_not_held_against_a_pair():
    heights = np.zeros(10)
    heights[4] = np.nan
    design = design_network(every(12, 10), heights, options=PairOptions(maximum_baseline=10.0))
    assert rank(design.network) == 9
    assert "joins subsets" not in design.reasons


@settings(max_examples=40, deadline=None)
@given(
    gaps=st.lists(st.integers(6, 400), min_size=1, max_size=25),
    limit=st.floats(20, 400),
    seed=st.integers(0, 99),
    design=st.sampled_from(["small-baseline", "single"]),
)
def test_every_network_is_connected_and_holds_every_date(gaps, limit, seed, design):
    dates = tuple(START + timedelta(days=int(k)) for k in np.cumsum([0, *gaps]))
    heights = np.random.default_rng(seed).normal(0, 120, len(dates))
    found = design_network(dates, heights, options=PairOptions(design=design, maximum_baseline=limit))
    assert found.network.dates == dates
    assert rank(found.network) == len(dates) - 1
    assert found.tally.considered == found.tally.used + sum(found.tally.rejected.values())
    if design == "small-baseline" and len(dates) > 2:
        assert pairs_per_date(found.network).min() >= 2
    if design == "small-baseline" and len(dates) > 4:
        loose = len(found.network.pairs) - len(np.unique(find_triplets(found.network)))
        assert loose == 0


def test_two_dates_make_one_pair():
    design = design_network(every(12, 2), None, options=PairOptions())
    assert [str(p) for p in design.network.pairs] == ["20200101_20200113"]
    assert "2 dates allow 1 pairs each, not 2" in design.findings[0].text


def test_bad_input_is_named():
    with pytest.raises(ShapeMismatchError, match="given twice: 2020-01-01"):
        design_network((START, START), None, options=PairOptions())
    with pytest.raises(TooFewDataError, match="1 dates"):
        design_network((START,), None, options=PairOptions())
    with pytest.raises(ShapeMismatchError, match=r"\(3,\) baselines"):
        design_network(every(12, 4), np.zeros(3), options=PairOptions())
    with pytest.raises(OutOfRangeError, match="design 'star'"):
        PairOptions(design="star")
    with pytest.raises(OutOfRangeError, match="long_spans"):
        PairOptions(long_spans=(0,))
    with pytest.raises(OutOfRangeError, match="an ISO date"):
        PairOptions(reference="yesterday")
