"""The renderer piece by piece: windows, the transform that lays scatterers, land covers, the lattice."""

import math

import numpy as np
import pytest
from tests.simulate.scene.conftest import CENTRE

from fringeworks.errors import OutOfRangeError, TooFewDataError
from fringeworks.simulate.scene.beams import BEAMS, beam_of
from fringeworks.simulate.scene.lattice import tile_fields
from fringeworks.simulate.scene.render import Window, windows_of
from fringeworks.simulate.scene.scenario import LandCover, Pass, SceneScenario
from fringeworks.simulate.scene.splat import TABLE_STEPS, Frame, Kernels, lay_points, ramp_phase
from fringeworks.simulate.streams import Streams


@pytest.mark.parametrize("name", list(BEAMS))
def test_a_laid_point_is_the_window_transformed(name):
    # the slow twin: the response of a point is the sum over the window's frequencies, computed one by one
    azimuth, across = windows_of(beam_of(name))
    n = 128
    grid = np.zeros((n, n), np.complex64)
    kernels = Kernels(azimuth.table(), azimuth.span, across.table(), across.span)
    flat = np.array([0.0, 1e4, 0.0, 0.0, 0.0, 0.0, -2_200.0, 0.0, 0.0])
    frame = Frame(
        start=0.0, middle=0.0, step=1.0, near=0.0, range_step=1.0, reference=0.0, late=0.0, far=0.0, turn=0.0, drift=0.0,
        pad=0, carrier=flat,
    )  # fmt: skip
    line, sample = 60.37, 66.81
    found = np.zeros((1, 2))
    lay_points(
        grid.view(np.float32),
        kernels,
        frame,
        np.array([line]),
        np.array([sample]),
        np.zeros(1),
        np.ones(1, complex),
        found,
    )
    assert found[0, 1] == pytest.approx(sample)
    spectrum = np.fft.fft2(grid) * azimuth.response(n)[:, None] * across.response(n)[None, :]
    image = np.fft.ifft2(spectrum)
    frequency = np.fft.fftfreq(n)
    place = np.arange(n)
    twin = [
        np.exp(2j * np.pi * np.outer(place - at, frequency)) @ w.weight(frequency) / n / w.mean(n)
        for w, at in ((azimuth, found[0, 0]), (across, found[0, 1]))
    ]
    expected = np.outer(*twin)
    phase = image[60, 67] / expected[60, 67]
    # kernels of 6 and 8 samples alias by about exp(-pi span sqrt(1 - band)): 2e-4 at the widest band
    np.testing.assert_allclose(image / (phase / abs(phase)), expected, atol=1e-3)
    assert abs(phase) == pytest.approx(1.0, abs=1e-3)


def test_a_windows_response_has_unit_peak_and_its_energy():
    window = Window(share=0.64, coefficient=0.75, span=6)
    n = 4096
    response = np.fft.ifft(window.weight(np.fft.fftfreq(n))) / window.mean(n)
    assert abs(response[0]) == pytest.approx(1.0)
    assert np.sum(np.abs(response) ** 2) == pytest.approx(window.energy(n), rel=1e-9)
    assert window.table().size == 6 * TABLE_STEPS + 2


def test_the_ramp_is_a_chirp_of_the_steering():
    # at constant rates: pi kt (eta - eta_ref)^2 + 2 pi f (eta - eta_ref), eta_ref = -f/ka - that of the first sample
    rate, sweep, centroid = -2_200.0, 4_700.0, 30.0
    carrier = np.array([5.3e-3, sweep, -centroid / rate, centroid, 0.0, 0.0, rate, 0.0, 0.0])
    total = rate * sweep / (rate - sweep)
    eta = 0.7
    expected = math.pi * total * eta**2 + 2 * math.pi * centroid * eta
    assert ramp_phase(carrier, eta, 5.8e-3) == pytest.approx(expected, rel=1e-12)
    assert total == pytest.approx(sweep / (1.0 - sweep / rate))


def test_fields_of_a_land_cover_have_its_coherence():
    cover = LandCover(name="x", share=1.0, initial=0.8, floor=0.3, decay_days=30.0, fading=0.02)
    days = np.array([0.0, 12.0, 36.0, 48.0])
    mixed = [np.pad(cover.weights(days, k), (0, 3 - k)) for k in range(4)]
    for i in range(4):
        for j in range(4):
            moment = np.vdot(mixed[j], mixed[i])
            assert moment == pytest.approx(cover.moment(days[j] - days[i]), abs=1e-12)


def test_fields_of_a_tile_are_the_same_for_every_date_and_independent():
    streams = Streams((1, 2, 3, 4))
    few, many = tile_fields(streams, "VV", (-3, 2), 2), tile_fields(streams, "VV", (-3, 2), 5)
    np.testing.assert_array_equal(few, many[:2])
    power = np.mean(np.abs(many) ** 2, axis=(1, 2))
    # 16384 samples: 1/sqrt(n) = 0.008
    np.testing.assert_allclose(power, 1.0, atol=0.04)
    assert abs(np.mean(many[0] * np.conj(many[1]))) < 0.04
    assert not np.array_equal(few, tile_fields(streams, "VH", (-3, 2), 2))
    assert not np.array_equal(few, tile_fields(streams, "VV", (-2, 2), 2))


@pytest.mark.parametrize(
    ("facts", "error", "text"),
    [
        ({"swaths": ("IW1", "IW3")}, OutOfRangeError, "sub-swaths"),
        ({"samples": 100}, OutOfRangeError, "100 samples"),
        ({"polarisations": ("HH",)}, OutOfRangeError, "polarisations"),
        ({"passes": ()}, TooFewDataError, "0 passes"),
        ({"bursts": 0}, OutOfRangeError, "0 bursts"),
        ({"land": (LandCover(name="a", share=0.5),)}, OutOfRangeError, "shares"),
    ],
)
def test_scenarios_that_cannot_be_are_refused(facts, error, text):
    from datetime import date

    base = {"title": "x", "centre": CENTRE, "passes": (Pass(day=date(2023, 1, 8)),)}
    with pytest.raises(error, match=text):
        SceneScenario(**{**base, **facts})


def test_a_land_cover_or_beam_that_cannot_be_is_refused():
    with pytest.raises(OutOfRangeError, match="coherence"):
        LandCover(name="x", share=1.0, initial=0.2, floor=0.5)
    with pytest.raises(OutOfRangeError, match="EW1"):
        beam_of("EW1")
