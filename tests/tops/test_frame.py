"""Bursts on one grid: places, cuts, overlaps."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from tests.tops.test_carrier import LINE, SAMPLE, a_burst

from fringeworks.errors import GridMismatchError, TooFewDataError
from fringeworks.model.grids import Shape, Window
from fringeworks.model.identity import BurstId, Swath
from fringeworks.tops.frame import (
    NOMINAL_REFERENCE_RANGE,
    intersection,
    make_frame,
    reference_range_of,
)

CYCLE = 2.758273


def bursts(*, n=3, swaths=(Swath.IW1, Swath.IW2), rows=1500, cols=2000, overlap=400):
    found = []
    for s, swath in enumerate(swaths):
        for k in range(n):
            burst = a_burst(start=10.0 + k * CYCLE + s * 0.832, shape=(rows, cols))
            near = burst.grid.range_start + s * (cols - overlap) * SAMPLE
            found.append(
                replace(
                    burst,
                    id=BurstId(71, 1000 + k, swath),
                    swath=swath,
                    index=k,
                    grid=replace(burst.grid, range_start=near),
                    valid=Window(20 + k, 10, rows - 40, cols - 20),
                )
            )
    return found


def test_bursts_lie_at_their_time_and_range():
    frame = make_frame(bursts())
    assert [b.window.row for b in frame.bursts] == [
        round((k * CYCLE + s * 0.832) / LINE) for s in range(2) for k in range(3)
    ]
    assert [b.window.col for b in frame.bursts] == [0, 0, 0, 1600, 1600, 1600]
    last = frame.bursts[-1].window
    assert frame.grid.shape == Shape(last.row + 1500, 1600 + 2000)


def test_order_of_the_input_does_not_matter():
    given = bursts()
    assert make_frame(given[::-1]) == make_frame(given)


def test_shares_do_not_overlap_and_leave_no_gap():
    frame = make_frame(bursts())
    for a, b in combinations(frame.bursts, 2):
        assert intersection(a.keep, b.keep) is None
    for swath in frame.swaths():
        of_swath = [frame.bursts[k] for k in frame.of_swath(swath)]
        for upper, lower in pairwise(of_swath):
            assert upper.keep.row + upper.keep.rows == lower.keep.row
    near, far = (frame.bursts[frame.of_swath(s)[0]] for s in frame.swaths())
    assert near.keep.col + near.keep.cols == far.keep.col
    for burst in frame.bursts:
        assert intersection(burst.keep, burst.valid) == burst.keep


def test_overlaps_are_what_both_show():
    frame = make_frame(bursts())
    along = frame.azimuth_overlaps()
    assert [(o.first, o.second) for o in along] == [(0, 1), (1, 2), (3, 4), (4, 5)]
    # 1500 lines every 2.758273 s, 1341.85 lines: 158 or 159 shared, less 20 + 20 invalid and one more of each next burst
    assert all(o.window.rows in {117, 118} for o in along)
    across = frame.range_overlaps()
    assert all(o.window.cols == 380 for o in across)
    assert (0, 3) in [(o.first, o.second) for o in across]


def test_one_burst_is_a_frame_of_its_own():
    frame = make_frame(bursts(n=1, swaths=(Swath.IW2,)))
    assert frame.azimuth_overlaps() == () == frame.range_overlaps()
    assert frame.bursts[0].keep == frame.bursts[0].valid


def test_other_spacings_are_refused():
    given = bursts()
    given[2] = replace(given[2], grid=replace(given[2].grid, azimuth_step=LINE * (1 + 1e-5)))
    with pytest.raises(GridMismatchError, match="line spacing"):
        make_frame(given)


def test_nothing_is_no_frame():
    with pytest.raises(TooFewDataError, match="no burst"):
        make_frame([])


def test_the_reference_of_the_bistatic_correction_is_mid_swath_of_iw2():
    burst = a_burst()
    middle = burst.grid.range_start + 10_500 * SAMPLE
    assert reference_range_of({Swath.IW2: burst}) == pytest.approx(middle)
    assert reference_range_of({Swath.IW1: burst}) == NOMINAL_REFERENCE_RANGE
    # real products: 5.84 to 5.85 ms of two-way time
    assert 5.835e-3 < 2 * NOMINAL_REFERENCE_RANGE / 299_792_458 < 5.855e-3
