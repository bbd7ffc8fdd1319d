"""What steps leave, written: the same numbers, in the right place, with the right sign."""

from __future__ import annotations

import json
import math
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from tests.workflow.intermediates.made_run import (
    BURSTS,
    DATES,
    FRAME,
    LOOKED,
    LOOKS,
    MAP,
    PAIRS,
    STEPS,
    WAVELENGTH,
    height_at,
    looked_position,
    looked_values,
    make_run,
    samples_of,
    unwrapped_values,
)

from fringeworks.cli import main
from fringeworks.errors import MissingInputError, RequestError, UnknownStepError
from fringeworks.workflow.intermediates import (
    export_intermediate,
    layers_of,
    open_intermediates,
    radar_images,
)


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("made") / "out")


@pytest.fixture
def run(output):
    return open_intermediates(output)


def read(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as file:
            names = ("descriptions", "gcps", "crs", "transform", "dtypes", "width", "height")
            return file.read(), file.tags(), SimpleNamespace(**{n: getattr(file, n) for n in names})


def written(run, tmp_path, step, layer="", *, in_parts=False, **choice):
    done = export_intermediate(
        run, tmp_path / "a.tif", step=step, layer=layer, choice=choice, in_parts=in_parts
    )
    bands, tags, file = read(done.path)
    assert bands.shape[1:] == tuple(done.shape)
    assert done.tally.considered == done.tally.used + sum(done.tally.rejected.values())
    return bands, tags, done, file


@pytest.mark.parametrize("burst", BURSTS, ids=lambda b: b.name)
def test_samples_of_a_burst_come_out_as_they_are(run, tmp_path, burst):
    bands, tags, done, file = written(run, tmp_path, "coregister", "samples", date=DATES[0], burst=burst.name)
    np.testing.assert_array_equal(bands[0], samples_of(burst)[0])
    assert file.dtypes == ("complex64",)
    assert (tags["FIRST_LINE"], tags["FIRST_SAMPLE"]) == (str(burst.stored.row), str(burst.stored.col))
    assert (tags["DATE"], tags["BURST"], tags["POLARISATION"]) == (DATES[0], burst.name, "VV")
    assert done.tally.used == burst.stored.shape.size - 1
    assert float(tags["WAVELENGTH_M"]) == WAVELENGTH


def test_complex_values_in_two_bands(run, tmp_path):
    bands, _, done, file = written(
        run, tmp_path, "coregister", date=DATES[1], burst=BURSTS[0].name, in_parts=True
    )
    assert file.descriptions == ("real", "imaginary")
    assert done.dtype == "float32"
    np.testing.assert_array_equal(bands[0] + 1j * bands[1], samples_of(BURSTS[0])[1])


def test_an_interferogram_of_a_burst(run, tmp_path):
    bands, _, done, _ = written(run, tmp_path, "coregister", pair=PAIRS[1], burst=BURSTS[1].name)
    assert done.layer.name == "interferogram"
    values = samples_of(BURSTS[1])
    np.testing.assert_allclose(bands[0], values[0] * np.conj(values[2]), rtol=1e-6)


def joined(day, *, turned=True):
    """Put the bursts together by hand: each gives what it keeps of what is stored."""
    image = np.full(tuple(FRAME), complex(np.nan, np.nan), np.complex64)
    for burst in BURSTS:
        rows, cols = burst.keep.slices
        inner = (
            slice(burst.keep.row - burst.stored.row, burst.keep.row - burst.stored.row + burst.keep.rows),
            slice(burst.keep.col - burst.stored.col, burst.keep.col - burst.stored.col + burst.keep.cols),
        )
        turn = np.exp(1j * STEPS[burst.swath][day]) if turned else 1.0
        image[rows, cols] = samples_of(burst)[day][inner] * turn
    return image


@pytest.mark.parametrize("lines", [64, 7])
def test_the_joined_image_of_a_date(run, tmp_path, monkeypatch, lines):
    monkeypatch.setattr(radar_images, "LINES", lines)
    bands, tags, done, _ = written(run, tmp_path, "coregister", date=DATES[1], layer="image")
    # the box around what bursts give: lines 1 to 38, samples 0 to 61
    assert tuple(done.shape) == (38, 62)
    assert (tags["FIRST_LINE"], tags["FIRST_SAMPLE"]) == ("1", "0")
    # float32 of values up to 141: one part in 10^7
    np.testing.assert_allclose(bands[0], joined(1)[1:39, :62], rtol=3e-7, equal_nan=True)


def test_steps_between_sub_swaths_go_out_of_an_interferogram_as_they_do_when_it_is_formed(run, tmp_path):
    bands, _, _, _ = written(run, tmp_path, "coregister", "interferogram_image", pair=PAIRS[0])
    plain = joined(0, turned=False) * np.conj(joined(1, turned=False))
    # formed interferograms are multiplied by exp(-j (secondary's step - reference's step))
    for burst in BURSTS:
        rows, cols = burst.keep.slices
        step = STEPS[burst.swath][1] - STEPS[burst.swath][0]
        part = (bands[0][rows.start - 1 : rows.stop - 1, cols], (plain * np.exp(-1j * step))[rows, cols])
        np.testing.assert_allclose(*part, rtol=1e-6, equal_nan=True)


def test_heights_at_every_sample(run, tmp_path):
    burst = BURSTS[2]
    bands, _, _, _ = written(run, tmp_path, "heights", burst=burst.name)
    rows, cols = (np.arange(s.start, s.stop, dtype=float) for s in burst.stored.slices)
    # float32 of 200 m: 1e-5 m
    np.testing.assert_allclose(bands[0], height_at(rows[:, None], cols[None]), atol=3e-5)


def test_looked_layers(run, tmp_path):
    bands, tags, _, _ = written(run, tmp_path, "interferograms", "phase", pair=PAIRS[2])
    np.testing.assert_allclose(bands[0], np.angle(looked_values()[2]), atol=1e-6)
    assert (tags["LOOKS_AZIMUTH"], tags["LOOKS_RANGE"], tags["UNITS"]) == ("2", "4", "rad")
    bands, _, _, _ = written(run, tmp_path, "interferograms", "phasor", pair=PAIRS[2])
    np.testing.assert_array_equal(bands[0], looked_values()[2])
    bands, _, _, _ = written(run, tmp_path, "filter", "phasor", pair=PAIRS[0])
    np.testing.assert_allclose(bands[0], looked_values()[0] * 1j, rtol=1e-6)
    bands, _, _, file = written(run, tmp_path, "unwrap", "components", pair=PAIRS[0])
    assert file.dtypes == ("uint16",)
    assert (bands == 1).all()


def test_displacement_is_positive_toward_the_satellite(run, tmp_path):
    bands, tags, _, _ = written(run, tmp_path, "unwrap", "displacement", pair=PAIRS[0])
    phase = unwrapped_values()[0].astype(np.float64)
    np.testing.assert_allclose(bands[0], -WAVELENGTH / (4 * math.pi) * phase, rtol=1e-6)
    assert tags["UNITS"] == "m"
    assert "toward the satellite" in tags["MEANING"]


def test_layers_on_the_map_keep_their_place(run, tmp_path):
    bands, _, _, file = written(run, tmp_path, "geocode", "phase", pair=PAIRS[1])
    np.testing.assert_array_equal(bands[0], np.arange(MAP.size, 2 * MAP.size, dtype=np.float32).reshape(*MAP))
    assert file.crs.to_epsg() == 32630
    assert tuple(file.transform)[:6] == (40.0, 0.0, 5e5, 0.0, -40.0, 4e6)
    bands, _, _, file = written(run, tmp_path, "geocode", "los_enu")
    assert file.descriptions == ("east", "north", "up")


def check_points(file, cover, looks):
    """Compare ground control points with the positions that the look-up holds."""
    points, crs = file.gcps
    assert crs.to_epsg() == 32630
    assert len(points) > 20
    for point in points:
        col, row = (point.x - 5e5) / 40.0 - 0.5, (4e6 - point.y) / 40.0 - 0.5
        line, sample = looked_position(np.float64(row), np.float64(col))
        # centres: a looked cell's is half of its looks less one away from its first line
        line = (line * LOOKS.azimuth + 0.5 * (LOOKS.azimuth - 1) - cover[0] - 0.5 * (looks[0] - 1)) / looks[0]
        sample = (sample * LOOKS.range + 0.5 * (LOOKS.range - 1) - cover[1] - 0.5 * (looks[1] - 1)) / looks[1]
        # GDAL counts from the corner of the first pixel; the look-up is kept as float32
        assert (point.row, point.col) == pytest.approx((line + 0.5, sample + 0.5), abs=1e-4)
        assert point.z == 250.0
        assert 0 <= point.row <= file.height
        assert 0 <= point.col <= file.width


def test_images_in_radar_geometry_say_where_they_lie(run, tmp_path):
    _, _, _, file = written(run, tmp_path, "interferograms", "coherence", pair=PAIRS[0])
    check_points(file, (0, 0), (LOOKS.azimuth, LOOKS.range))
    burst = BURSTS[1]
    _, _, _, file = written(run, tmp_path, "coregister", date=DATES[0], burst=burst.name)
    check_points(file, (burst.stored.row, burst.stored.col), (1, 1))


def test_numbers_are_written_as_json(run, tmp_path):
    done = export_intermediate(run, tmp_path / "a.json", step="joins", layer="phases")
    assert json.loads(done.path.read_text())["2021-03-13 IW1"] == 0.3


def test_everything_that_is_listed_can_be_written(run, tmp_path):
    layers = layers_of(run)
    assert {layer.step for layer in layers} >= {
        "heights",
        "coregister",
        "joins",
        "interferograms",
        "unwrap",
        "geocode",
    }
    choice = {"date": DATES[0], "pair": PAIRS[0], "burst": BURSTS[0].name}
    for layer in layers:
        if "needs the images" in layer.meaning:
            continue
        picked = {name: choice[name] for name in layer.by}
        done = export_intermediate(run, tmp_path / "any", step=layer.step, layer=layer.name, choice=picked)
        assert done.path.stat().st_size > 0


def test_what_is_computed_from_the_images_says_that_they_are_gone(run, tmp_path):
    with pytest.raises(MissingInputError):
        export_intermediate(
            run, tmp_path / "a.tif", step="heights", layer="longitude", choice={"burst": BURSTS[0].name}
        )


@pytest.mark.parametrize(
    ("step", "layer", "choice", "error", "match"),
    [
        (
            "invert",
            "",
            {},
            UnknownStepError,
            "step 'invert' is not in this run; expected: one of heights, coregister",
        ),
        (
            "unwrap",
            "beauty",
            {"pair": PAIRS[0]},
            RequestError,
            "no layer 'beauty'; expected: one of phase, displacement",
        ),
        ("unwrap", "phase", {}, RequestError, "no pair is named; expected: one of 20210301_20210313"),
        ("unwrap", "phase", {"pair": "20210301_20210331"}, RequestError, "no pair '20210301_20210331'"),
        (
            "unwrap",
            "phase",
            {"pair": PAIRS[0], "burst": "x"},
            RequestError,
            "--burst with layer 'phase'.*expected: pair",
        ),
        ("coregister", "samples", {"burst": BURSTS[0].name}, RequestError, "no date is named"),
        ("coregister", "samples", {"date": DATES[0], "burst": "T9"}, RequestError, "no burst 'T9'"),
        (
            "coregister",
            "interferogram",
            {"pair": "20210313_20210301", "burst": BURSTS[0].name},
            RequestError,
            "the earlier first",
        ),
        ("geocode", "phase", {"pair": "x"}, RequestError, "no pair 'x'"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(run, tmp_path, step, layer, choice, error, match):
    with pytest.raises(error, match=match):
        export_intermediate(run, tmp_path / "a.tif", step=step, layer=layer, choice=choice)
    assert not (tmp_path / "a.tif").exists()


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(MissingInputError, match="is not a run"):
        open_intermediates(tmp_path)


def test_an_unfinished_step_is_not_written(output, tmp_path):
    copy = make_run(tmp_path / "out")
    (copy / "work" / "unwrap" / "record.json").unlink()
    with pytest.raises(UnknownStepError, match="step 'unwrap' is not finished"):
        export_intermediate(open_intermediates(copy), tmp_path / "a.tif", step="unwrap")


def test_a_run_without_layout_says_what_to_do(tmp_path):
    copy = make_run(tmp_path / "out")
    (copy / "work" / "heights" / "values" / "layout.json").unlink()
    with pytest.raises(MissingInputError, match="--from heights"):
        export_intermediate(
            open_intermediates(copy), tmp_path / "a.tif", step="coregister", choice={"date": DATES[0]}
        )


# ---------------------------------------------------------------- the command


def test_the_command_writes_and_tells(output, tmp_path, capsys):
    to = tmp_path / "new" / "u.tif"
    assert main(["export", str(output), "--step", "unwrap", "--pair", PAIRS[0], "--out", str(to)]) == 0
    assert f"unwrap phase {PAIRS[0]} [rad], 20 x 16" in capsys.readouterr().err
    assert read(to)[0].shape == (1, *LOOKED)
    words = ["export", str(output), "--step", "coregister", "--date", DATES[0], "--burst", BURSTS[0].name]
    assert main([*words, "--parts", "--out", str(to), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["layer"], found["date"], found["dtype"]) == ("samples", DATES[0], "float32")


def test_the_command_lists(output, capsys):
    assert main(["export", str(output), "--list"]) == 0
    shown = capsys.readouterr().out
    assert "coregister" in shown
    assert "--date --burst" in shown
    assert "numbers, as JSON: phases" in shown
    assert f"pairs: {' '.join(PAIRS)}" in shown
    assert main(["export", str(output), "--list", "--step", "unwrap", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in found["layers"]} == {"phase", "displacement", "components"}
    assert found["bursts"] == [b.name for b in BURSTS]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--step", "unwrap"], "without --out"),
        (["--step", "unwrap", "--to", "x"], "one or the other"),
        (["--pair", PAIRS[0]], "without --step"),
        (["--out", "x.tif"], "without --step"),
    ],
)
def test_requests_that_do_not_fit_together(output, capsys, words, said):
    assert main(["export", str(output), *words]) == 2
    assert said in capsys.readouterr().err
