"""Count the injected unwrapping errors that are repaired, and the values that were right and are changed.

    python -m validation.cycle_repair --json

Errors of whole cycles are put into made-up stacks (smooth histories, noise, gaps, ragged regions) and, where the helper
data are at hand (FRINGEWORKS_DATA), into the real stack of Mexico City, which comes first as it is.  An error counts as
locatable where its pair is in two complete triangles or more.  Told apart are those that closures alone cannot tell from
other errors: moving one of their dates by a cycle explains the closures with as few cycles or fewer (half of a date's
pairs off one way are the other half off the other way), and only the pairs' own steps at a region's border decide.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from fringeworks.interferometry.network import connect_nearest, find_triplets
from fringeworks.interferometry.repair import repair_cycles
from fringeworks.io.importers.gamma import GammaReader
from fringeworks.io.importers.protocol import ReaderOptions
from fringeworks.model.stack import PairNetwork
from validation._printing import print_figures

TURN = 2.0 * np.pi
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Case:
    """Kind of stack and of errors."""

    name: str
    n_dates: int = 20
    n_next: int = 4
    noise_rad: float = 0.3
    regions: int = 25
    most_pairs: int = 1


CASES = (
    Case("one_pair_a_region"),
    Case("noise_of_0.6_rad", noise_rad=0.6),
    Case("one_to_three_pairs_a_region", most_pairs=3),
    Case("crowded", regions=60, most_pairs=2),
    Case("three_neighbours", n_next=3, most_pairs=3),
    Case("no_errors_but_noise_of_0.6_rad", noise_rad=0.6, regions=0),
)


def make(
    rng: np.random.Generator, case: Case, shape: tuple[int, int] = (200, 220)
) -> tuple[PairNetwork, ...]:
    """Return network, phase without errors [rad], cycles put in, and where there is data; (pair, row, col)."""
    dates = tuple(date(2021, 1, 3) + timedelta(days=12 * k) for k in range(case.n_dates))
    network = connect_nearest(dates, n_next=case.n_next)
    ends = network.endpoints()
    history = np.stack([60 * gaussian_filter(rng.standard_normal(shape), 15) for _ in dates])
    phase = history[ends[:, 1]] - history[ends[:, 0]] + 40 * rng.standard_normal((len(ends), 1, 1))
    phase += case.noise_rad * rng.standard_normal(phase.shape)
    cycles = np.zeros(phase.shape, np.int8)
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    for _ in range(case.regions):
        size = rng.uniform(2, 25, 2)
        away = np.hypot((rows - rng.integers(shape[0])) / size[0], (cols - rng.integers(shape[1])) / size[1])
        ragged = away + 2.4 * gaussian_filter(rng.standard_normal(shape), 4) < 1
        for pair in rng.choice(len(ends), rng.integers(1, case.most_pairs + 1), replace=False):
            cycles[pair][ragged] += rng.choice([-1, -1, 1, 1, 2])
    holes = gaussian_filter(rng.standard_normal(phase.shape), (0, 6, 6))
    valid = (rng.random(phase.shape) > 0.02) & (holes < 2.5 * holes.std())
    return network, phase, cycles, valid


def score(
    network: PairNetwork, phase: NDArray[np.float64], cycles: NDArray[np.int8], valid: NDArray[np.bool_]
) -> dict[str, float]:
    """Repair, and count."""
    given = np.where(valid, phase + TURN * cycles, np.nan).astype(np.float32)
    _, repair = repair_cycles(given, network=network)
    found = np.stack([repair.cycles_of(k) for k in range(len(phase))])
    complete = np.zeros(phase.shape, np.int16)
    for triplet in find_triplets(network):
        complete[triplet] += valid[triplet].all(axis=0)
    wrong = (cycles != 0) & valid
    locatable = wrong & (complete >= 2)
    alike = locatable & moved_alike(network, np.where(valid, cycles, 0), valid)
    return {
        "errors": int(wrong.sum()),
        "locatable": int(locatable.sum()),
        "repaired": round(float((found == cycles)[locatable].mean()), 5) if locatable.any() else 1.0,
        "not_by_closures_alone": int(alike.sum()),
        "of_these_repaired": round(float((found == cycles)[alike].mean()), 5) if alike.any() else 1.0,
        "introduced": float(f"{((found != 0) & (cycles == 0) & valid).sum() / valid.sum():.2g}"),
        "changed_otherwise": int((wrong & (found != 0) & (found != cycles)).sum()),
        "regions": len(repair.regions),
    }


def moved_alike(
    network: PairNetwork, cycles: NDArray[np.int8], valid: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return the pairs of a date that a cycle moves at no more cost, bool, (pair, row, col)."""
    alike = np.zeros(cycles.shape, np.bool_)
    ends = network.endpoints()
    for day in range(len(network.dates)):
        own = np.flatnonzero((ends == day).any(axis=1))
        sign = np.where(ends[own, 1] == day, 1, -1)[:, None, None]
        for step in (-1, 1):
            change = np.abs(cycles[own] - step * sign) - np.abs(cycles[own])
            alike[own] |= (change * valid[own]).sum(axis=0, dtype=np.int64)[None] <= 0
    return alike


def mexico_city(rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """Repair the real stack as it is, then with discs of errors in it; nothing where it is absent."""
    data = Path(os.environ.get("FRINGEWORKS_DATA", ROOT / ".." / "shared" / "data"))
    folder = data / "interferograms-mexico-city" / "cropA"
    if not folder.is_dir():
        return {}
    stack = GammaReader().read(folder, options=ReaderOptions())
    phase = np.asarray(stack.phase[:], np.float64)
    valid, none = np.isfinite(phase), np.zeros(phase.shape, np.int8)
    cycles = none.copy()
    rows, cols = np.mgrid[: phase.shape[1], : phase.shape[2]]
    for _ in range(20):
        disc = np.hypot(rows - rng.integers(rows.shape[0]), cols - rng.integers(rows.shape[1])) < rng.uniform(
            2, 12
        )
        cycles[rng.integers(len(phase))][disc] += rng.choice([-1, 1])
    return {
        "mexico_city_as_it_is": score(stack.network, phase, none, valid),
        "mexico_city_with_errors": score(stack.network, phase, cycles, valid),
    }


def measure(*, seeds: int = 3) -> dict[str, object]:
    """Run all cases, each on some stacks, and report the worst."""
    cases: dict[str, dict[str, float]] = {}
    for case in CASES:
        runs = [score(*make(np.random.default_rng(seed), case)) for seed in range(seeds)]
        cases[case.name] = {
            key: (min if key.endswith("repaired") else max)(run[key] for run in runs) for key in runs[0]
        }
    cases |= mexico_city(np.random.default_rng(0))
    return {
        "name": "cycle_repair",
        "tried_on": "own-made data with a known answer; errors put into real data",
        "stacks_a_case": seeds,
        "cases": cases,
        "passed": all(c["repaired"] >= 0.95 and c["introduced"] < 1e-4 for c in cases.values()),
    }


def main() -> None:
    """Print the figures."""
    print_figures(__doc__, measure)


if __name__ == "__main__":
    main()
