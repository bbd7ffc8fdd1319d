"""Geolocation grid, calibration, noise, interference and antenna patterns of made products."""

import numpy as np
import pytest
from tests.io.safe.made_safe import Recipe, contents, write_folder

from fringeworks.errors import DamagedFileError, MissingInputError
from fringeworks.io.safe import open_safe
from fringeworks.io.safe.antenna import read_antenna_patterns
from fringeworks.io.safe.tree import parse_xml
from fringeworks.model.identity import Polarisation, Swath

IW2, VV = Swath.IW2, Polarisation.VV


def changed(tmp_path, kind, *pairs, recipe=None):
    recipe = recipe or Recipe()
    files = contents(recipe)
    name = recipe.file(kind, "IW2", "vv")
    for old, new in pairs:
        assert old.encode() in files[name]
        files[name] = files[name].replace(old.encode(), new.encode(), 1)
    return open_safe(write_folder(tmp_path, recipe, files=files))


def test_all_fields_of_the_geolocation_grid(made, recipe):
    g = made.geolocation_grid(IW2, VV)
    assert g.line.shape == (3, 3)
    np.testing.assert_array_equal(g.line[:, 0], [0, 24, 71])
    np.testing.assert_array_equal(g.sample[0], [0, 20, 39])
    i, j = np.mgrid[0:3, 0:3]
    np.testing.assert_allclose(g.latitude, np.radians(40 + 0.1 * i), rtol=1e-14)
    np.testing.assert_allclose(g.longitude, np.radians(10 + 0.2 * j), rtol=1e-14)
    np.testing.assert_allclose(g.height, 100.5 + i)
    np.testing.assert_allclose(g.incidence, np.radians(36 + j))
    np.testing.assert_allclose(g.elevation, np.radians(32 + j))
    np.testing.assert_allclose(g.slant_range, (5.67e-3 + 1e-6 * j) * 299_792_458 / 2)
    start = (recipe.start("IW2", 0) - recipe.product_start.replace(microsecond=0)).total_seconds()
    np.testing.assert_allclose(g.azimuth_time, start + 0.01 * i, atol=1e-9)
    assert g.epoch == made.acquisition(IW2, VV).epoch


@pytest.mark.parametrize(
    ("pairs", "match"),
    [
        ([("<latitude>40.0", "<latitude>140.0")], "tie points with latitude"),
        ([("<line>24</line>", "<line>25</line>")], "9 tie points on 4 lines"),
        ([("<pixel>20</pixel>", "<pixel>0</pixel>")], "form no grid"),
        ([("<height>100.5", "<height>")], "missing or empty"),
    ],
)
def test_tie_points_that_cannot_be(tmp_path, pairs, match):
    with pytest.raises(DamagedFileError, match=match):
        changed(tmp_path, "annotation", *pairs).geolocation_grid(IW2, VV)


def test_calibration_is_the_table_written(made):
    table = made.calibration(IW2, VV)
    np.testing.assert_array_equal(table.line, [-10, 30, 100])
    np.testing.assert_array_equal(table.sample, [0, 10, 20, 30, 40])
    np.testing.assert_allclose(table.sigma0, 300 + 0.1 * table.sample + 0.01 * table.line[:, None])
    np.testing.assert_array_equal(table.beta0, np.full((3, 5), 237.0))
    np.testing.assert_allclose(table.gamma0[1], 270 + 0.2 * table.sample)
    assert made.calibration(IW2, VV) is table  # read once


def test_calibration_vectors_on_other_samples_are_brought_together(tmp_path):
    product = changed(
        tmp_path,
        "calibration",
        ('<line>30</line><pixel count="5">0 10 20 30 40<', '<line>30</line><pixel count="5">0 5 25 35 40<'),
    )
    table = product.calibration(IW2, VV)
    values = 300.3 + 0.1 * np.array([0, 10, 20, 30, 40])
    np.testing.assert_allclose(table.sigma0[1], np.interp([0, 10, 20, 30, 40], [0, 5, 25, 35, 40], values))


@pytest.mark.parametrize(
    ("pairs", "match"),
    [
        ([('<betaNought count="5">237.0', '<betaNought count="5">-1')], "beta0 of -1"),
        ([('<betaNought count="5">237.0 ', '<betaNought count="4">')], "holds 4 numbers; expected: 5"),
        ([('<pixel count="5">0 10', '<pixel count="5">0 0')], "samples that do not increase"),
        ([('<calibrationVectorList count="3">', '<calibrationVectorList count="4">')], "holds 3 entries"),
        (
            [
                ("</adsHeader>", "</adsHeader><!--"),
                ("</calibration>", '--><calibrationVectorList count="0"/></calibration>'),
            ],
            "no calibration vector",
        ),
        ([('<dn count="5">237.0', '<dn count="5">inf')], "not finite"),
    ],
)
def test_calibration_that_cannot_be(tmp_path, pairs, match):
    with pytest.raises(DamagedFileError, match=match):
        changed(tmp_path, "calibration", *pairs).calibration(IW2, VV)


def test_noise_along_range_and_azimuth(made):
    table = made.noise(IW2, VV)
    assert table.is_calibrated
    assert [v.line for v in table.vectors] == [0, 40]
    np.testing.assert_allclose(table.vectors[1].value, 440 + table.vectors[1].sample)
    (block,) = table.blocks
    assert (block.first_line, block.last_line, block.first_sample, block.last_sample) == (0, 71, 0, 39)
    np.testing.assert_allclose(block.value, 1 + 0.01 * block.line)


def test_noise_of_the_first_processors_is_known_by_its_unit(tmp_path):
    table = open_safe(write_folder(tmp_path, Recipe(old_forms=True))).noise(IW2, VV)
    assert not table.is_calibrated
    assert table.blocks == ()
    np.testing.assert_allclose(table.vectors[0].value, 8e-10 + 1e-12 * table.vectors[0].sample)


def test_noise_vectors_may_differ_in_length_and_limits_may_be_absent(tmp_path):
    product = changed(
        tmp_path,
        "noise",
        ('<line>40</line><pixel count="5">0 10 20 30 40<', '<line>40</line><pixel count="4">0 10 20 30<'),
        (
            '<noiseRangeLut count="5">440.0 450.0 460.0 470.0 480.0<',
            '<noiseRangeLut count="4">440 450 460 470<',
        ),
        ("<firstAzimuthLine>0</firstAzimuthLine>", ""),
        ("<lastRangeSample>39</lastRangeSample>", ""),
    )
    table = product.noise(IW2, VV)
    assert [v.sample.size for v in table.vectors] == [5, 4]
    assert table.blocks[0].first_line == 0
    assert table.blocks[0].last_sample > 10**6


@pytest.mark.parametrize(
    ("pairs", "match"),
    [
        ([('<noiseRangeLut count="5">400.0', '<noiseRangeLut count="5">-4')], "noise below zero"),
        ([('<noiseRangeLut count="5">400.0 ', '<noiseRangeLut count="5">')], "holds 4 entries"),
        ([('<noiseAzimuthLut count="8">1.0', '<noiseAzimuthLut count="8">-1')], "a factor below zero"),
        ([('<noiseRangeVectorList count="2">', '<noiseRangeVectorList count="1">')], "holds 2 entries"),
    ],
)
def test_noise_that_cannot_be(tmp_path, pairs, match):
    with pytest.raises(DamagedFileError, match=match):
        changed(tmp_path, "noise", *pairs).noise(IW2, VV)


def test_interference_report_and_its_absence(made, recipe, tmp_path):
    report = made.rfi(IW2, VV)
    assert report.mitigation == "None"
    assert report.bursts[0].in_out_power_ratio == 9.2
    assert report.noise == ()
    files = contents(recipe)
    files["manifest.safe"] = files["manifest.safe"].replace(b"rfi-s1a", b"x")
    assert open_safe(write_folder(tmp_path, recipe, files=files)).rfi(IW2, VV) is None


def patterns(values, n=2):
    text = (
        "<product><antennaPattern><antennaPatternList count='1'><antennaPattern><azimuthTime>2023-01-08T13:19:26</azimuthTime>"
        "<slantRangeTime count='2'>5.6e-3 5.7e-3</slantRangeTime><elevationAngle count='2'>31 32</elevationAngle>"
        f"<elevationPattern count='{n}'>{values}</elevationPattern><incidenceAngle count='2'>36 37</incidenceAngle>"
        "<roll>29.7</roll></antennaPattern></antennaPatternList></antennaPattern></product>"
    )
    return read_antenna_patterns(parse_xml(text.encode(), file="f.xml", root="product"))


def test_antenna_patterns_with_and_without_phase():
    (late,) = patterns("1 2 3 -4")
    assert late.is_complex
    np.testing.assert_array_equal(late.pattern, [1 + 2j, 3 - 4j])
    np.testing.assert_allclose(late.slant_range, np.array([5.6e-3, 5.7e-3]) * 299_792_458 / 2)
    assert late.roll == pytest.approx(np.radians(29.7))
    (early,) = patterns("1 2")
    assert not early.is_complex
    np.testing.assert_array_equal(early.pattern, [1, 2])
    for bad in ("1 2 3", "1 x", "1 nan"):
        with pytest.raises(DamagedFileError, match="elevation pattern"):
            patterns(bad)


def test_absent_files_are_errors_only_when_needed(recipe, tmp_path):
    files = contents(recipe)
    for kind in ("calibration", "noise", "rfi", "measurement"):
        del files[recipe.file(kind, "IW2", "vv")]
    product = open_safe(write_folder(tmp_path, recipe, files=files))
    bursts = product.bursts()
    assert len(bursts) == 3
    assert product.holds("annotation", IW2, VV)
    assert not product.holds("measurement", IW2, VV)
    for read in (product.calibration, product.noise, product.rfi, product.measurement):
        with pytest.raises(MissingInputError, match="is not in it"):
            read(IW2, VV)
    with pytest.raises(MissingInputError, match="is not in it"):
        product.samples(bursts[0])
