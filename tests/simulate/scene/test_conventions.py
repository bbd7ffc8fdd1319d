"""The rulers that simulated scenes are held to, held to a scene that another simulator made: one set of conventions."""

import json

import numpy as np
import pytest
from validation._scene_measures import ecef, peak, predicted, read_bursts, read_orbit, spectrum_edges

from fringeworks.constants import SPEED_OF_LIGHT

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def other(helper_data):
    folder = helper_data / "scene-sandiego"
    facts = json.loads((folder / "truth" / "truth.json").read_text(encoding="utf-8"))
    return folder, facts, np.load(folder / "truth" / "points.npz")


@pytest.mark.parametrize("date_index", [0, 1])
def test_points_of_another_simulator_lie_where_the_rulers_put_them(other, date_index):
    folder, facts, points = other
    entry = facts["dates"][date_index]
    place = ecef(points["lon"], points["lat"], points["h"])
    noted = points["obs"][points["obs"]["date"] == date_index]
    gaps, phases = [], []
    for index, read in enumerate(read_bursts(folder / "slc" / entry["zip"])):
        curve = read_orbit(folder / "orbits" / entry["eof"], read.burst.grid.epoch)
        lines, samples = predicted(read, curve, place, 0.5 * SPEED_OF_LIGHT * facts["bist_tau"])
        own = noted[noted["burst"] == index]
        assert own.size > 5_000
        # residual bistatic delay, sign of the azimuth error, orbit, burst times: micrometres
        np.testing.assert_allclose(lines[own["point"]] + entry["az_error_px"], own["line"], atol=1e-5, rtol=0)
        np.testing.assert_allclose(samples[own["point"]], own["pixel"], atol=1e-5, rtol=0)
        image = read.deramped
        for line, sample, k in zip(own["line"], own["pixel"], own["point"], strict=True):
            if points["kind"][k] != 1 or not (60 < line < 1_440 and 60 < sample < 2_440):
                continue
            found = peak(image, line, sample)
            gaps.append((found[0] - line, found[1] - sample))
            path = read.burst.grid.range_start + samples[k] * read.burst.grid.range_step
            path += points["ext"][date_index][k]
            far = read.burst.grid.range_start + found[1] * read.burst.grid.range_step
            ramp = float(read.ramp(np.array(found[0]), np.array(far)))
            wanted = points["phase"][k] - 4.0 * np.pi / facts["wavelength"] * path
            phases.append(np.exp(1j * (np.angle(found[2]) + ramp - wanted)))
    assert len(gaps) > 10
    # reflectors in clutter some 35 dB below: 0.008 of a sample
    assert np.sqrt(np.mean(np.square(gaps), axis=0)).max() < 0.015
    # the ramp's frequency of up to 2.3 kHz turns 0.008 lines into 0.2 rad; with the wrong sign of anything it is random
    assert abs(np.mean(phases)) > 0.95
    assert abs(np.angle(np.mean(phases))) < 0.1


def test_spectra_of_another_simulator_are_centred_without_the_ramp(other):
    folder, facts, _ = other
    for read in read_bursts(folder / "slc" / facts["dates"][1]["zip"]):
        image = read.deramped[read.burst.valid.slices]
        power = (np.abs(np.fft.fft(image, axis=0)) ** 2).sum(axis=1)
        centre, low, high = spectrum_edges(power, read.burst.grid.azimuth_step)
        assert abs(centre) < 1.0
        assert high - low == pytest.approx(read.burst.radar.azimuth_bandwidth, abs=4.0)
