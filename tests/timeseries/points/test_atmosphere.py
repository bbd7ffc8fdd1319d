"""The atmosphere of a network: told from motion and noise, with its sigma, and without a say in velocities."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.grids import Shape
from fringeworks.simulate.fields import PowerLaw
from fringeworks.timeseries.points.atmosphere import estimate_atmosphere
from fringeworks.timeseries.points.atmosphere_highpass import high_pass, motion_terms, pass_matrix
from fringeworks.timeseries.points.atmosphere_options import AtmosphereOptions

SMOOTHING = 75.0 / 365.25


class Scene:
    """Turbulence new at every date, noise, and motion, at points and at further places."""

    def __init__(self, seed=0, n_dates=45, n_points=350, n_places=80, noise=0.3, motion=1.0, days=12.0):
        rng = np.random.default_rng(seed)
        rows, cols = rng.integers(0, 128, (2, n_points + n_places))
        self.x, self.y = cols * 150.0, rows * 150.0
        self.years = 2020.0 + np.arange(n_dates) * days / 365.25
        strength = rng.uniform(0.5, 1.5, n_dates)
        self.air = np.stack(
            [
                PowerLaw(rms_difference=s, distance=4e3).draw(Shape(128, 128), (150.0, 150.0), rng=rng)[
                    rows, cols
                ]
                for s in strength
            ]
        )
        time = self.years - self.years.mean()
        bowl = np.exp(-((self.x - 1e4) ** 2 + (self.y - 1e4) ** 2) / 5e3**2)
        self.motion = (
            motion
            * bowl
            * (8.0 * time + np.sin(2 * np.pi * self.years) + np.exp(-((time / 0.4) ** 2)))[:, None]
        )
        total = self.air + self.motion + noise * rng.standard_normal(self.air.shape)
        self.phase = (total - total[0]).astype(np.float32)
        self.n = n_points

    def estimate(self, **more):
        n = self.n
        return estimate_atmosphere(
            self.x[:n],
            self.y[:n],
            self.phase[:, :n],
            years=self.years,
            at_x=self.x[n:],
            at_y=self.y[n:],
            **more,
        )

    def truth(self, reference=0):
        """Return the high-passed air at the further places, relative to the reference date."""
        passed = pass_matrix(self.years, motion_terms(self.years), smoothing_years=SMOOTHING)
        air = passed @ self.air[:, self.n :]
        return air - air[reference]


def slopes(years, values):
    design = np.stack([np.ones(len(years)), years - years.mean()], axis=1)
    return np.linalg.lstsq(design, values, rcond=None)[0][1]


def test_lines_and_seasons_do_not_pass_and_a_single_date_does():
    years = 2020.0 + np.arange(60) * 12 / 365.25
    terms = motion_terms(years)
    assert terms.shape == (60, 4)
    assert np.allclose(terms.T @ terms, np.eye(4))
    motion = 5.0 + 30.0 * (years - 2020.0) + 3.0 * np.sin(2 * np.pi * years + 1.0)
    spike = np.zeros(60)
    spike[30] = 1.0
    out = high_pass(
        np.stack([motion, spike, motion + spike], axis=1), years=years, terms=terms, smoothing_years=SMOOTHING
    )
    assert np.abs(out[:, 0]).max() < 1e-4
    assert 0.8 < out[30, 1] < 1.0
    assert np.allclose(out[:, 2], out[:, 1], atol=1e-4)
    assert np.abs(terms.T @ out).max() < 1e-4
    # a change over a year is motion: a tenth of it passes at most
    slow = np.tanh((years - 2021.0) / 0.5)[:, None]
    assert np.abs(high_pass(slow, years=years, terms=terms, smoothing_years=SMOOTHING)).max() < 0.1


def test_a_short_series_has_no_season():
    years = 2020.0 + np.arange(20) * 12 / 365.25
    assert motion_terms(years).shape == (20, 2)
    assert motion_terms(np.arange(30) / 10.0, seasonal="never").shape == (30, 2)
    assert motion_terms(np.full(5, 2020.0)).shape == (5, 1)
    assert motion_terms(np.zeros(0)).shape == (0, 0)


def test_missing_dates_are_passed_over():
    rng = np.random.default_rng(1)
    years = 2020.0 + np.arange(40) * 12 / 365.25
    terms = motion_terms(years)
    values = rng.standard_normal((40, 3))
    kept = rng.random(40) < 0.7
    values[~kept, 1] = np.nan
    values[4:, 2] = np.nan
    out = high_pass(values, years=years, terms=terms, smoothing_years=SMOOTHING)
    assert np.array_equal(np.isfinite(out[:, 1]), kept)
    assert np.isnan(out[:, 2]).all()
    assert abs(slopes(years[kept], out[kept, 1])) < 1e-5


def test_the_atmosphere_comes_back_with_true_errors():
    ratios, before, after = [], [], []
    for seed in range(3):
        scene = Scene(seed)
        found = scene.estimate(reference=7)
        other = np.arange(45) != 7
        error = (found.phase - scene.truth(7))[other]
        ratios.append(np.mean((error / found.phase_std[other]) ** 2))
        air = scene.air[:, scene.n :] - scene.air[7, scene.n :]
        for values, into in ((air, before), (air - found.phase, after)):
            into.append((values - values.mean(axis=1, keepdims=True)).std())
    assert 0.8 < np.sqrt(np.mean(ratios)) < 1.2
    # what stays is noise, what lies between points, and the tenth that could be motion
    assert np.mean(after) < 0.65 * np.mean(before)


def test_no_velocity_changes_and_motion_does_not_leak():
    scene = Scene(5)
    found = scene.estimate()
    assert np.abs(slopes(scene.years, found.phase)).max() < 1e-5
    calm = Scene(5, motion=0.0).estimate()
    # motion of 8 rad/yr, with a season and a hump of half a year: what passes is far below the noise of 0.3 rad
    assert np.abs(found.phase - calm.phase).max() < 0.3
    assert (found.phase[0] == 0.0).all()
    assert (found.phase_std[0] == 0.0).all()


def test_noise_alone_makes_little_atmosphere():
    scene = Scene(6)
    rng = np.random.default_rng(6)
    scene.phase = (0.5 * rng.standard_normal(scene.phase.shape)).astype(np.float32)
    scene.phase -= scene.phase[0]
    found = scene.estimate()
    assert found.phase.std() < 0.25  # 24 neighbours average 0.7 rad to 0.14
    assert found.sill.mean() < 0.2 * found.nugget.mean()


def test_sigmas_of_points_and_a_known_variogram_are_taken():
    scene = Scene(7)
    found = scene.estimate()
    again = scene.estimate(variogram=found.variogram, phase_std=np.full(scene.n, 0.3, np.float32))
    assert np.allclose(found.phase, again.phase, atol=1e-5)
    odd = np.full(scene.n, 0.3, np.float32)
    odd[:3] = [0.0, np.nan, 30.0]
    assert np.isfinite(scene.estimate(phase_std=odd).phase).all()


def test_the_left_share_is_that_of_white_air():
    years = 2020.0 + np.arange(45) * 12 / 365.25
    found = Scene(8, n_points=60).estimate()
    rest = np.eye(45) - pass_matrix(years, motion_terms(years), smoothing_years=SMOOTHING)
    air = np.random.default_rng(8).standard_normal((45, 4000))
    assert np.allclose((rest @ air).var(axis=1), found.left_share, rtol=0.1)
    assert 0.02 < np.median(found.left_share) < 0.2


@pytest.mark.parametrize(("n_dates", "n_points"), [(1, 100), (2, 100), (3, 100), (4, 100), (30, 0), (30, 3)])
def test_where_too_little_is_known_nothing_is_taken_off_and_a_sentence_says_so(n_dates, n_points):
    scene = Scene(9, n_dates=max(n_dates, 1), n_points=max(n_points, 1), n_places=5)
    scene.n = n_points
    found = scene.estimate()
    assert (found.phase == 0.0).all()
    assert np.isnan(found.phase_std).all()
    assert "no atmosphere was estimated" in found.findings[0].text
    assert found.tally.used == 0


def test_missing_phases_are_legal():
    scene = Scene(10, n_dates=20)
    rng = np.random.default_rng(10)
    scene.phase[rng.random(scene.phase.shape) < 0.05] = np.nan
    scene.phase[4] = np.nan
    before = scene.phase.copy()
    found = scene.estimate()
    assert np.isfinite(found.phase).all()
    assert np.isnan(found.phase_std[4]).all()
    assert found.tally.rejected == {"too few points": 1}
    assert np.array_equal(before, scene.phase, equal_nan=True)


def test_what_cannot_be_right_is_refused():
    scene = Scene(11, n_dates=8, n_points=20)
    with pytest.raises(ShapeMismatchError, match="8 times"):
        estimate_atmosphere(
            scene.x, scene.y, scene.phase[:, :5], years=scene.years, at_x=scene.x, at_y=scene.y
        )
    with pytest.raises(ShapeMismatchError, match="phase_std"):
        scene.estimate(phase_std=np.ones(3))
    with pytest.raises(OutOfRangeError, match="reference date 8"):
        scene.estimate(reference=8)
    with pytest.raises(OutOfRangeError, match="variogram 'linear'"):
        AtmosphereOptions(variogram="linear")
