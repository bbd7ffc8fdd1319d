import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fringeworks.errors import OutOfRangeError
from fringeworks.model.burst_cycle import (
    CYCLES,
    ORBIT_PERIOD,
    burst_id,
    cycle_of,
    numbers_in_cycle,
    phase_of,
    track_of,
)
from fringeworks.model.identity import BurstId, Swath

IW = [Swath.IW1, Swath.IW2, Swath.IW3]


def test_constants_of_the_clock():
    assert pytest.approx(5924.5714286, abs=1e-7) == ORBIT_PERIOD
    assert numbers_in_cycle("IW") == 375_887  # ESA's burst map ends at this number
    # the steps of the sub-swaths make up one cycle, as annotated to the microsecond in IW
    iw = CYCLES["IW"].to_middle
    assert iw[0] - iw[2] + 0.848037 == pytest.approx(CYCLES["IW"].period, abs=1e-5)


@pytest.mark.data
def test_every_row_of_esas_table_lies_on_its_track(helper_data):
    with (helper_data / "safe-annotations-ipf" / "esa_burst_db_sample.csv").open() as stream:
        rows = [
            (BurstId.parse(r["burst_id_jpl"]), int(r["relative_orbit_number"]))
            for r in csv.DictReader(stream)
        ]
    assert len(rows) == 195
    assert (
        [b.relative_orbit for b, _ in rows]
        == [t for _, t in rows]
        == [track_of(b.number, b.swath) for b, _ in rows]
    )


def test_first_cycle_starts_after_the_preamble():
    cycle = CYCLES["IW"]
    to_middle = cycle.to_middle[1]
    at = [
        burst_id(relative_orbit=1, since_node=cycle.preamble - to_middle + d, swath=Swath.IW2).number
        for d in (1e-6, cycle.period - 1e-6, cycle.period + 1e-6)
    ]
    assert at == [1, 1, 2]


def test_before_the_first_cycle_the_last_one_of_the_repeat_still_runs():
    burst = burst_id(relative_orbit=1, since_node=0.5, swath=Swath.IW2)
    assert (burst.number, burst.relative_orbit) == (375_887, 175)


@given(st.integers(1, 375_887), st.sampled_from(IW), st.floats(0.02, 0.98))
def test_number_and_phase_invert_each_other(number, swath, fraction):
    cycle = CYCLES["IW"]
    track = track_of(number, swath)
    since = cycle.preamble + (number - 1 + fraction) * cycle.period - (track - 1) * ORBIT_PERIOD
    since -= cycle.to_middle[swath.number - 1]
    assert phase_of(relative_orbit=track, since_node=since, swath=swath) == pytest.approx(
        number - 1 + fraction, abs=1e-6
    )
    assert burst_id(relative_orbit=track, since_node=since, swath=swath) == BurstId(track, number, swath)


def test_a_burst_may_count_from_the_node_of_the_orbit_before():
    for swath in IW:
        late = burst_id(relative_orbit=15, since_node=ORBIT_PERIOD + 20.0, swath=swath)
        assert late == burst_id(relative_orbit=16, since_node=20.0, swath=swath)
        assert late.relative_orbit == 16


def test_the_three_sub_swaths_of_a_cycle_share_one_number_and_track():
    cycle = CYCLES["IW"]
    for number in range(32_210, 32_226):  # across the node between tracks 15 and 16
        middle = cycle.preamble + (number - 0.5) * cycle.period - 14 * ORBIT_PERIOD
        ids = {
            (b.number, b.relative_orbit)
            for s in IW
            for b in [burst_id(relative_orbit=15, since_node=middle - cycle.to_middle[s.number - 1], swath=s)]
        }
        assert ids == {(number, 15 if number <= 32_219 else 16)}


@pytest.mark.parametrize(("track", "since"), [(0, 5.0), (176, 5.0), (4, float("nan"))])
def test_impossible_times_are_refused(track, since):
    with pytest.raises(OutOfRangeError, match="expected: track 1 to 175"):
        burst_id(relative_orbit=track, since_node=since, swath=Swath.IW1)


def test_strip_map_has_no_clock():
    with pytest.raises(OutOfRangeError, match="beam S3"):
        cycle_of(Swath.S3)
