import re

import numpy as np
import pytest
from tests.io.safe.made_safe import Recipe, contents, write_folder

from fringeworks.errors import DamagedFileError, MetadataMismatchError
from fringeworks.io.safe import open_safe
from fringeworks.model.grids import Window
from fringeworks.model.identity import Polarisation, Swath

IW2, VV = Swath.IW2, Polarisation.VV
C = 299_792_458.0


def changed(tmp_path, old, new, recipe=None, count=1):
    recipe = recipe or Recipe()
    files = contents(recipe)
    name = recipe.file("annotation", recipe.swaths[0], recipe.polarisations[0])
    text, n = re.subn(old, new, files[name].decode(), count=count, flags=re.DOTALL)
    assert n, f"{old} is not in the annotation"
    files[name] = text.encode()
    return open_safe(write_folder(tmp_path, recipe, files=files))


def test_everything_the_chain_needs_is_there(made, recipe):
    a = made.acquisition(IW2, VV)
    assert (a.mode, a.swath, a.polarisation, a.processor_version) == ("IW", IW2, VV, "3.52")
    assert a.epoch == "2023-01-08T13:19:26"
    assert a.heading == pytest.approx(np.radians(-13.6))
    # 13:12:46.612135 against 13:19:26
    assert a.ascending_node == pytest.approx(-399.387865, abs=1e-9)
    assert a.terrain_height[0][1] == 266.8
    assert len(a.orbit) == 18
    assert (a.orbit.source, a.orbit.frame, a.orbit.epoch) == ("annotation", "Earth Fixed", a.epoch)
    radar = a.bursts[0].radar
    assert radar.wavelength == pytest.approx(0.05546576, abs=1e-8)  # specified for Sentinel-1
    assert radar.steering_rate == pytest.approx(np.radians(0.979863325))
    assert (radar.rank, radar.pulse_length, radar.chirp_rate) == (8, 6.2e-5, 7.79e11)
    assert (radar.range_bandwidth, radar.azimuth_bandwidth) == (48.3e6, 313)
    assert (radar.range_window, radar.range_window_coefficient) == ("Hamming", 0.75)
    assert (radar.azimuth_window, radar.azimuth_window_coefficient) == ("Hamming", 0.70)
    assert radar.pulse_repetition_frequency == pytest.approx(1451.627112193990)
    assert radar.incidence_mid == pytest.approx(np.radians(38.9))


def test_bursts_lie_where_they_were_put(made, recipe):
    bursts = made.acquisition(IW2, VV).bursts
    for k, burst in enumerate(bursts):
        start = recipe.start("IW2", k) - recipe.product_start.replace(microsecond=0)
        assert burst.grid.azimuth_start == pytest.approx(start.total_seconds(), abs=1e-9)
        assert burst.sensing_start == pytest.approx(start.total_seconds() + 1.0, abs=1e-9)
        assert (burst.index, burst.first_line, tuple(burst.grid.shape)) == (k, 24 * k, (24, 40))
        assert burst.anx_time == pytest.approx(
            (recipe.start("IW2", k) - recipe.node).total_seconds(), abs=1e-5
        )
        # lines 2 to 20, line 4 starting at sample 6, all ending at 35
        assert burst.valid == Window(2, 6, 19, 30)
    assert bursts[0].grid.range_start == pytest.approx(5.670473347889531e-03 * C / 2)
    assert bursts[0].grid.range_step == pytest.approx(2.329562, abs=1e-6)  # specified for IW


@pytest.mark.parametrize("old_forms", [False, True])
def test_polynomials_change_from_time_to_range(tmp_path, old_forms):
    burst = open_safe(write_folder(tmp_path, Recipe(old_forms=old_forms))).bursts()[1]
    tau = np.linspace(5.3e-3, 6.1e-3, 7)
    distance = tau * C / 2
    fm = burst.nearest(burst.fm_rate)
    expected = -2174.8 + 3.99e5 * (tau - 5.6e-3) - 6.5e7 * (tau - 5.6e-3) ** 2
    np.testing.assert_allclose(fm.at(distance), expected, rtol=1e-12)
    doppler = burst.nearest(burst.doppler)
    expected = -2.1 - 7452.0 * (tau - 5.4e-3) - 9.6e5 * (tau - 5.4e-3) ** 2
    np.testing.assert_allclose(doppler.at(distance), expected, atol=1e-10)


def test_the_doppler_in_force_is_the_one_the_processor_used(tmp_path, made):
    assert made.bursts()[0].doppler[0].coefficients[0] == -3.1
    by_orbit = changed(tmp_path, "<dcMethod>Data Analysis", "<dcMethod>Orbit and Attitude")
    assert by_orbit.bursts()[0].doppler[0].coefficients[0] == -3.3
    assert by_orbit.acquisition(IW2, VV).doppler[0].data.coefficients[0] == -3.1


def test_strip_map_is_one_piece_without_identity(tmp_path):
    recipe = Recipe(mode="SM", swaths=("S3",))
    product = open_safe(write_folder(tmp_path, recipe))
    (burst,) = product.bursts()
    assert (burst.id, tuple(burst.grid.shape), burst.valid) == (None, (24, 40), Window(0, 0, 24, 40))
    assert burst.valid_samples().all()
    np.testing.assert_array_equal(product.samples(burst, kind="int16")[:], recipe.pixels("S3"))


def test_an_empty_sub_swath_of_an_assembled_product_is_said(tmp_path):
    product = changed(tmp_path, "<burstList.*</burstList>", '<burstList count="0"/>')
    acquisition = product.acquisition(IW2, VV)
    assert acquisition.bursts == ()
    assert any("holds no burst" in f.text for f in acquisition.findings)


def test_repeated_state_vectors_are_taken_once(tmp_path):
    first = "(<orbit><time>.*?</orbit>)"
    product = changed(tmp_path, f'<orbitList count="18">{first}', r'<orbitList count="19">\1\1')
    assert len(product.acquisition(IW2, VV).orbit) == 18


def test_doubts_of_the_processor_are_passed_on(tmp_path):
    product = changed(tmp_path, "Applied>true<", "Applied>false<")
    assert any(f.topic == "bistatic delay" for f in product.acquisition(IW2, VV).findings)


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("<radarFrequency>5", "<radarFrequency>9", "radar frequency"),
        ('Polynomial count="3">-2173.8 [^<]*<', 'Polynomial count="3">-2173.8 1.0<', "holds 2 entries"),
        (
            'Polynomial count="3">-2173.8 [^<]*<',
            'Polynomial count="2">-2173.8 1.0<',
            "holds 2 numbers; expected: 3",
        ),
        ('FmRatePolynomial count="3">-2173.8', 'FmRatePolynomial count="3">nan', "not finite"),
        ('dataDcPolynomial count="3">-3.1', 'dataDcPolynomial count="3">NaN', "not finite"),
        ('FmRatePolynomial count="3">-2173.8', 'FmRatePolynomial count="3">2173.8', "a negative rate"),
        ("<burst>.*?</burst>", "", "<burstList> holds 2 entries"),
        ('<burstList count="3"><burst>.*?</burst>', '<burstList count="2">', "bursts that fill the raster"),
        ('<lastValidSample count="24">-1', '<lastValidSample count="24">39', "valid samples outside"),
        (
            '<firstValidSample count="24">-1 -1 3',
            '<firstValidSample count="24">-1 -1 38',
            "last valid sample before",
        ),
        ('<firstValidSample count="24">-1 ', '<firstValidSample count="24">', "holds 23 entries"),
        ("<linesPerBurst>24", "<linesPerBurst>25", "bursts that fill the raster"),
        ("<numberOfLines>72", "<numberOfLines>72000000", "a raster of"),
        ("<numberOfSamples>40", "<numberOfSamples>-40", "a raster of"),
        ("<azimuthTimeInterval>2.05", "<azimuthTimeInterval>0.05", "0.2 to 3 ms"),
        ("<slantRangeTime>5.67", "<slantRangeTime>56.7", "5 to 7 ms"),
        ("<rangeSamplingRate>6", "<rangeSamplingRate>9999", "25 to 110 MHz"),
        ("<orbit><time>.*?</orbit>", "", "<orbitList> holds 17 entries"),
        ("<velocity><x>(-?.)", r"<velocity><x>\g<1>9", "a satellite at"),
        ("<position><x>(-?.)", r"<position><x>\g<1>1", "do not belong together"),
        ("<sensingTime>2023", "<sensingTime>2024", "less than a minute apart"),
        ("<rank>8", "<rank>8.5", "a whole number"),
        ("<rank>8</rank>", "", "<rank> is missing"),
        ("<dataDcRmsErrorAboveThreshold>false", "<dataDcRmsErrorAboveThreshold>maybe", "true or false"),
        ("<azimuthFmRate>.*</azimuthFmRate>", "", "<azimuthFmRateList> holds 0 entries"),
        ("<swath>IW2</swath><firstLine", "<swath>IW1</swath><firstLine", "holds no record of IW2"),
        (
            "<productFirstLineUtcTime>2023-01-08T13:19",
            "<productFirstLineUtcTime>2023-01-08T13:20",
            "off the raster's first line",
        ),
    ],
)
def test_what_cannot_be_is_damaged(tmp_path, old, new, match):
    with pytest.raises(DamagedFileError, match=re.escape(match)):
        changed(tmp_path, old, new).acquisition(IW2, VV)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<missionId>S1A", "<missionId>S1B"),
        ("<swath>IW2", "<swath>IW1"),
        ("<polarisation>VV", "<polarisation>VH"),
        ("<absoluteOrbitNumber>46693", "<absoluteOrbitNumber>46694"),
        ("<startTime>2023", "<startTime>2022"),
    ],
)
def test_an_annotation_of_another_product_is_refused(tmp_path, old, new):
    with pytest.raises(MetadataMismatchError, match=r"starts at|header of"):
        changed(tmp_path, old, new).acquisition(IW2, VV)


def test_polynomials_of_another_time_are_refused(tmp_path):
    old = "<azimuthFmRate><azimuthTime>2023-01-08T13"
    with pytest.raises(DamagedFileError, match="FM rate polynomials at"):
        changed(tmp_path, old, "<azimuthFmRate><azimuthTime>2023-01-08T12", count=0).acquisition(IW2, VV)
