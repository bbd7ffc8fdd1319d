import math
from dataclasses import replace

import numpy as np
import pytest

from fringeworks.errors import DisconnectedNetworkError, OutOfRangeError, ShapeMismatchError
from fringeworks.model.quality import Quality
from fringeworks.model.stack import PairNetwork
from fringeworks.timeseries.smallbaseline import InversionOptions, date_covariance, invert, phase_variance

WAVELENGTH = 0.0554658
METRES = WAVELENGTH / (4 * math.pi)
LOOKS = 20.0


def run(
    scene, phase, coherence=None, *, network=None, looks=LOOKS, geometry=None, pair_weight=None, **changes
):
    options = InversionOptions(**({"weighting": "uniform"} if coherence is None else {}) | changes)
    return invert(
        phase,
        coherence,
        network=network or scene.network,
        wavelength=WAVELENGTH,
        effective_looks=looks,
        pair_weight=pair_weight,
        options=options,
        **(geometry or {}),
    )


def fill(scene, value=0.8):
    return np.full(scene.phase.shape, value, np.float32)


def test_noise_free_is_exact_and_subsidence_is_negative(make_scene):
    scene = make_scene(size=8.0)
    result = run(scene, scene.phase, fill(scene))
    # float32 phases of 100 rad are rounded to 4e-6 rad = 2e-8 m; the issue allows 1e-4 m.
    np.testing.assert_allclose(result.displacement, -METRES * scene.truth, atol=1e-6)
    assert (result.displacement[0] == 0).all()
    assert not result.flags.any()
    assert (result.temporal_coherence > 0.999999).all()
    assert (result.n_subsets == 1).all()
    assert result.tally.used == result.tally.considered == scene.phase[0].size
    sinking = np.broadcast_to(np.arange(len(scene.truth))[:, None, None] * 1.0, scene.truth.shape)
    ends = scene.network.endpoints()
    away = (sinking[ends[:, 1]] - sinking[ends[:, 0]]).astype(np.float32)
    assert (np.diff(run(scene, away, fill(scene)).displacement, axis=0) < 0).all()


def test_weighted_equals_twin(make_scene, twin, rng):
    scene = make_scene(long_pairs=True)
    coherence = rng.uniform(0.2, 0.95, scene.phase.shape).astype(np.float32)
    phase = scene.noisy(0.3, rng)
    phase[rng.random(phase.shape) < 0.15] = np.nan
    weight = 1 / np.maximum(phase_variance(coherence.astype(float), looks=LOOKS), 0.02**2)
    result = run(scene, phase, coherence, rejection_iterations=0)
    # 1e-4 rad; weights are read from a table of 2048 nodes (relative error 1e-4, of which a fraction reaches the dates).
    np.testing.assert_allclose(
        result.displacement / -METRES, twin(phase, weight, scene.network), atol=1e-4, rtol=0
    )
    used = result.weight > 0
    np.testing.assert_array_equal(used, np.isfinite(phase))
    np.testing.assert_allclose(result.weight[used], weight[used], rtol=1e-3)


@pytest.mark.parametrize("sigma", [0.2, 2.5])
@pytest.mark.parametrize("neighbours", [2, 4])
def test_gaussian_noise_gives_a_variance_factor_of_one(make_scene, rng, sigma, neighbours):
    """Rejection must neither bias the dates nor shrink the variance, even where noise exceeds its limit of 1.2 rad."""
    scene = make_scene(n_dates=25, neighbours=neighbours, shape=(40, 50))
    result = run(scene, scene.noisy(sigma, rng))
    factor = result.variance_factor.astype(float) / sigma**2
    freedom = len(scene.network.pairs) - 24
    # Mean of 2000 chi^2/f: sigma sqrt(2/f/2000) < 0.007; trimming at 4 robust sigma leaves at most 0.01 of bias.
    assert factor.mean() == pytest.approx(1.0, abs=4 * math.sqrt(2 / freedom / 2000) + 0.01)
    z = (result.displacement + METRES * scene.truth)[1:] / result.displacement_std[1:]
    # Error over estimated sigma is Student's t of f degrees of freedom, whose rms is sqrt(f / (f - 2)); dates of a pixel are
    # correlated, so 2000 pixels tell it to about 0.01.
    assert np.sqrt(np.mean(z**2)) == pytest.approx(math.sqrt(freedom / (freedom - 2)), rel=0.04)
    # Beyond 4 sigma lie 6e-5 of a Gaussian; a robust sigma known to 10 to 20 % leaves a few times as many.
    assert result.pair_rejected.sum() < 5e-4 * scene.phase.size
    double = run(scene, (scene.phase + 2 * (scene.noisy(sigma, rng) - scene.phase)).astype(np.float32))
    ratio = np.median(double.displacement_std[1:]) / np.median(result.displacement_std[1:])
    assert ratio == pytest.approx(2.0, rel=0.05)


def test_coherence_weighted_noise_is_calibrated(make_scene, rng):
    scene = make_scene(n_dates=20, neighbours=4, shape=(30, 40))
    coherence = rng.uniform(0.25, 0.9, scene.phase.shape).astype(np.float32)
    sigma = np.sqrt(phase_variance(coherence.astype(float), looks=LOOKS))
    result = run(scene, scene.noisy(sigma, rng), coherence)
    assert result.variance_factor.mean() == pytest.approx(1.0, abs=0.03)
    plain = run(scene, scene.noisy(sigma, rng), coherence, weighting="uniform", rejection_iterations=0)
    error = [np.std(r.displacement + METRES * scene.truth) for r in (result, plain)]
    assert error[0] < 0.9 * error[1]  # one over the variance, not the variance


def test_covariance_against_monte_carlo(make_scene, rng):
    scene = make_scene(n_dates=7, neighbours=2, shape=(1, 1))
    sigma = np.linspace(0.1, 0.6, len(scene.phase))[:, None, None]
    trials = np.repeat(scene.phase, 40_000, axis=2)
    phase = (trials + sigma * rng.standard_normal(trials.shape)).astype(np.float32)
    weight = np.clip(1 / sigma[:, 0, 0] ** 2, 0.01, 100)
    result = run(scene, phase, pair_weight=weight, rejection_iterations=0)
    error = (result.displacement + METRES * scene.truth)[1:, 0]
    covariance = date_covariance(
        result.weight[:, 0, :5],
        network=scene.network,
        wavelength=WAVELENGTH,
        variance_factor=np.ones(5, np.float32),
        options=InversionOptions(weighting="uniform"),
    )
    assert covariance.shape == (5, 7, 7)
    assert not covariance[:, 0].any()
    assert not covariance[:, :, 0].any()
    found = np.cov(error)
    scale = np.sqrt(np.outer(np.diag(found), np.diag(found)))
    # An element of the covariance of 40,000 draws has a relative sigma below sqrt(2/40000) = 0.007.
    np.testing.assert_allclose(covariance[0, 1:, 1:] / scale, found / scale, atol=5 * 0.0071)
    diagonal = date_covariance(
        result.weight[:, 0],
        network=scene.network,
        wavelength=WAVELENGTH,
        variance_factor=result.variance_factor[0],
        options=InversionOptions(weighting="uniform"),
    )
    np.testing.assert_allclose(
        np.sqrt(np.einsum("pii->ip", diagonal)), result.displacement_std[:, 0], rtol=1e-4, atol=1e-9
    )


def test_whole_cycle_is_rejected_and_counted(make_scene, rng):
    scene = make_scene(n_dates=16, neighbours=3, shape=(20, 20))
    noise = scene.noisy(0.15, rng)
    phase = noise.copy()
    phase[9, :10] += np.float32(2 * np.pi)
    phase[25, :, 5:9] -= np.float32(2 * np.pi)
    result, clean = run(scene, phase, fill(scene)), run(scene, noise, fill(scene))
    wrong = phase != noise
    assert ((result.weight == 0) == wrong).mean() > 0.9999
    assert result.pair_rejected[9] == 200
    assert result.pair_rejected[25] == 80
    # Without the bad pair a date moves by a share of its own noise, not by a share of 2 pi.
    assert np.abs(result.displacement - clean.displacement).max() < 0.6 * METRES
    assert result.variance_factor.mean() == pytest.approx(clean.variance_factor.mean(), rel=0.05)
    kept = run(scene, phase, fill(scene), rejection_iterations=0)
    assert np.abs(kept.displacement - clean.displacement).max() > METRES  # 1 rad


def test_a_lone_triangle_cannot_say_which_side_is_wrong(make_scene):
    scene = make_scene(n_dates=3, neighbours=2, shape=(1, 4))
    phase = scene.phase.copy()
    phase[0] += np.float32(2 * np.pi)
    result = run(scene, phase, fill(scene))
    assert (result.weight > 0).all()
    np.testing.assert_allclose(result.misclosure_rms, 2 * np.pi / 3, rtol=1e-4)


def test_too_many_rejections_are_undone(make_scene):
    scene = make_scene(n_dates=14, neighbours=4, shape=(1, 4))
    phase = scene.phase.copy()
    phase[5] += np.float32(2 * np.pi)
    result = run(scene, phase, fill(scene), max_rejected_fraction=0.0)
    assert (result.weight > 0).all()
    assert (result.flags == Quality.NOT_CONVERGED).all()


def _cut(scene, date):
    ends = scene.network.endpoints()
    return (ends[:, 0] < date) & (ends[:, 1] >= date)


def test_subsets_are_bridged_and_flagged(make_scene, twin, rng):
    scene = make_scene(n_dates=16, neighbours=3)
    phase = scene.noisy(0.1, rng)
    phase[_cut(scene, 7), :3] = np.nan
    result = run(scene, phase)
    assert np.isfinite(result.displacement).all()
    assert (result.n_subsets[:3] == 2).all()
    assert (result.flags[:3] == Quality.NETWORK_DISCONNECTED).all()
    assert not result.flags[3:].any()
    np.testing.assert_allclose(
        result.displacement / -METRES, twin(phase, 1.0, scene.network), atol=1e-4, rtol=0
    )
    assert result.bridge_scatter is not None
    assert np.isfinite(result.bridge_scatter[:3]).all()
    assert np.isnan(result.bridge_scatter[3:]).all()
    assert (result.displacement_std[8:, :3] > 3 * result.displacement_std[8:, 3:].max()).all()
    masked = run(scene, phase, gaps="mask")
    assert np.isnan(masked.displacement[:, :3]).all()
    np.testing.assert_array_equal(masked.displacement[:, 3:], result.displacement[:, 3:])
    assert dict(masked.tally.rejected) == {"network disconnected": 33}
    assert run(scene, phase, gaps="refuse").tally == masked.tally


def test_sigma_across_a_bridge_is_honest(make_scene, rng):
    """Dates scatter about a parabola by 1 rad: the error of the bridge is as large as its sigma says."""
    scene = make_scene(n_dates=20, neighbours=3, shape=(40, 40))
    t = scene.network.years[:, None, None]
    truth = 5 * t + 3 * t**2 + rng.standard_normal(scene.truth.shape)
    truth -= truth[0]
    ends = scene.network.endpoints()
    phase = (truth[ends[:, 1]] - truth[ends[:, 0]] + 0.05 * rng.standard_normal(scene.phase.shape)).astype(
        np.float32
    )
    phase[_cut(scene, 10)] = np.nan
    result = run(scene, phase)
    z = (result.displacement + METRES * truth)[10:] / result.displacement_std[10:]
    assert 0.8 < np.sqrt(np.mean(z**2)) < 1.2  # the bounds of the issue
    covariance = date_covariance(
        result.weight.reshape(len(phase), -1),
        network=scene.network,
        wavelength=WAVELENGTH,
        variance_factor=result.variance_factor.ravel(),
        bridge_scatter=result.bridge_scatter.ravel(),
        options=InversionOptions(weighting="uniform"),
    )
    std = np.sqrt(np.einsum("pii->ip", covariance)).reshape(result.displacement_std.shape)
    np.testing.assert_allclose(std, result.displacement_std, rtol=1e-4, atol=1e-8)


def test_network_without_connection_is_refused_by_name_or_bridged(make_scene):
    scene = make_scene(n_dates=12, neighbours=3)
    cut = _cut(scene, 6)
    network = scene.network.select(~cut)
    second = scene.network.dates[6]
    with pytest.raises(DisconnectedNetworkError, match=rf"2 subsets .* starts on {second}.*gaps to bridge"):
        run(scene, scene.phase[~cut], network=network, gaps="refuse")
    with pytest.raises(DisconnectedNetworkError, match="2 subsets"):
        run(scene, scene.phase, pair_weight=(~cut).astype(float), gaps="refuse")
    bridged = run(scene, scene.phase[~cut], network=network)
    weighted = run(scene, scene.phase, pair_weight=(~cut).astype(float))
    assert (bridged.n_subsets == 2).all()
    np.testing.assert_allclose(bridged.displacement, weighted.displacement, atol=1e-7)


def test_missing_values_are_counted_by_reason(make_scene):
    scene = make_scene(n_dates=10, neighbours=2, shape=(1, 6))
    ends = scene.network.endpoints()
    phase, coherence = scene.phase.copy(), fill(scene)
    phase[:, 0, 0] = np.nan
    coherence[:, 0, 1] = np.nan
    phase[3:, 0, 2] = np.nan
    phase[(ends == 0).any(axis=1), 0, 3] = np.nan
    phase[2, 0, 4] = np.inf
    result = run(scene, phase, coherence, minimum_interferograms=4)
    assert dict(result.tally.rejected) == {"no data": 2, "too few interferograms": 1}
    assert result.tally.used == 3
    assert list(result.flags[0]) == [1, 1, 2 | 256, 256, 0, 0]
    assert np.isnan(result.displacement[:, 0, :3]).all()
    assert np.isnan(result.displacement[0, 0, 3])
    assert result.displacement[1, 0, 3] == 0
    assert result.displacement_std[1, 0, 3] == 0
    np.testing.assert_allclose(
        result.displacement[1:, 0, 3], -METRES * (scene.truth[1:, 0, 3] - scene.truth[1, 0, 3]), atol=1e-6
    )
    assert list(result.n_dates[0]) == [0, 0, 3, 9, 10, 10]
    assert result.n_interferograms[0, 4] == len(phase) - 1


def test_dates_with_too_few_interferograms_have_no_value(make_scene):
    scene = make_scene(n_dates=10, neighbours=3, shape=(1, 2))
    ends = scene.network.endpoints()
    of_five = np.flatnonzero((ends == 5).any(axis=1))
    phase = scene.phase.copy()
    phase[of_five[1:], 0, 0] = np.nan
    result = run(scene, phase, minimum_per_date=2)
    assert np.isnan(result.displacement[5, 0, 0])
    assert np.isfinite(result.displacement[[4, 6], 0, 0]).all()
    assert np.isfinite(result.displacement[:, 0, 1]).all()
    assert list(result.flags[0]) == [Quality.DATES_MISSING, 0]


def test_residual_tables_add_up(make_scene, rng):
    scene = make_scene(shape=(9, 21))
    phase = scene.noisy(0.5, rng)
    phase[4, 2:5] = np.nan
    result = run(scene, phase, rejection_iterations=0)
    series = result.displacement / -METRES
    ends = scene.network.endpoints()
    residual = phase - (series[ends[:, 1]] - series[ends[:, 0]])
    np.testing.assert_allclose(result.pair_square_sum, np.nansum(residual**2, axis=(1, 2)), rtol=1e-4)
    np.testing.assert_array_equal(result.pair_count, np.isfinite(phase).sum(axis=(1, 2)))
    np.testing.assert_allclose(result.misclosure_rms, np.sqrt(np.nanmean(residual**2, axis=0)), rtol=1e-4)
    np.testing.assert_allclose(
        result.temporal_coherence, np.abs(np.nanmean(np.exp(1j * residual), axis=0)), atol=1e-5
    )
    assert result.date_square_sum.sum() == pytest.approx(result.pair_square_sum.sum())
    assert result.date_count.sum() == result.pair_count.sum()
    np.testing.assert_allclose(
        result.date_square_sum[3], 0.5 * result.pair_square_sum[(ends == 3).any(axis=1)].sum()
    )


def test_block_equals_whole_to_the_last_bit(make_scene, rng):
    scene = make_scene(n_dates=12, neighbours=3, shape=(11, 37))
    coherence = rng.uniform(0.05, 0.9, scene.phase.shape).astype(np.float32)
    phase = scene.noisy(0.8, rng)
    phase[rng.random(phase.shape) < 0.25] = np.nan
    phase[rng.random(phase.shape) < 0.03] += np.float32(2 * np.pi)
    whole = run(scene, phase, coherence)
    part = run(scene, phase[:, 3:8], coherence[:, 3:8])
    for name in ("displacement", "displacement_std", "weight", "variance_factor", "bridge_scatter", "flags"):
        expected = getattr(whole, name)
        np.testing.assert_array_equal(getattr(part, name), expected[..., 3:8, :], err_msg=name)


def test_order_of_pairs_does_not_matter(make_scene, rng):
    scene = make_scene()
    phase = scene.noisy(0.2, rng)
    phase[3] += np.float32(2 * np.pi)
    order = rng.permutation(len(phase))
    network = PairNetwork(scene.network.dates, tuple(scene.network.pairs[k] for k in order))
    one, other = run(scene, phase), run(scene, phase[order], network=network)
    np.testing.assert_allclose(one.displacement, other.displacement, atol=1e-7)
    np.testing.assert_array_equal(one.weight[order] > 0, other.weight > 0)


def test_inputs_unchanged(make_scene, rng):
    scene = make_scene()
    phase, coherence = scene.noisy(0.5, rng), fill(scene)
    phase[0, 0, 0] = np.nan
    before = phase.copy()
    phase.flags.writeable = coherence.flags.writeable = False
    run(scene, phase, coherence)
    np.testing.assert_array_equal(phase, before)


def test_l1_is_robust_and_calibrated(make_scene, rng):
    scene = make_scene(n_dates=20, neighbours=5, shape=(15, 20))
    noise = scene.noisy(0.3, rng)
    result = run(scene, noise, norm="l1")
    z = (result.displacement + METRES * scene.truth)[1:] / result.displacement_std[1:]
    assert np.sqrt(np.mean(z**2)) == pytest.approx(1.0, abs=0.12)  # its variance is that of long series
    phase = noise.copy()
    phase[30] += np.float32(2 * np.pi)
    shifted = run(scene, phase, norm="l1")
    assert np.abs(shifted.displacement - result.displacement).max() < 0.6 * METRES
    assert not result.pair_rejected.any()


def test_zero_pixel_keeps_a_positive_variance(make_scene):
    scene = make_scene()
    result = run(scene, np.zeros_like(scene.phase), fill(scene))
    assert (result.displacement == 0).all()
    assert (result.displacement_std[1:] > 0).all()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"network": "short"}, ShapeMismatchError, "phase of shape"),
        ({"coherence": None}, OutOfRangeError, "no coherence"),
        ({"coherence": "short"}, ShapeMismatchError, "coherence of shape"),
        ({"wavelength": 55.0}, OutOfRangeError, r"wavelength of 55\.0 m"),
        ({"pair_weight": np.ones(3)}, ShapeMismatchError, "pair weights"),
        ({"pair_weight": "negative"}, OutOfRangeError, "pair weight -1"),
        ({"effective_looks": 0.5}, OutOfRangeError, r"0\.5 looks"),
    ],
)
def test_refusals(make_scene, changes, error, message):
    scene = make_scene()
    given = {
        "coherence": fill(scene),
        "network": scene.network,
        "wavelength": WAVELENGTH,
        "effective_looks": 20.0,
        "pair_weight": None,
    } | changes
    if changes.get("network") == "short":
        given["network"] = scene.network.select(np.arange(len(scene.phase)) > 0)
    if changes.get("coherence") == "short":
        given["coherence"] = fill(scene)[:, 1:]
    if isinstance(given["pair_weight"], str):
        given["pair_weight"] = -np.ones(len(scene.phase))
    with pytest.raises(error, match=message):
        invert(scene.phase, given.pop("coherence"), options=InversionOptions(), **given)


def test_words_of_options_are_checked():
    with pytest.raises(OutOfRangeError, match=r"gaps 'ignore'.*bridge, mask, refuse"):
        replace(InversionOptions(), gaps="ignore")
