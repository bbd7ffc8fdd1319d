"""Whole cycles of a sparse network, and the atmosphere it shows: against known truth, and beside spurt.

    python -m validation.spacetime --json [--large]

Networks are invented: points at random places, sinking bowls, turbulence, noise of points, missing phases, a break of the
ground.  Real phases are those of Mexico City.  ``spurt`` (extra ``spacetime``) gets the same arrays in the same process, one after the other; where it is not
installed its figures are null.  ``--large`` adds one network of 100,000 points and 60 dates.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.grids import Shape
from fringeworks.simulate.fields import PowerLaw
from fringeworks.timeseries.points.atmosphere import estimate_atmosphere
from fringeworks.timeseries.points.atmosphere_highpass import high_pass, motion_terms, pass_matrix
from fringeworks.timeseries.points.kriging import krige
from fringeworks.timeseries.points.spacetime import unwrap_points
from fringeworks.timeseries.points.spacetime_options import SpaceTimeOptions
from fringeworks.timeseries.points.triangulation import triangulate
from fringeworks.timeseries.points.variogram import fit_dates, fit_variogram
from fringeworks.timeseries.points.variogram_models import shape_of
from validation.mexico_city import default_folder, invert_plain, read_plain

TURN = 2.0 * np.pi
YEAR = 365.25
METHODS = ("flow", *(("spurt",) if find_spec("spurt") else ()))


@dataclass(frozen=True)
class Network:
    """Points [m], times [yr] and true phases relative to the first date, (date, point) [rad]; NaN where missing."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    years: NDArray[np.float64]
    truth: NDArray[np.float32]


def invent(
    *,
    n_points: int = 1500,
    n_dates: int = 24,
    extent: float = 20e3,
    noise: float = 0.3,
    air: float = 1.5,
    rate: float = 25.0,
    slip: float = 0.0,
    missing: float = 0.0,
    seed: int = 1,
) -> Network:
    """Invent a network: noise and air [rad], a sinking bowl [rad/yr], a break [cycles], a share of missing phases."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.0, extent, (2, n_points))
    years = np.arange(n_dates) * 12 / YEAR
    side = 200
    step = extent / side
    row, col = ((v / step).astype(int).clip(0, side - 1) for v in (y, x))
    middle = 0.5 * extent
    bowl = np.exp(-((x - middle) ** 2 + (y - middle) ** 2) / (2 * (0.12 * extent) ** 2))
    along = np.clip(1.0 - ((x - middle) / (0.25 * extent)) ** 2, 0.0, None)
    break_ = along * np.exp(-np.abs(y - middle) / (0.3 * extent)) * (y > middle)
    truth = np.empty((n_dates, n_points), np.float32)
    law = PowerLaw(rms_difference=1.0, distance=0.25 * extent)
    for date, year in enumerate(years):
        strength = air * rng.uniform(0.3, 1.7)
        truth[date] = strength * law.draw(Shape(side, side), (step, step), rng=rng)[row, col]
        truth[date] += noise * rng.standard_normal(n_points)
        truth[date] -= rate * year * bowl
        truth[date] += TURN * slip * break_ * (date >= n_dates // 2)
    truth -= truth[0].copy()
    gone = rng.random(truth.shape) < missing
    gone[0] = False
    truth[gone] = np.nan
    return Network(x, y, years, truth)


NETWORKS: dict[str, dict[str, float]] = {
    "quiet": {"noise": 0.2},
    "noisy": {"noise": 0.5},
    "very_noisy": {"noise": 0.7},
    "steep": {"rate": 120.0},
    "break": {"slip": 0.8, "noise": 0.15, "air": 0.5},
    "gaps": {"missing": 0.1},
}


def wrong_share(network: Network, found: NDArray[np.float32]) -> float:
    """Return the share of phases with wrong cycles; the noise of the reference point, common to a date, is no error."""
    error = found - network.truth
    error -= TURN * np.round(np.nanmedian(error, axis=1, keepdims=True) / TURN)
    error -= np.nanmedian(error, axis=1, keepdims=True)
    return float(np.mean(np.abs(error[np.isfinite(error)]) > np.pi))


def unwrap(network: Network, method: str) -> tuple[dict[str, Any], float]:
    """Return figures of one method on one network."""
    phase = np.angle(np.exp(1j * network.truth)).astype(np.float32)
    begin = time.process_time()
    edges, triangles = triangulate(network.x, network.y)
    found = unwrap_points(
        phase,
        edges=edges,
        triangles=triangles,
        years=network.years,
        options=SpaceTimeOptions(method=method),
    )
    seconds = time.process_time() - begin
    return {
        "wrong": round(wrong_share(network, found.phase), 7),
        "cpu_s": round(seconds, 2),
        "residues_a_date": round(float(found.residues.mean()), 1) if method == "flow" else None,
    }, seconds


def cycles() -> dict[str, Any]:
    """Return wrong shares and processor times of all methods on all networks, on the same arrays."""
    small = invent(n_points=50, n_dates=6)
    for method in METHODS:
        unwrap(small, method)  # compiled and imported before the clock runs
    found: dict[str, Any] = {}
    for name, choices in NETWORKS.items():
        network = invent(**choices)  # type: ignore[arg-type]
        found[name] = {method: unwrap(network, method)[0] for method in METHODS}
        found[name].setdefault("spurt", None)
    return found


def drawn(
    x: NDArray[np.float64], y: NDArray[np.float64], model: str, length: float, exponent: float
) -> NDArray[np.float64]:
    """Return the root of the covariance of a field of sill 1 at points."""
    distance = np.hypot(x[:, None] - x, y[:, None] - y)
    shape = shape_of(model, distance, length, exponent)
    top = 3.0 * float(shape.max()) if model == "power" else 1.0
    return np.linalg.cholesky(top - shape + 1e-9 * np.eye(len(x)))


def variograms() -> dict[str, Any]:
    """Return recovered over true parameters and their standardised errors, and those of kriging with what was fitted."""
    found: dict[str, Any] = {}
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0.0, 20e3, (2, 400))
    for model, length, exponent in (
        ("exponential", 2e3, 1.0),
        ("matern", 2e3, 1.0),
        ("power", 6e3, 2.0 / 3.0),
    ):
        root = drawn(x, y, model, length, exponent)
        ratios, errors, kriged = [], [], []
        for _ in range(16):
            field_ = np.sqrt(2.0) * (root @ rng.standard_normal((400, 6))).T
            values = field_ + np.sqrt(0.3) * rng.standard_normal((6, 400))
            fit = fit_variogram(x[:300], y[:300], values[:, :300], model=model)
            power = model == "power"
            sill = 2.0 * (fit.range_metres / length) ** exponent if power else 2.0
            second = (
                (fit.exponent, exponent, fit.exponent_std)
                if power
                else (fit.range_metres, length, fit.range_std)
            )
            ratios.append([fit.sill / sill, second[0] / second[1]])
            errors.append([(fit.sill - sill) / fit.sill_std, (second[0] - second[1]) / second[2]])
            assert fit.measured is not None
            sills, nuggets = fit_dates(fit.measured, fit)
            mean, std = krige(
                x[:300],
                y[:300],
                values[:, :300],
                variogram=fit,
                at_x=x[300:],
                at_y=y[300:],
                sill=sills,
                nugget=nuggets,
            )
            kriged.append(np.mean(((mean - field_[:, 300:]) / std) ** 2))
        rms = np.sqrt(np.mean(np.square(errors), axis=0))
        found[model] = {
            "sill_ratio": round(float(np.mean(ratios, axis=0)[0]), 3),
            "exponent_ratio" if model == "power" else "range_ratio": round(
                float(np.mean(ratios, axis=0)[1]), 3
            ),
            "standardised_errors": [round(float(v), 2) for v in rms],
            "kriging_standardised_error": round(float(np.sqrt(np.mean(kriged))), 3),
        }
    return found


def atmosphere() -> dict[str, Any]:
    """Return what the atmosphere of invented networks is told with, and what it does to velocities."""
    ratios, before, after, slopes = [], [], [], []
    for seed in range(6):
        network = invent(n_points=700, n_dates=45, noise=0.3, rate=20.0, seed=100 + seed)
        calm = invent(n_points=700, n_dates=45, noise=0.0, rate=0.0, seed=100 + seed)
        n = 500
        found = estimate_atmosphere(
            network.x[:n],
            network.y[:n],
            network.truth[:, :n],
            years=network.years,
            at_x=network.x[n:],
            at_y=network.y[n:],
        )
        passed = pass_matrix(network.years, motion_terms(network.years), smoothing_years=75.0 / YEAR)
        air = calm.truth[:, n:].astype(np.float64)
        rough = passed @ air
        error = (found.phase - (rough - rough[0]))[1:]
        ratios.append(np.mean((error / found.phase_std[1:]) ** 2))
        for values, into in ((air, before), (air - found.phase, after)):
            into.append((values - values.mean(axis=1, keepdims=True)).std())
        time_ = network.years - network.years.mean()
        slopes.append(np.abs(time_ @ found.phase / (time_ @ time_)).max())
    return {
        "standardised_error": round(float(np.sqrt(np.mean(ratios))), 3),
        "rms_before_rad": round(float(np.mean(before)), 3),
        "rms_after_rad": round(float(np.mean(after)), 3),
        "left_share_usual_and_first": [
            round(float(v), 3) for v in (np.median(found.left_share), found.left_share[0])
        ],
        "largest_change_of_velocity_rad_per_year": float(f"{max(slopes):.1e}"),
    }


def mexico_city() -> dict[str, Any] | None:
    """Return figures on real phases, or None without the data.

    The dates of thirty interferograms that GAMMA unwrapped, solved by NumPy alone, are wrapped again and thinned.  And of what
    is left after high-passing them, a fifth of the pixels is predicted from some of the others: observed minus predicted over
    the sigma of both.
    """
    folder = default_folder()
    if not folder.is_dir():
        return None
    stack = read_plain(folder)
    solved = invert_plain(stack)
    phase = (4.0 * np.pi / stack.wavelength * solved.displacement[:, solved.valid]).astype(np.float32)
    row, col = np.nonzero(solved.valid)
    rng = np.random.default_rng(1)
    found: dict[str, Any] = {}
    order = rng.permutation(len(row))
    for n_points in (len(row), 1800, 600, 180):
        pick = np.sort(order[:n_points])
        network = Network(100.0 * col[pick], -100.0 * row[pick], stack.years, phase[:, pick])
        found[f"{n_points}_points"] = {method: unwrap(network, method)[0] for method in METHODS}
    rough = high_pass(phase, years=stack.years, terms=motion_terms(stack.years), smoothing_years=75.0 / YEAR)
    known, asked = order[:1500], order[1500:2000]
    x, y = 100.0 * col, -100.0 * row
    fit = fit_variogram(x[known], y[known], rough[:, known])
    assert fit.measured is not None
    sills, nuggets = fit_dates(fit.measured, fit)
    mean, std = krige(
        x[known],
        y[known],
        rough[:, known],
        variogram=fit,
        at_x=x[asked],
        at_y=y[asked],
        sill=sills,
        nugget=nuggets,
    )
    ratio = (rough[:, asked] - mean) / np.sqrt(std**2 + nuggets[:, None])
    found["variogram"] = {
        "model": fit.model,
        "range_m": round(fit.range_metres),
        "exponent": round(fit.exponent, 2),
        "sill_rad2": round(fit.sill, 4),
        "nugget_rad2": round(fit.nugget, 5),
    }
    found["kriging_standardised_error"] = round(float(np.sqrt(np.mean(ratio**2))), 3)
    return found


def large() -> dict[str, Any]:
    """Return figures of a network of 100,000 points and 60 dates."""
    network = invent(n_points=100_000, n_dates=60, noise=0.5, extent=30e3)
    return unwrap(network, "flow")[0]


def main() -> None:
    """Print one JSON object on one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--large", action="store_true", help="add 100,000 points and 60 dates")
    options, _ = parser.parse_known_args()
    values: dict[str, Any] = {
        "name": "spacetime",
        "tried_on": "truth: invented networks; real: Mexico City",
        "cycles": cycles(),
        "variograms": variograms(),
        "atmosphere": atmosphere(),
        "mexico_city": mexico_city(),
    }
    if values["mexico_city"] is None:
        values["tried_on"] = "own-made files only: invented networks"
    if options.large:
        values["large"] = large()
    print(json.dumps(values))


if __name__ == "__main__":
    main()
