import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fringeworks.errors import OutOfRangeError
from fringeworks.model.identity import (
    PLATFORMS,
    AcquisitionKey,
    BurstId,
    Instant,
    Platform,
    Swath,
)


@pytest.mark.parametrize(
    ("platform", "orbit", "track"),
    [
        ("S1A", 9624, 102),  # named A102 in public course material
        ("S1A", 46693, 71),  # manifests of real products
        ("S1A", 45224, 2),
        ("S1B", 26269, 168),
        ("S1C", 1681, 110),
        ("S1C", 8018, 147),  # last orbit before the satellite changed its place in June 2026
        ("S1C", 8019, 46),
        ("S1D", 2389, 73),
    ],
)
def test_track_of_an_orbit(platform, orbit, track):
    assert Platform.named(platform).relative_orbit(orbit) == track


def test_unknown_platform_is_accepted_without_facts():
    platform = Platform.named("s1e")
    assert (str(platform), platform.is_known, platform.relative_orbit(100)) == ("S1E", False, None)
    assert all(Platform.named(name).is_known for name in PLATFORMS)


@pytest.mark.parametrize("name", ["", "S2A", "S1", "S1AA", "ERS1"])
def test_what_is_no_platform_is_refused(name):
    with pytest.raises(OutOfRangeError, match="expected: a name such as S1A"):
        Platform.named(name)


def test_swaths_know_mode_and_number():
    assert [(s.mode, s.number) for s in (Swath.IW3, Swath.EW5, Swath.S4)] == [("IW", 3), ("EW", 5), ("SM", 4)]


def test_burst_id_has_three_spellings():
    burst = BurstId(71, 151224, Swath.IW2)
    assert (burst.esa, burst.opera, burst.jpl) == ("071_151224_IW2", "T071-151224-IW2", "t071_151224_iw2")
    assert str(burst) == burst.opera


@given(
    st.integers(1, 175),
    st.integers(1, 375_887),
    st.sampled_from([s for s in Swath if s.mode in {"IW", "EW"}]),
)
def test_every_spelling_reads_back(track, number, swath):
    burst = BurstId(track, number, swath)
    assert {BurstId.parse(text) for text in (burst.esa, burst.opera, burst.jpl)} == {burst}


@pytest.mark.parametrize(
    "text", ["", "71_151224_IW2", "T071-151224-IW4", "071_151224_S3", "071_15122_IW2", "x071_151224_IW2"]
)
def test_what_is_no_burst_id_is_refused(text):
    with pytest.raises(OutOfRangeError, match="burst id"):
        BurstId.parse(text)


@pytest.mark.parametrize(("track", "number"), [(0, 5), (176, 5), (3, 0), (3, 10**6)])
def test_impossible_bursts_are_refused(track, number):
    with pytest.raises(OutOfRangeError, match="expected: track 1 to 175"):
        BurstId(track, number, Swath.IW1)


def test_strip_map_has_no_bursts():
    with pytest.raises(OutOfRangeError, match="sub-swath of IW or EW"):
        BurstId(3, 5, Swath.S1)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2023-01-08T13:52:56.896927", "2023-01-08T13:52:56.896927"),
        ("UTC=2014-10-04T00:00:00.000000", "2014-10-04T00:00:00"),
        ("2023-01-08T13:52:56Z", "2023-01-08T13:52:56"),
        ("2023-01-08T13:52:56.5+00:00", "2023-01-08T13:52:56.500000"),
        ("2023-01-08T13:52:56.123456789123", "2023-01-08T13:52:56.123456789"),
        ("2016-12-31T23:59:60.0", "2017-01-01T00:00:00"),
        ("1969-12-31T23:59:59.9", "1969-12-31T23:59:59.900000"),
    ],
)
def test_instants_read_and_print(text, iso):
    assert Instant.parse(text).iso == str(Instant.parse(text)) == iso


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2023-02-30T00:00:00",
        "2023-01-08 13:52:56",
        "2023-01-08T24:00:00",
        "2023-01-08T13:52:56+01:00",
        "nan",
    ],
)
def test_what_is_no_instant_is_refused(text):
    with pytest.raises(OutOfRangeError, match="instant"):
        Instant.parse(text)


@given(st.integers(-(10**18), 4 * 10**18))
def test_an_instant_reads_back_what_it_prints(nanoseconds):
    instant = Instant(nanoseconds)
    assert Instant.parse(instant.iso) == instant
    assert instant.datetime64 == np.datetime64(nanoseconds, "ns")


@given(st.integers(0, 2 * 10**18), st.floats(-1e5, 1e5))
def test_seconds_are_kept_to_the_nanosecond(nanoseconds, seconds):
    start = Instant(nanoseconds)
    # float64 holds 1e5 s to 1.5e-11 s; the instant rounds to 1 ns
    assert abs(start.plus(seconds).seconds_since(start) - seconds) <= 0.6e-9


def test_seconds_since_takes_text_and_the_whole_second_lies_before():
    instant = Instant.parse("2023-01-08T13:52:56.896927")
    assert instant.seconds_since("2023-01-08T13:52:56") == pytest.approx(0.896927, abs=1e-12)
    assert instant.whole_second.iso == "2023-01-08T13:52:56"
    assert Instant.parse("1969-12-31T23:59:59.9").whole_second.iso == "1969-12-31T23:59:59"


def test_a_key_prints_orders_by_time_and_crosses_process_borders():
    early = AcquisitionKey(Instant.parse("2023-01-08T13:52:56.9"), Platform.named("S1A"), 46693, "0598D3")
    late = AcquisitionKey(Instant.parse("2023-01-20T13:52:56.9"), Platform.named("S1A"), 46868, "05ACCC")
    assert str(early) == "S1A_20230108T135256_046693_0598D3"
    assert sorted([late, early]) == [early, late]
    assert pickle.loads(pickle.dumps(early)) == early
