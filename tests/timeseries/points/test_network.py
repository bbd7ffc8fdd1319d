from dataclasses import replace

import numba
import numpy as np
import pytest
from tests.timeseries.points.invented import WAVELENGTH, error_about_mean, invent

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.timeseries.points import NetworkOptions, join_points, solve_network
from fringeworks.timeseries.points.bounds import series_bound

ALL = NetworkOptions(network_spacing=0.0, atmosphere=False)


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize(("n_dates", "bound_mm"), [(20, 1.3), (60, 0.25)])
def test_white_noise_leaves_velocity_and_height_at_their_bounds(rng, n_dates, bound_mm):
    ratios, standardised = [], []
    for _ in range(3):
        made = invent(rng, n_dates=n_dates)
        found = solve_network(made.points, **made.given, options=ALL)
        assert found.used.all()
        bound = series_bound(
            made.years,
            sensitivity=made.height_to_phase[:, 0],
            wavelength=WAVELENGTH,
            variance=np.full(n_dates, 0.25**2),
        )
        # without height errors the bound is 1.30 and 0.250 mm/yr; with them a little more, by the baselines' drift
        assert bound[0] * 1e3 == pytest.approx(bound_mm, rel=0.25)
        for k, (value, std, truth) in enumerate(
            (
                (found.velocity, found.velocity_std, made.velocity),
                (found.height_error, found.height_std, made.height),
            )
        ):
            error = error_about_mean(value, truth, found.used)
            ratios.append(rms(error) / bound[k])
            standardised.append(rms(error / std[found.used]))
    # 450 errors: 3.3 % of scatter
    assert rms(ratios) == pytest.approx(1.0, abs=0.1)
    assert rms(standardised) == pytest.approx(1.0, abs=0.12)


def test_turbulent_atmosphere_leaves_them_at_the_joint_bound(rng):
    # all dates alike: the joint bound is that of each point by itself, with the variance about the network's mean
    squares = []
    for _ in range(6):
        made = invent(rng, n_dates=30, n_points=100, storm=0.6)
        found = solve_network(made.points, **made.given, options=ALL)
        assert found.used.all()
        centred = np.eye(100) - 0.01
        bound = np.array(
            [
                series_bound(
                    made.years,
                    sensitivity=made.height_to_phase[:, 0],
                    wavelength=WAVELENGTH,
                    variance=np.full(30, variance),
                )
                for variance in np.diag(centred @ made.covariance @ centred)
            ]
        ).T
        velocity = error_about_mean(found.velocity, made.velocity, found.used)
        height = error_about_mean(found.height_error, made.height, found.used)
        squares.append(
            [
                np.mean(velocity**2 / bound[0] ** 2),
                np.mean(height**2 / bound[1] ** 2),
                np.mean((velocity / found.velocity_std) ** 2),
                np.mean((height / found.height_std) ** 2),
            ]
        )
    # the errors of one network hang together, about five independent ones each: 30 in all, 13 % of scatter
    assert np.sqrt(np.mean(squares, axis=0)) == pytest.approx(1.0, abs=0.25)


def test_points_of_noise_are_left_out_and_counted(rng):
    made = invent(rng, n_points=300, n_dates=25, share_of_noise=0.5)
    found = solve_network(made.points, **made.given, options=ALL)
    assert not (found.used & made.noise_only).any()
    assert found.used[~made.noise_only].all()
    assert found.tally.considered == 300 == found.tally.used + sum(found.tally.rejected.values())
    arcs = found.arcs.tally
    assert arcs.considered == len(found.arcs.arcs) == arcs.used + sum(arcs.rejected.values())
    assert np.isnan(found.velocity[made.noise_only]).all()


def test_phase_is_the_wrapped_one_plus_whole_cycles_relative_to_the_datum(rng):
    made = invent(rng, n_dates=25, storm=0.4, spread_velocity=0.02)
    found = solve_network(made.points, **made.given, options=ALL)
    error = found.phase - made.unwrapped
    # one series for all points: the datum
    assert np.ptp(error, axis=1).max() < 1e-3
    assert np.abs(found.phase[0]).max() < 1e-5
    assert np.nanmedian(found.velocity) == pytest.approx(0.0, abs=1e-4)
    assert np.nanmedian(found.height_error) == pytest.approx(0.0, abs=0.2)


def test_ground_that_rises_five_millimetres_is_plus_five_millimetres(rng):
    made = invent(rng, n_dates=20, sigma=0.05, spread_velocity=0.0)
    risen = made.points.phase.copy()
    risen[12:, :30] += np.float32(4 * np.pi / WAVELENGTH * 0.005)
    found = solve_network(replace(made.points, phase=risen), **made.given, options=ALL)
    step = found.displacement[12:].mean(axis=0) - found.displacement[:12].mean(axis=0)
    # the height error is fitted beside the step and takes a little of it
    assert (step[:30].mean() - step[30:].mean()) * 1e3 == pytest.approx(5.0, abs=0.5)
    assert found.velocity[:30].mean() > found.velocity[30:].mean()


def test_further_points_are_attached_to_a_coarse_network(rng):
    made = invent(rng, n_points=250, n_dates=25, storm=0.3)
    found = solve_network(made.points, **made.given, options=NetworkOptions(network_spacing=250.0))
    assert found.used.all()
    assert 40 < found.in_network.sum() < 70
    assert np.ptp(found.phase - made.unwrapped, axis=1).max() < 1e-3


def test_any_date_can_be_the_reference(rng):
    made = invent(rng, n_dates=24, storm=0.3)
    phase = np.angle(np.exp(1j * (made.unwrapped - made.unwrapped[9]))).astype(np.float32)
    to_phase = made.height_to_phase - made.height_to_phase[9]
    given = {**made.given, "height_to_phase": to_phase}
    found = solve_network(replace(made.points, phase=phase), **given, options=ALL, reference=9)
    first = solve_network(made.points, **made.given, options=ALL)
    assert np.abs(found.phase[9]).max() < 1e-5
    assert np.abs(found.displacement[9]).max() < 1e-7
    # medians of height errors are set to zero with other weights of dates
    assert found.velocity == pytest.approx(first.velocity, abs=5e-5)
    assert np.ptp(found.phase - made.unwrapped, axis=1).max() < 10.0
    assert np.ptp(found.phase - (made.unwrapped - made.unwrapped[9]), axis=1).max() < 1e-3


def test_the_atmosphere_is_taken_off_the_displacement(rng):
    made = invent(rng, n_points=200, n_dates=30, storm=1.0, sigma=0.15)
    found = solve_network(made.points, **made.given, options=replace(ALL, atmosphere=True))
    assert found.used.all()
    motion = np.outer(made.years, made.velocity)
    spread = {}
    for name, series in (
        ("with", found.phase - found.height_error * made.height_to_phase),
        ("without", found.displacement * 4 * np.pi / WAVELENGTH),
    ):
        rest = series * WAVELENGTH / (4 * np.pi) - motion
        spread[name] = float((rest - rest.mean(axis=1, keepdims=True)).std())
    # 1 rad of atmosphere is 4.4 mm, the noise of two dates 0.9 mm; the estimate is as good as points are near
    assert spread["with"] > 3.5e-3
    assert spread["without"] < 0.45 * spread["with"]
    assert np.isfinite(found.atmosphere).all()
    assert np.median(found.rmse) < 2e-3


def test_missing_dates_and_points_without_sigma(rng):
    made = invent(rng, n_dates=30)
    phase, std = made.points.phase.copy(), np.array(np.broadcast_to(made.points.phase_std, (30, 150)))
    phase[5, :40] = np.nan
    phase[20:, 7] = np.nan
    phase[:, 8] = np.nan
    std[0] = 0.0
    std[:, 9] = np.nan
    points = replace(made.points, phase=phase, phase_std=std)
    found = solve_network(points, **made.given, options=ALL)
    assert np.flatnonzero(~found.used).tolist() == [8, 9]
    error = (found.phase - made.unwrapped)[:, found.used]
    assert np.nanmax(error, axis=1) - np.nanmin(error, axis=1) == pytest.approx(0.0, abs=1e-3)
    assert np.isnan(found.displacement[5, :40]).all()
    assert found.velocity_std[7] > found.velocity_std[10]


def test_a_reference_point_can_be_the_datum(rng):
    made = invent(rng)
    options = replace(ALL, datum="point", reference_point=11)
    found = solve_network(made.points, **made.given, options=options)
    assert found.reference_point == 11
    assert found.phase[:, 11] == pytest.approx(0.0, abs=1e-5)
    assert found.velocity - found.velocity[11] == pytest.approx(
        solve_network(made.points, **made.given, options=ALL).velocity
        - solve_network(made.points, **made.given, options=ALL).velocity[11],
        abs=1e-7,
    )


def test_persistent_and_distributed_points_make_one_network(rng):
    made = invent(rng)
    parts = [made.points.select(made.points.kind == kind) for kind in (0, 1)]
    joined = join_points(*parts)
    order = np.concatenate([np.flatnonzero(made.points.kind == kind) for kind in (0, 1)])
    found = solve_network(
        joined, **{**made.given, "height_to_phase": made.height_to_phase[:, order]}, options=ALL
    )
    whole = solve_network(made.points, **made.given, options=ALL)
    assert found.velocity == pytest.approx(whole.velocity[order], abs=1e-6)


def test_the_answer_does_not_depend_on_threads_or_repetition(rng):
    made = invent(rng, n_dates=15, storm=0.4, share_of_noise=0.2)
    before = numba.get_num_threads()
    found = [solve_network(made.points, **made.given, options=ALL)]
    numba.set_num_threads(1)
    try:
        found.append(solve_network(made.points, **made.given, options=ALL))
    finally:
        numba.set_num_threads(before)
    for name in ("velocity", "height_error", "phase", "temporal_coherence", "velocity_std"):
        assert np.array_equal(getattr(found[0], name), getattr(found[1], name), equal_nan=True), name


def test_two_dates_are_legal_and_said_to_be_weak(rng):
    made = invent(rng, n_points=60, n_dates=2, spread_height=0.0)
    found = solve_network(made.points, **made.given, options=ALL)
    assert found.used.all()
    error = error_about_mean(found.velocity, made.velocity, found.used)
    bound = 0.25 * np.sqrt(2) * WAVELENGTH / (4 * np.pi) / made.years[1]
    assert rms(error) == pytest.approx(bound, rel=0.25)
    assert {"height", "coherence"} <= {f.topic for f in found.findings}


@pytest.mark.parametrize("n_dates", [5, 6, 8])
def test_few_dates_keep_most_scatterers_and_say_what_noise_does(rng, n_dates):
    made = invent(rng, n_points=60, n_dates=n_dates)
    found = solve_network(made.points, **made.given, options=ALL)
    # one in twenty is lost by the test, some more where arcs fail
    assert found.used.mean() > 0.75
    assert "dates" in {f.topic for f in found.findings}


@pytest.mark.parametrize("n_points", [2, 3, 10])
def test_few_points_are_legal_and_said_to_be_weak(rng, n_points):
    made = invent(rng, n_points=n_points, n_dates=30)
    found = solve_network(made.points, **made.given, options=ALL)
    assert found.used.all()
    assert np.isfinite(found.velocity_std).all()
    assert n_points == 10 or "points" in {f.topic for f in found.findings}


@pytest.mark.parametrize("n_points", [0, 1])
def test_no_network_is_an_answer(rng, n_points):
    made = invent(rng, n_points=n_points)
    found = solve_network(made.points, **made.given, options=NetworkOptions())
    assert not found.used.any()
    assert found.reference_point == -1
    assert found.displacement.shape == (20, n_points)
    assert "points" in {f.topic for f in found.findings}


def test_noise_alone_makes_no_network(rng):
    made = invent(rng, n_points=100, share_of_noise=1.0)
    found = solve_network(made.points, **made.given, options=NetworkOptions())
    assert not found.used.any()
    assert "points" in {f.topic for f in found.findings}


def test_two_thousand_dates(rng):
    made = invent(rng, n_points=10, n_dates=2000, every_days=6.0)
    found = solve_network(made.points, **made.given, options=replace(ALL, max_velocity=0.05, max_height=30.0))
    assert found.used.all()
    assert rms(error_about_mean(found.velocity, made.velocity, found.used)) < 1e-5


def test_a_yearly_term_is_found_or_said_not_to_be(rng):
    made = invent(rng, n_dates=60, sigma=0.1)
    swing = np.where(np.arange(150) < 75, 0.004, 0.0)
    season = 4 * np.pi / WAVELENGTH * np.outer(np.cos(2 * np.pi * made.years), swing)
    phase = (made.points.phase + season - season[0]).astype(np.float32)
    found = solve_network(
        replace(made.points, phase=phase), **made.given, options=replace(ALL, seasonal=True)
    )
    assert found.used.all()
    difference = found.season[0, :75].mean() - found.season[0, 75:].mean()
    assert difference * 1e3 == pytest.approx(4.0, abs=0.1)
    short = invent(rng, n_dates=20)
    said = solve_network(short.points, **short.given, options=replace(ALL, seasonal=True)).findings
    assert "season" in {f.topic for f in said}


def test_wrong_arguments_are_named(rng):
    made = invent(rng, n_points=5)
    with pytest.raises(ShapeMismatchError, match="one a date"):
        solve_network(made.points, **{**made.given, "years": made.years[1:]}, options=ALL)
    with pytest.raises(ShapeMismatchError, match="height_to_phase"):
        solve_network(made.points, **{**made.given, "height_to_phase": made.height_to_phase[1:]}, options=ALL)
    with pytest.raises(OutOfRangeError, match="reference date"):
        solve_network(made.points, **made.given, options=ALL, reference=20)
    with pytest.raises(OutOfRangeError, match="two dates at one time"):
        solve_network(made.points, **{**made.given, "years": np.zeros(20)}, options=ALL)
    with pytest.raises(OutOfRangeError, match="wavelength"):
        solve_network(made.points, **{**made.given, "wavelength": -1.0}, options=ALL)
    with pytest.raises(OutOfRangeError, match="reference point"):
        solve_network(made.points, **made.given, options=replace(ALL, reference_point=9))
    with pytest.raises(OutOfRangeError, match="estimator"):
        NetworkOptions(estimator="guess")
