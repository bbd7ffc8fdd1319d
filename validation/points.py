"""Whether velocity, height error and sigmas of a network of points are as good as they can be.

    python -m validation.points --json

Points and images are invented here, by code of its own.  Cases: white noise of 0.25 rad, against the bound of one point;
turbulent atmosphere whose strength changes from date to date, against the joint bound of generalised least squares with the
true covariance; and images of speckle with planted scatterers, from samples to points: how many are found, how many are false.
Errors are taken about their mean over the points of a network, as the datum is open.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fringeworks.timeseries.points import (
    CandidateOptions,
    NetworkOptions,
    PointSet,
    find_candidates,
    gather_phase,
    measure_levels,
    solve_network,
    sum_amplitudes,
)
from fringeworks.timeseries.points.bounds import network_bound
from validation._printing import print_figures

Reals = NDArray[np.float64]

WAVELENGTH = 0.05546576
TO_PHASE = 4.0 * math.pi / WAVELENGTH
RANGE_TIMES_SINE = 870e3 * math.sin(math.radians(39.0))
NOISE = 0.25


def make_dates(rng: np.random.Generator, n_dates: int) -> tuple[Reals, Reals]:
    """Return times [yr] and the phase of one metre of height error [rad/m], of dates every twelve days."""
    baseline = rng.normal(0.0, 60.0, n_dates)
    return np.arange(n_dates) * 12.0 / 365.25, TO_PHASE * (baseline - baseline[0]) / RANGE_TIMES_SINE


def turbulence(x: Reals, y: Reals) -> Reals:
    """Return the covariance of turbulence of unit variance: correlation exp(-(r/1.5 km)^(2/3)), (point, point)."""
    distance = np.hypot(x[:, None] - x, y[:, None] - y)
    return np.asarray(np.exp(-((distance / 1500.0) ** (2.0 / 3.0))))


def solve_invented(
    rng: np.random.Generator, *, n_points: int, n_dates: int, storm: float
) -> dict[str, float]:
    """Invent and solve one network; return mean squares of errors over bound and over sigma."""
    x, y = rng.uniform(0.0, 2500.0, (2, n_points))
    years, sensitivity = make_dates(rng, n_dates)
    everywhere = np.repeat(sensitivity[:, None], n_points, axis=1)
    velocity, height = rng.normal(0.0, 0.01, n_points), rng.normal(0.0, 8.0, n_points)
    alike = turbulence(x, y)
    strength = storm * np.exp(rng.normal(0.0, 0.5, n_dates))
    root = np.linalg.cholesky(alike + 1e-9 * np.eye(n_points))
    phase = TO_PHASE * np.outer(years, velocity) + everywhere * height
    phase += strength[:, None] * rng.normal(size=(n_dates, n_points)) @ root.T
    phase += rng.normal(0.0, NOISE, phase.shape)
    phase -= phase[0].copy()
    points = PointSet(
        line=y / 14.0,
        sample=x / 4.0,
        x=x,
        y=y,
        kind=np.zeros(n_points, np.uint8),
        area=np.zeros(n_points, np.float32),
        phase=np.angle(np.exp(1j * phase)).astype(np.float32),
        phase_std=np.full(n_points, NOISE, np.float32),
    )
    found = solve_network(
        points,
        years=years,
        height_to_phase=everywhere.astype(np.float32),
        wavelength=WAVELENGTH,
        options=NetworkOptions(network_spacing=0.0, atmosphere=storm > 0.0),
    )
    used = found.used
    covariance = strength[:, None, None] ** 2 * alike + NOISE**2 * np.eye(n_points)
    bound = network_bound(
        years,
        sensitivity=everywhere,
        wavelength=WAVELENGTH,
        covariance=covariance,
        datum=used / max(used.sum(), 1),
    )[:, used]
    squares = {"used": float(used.mean())}
    for k, (name, value, std, truth) in enumerate(
        (
            ("velocity", found.velocity, found.velocity_std, velocity),
            ("height", found.height_error, found.height_std, height),
        )
    ):
        error = (value - truth)[used]
        error = error - error.mean()
        squares[f"{name}_error"] = float(np.mean(error**2))
        squares[f"{name}_bound"] = float(np.mean(bound[k] ** 2))
        squares[f"{name}_standardised"] = float(np.mean((error / std[used]) ** 2))
    return squares


def measure_network(
    *, n_points: int, n_dates: int, storm: float, repeats: int, seed: int
) -> dict[str, float]:
    """Return how far errors are above their bounds, and the rms of standardised errors."""
    rng = np.random.default_rng(seed)
    runs = [solve_invented(rng, n_points=n_points, n_dates=n_dates, storm=storm) for _ in range(repeats)]
    mean = {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}
    return {
        "share_used": round(mean["used"], 4),
        "velocity_bound_mm_per_year": round(1e3 * math.sqrt(mean["velocity_bound"]), 4),
        "velocity_error_over_bound": round(math.sqrt(mean["velocity_error"] / mean["velocity_bound"]), 3),
        "height_bound_m": round(math.sqrt(mean["height_bound"]), 3),
        "height_error_over_bound": round(math.sqrt(mean["height_error"] / mean["height_bound"]), 3),
        "velocity_standardised_rms": round(math.sqrt(mean["velocity_standardised"]), 3),
        "height_standardised_rms": round(math.sqrt(mean["height_standardised"]), 3),
    }


def response(offset: Reals, oversampling: float) -> Reals:
    """Return what a scatterer shows at offsets in samples: band-limited, with a Hamming window of 0.75."""
    # so many frequencies that the next period lies outside of the images
    frequency = (np.arange(1024) + 0.5) / 1024 - 0.5
    window = 0.75 + 0.25 * np.cos(2.0 * np.pi * frequency)
    wave = np.cos(2.0 * np.pi * np.multiply.outer(offset, frequency) / oversampling)
    return np.asarray((wave * window).sum(axis=-1) / window.sum())


def invent_images(
    rng: np.random.Generator, shape: tuple[int, int], places: Reals, amplitude: Reals, phase: Reals
) -> NDArray[np.complex64]:
    """Return images, complex64 (date, line, sample): new speckle of power 1 at each date, and steady scatterers."""
    lines, samples = (np.arange(size) for size in shape)
    band = np.outer(*(np.abs(np.fft.fftfreq(size)) * 2.0 < 1.0 / 1.4 for size in shape))
    stack = np.empty((len(phase), *shape), np.complex64)
    shapes = [
        (response(lines - line, 1.4).astype(np.float32), response(samples - sample, 1.4).astype(np.float32))
        for line, sample in places
    ]
    along = np.stack([s[1] for s in shapes])
    for date in range(len(phase)):
        noise = np.fft.ifft2(np.fft.fft2(rng.normal(size=shape) + 1j * rng.normal(size=shape)) * band)
        noise /= math.sqrt(float((np.abs(noise) ** 2).mean()))
        rows = np.stack([s[0] for s in shapes], axis=1) * (amplitude * np.exp(1j * phase[date]))
        stack[date] = (noise + rows @ along) * np.exp(rng.normal(0.0, 0.3))
    return stack


def measure_images(*, n_planted: int, n_dates: int, seed: int) -> dict[str, float]:
    """Plant scatterers in speckle, find them, and count."""
    rng = np.random.default_rng(seed)
    shape, metres = (200, 500), (14.0, 4.0)
    places = np.stack([rng.uniform(6, size - 7, n_planted) for size in shape], axis=1)
    x, y = places[:, 1] * metres[1], places[:, 0] * metres[0]
    years, sensitivity = make_dates(rng, n_dates)
    velocity, height = rng.normal(0.0, 0.005, n_planted), rng.normal(0.0, 8.0, n_planted)
    root = np.linalg.cholesky(turbulence(x, y) + 1e-9 * np.eye(n_planted))
    air = 0.5 * rng.normal(size=(n_dates, n_planted)) @ root.T
    phase = TO_PHASE * np.outer(years, velocity) + np.outer(sensitivity, height) + air
    amplitude = rng.uniform(5.0, 20.0, n_planted)
    stack = invent_images(rng, shape, places, amplitude, phase)
    factors = measure_levels(stack[:, ::2]).factors()
    # a planted one is what an estimate that knows where to look would call steady
    rows, cols = np.rint(places).astype(int).T
    seen = np.abs(stack[:, rows, cols]) * factors[:, None]
    planted = seen.std(axis=0) / seen.mean(axis=0) < 0.25
    candidates = find_candidates(
        sum_amplitudes(stack, factors=factors),
        options=CandidateOptions(resolution_lines=1.4, dispersion=0.35),
    )
    points = PointSet(
        line=candidates.line,
        sample=candidates.sample,
        x=candidates.sample * metres[1],
        y=candidates.line * metres[0],
        kind=np.zeros(len(candidates), np.uint8),
        area=np.zeros(len(candidates), np.float32),
        phase=gather_phase(stack, candidates.row, candidates.col),
        phase_std=candidates.phase_std,
    )
    found = solve_network(
        points,
        years=years,
        height_to_phase=np.repeat(sensitivity[:, None], len(candidates), axis=1).astype(np.float32),
        wavelength=WAVELENGTH,
        options=NetworkOptions(network_spacing=50.0),
    )
    away = np.hypot((points.x[None] - x[:, None]), (points.y[None] - y[:, None]))
    away[:, ~found.used] = np.inf
    nearest = away.argmin(axis=1)
    near = (away.min(axis=1) < 15.0) & planted
    cells = np.hypot((points.line[None] - places[:, :1]) / 1.4, (points.sample[None] - places[:, 1:]) / 1.4)
    arms = (np.abs(points.line[None] - places[:, :1]) < 1.5) | (
        np.abs(points.sample[None] - places[:, 1:]) < 1.5
    )
    explained = ((cells < 1.5) | (arms & (cells < 25.0))).any(axis=0)
    error = (found.velocity[nearest] - velocity)[near]
    std = found.velocity_std[nearest][near]
    return {
        "planted": int(planted.sum()),
        "share_found": round(float(near.sum() / planted.sum()), 4),
        "candidates": len(candidates),
        "points": int(found.used.sum()),
        "share_false": round(float((found.used & ~explained).sum() / max(found.used.sum(), 1)), 4),
        "velocity_standardised_rms": round(float(np.sqrt(np.mean(((error - error.mean()) / std) ** 2))), 3),
    }


def measure() -> dict[str, object]:
    """Run all cases."""
    white, storm = {"storm": 0.0, "n_points": 150}, {"storm": 0.5, "n_points": 120}
    cases: dict[str, dict[str, float]] = {
        "white_20_dates": measure_network(n_dates=20, repeats=6, seed=1, **white),  # type: ignore[arg-type]
        "white_60_dates": measure_network(n_dates=60, repeats=6, seed=2, **white),  # type: ignore[arg-type]
        "turbulent_20_dates": measure_network(n_dates=20, repeats=8, seed=3, **storm),  # type: ignore[arg-type]
        "turbulent_60_dates": measure_network(n_dates=60, repeats=8, seed=4, **storm),  # type: ignore[arg-type]
    }
    runs = [measure_images(n_planted=120, n_dates=30, seed=seed) for seed in (5, 6, 7)]
    images = {name: round(float(np.mean([run[name] for run in runs])), 4) for name in runs[0]}
    squares = [run["velocity_standardised_rms"] ** 2 for run in runs]
    images["velocity_standardised_rms"] = round(math.sqrt(float(np.mean(squares))), 3)
    ratios = [case[f"{name}_error_over_bound"] for case in cases.values() for name in ("velocity", "height")]
    sizes = [case[f"{name}_standardised_rms"] for case in cases.values() for name in ("velocity", "height")]
    passed = (
        max(ratios) <= 1.15
        and all(0.8 <= size <= 1.2 for size in (*sizes, images["velocity_standardised_rms"]))
        and images["share_found"] >= 0.95
        and images["share_false"] < 0.01
    )
    return {
        "name": "points",
        "cases": {**cases, "images_30_dates": images},
        "tried_on": "own-made data with a known answer",
        "passed": passed,
    }


def main() -> None:
    """Print the figures."""
    print_figures(__doc__, measure)


if __name__ == "__main__":
    main()
