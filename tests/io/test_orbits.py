"""Orbit files: real ones, their faults, and which of them covers an acquisition."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from fringeworks.errors import DamagedFileError, MetadataMismatchError, MissingInputError, TooFewDataError
from fringeworks.geometry.orbit import orbit_curve
from fringeworks.io.eof import parse_orbit_name, read_orbit_file
from fringeworks.io.orbits import choose_orbit, list_orbit_files
from fringeworks.model.acquisition import StateVectors
from fringeworks.model.identity import Instant, Platform

S1A = Platform.named("S1A")
START = Instant.parse("2020-06-01T14:00:00")


def circular(time):
    """A circular orbit over a turning Earth: position and velocity."""
    rate, turn, radius = np.sqrt(3.986004418e14 / 7.0707e6**3), 7.292115e-5, 7.0707e6
    u, tilt = rate * time, np.radians(98.18)
    p = radius * np.array([np.cos(u), np.sin(u) * np.cos(tilt), np.sin(u) * np.sin(tilt)])
    v = radius * rate * np.array([-np.sin(u), np.cos(u) * np.cos(tilt), np.cos(u) * np.sin(tilt)])
    c, s = np.cos(turn * time), np.sin(turn * time)
    spin = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    slip = turn * np.array([[-s, c, 0], [-c, -s, 0], [0, 0, 0]])
    return spin @ p, spin @ v + slip @ p


def stamp(instant):
    return instant.iso[:19].replace("-", "").replace(":", "")


def write_eof(folder, *, kind="POEORB", start=-600, stop=600, made="20200621T120000", change=None, step=10):
    """Write an orbit file that spans seconds before and after ``START``."""
    first, last = START.plus(start), START.plus(stop)
    name = f"S1A_OPER_AUX_{kind}_OPOD_{made}_V{stamp(first)}_{stamp(last)}.EOF"
    vectors = []
    for t in range(start, stop + 1, step):
        position, velocity = circular(float(t))
        numbers = "".join(
            f"<{tag}>{value:.6f}</{tag}>"
            for tag, value in zip(("X", "Y", "Z", "VX", "VY", "VZ"), (*position, *velocity), strict=True)
        )
        vectors.append(
            f"<OSV><TAI>TAI={START.plus(t + 37).iso}.000000</TAI><UTC>UTC={START.plus(t).iso}.000000</UTC>"
            f"{numbers}<Quality>NOMINAL</Quality></OSV>"
        )
    text = (
        "<?xml version='1.0'?><Earth_Explorer_File><Earth_Explorer_Header><Fixed_Header>"
        f"<Mission>Sentinel-1A</Mission><File_Type>AUX_{kind}</File_Type></Fixed_Header><Variable_Header>"
        "<Ref_Frame>EARTH_FIXED</Ref_Frame><Time_Reference>UTC</Time_Reference></Variable_Header>"
        f"</Earth_Explorer_Header><Data_Block><List_of_OSVs count='{len(vectors)}'>{''.join(vectors)}"
        "</List_of_OSVs></Data_Block></Earth_Explorer_File>"
    )
    path = folder / name
    path.write_text(change(text) if change else text)
    return path


def choose(folder, **options):
    return choose_orbit(list_orbit_files(folder), platform=S1A, start=START, stop=START.plus(30.0), **options)


@pytest.mark.data
def test_real_files_left_out_vectors_are_found_within_a_millimetre(helper_data):
    files = list_orbit_files(helper_data / "safe-annotations-ipf")
    assert [f.kind for f in files] == ["precise", "precise", "restituted"]
    for file in files:
        states = read_orbit_file(file.path)
        half = StateVectors(
            epoch=states.epoch,
            time=states.time[::2],
            position=states.position[::2],
            velocity=states.velocity[::2],
            source=states.source,
        )
        curve = orbit_curve(half)
        left_out = slice(1, len(states) - 1, 2)
        miss = np.linalg.norm(curve.position(states.time[left_out]) - states.position[left_out], axis=1)
        # asked for: 1 mm, here over twice the spacing of use; 0.25 mm at the files' ends, 0.12 mm inside
        assert miss.max() < 3e-4
        slip = np.linalg.norm(curve.velocity(states.time[left_out]) - states.velocity[left_out], axis=1)
        # 0.1 mm/s turns the zero-Doppler plane by 1.3e-8 rad: 11 mm at 850 km
        assert slip.max() < 1e-4


@pytest.mark.data
def test_real_names(helper_data):
    file = parse_orbit_name(
        helper_data
        / "safe-annotations-ipf"
        / "S1A_OPER_AUX_RESORB_OPOD_20221024T205436_V20221024T170308_20221024T202038.EOF"
    )
    assert (str(file.platform), file.kind) == ("S1A", "restituted")
    assert file.start.iso == "2022-10-24T17:03:08"


def test_states_are_what_was_written(tmp_path):
    states = read_orbit_file(write_eof(tmp_path))
    assert states.source == "precise"
    assert states.frame == "EARTH_FIXED"
    assert states.epoch == "2020-06-01T13:50:00"
    assert len(states) == 121
    position, velocity = circular(-600.0 + 10.0 * 7)
    # six decimals
    np.testing.assert_allclose(states.position[7], position, atol=1e-6)
    np.testing.assert_allclose(states.velocity[7], velocity, atol=1e-6)


def test_zipped_is_the_same(tmp_path):
    path = write_eof(tmp_path)
    packed = path.with_name(path.name + ".zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    np.testing.assert_array_equal(read_orbit_file(packed).position, read_orbit_file(path).position)
    assert parse_orbit_name(packed).kind == "precise"


def test_span_and_epoch(tmp_path):
    states = read_orbit_file(
        write_eof(tmp_path), start=START.plus(-60.0), stop=START.plus(60.0), epoch="2020-06-01T14:00:00"
    )
    assert states.time.tolist() == list(range(-60, 61, 10))


def test_precise_comes_before_restituted_and_newer_before_older(tmp_path):
    write_eof(tmp_path, kind="RESORB", made="20200801T000000")
    write_eof(tmp_path, made="20200621T120000")
    newer = write_eof(tmp_path, made="20210304T033926")
    chosen = choose(tmp_path)
    assert chosen.files == (newer,)
    assert chosen.finding.level == "ok"
    assert chosen.states.first <= START.plus(-60.0)


def test_a_precise_file_that_ends_too_early_gives_way(tmp_path):
    write_eof(tmp_path, stop=60)  # 30 s of scene and 60 s of margin need 90
    restituted = write_eof(tmp_path, kind="RESORB")
    chosen = choose(tmp_path)
    assert chosen.files == (restituted,)
    assert chosen.finding.level == "note"
    assert choose(tmp_path, margin=20.0).states.source == "precise"


def test_two_files_are_joined_without_doubles(tmp_path):
    write_eof(tmp_path, kind="RESORB", stop=20)
    write_eof(tmp_path, kind="RESORB", start=-20, made="20200621T130000")
    chosen = choose(tmp_path)
    assert len(chosen.files) == 2
    assert (np.diff(chosen.states.time) == 10.0).all()
    assert chosen.states.source == "restituted"
    curve = orbit_curve(chosen.states)
    shift = Instant.parse(curve.epoch).seconds_since(START)
    np.testing.assert_allclose(curve.position(15.0 - shift), circular(15.0)[0], atol=1e-5)


def test_annotated_orbit_is_the_flagged_fallback(tmp_path):
    own = read_orbit_file(write_eof(tmp_path, start=-100, stop=100))
    own = StateVectors(
        epoch=own.epoch, time=own.time, position=own.position, velocity=own.velocity, source="annotation"
    )
    for path in tmp_path.iterdir():
        path.unlink()
    chosen = choose(tmp_path, annotation=own)
    assert chosen.finding.level == "warning"
    assert chosen.files == ()


def test_no_orbit_names_the_nearest_file(tmp_path):
    path = write_eof(tmp_path, start=5000, stop=6000)
    with pytest.raises(MissingInputError, match=f"nearest is {path.name}"):
        choose(tmp_path)
    with pytest.raises(MissingInputError, match="no orbit file of S1A covers"):
        choose(tmp_path / "..", annotation=None)


def test_other_satellites_are_not_taken(tmp_path):
    write_eof(tmp_path)
    with pytest.raises(MissingInputError, match="none of this satellite"):
        choose_orbit(
            list_orbit_files(tmp_path), platform=Platform.named("S1C"), start=START, stop=START.plus(30.0)
        )


def test_missing_folder_and_file(tmp_path):
    with pytest.raises(MissingInputError, match="no folder"):
        list_orbit_files(tmp_path / "nowhere")
    with pytest.raises(MissingInputError, match="no file"):
        read_orbit_file(tmp_path / "nothing.EOF")


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (lambda t: t[: len(t) // 2], DamagedFileError, "cannot be read"),
        (lambda t: t.replace("OSV>", "ODD>"), DamagedFileError, "holds no state vector"),
        (lambda t: t.replace("EARTH_FIXED", "TRUE_OF_DATE"), MetadataMismatchError, "TRUE_OF_DATE"),
        (lambda t: t.replace("<Time_Reference>UTC", "<Time_Reference>UT1"), MetadataMismatchError, "UT1"),
        (lambda t: t.replace("AUX_POEORB", "AUX_CAL"), DamagedFileError, "of type AUX_CAL"),
        (lambda t: t.replace("Sentinel-1A", "Sentinel-1B"), MetadataMismatchError, "says inside"),
        (lambda t: t.replace("<VX>", "<VX>x", 1), DamagedFileError, "state vector 1 is incomplete"),
        (
            lambda t: t.replace("<X>", "<X>nan", 1).replace("nan7", "nan</X><W>7", 1),
            DamagedFileError,
            "cannot be read|not finite|incomplete",
        ),
        (lambda t: t.replace("<Z>4", "<Z>5", 1), DamagedFileError, "contradict each other by 1"),
        (
            lambda t: t.replace("TAI=2020-06-01T14:00:37", "TAI=2020-06-01T14:00:38"),
            MetadataMismatchError,
            "leap second",
        ),
    ],
)
def test_damaged_files_say_what_is_wrong(tmp_path, change, error, text):
    path = write_eof(tmp_path, change=change)
    with pytest.raises(error, match=text):
        read_orbit_file(path)


def test_nothing_in_the_span(tmp_path):
    path = write_eof(tmp_path)
    with pytest.raises(TooFewDataError, match="no state vector"):
        read_orbit_file(path, start=START.plus(7200.0))


def test_doubled_and_poor_vectors_are_dropped(tmp_path):
    def spoil(text):
        first = text[text.index("<OSV>") : text.index("</OSV>") + 6]
        text = text.replace(first, first + first, 1)
        return text[::-1].replace("LANIMON"[::1], "DEDARGED", 1)[::-1]

    states = read_orbit_file(write_eof(tmp_path, change=spoil))
    assert len(states) == 120


def test_entities_are_not_expanded(tmp_path):
    path = write_eof(
        tmp_path,
        change=lambda t: t.replace(
            "<Earth_Explorer_File>",
            "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><Earth_Explorer_File><Notes>&x;</Notes>",
            1,
        ),
    )
    assert len(read_orbit_file(path)) == 121


def test_a_zip_of_two_is_refused(tmp_path):
    path = tmp_path / "S1A_OPER_AUX_POEORB_OPOD_20200621T120000_V20200531T225942_20200602T005942.EOF.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.EOF", "x")
        archive.writestr("b.EOF", "y")
    with pytest.raises(DamagedFileError, match="2 orbit files"):
        read_orbit_file(path)
    path.write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(DamagedFileError, match="cannot be read"):
        read_orbit_file(path)
