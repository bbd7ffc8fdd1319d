import math

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.stack import PairNetwork
from fringeworks.timeseries.smallbaseline import (
    InversionOptions,
    date_baselines,
    date_covariance,
    height_sensitivity,
    invert,
)

WAVELENGTH = 0.0554658
METRES = WAVELENGTH / (4 * math.pi)
RANGE, INCIDENCE = 850_000.0, math.radians(39.0)


def with_baselines(network, rng, spread=60.0):
    dates = spread * rng.standard_normal(len(network.dates))
    dates -= dates[0]
    ends = network.endpoints()
    return PairNetwork(network.dates, network.pairs, dates[ends[:, 1]] - dates[ends[:, 0]]), dates


def geometry(shape):
    return {
        "slant_range": np.full(shape, RANGE, np.float32),
        "incidence": np.full(shape, INCIDENCE, np.float32),
    }


@pytest.mark.parametrize("baseline", [(120.0, 0.0), (-80.0, 35.0), (40.0, 90.0)])
def test_sign_and_size_against_two_satellites(make_scene, baseline):
    """Ranges are computed from coordinates: x to the side of the track, z up, flat ground, looking to +x."""
    look, radius, lift = math.radians(35.0), 850_000.0, 10.0
    reference = np.array([0.0, 700_000.0])
    secondary = reference + np.array(baseline)
    sight = np.array([math.sin(look), -math.cos(look)])
    used = reference + radius * sight
    # The true point is higher by `lift`, at the same range from the reference satellite.
    cosine = (reference[1] - used[1] - lift) / radius
    true = reference + radius * np.array([math.sqrt(1 - cosine**2), -cosine])

    def extra(point):
        return np.linalg.norm(point - secondary) - np.linalg.norm(point - reference)

    phase = 4 * math.pi / WAVELENGTH * (extra(true) - extra(used))
    # Perpendicular baseline: positive where the secondary sees the point under the larger look angle.
    up_and_away = np.array([math.cos(look), math.sin(look)])
    perpendicular = -float(np.array(baseline) @ up_and_away)
    toward = used - secondary
    assert (math.atan2(toward[0], -toward[1]) > look) == (perpendicular > 0)
    network = make_scene(n_dates=2, neighbours=1).network
    sensitivity = height_sensitivity(
        network,
        wavelength=WAVELENGTH,
        slant_range=np.array([[radius]]),
        incidence=np.array([[look]]),
        perpendicular_baseline=np.array([perpendicular]),
    )
    assert sensitivity[0] == 0
    # Second order in lift / (radius sin) and in baseline / radius: 1e-4 of the whole.
    assert sensitivity[1, 0, 0] * lift == pytest.approx(phase, rel=1e-3)


def test_baselines_of_dates_from_those_of_pairs(make_scene, rng):
    network, dates = with_baselines(make_scene().network, rng)
    np.testing.assert_allclose(date_baselines(network), dates, atol=1e-9)
    ends = network.endpoints()
    cut = (ends[:, 0] < 6) & (ends[:, 1] >= 6)
    found = date_baselines(network.select(~cut))
    np.testing.assert_allclose(found[:6], dates[:6], atol=1e-9)
    np.testing.assert_allclose(found[6:], dates[6:] - dates[6], atol=1e-9)
    with pytest.raises(OutOfRangeError, match=r"baseline of \d+_\d+ is not known"):
        date_baselines(network, perpendicular_baseline=np.full(len(ends), np.nan))
    with pytest.raises(ShapeMismatchError, match="no perpendicular baselines"):
        date_baselines(make_scene().network)


def test_height_error_is_found_and_removed(make_scene, rng):
    scene = make_scene(n_dates=30, neighbours=4, shape=(5, 8))
    network, _ = with_baselines(scene.network, rng)
    ends, t = network.endpoints(), network.years[:, None, None]
    motion = np.broadcast_to(6 * t - 2 * t**2, scene.truth.shape)
    height = 20 * rng.standard_normal(scene.truth.shape[1:])
    sensitivity = height_sensitivity(network, wavelength=WAVELENGTH, **geometry(height.shape))
    whole = motion + sensitivity * height
    phase = (whole[ends[:, 1]] - whole[ends[:, 0]]).astype(np.float32)
    phase[(ends == 0).any(axis=1), 0, 0] = np.nan
    phase[(ends[:, 0] < 14) & (ends[:, 1] >= 14), 0, 1] = np.nan
    result = invert(
        phase,
        None,
        network=network,
        wavelength=WAVELENGTH,
        effective_looks=1,
        options=InversionOptions(weighting="uniform", dem_error=True),
        **geometry(height.shape),
    )
    # float32 phases of 100 rad carry 4e-6 rad; 1 m is 0.1 rad here.
    np.testing.assert_allclose(result.dem_error, height, atol=1e-3)
    expected = -METRES * motion
    expected[:, 0, 0] -= expected[1, 0, 0]
    expected[0, 0, 0] = np.nan
    np.testing.assert_allclose(result.displacement, expected, atol=1e-6)


def test_sigma_of_height_and_series_by_monte_carlo(make_scene, rng):
    scene = make_scene(n_dates=15, neighbours=3, shape=(1, 4000))
    network, _ = with_baselines(scene.network, rng)
    ends = network.endpoints()
    noise = 0.4 * rng.standard_normal(
        scene.truth.shape
    )  # of the dates: about the parabola, as the sigma assumes
    noise -= noise[0].copy()
    phase = (noise[ends[:, 1]] - noise[ends[:, 0]] + 0.3 * rng.standard_normal(scene.phase.shape)).astype(
        np.float32
    )
    options = InversionOptions(weighting="uniform", dem_error=True)
    result = invert(
        phase,
        None,
        network=network,
        wavelength=WAVELENGTH,
        effective_looks=1,
        options=options,
        **geometry((1, 4000)),
    )
    ratio = result.dem_error / result.dem_error_std
    assert (
        0.8 < np.sqrt(np.mean(ratio**2)) < 1.25
    )  # noise of pairs is correlated in time, the estimate takes it as white
    z = (result.displacement + METRES * noise)[1:] / result.displacement_std[1:]
    assert 0.8 < np.sqrt(np.mean(z**2)) < 1.2
    covariance = date_covariance(
        result.weight[:, 0],
        network=network,
        wavelength=WAVELENGTH,
        variance_factor=result.variance_factor[0],
        sensitivity=height_sensitivity(network, wavelength=WAVELENGTH, **geometry((1, 4000)))[:, 0],
        dem_error_std=result.dem_error_std[0],
        options=options,
    )
    std = np.sqrt(np.einsum("pii->ip", covariance))
    np.testing.assert_allclose(std, result.displacement_std[:, 0], rtol=1e-3, atol=1e-8)
    assert np.abs(covariance - covariance.transpose(0, 2, 1)).max() < 1e-10
    assert np.linalg.eigvalsh(covariance.astype(float)).min() > -1e-9


def test_sign_of_the_baselines_turns_the_height_error_and_nothing_else(make_scene, rng):
    scene = make_scene(n_dates=12, neighbours=3)
    network, _ = with_baselines(scene.network, rng)
    phase = scene.noisy(0.2, rng)
    common = {"wavelength": WAVELENGTH, "effective_looks": 1, **geometry(phase.shape[1:])}
    options = InversionOptions(weighting="uniform", dem_error=True)
    one = invert(phase, None, network=network, options=options, **common)
    other = invert(
        phase,
        None,
        network=network,
        perpendicular_baseline=-network.perpendicular_baseline,
        options=options,
        **common,
    )
    np.testing.assert_allclose(one.dem_error, -other.dem_error, rtol=1e-4)
    np.testing.assert_allclose(one.displacement, other.displacement, atol=1e-7)


def test_height_error_that_cannot_be_told_is_nan(make_scene):
    scene = make_scene(n_dates=12, neighbours=3, shape=(1, 3))
    ends = scene.network.endpoints()
    trend = 30.0 * scene.network.years  # a baseline that grows with time is a velocity
    shape = scene.phase.shape[1:]
    given = geometry(shape)
    given["slant_range"][0, 1] = np.nan
    options = InversionOptions(weighting="uniform", dem_error=True)
    common = {"network": scene.network, "wavelength": WAVELENGTH, "effective_looks": 1, "options": options}
    result = invert(
        scene.phase, None, perpendicular_baseline=trend[ends[:, 1]] - trend[ends[:, 0]], **given, **common
    )
    assert np.isnan(result.dem_error).all()
    np.testing.assert_allclose(result.displacement, -METRES * scene.truth, atol=1e-6)
    with pytest.raises(OutOfRangeError, match="no slant range or incidence"):
        invert(scene.phase, None, **common)
    with pytest.raises(ShapeMismatchError, match="slant range"):
        invert(scene.phase, None, **common, **geometry((2, 2)))
