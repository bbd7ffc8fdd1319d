"""Count how often ground of one kind is turned away, and ground of another taken, by each test of amplitudes.

    python -m validation.neighbours --json

Stacks are drawn from known covariances: images that share nothing, fields ("low": coherence from 0.6 to 0.1 with 50 days)
and towns ("high": from 0.9 to 0.3 with 200 days), every 12 days.  ``naive`` counts every date as independent, as
such tests usually do.  The other ground is brighter by a factor in amplitude, on one side of a straight edge.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.grids import Looks, Shape
from fringeworks.timeseries.distributed.neighbours import similar_samples
from fringeworks.timeseries.distributed.neighbours_options import NeighbourOptions
from validation._printing import print_figures

METHODS = ("glrt", "anderson-darling", "kolmogorov-smirnov")
WINDOW, ONE = Shape(11, 11), Looks(1, 1)
RATE = 0.05
KINDS = {"none": (0.0, 1.0, 0.0), "low": (0.6, 50.0, 0.1), "high": (0.9, 200.0, 0.3)}


def draw(kind: str, n_dates: int, size: int, *, seed: int) -> NDArray[np.complex64]:
    """Return images of one kind of ground, complex64, (date, line, sample)."""
    initial, decay, floor = KINDS[kind]
    apart = 12.0 * np.abs(np.subtract.outer(np.arange(n_dates), np.arange(n_dates)))
    coherence = (initial - floor) * np.exp(-apart / decay) + floor
    np.fill_diagonal(coherence, 1.0)
    rng = np.random.default_rng(seed)
    white = rng.standard_normal((2, n_dates, size, size)) * np.sqrt(0.5)
    images = np.tensordot(np.linalg.cholesky(coherence), white[0] + 1j * white[1], axes=1)
    return images.astype(np.complex64)


def turned_away(images: NDArray[np.complex64], method: str, *, correlated: bool) -> float:
    """Return the share of samples of whole windows that are turned away, the centre left out."""
    options = NeighbourOptions(
        method=method, false_rejection=RATE, connected=False, correlated_dates=correlated
    )
    number = similar_samples(images, window=WINDOW, strides=ONE, options=options).number[5:-5, 5:-5]
    return round(1.0 - float(number.mean() - 1.0) / (WINDOW.size - 1), 4)


def taken_across(images: NDArray[np.complex64], method: str, factor: float) -> float:
    """Return the share of samples of brighter ground that are taken for that of the centre, across an edge."""
    half = images.shape[2] // 2
    images = images.copy()
    images[:, :, half:] *= np.float32(factor)
    options = NeighbourOptions(method=method, false_rejection=RATE)
    similar = similar_samples(images, window=WINDOW, strides=ONE, options=options)
    rows = range(5, images.shape[1] - 5)
    beyond = [similar.mask(row, half - 3)[:, 8:].mean() for row in rows]
    return round(float(np.mean(beyond)), 4)


def speed(images: NDArray[np.complex64], method: str, strides: Looks) -> float:
    """Return thousands of cells a second, best of three."""
    options, seconds = NeighbourOptions(method=method), []
    for _ in range(3):
        started = time.perf_counter()
        number = similar_samples(images, window=WINDOW, strides=strides, options=options).number
        seconds.append(time.perf_counter() - started)
    return round(1e-3 * number.size / min(seconds), 1)


def measure(*, size: int = 120, dates: tuple[int, ...] = (5, 10, 30), seed: int = 1) -> dict[str, Any]:
    """Return all figures as plain values."""
    rates: dict[str, Any] = {}
    for kind in KINDS:
        for n_dates in dates:
            images = draw(kind, n_dates, size, seed=seed)
            rates[f"{kind}_{n_dates}_dates"] = {
                method: {
                    "rate": turned_away(images, method, correlated=True),
                    "naive": turned_away(images, method, correlated=False),
                }
                for method in METHODS
            }
    most = max(dates)
    taken = {
        f"{kind}_factor_{factor:g}": {
            method: taken_across(draw(kind, most, size, seed=seed), method, factor) for method in METHODS
        }
        for kind in ("none", "low")
        for factor in (1.5, 2.0)
    }
    images = draw("low", most, size, seed=seed)
    found: dict[str, Any] = {
        "name": "neighbours",
        "tried_on": "own-made data with a known answer",
        "size": {"samples": size * size, "window": list(WINDOW), "false_rejection": RATE},
        "turned_away": rates,
        "taken_across_an_edge": taken,
        "thousand_cells_per_second": {
            method: {
                "stride_1": speed(images, method, ONE),
                "strides_3_6": speed(images, method, Looks(3, 6)),
            }
            for method in METHODS
        },
    }
    # twice the rate is let pass where dates are many and correlated: their number is an estimate
    found["passed"] = all(m["rate"] <= 2.0 * RATE for r in rates.values() for m in r.values())
    return found


def main() -> None:
    """Print the figures."""
    print_figures(__doc__, measure)


if __name__ == "__main__":
    main()
