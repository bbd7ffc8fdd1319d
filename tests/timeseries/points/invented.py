"""Points with a known answer, invented for the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fringeworks.timeseries.points import PointSet

WAVELENGTH = 0.05546576
SLANT_SINE = 870e3 * 0.64


@dataclass(frozen=True)
class Invented:
    """A point set and what is in it."""

    points: PointSet
    years: np.ndarray
    height_to_phase: np.ndarray
    velocity: np.ndarray
    height: np.ndarray
    noise_only: np.ndarray
    unwrapped: np.ndarray
    covariance: np.ndarray

    @property
    def given(self):
        return {
            "years": self.years,
            "height_to_phase": self.height_to_phase,
            "wavelength": WAVELENGTH,
        }


def invent(
    rng,
    *,
    n_points=150,
    n_dates=20,
    sigma=0.25,
    size=2000.0,
    storm=0.0,
    share_of_noise=0.0,
    spread_velocity=0.01,
    spread_height=8.0,
    every_days=12.0,
):
    """Invent points: linear motion, height errors, atmosphere of exponential covariance over 1 km, and white noise."""
    x, y = rng.uniform(0.0, size, (2, n_points))
    years = np.arange(n_dates) * every_days / 365.25
    baseline = rng.normal(0.0, 60.0, n_dates)
    range_growth = 1.0 + 1e-6 * x
    to_phase = 4 * np.pi / WAVELENGTH / SLANT_SINE * np.outer(baseline - baseline[0], 1.0 / range_growth)
    velocity, height = rng.normal(0, spread_velocity, n_points), rng.normal(0, spread_height, n_points)
    alike = np.exp(-np.hypot(x[:, None] - x, y[:, None] - y) / 1000.0)
    root = np.linalg.cholesky(alike + 1e-9 * np.eye(n_points))
    phase = 4 * np.pi / WAVELENGTH * np.outer(years, velocity) + to_phase * height
    phase = phase + storm * (root @ rng.normal(size=(n_points, n_dates))).T
    phase = phase + rng.normal(0, sigma, phase.shape)
    phase = phase - phase[0]
    noise_only = rng.random(n_points) < share_of_noise
    phase[1:, noise_only] = rng.uniform(-np.pi, np.pi, (n_dates - 1, int(noise_only.sum())))
    points = PointSet(
        line=y / 14.0,
        sample=x / 4.0,
        x=x,
        y=y,
        kind=(np.arange(n_points) % 3 == 0).astype(np.uint8),
        area=np.where(np.arange(n_points) % 3 == 0, 900.0, 0.0).astype(np.float32),
        phase=np.angle(np.exp(1j * phase)).astype(np.float32),
        phase_std=np.full(n_points, sigma, np.float32),
    )
    covariance = storm**2 * alike + sigma**2 * np.eye(n_points)
    return Invented(
        points, years, to_phase.astype(np.float32), velocity, height, noise_only, phase, covariance
    )


def error_about_mean(found, truth, used):
    """Return errors of used points about their mean: what remains when the datum is left open."""
    error = (found - truth)[used]
    return error - error.mean()
