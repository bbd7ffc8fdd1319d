"""Is the velocity's sigma true after the whole inversion?  Simulated stacks with known noise, doubled too.

    python -m validation.chain_sigma --json

The simulator and the processor share no formula.  Pair noise is drawn as multilooked images (so that pairs with a
date in common share noise, as in nature) and for each pair alone; date noise is turbulence.  Doubling scales what
the noise adds to the phase, while coherence still tells the old story: a sigma that does not double then is wrong.
Turbulence is alike over kilometres, so each scene gives few independent trials: several scenes are pooled.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from fringeworks.model.grids import Shape
from fringeworks.model.stack import InterferogramStack
from fringeworks.simulate.demonstration import demo_scenario
from fringeworks.simulate.fields import PowerLaw
from fringeworks.simulate.inmemory import interferogram_stack
from fringeworks.simulate.scenario import PairDesign, PairNoise, StackScenario, Turbulence
from fringeworks.simulate.stack import simulate_interferograms
from fringeworks.simulate.truth import straight_slope
from fringeworks.timeseries.models import ModelOptions, estimate_correlation, fit
from fringeworks.timeseries.smallbaseline import InversionOptions, date_covariance, invert
from fringeworks.timeseries.smallbaseline.sharing import estimate_sharing

Values = NDArray[np.float64]
SHAPE = Shape(64, 64)
N_DATES = 40
SEEDS = range(1, 13)
NOISES = {
    "pair_noise_images": {"pair_noise": PairNoise(kind="slc")},
    "pair_noise_independent": {"pair_noise": PairNoise(kind="independent")},
    "date_noise": {"turbulence": Turbulence(law=PowerLaw(rms_difference=0.006, distance=300.0))},
    "both": {
        "pair_noise": PairNoise(kind="slc"),
        "turbulence": Turbulence(law=PowerLaw(rms_difference=0.006, distance=300.0)),
    },
}


def scene(**noise: object) -> StackScenario:
    """Return a scene without water whose only noise is what is asked for."""
    quiet = demo_scenario(shape=SHAPE, n_dates=N_DATES).without_noise()
    return replace(quiet, water=(), design=PairDesign(nearest=4), **noise)


def coherent_area(stack: InterferogramStack) -> tuple[slice, slice]:
    """Return the 7 x 7 pixels of highest mean coherence, as a run would choose its reference."""
    mean = uniform_filter(stack.coherence[:].mean(axis=0), 7, mode="constant")
    row, col = np.unravel_index(int(np.argmax(mean)), mean.shape)
    return slice(int(row) - 3, int(row) + 4), slice(int(col) - 3, int(col) + 4)


def velocity_of(
    stack: InterferogramStack, phase: NDArray[np.float32], area: tuple[slice, slice]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Invert and fit, relative to an area; returns velocity and its sigma [m/yr]."""
    inversion, options = InversionOptions(), ModelOptions()
    looks = stack.facts.effective_looks or 1.0
    result = invert(
        phase,
        stack.coherence[:],
        network=stack.network,
        wavelength=stack.wavelength,
        effective_looks=looks,
        options=inversion,
    )
    series = result.displacement - result.displacement[(slice(None), *area)].mean(axis=(1, 2))[:, None, None]

    n_pairs = len(stack.network.pairs)
    sharing = estimate_sharing(
        np.asarray(phase, np.float32).reshape(n_pairs, -1),
        stack.coherence[:].reshape(n_pairs, -1),
        result.weight.reshape(n_pairs, -1),
        network=stack.network,
        effective_looks=looks,
    )
    factor = result.variance_factor * sharing.factor(stack.coherence[:].mean(axis=0))

    def own(rows: slice, cols: slice) -> NDArray[np.float32]:
        weight = result.weight[:, rows, cols]
        return date_covariance(
            np.ascontiguousarray(weight.reshape(weight.shape[0], -1)),
            network=stack.network,
            wavelength=stack.wavelength,
            variance_factor=np.ascontiguousarray(factor[rows, cols].reshape(-1), np.float32),
            options=inversion,
        )

    inside = own(*area)
    common = inside.mean(axis=0) / inside.shape[0]

    def covariance(rows: slice, cols: slice) -> NDArray[np.float32]:
        return own(rows, cols) + common

    thin = (slice(None), slice(None, None, 2), slice(None, None, 2))
    sample = series[thin].reshape(len(stack.network.dates), -1)
    whole = covariance(slice(None), slice(None)).reshape(*SHAPE, N_DATES, N_DATES)[thin[1:]]
    correlation = estimate_correlation(
        sample, dates=stack.network.dates, options=options, covariance=whole.reshape(-1, N_DATES, N_DATES)
    )
    layers = fit(
        series, dates=stack.network.dates, options=options, covariance=covariance, correlation=correlation
    ).layers
    return layers["velocity"], layers["velocity_std"]


def trial(noise: dict[str, object], seed: int) -> dict[str, tuple[Values, Values]]:
    """Return error and sigma of each pixel, for the noise as it is and doubled."""
    noisy = simulate_interferograms(scene(**noise), rng=np.random.default_rng(seed))
    stack = interferogram_stack(noisy)
    exact = interferogram_stack(simulate_interferograms(scene(), rng=np.random.default_rng(seed)))
    truth = straight_slope(noisy.network.dates, noisy.displacement(slice(0, SHAPE.rows))).astype(float)
    area = coherent_area(stack)
    truth = truth - truth[area].mean()
    found = {}
    for name, factor in (("once", 1.0), ("doubled", 2.0)):
        phase = exact.phase[:] + np.float32(factor) * (stack.phase[:] - exact.phase[:])
        velocity, sigma = velocity_of(stack, phase, area)
        found[name] = ((velocity - truth).ravel(), sigma.ravel().astype(float))
    return found


def figures() -> dict[str, object]:
    """Return for each kind of noise the rms of error over sigma, and how sigma grows when the noise doubles."""
    cases: dict[str, object] = {}
    for name, noise in NOISES.items():
        trials = [trial(noise, seed) for seed in SEEDS]
        ratios = {}
        for size in ("once", "doubled"):
            error = np.concatenate([t[size][0] for t in trials])
            sigma = np.concatenate([t[size][1] for t in trials])
            ratios[size] = error / sigma, sigma
        cases[name] = {
            "standardised_rms": round(float(np.sqrt(np.mean(ratios["once"][0] ** 2))), 3),
            "standardised_rms_doubled": round(float(np.sqrt(np.mean(ratios["doubled"][0] ** 2))), 3),
            "sigma_median_mm_per_year": round(1e3 * float(np.median(ratios["once"][1])), 3),
            "sigma_ratio_when_doubled": round(float(np.median(ratios["doubled"][1] / ratios["once"][1])), 3),
        }
    return cases


def main() -> None:
    """Print one JSON object on one line."""
    argparse.ArgumentParser(description=__doc__).parse_known_args()
    print(
        json.dumps(
            {
                "name": "chain_sigma",
                "tried_on": "truth: simulated stacks",
                "n_dates": N_DATES,
                "n_pixels": SHAPE.size * len(SEEDS),
                "first_date": date(2023, 1, 4).isoformat(),
                "cases": figures(),
            }
        )
    )


if __name__ == "__main__":
    main()
