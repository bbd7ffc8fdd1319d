"""Is the standard deviation of the velocity true?  Noise of known kind, nothing else, many times.

    python -m validation.velocity_sigma --json

Noise is made and inverted here, by code of its own; only the fit and the estimate of temporal correlation are
those of the house.  Prints the rms of error over reported sigma: it has to lie in 0.8 to 1.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from fringeworks.timeseries.models import ModelOptions, estimate_correlation, fit
from validation._printing import print_figures

METRES_PER_RADIAN = 0.05546576 / (4.0 * np.pi)


@dataclass(frozen=True, slots=True)
class Case:
    """Kind and size of the noise."""

    name: str
    pair_rad: float
    date_rad: float
    memory_days: float = 0.0


CASES = (
    Case("pair_noise", 0.6, 0.0),
    Case("date_noise", 0.0, 1.0),
    Case("both", 0.6, 1.0),
    Case("both_date_noise_remembered_30_days", 0.6, 1.0, 30.0),
)


def invert_noise(
    rng: np.random.Generator, case: Case, days: NDArray[np.float64], n_pixels: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return inverted series of noise [m] and their covariance as an inversion reports it [m^2]."""
    n = days.size
    pairs = [(i, j) for i in range(n) for j in range(i + 1, min(i + 5, n))]
    matrix = np.zeros((len(pairs), n))
    for row, (i, j) in zip(matrix, pairs, strict=True):
        row[i], row[j] = -1.0, 1.0
    atmosphere = case.date_rad * rng.normal(size=(n, n_pixels))
    if case.memory_days:
        gaps = np.abs(days[:, None] - days[None, :])
        atmosphere = np.linalg.cholesky(np.exp(-gaps / case.memory_days)) @ atmosphere
    sigma = case.pair_rad * np.exp(0.3 * rng.normal(size=len(pairs)))
    phase = matrix @ atmosphere + sigma[:, None] * rng.normal(size=(len(pairs), n_pixels))
    # weights know the ratio of the pairs' noises, not its size: that is left to the residuals
    weight = (sigma / sigma.mean()) ** -2 if case.pair_rad else np.ones(len(pairs))
    design = matrix[:, 1:]
    inverse = np.linalg.inv(design.T @ (weight[:, None] * design))
    solution = inverse @ design.T @ (weight[:, None] * phase)
    residual = phase - design @ solution
    factor = np.sum(weight[:, None] * residual**2, axis=0) / (len(pairs) - n + 1)
    series = np.zeros((n, n_pixels), np.float32)
    series[1:] = -METRES_PER_RADIAN * solution
    covariance = np.zeros((n_pixels, n, n), np.float32)
    covariance[:, 1:, 1:] = METRES_PER_RADIAN**2 * factor[:, None, None] * inverse
    return series, covariance


def standardised_rms(case: Case, *, n_dates: int, n_pixels: int, seed: int) -> dict[str, float]:
    """Return rms of error over sigma, and the typical sigma [mm/yr]."""
    dates = tuple(date(2019, 1, 4) + timedelta(days=12 * k) for k in range(n_dates))
    days = np.array([(d - dates[0]).days for d in dates], float)
    series, covariance = invert_noise(np.random.default_rng(seed), case, days, n_pixels)
    options = ModelOptions()
    correlation = estimate_correlation(
        series[:, ::5], dates=dates, options=options, covariance=covariance[::5]
    )
    layers = fit(
        series.reshape(n_dates, 1, -1),
        dates=dates,
        options=options,
        covariance=lambda rows, cols: covariance.reshape(1, -1, n_dates, n_dates)[rows, cols].reshape(
            -1, n_dates, n_dates
        ),
        correlation=correlation,
    ).layers
    error = layers["velocity"].astype(float) / layers["velocity_std"]
    return {
        "standardised_rms": round(float(np.sqrt(np.mean(error**2))), 4),
        "median_sigma_mm_per_year": round(float(np.median(layers["velocity_std"])) * 1e3, 4),
    }


def measure(*, n_dates: int = 60, n_pixels: int = 8000, seed: int = 1) -> dict[str, object]:
    """Run all cases, with the noise once and twice."""
    found: dict[str, object] = {"name": "velocity_sigma", "size": {"n_dates": n_dates, "n_pixels": n_pixels}}
    cases: dict[str, dict[str, float]] = {}
    for case in CASES:
        once = standardised_rms(case, n_dates=n_dates, n_pixels=n_pixels, seed=seed)
        double = Case(case.name, 2.0 * case.pair_rad, 2.0 * case.date_rad, case.memory_days)
        twice = standardised_rms(double, n_dates=n_dates, n_pixels=n_pixels, seed=seed)
        ratio = twice["median_sigma_mm_per_year"] / once["median_sigma_mm_per_year"]
        cases[case.name] = {**once, "sigma_ratio_at_double_noise": round(ratio, 4)}
    found["cases"] = cases
    found["tried_on"] = "own-made data with a known answer"
    found["passed"] = all(
        0.8 <= c["standardised_rms"] <= 1.2 and abs(c["sigma_ratio_at_double_noise"] - 2.0) < 0.02
        for c in cases.values()
    )
    return found


def main() -> None:
    """Print the figures."""
    print_figures(__doc__, measure)


if __name__ == "__main__":
    main()
