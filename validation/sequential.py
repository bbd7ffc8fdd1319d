"""Hold mini-stacks and updates against all dates at once, and linked phases against a bias that fades.

    python -m validation.sequential --json

Stacks are drawn from known covariances, one independent window a cell, with random phases.  "floor" keeps a tenth of its
coherence for ever, "slow" forgets in three years, "season" loses 0.6 of it each winter, "none" keeps nothing: there
no method holds a datum for long, and the figure is reported, not judged.  Fading is that of scatterers that move away at
15 rad a year and are replaced within a month, beside steady ones: a network of pairs with the next three dates takes
it for motion.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.grids import Looks, Shape
from fringeworks.timeseries.distributed.bounds import cramer_rao_bound
from fringeworks.timeseries.distributed.fading import fading_bias
from fringeworks.timeseries.distributed.linking import Linked, link
from fringeworks.timeseries.distributed.options import LinkingOptions
from fringeworks.timeseries.distributed.sequential import compare_linked, link_sequential
from fringeworks.timeseries.distributed.update import SequentialOptions, begin, update
from validation._printing import print_figures

SIDE = 11
LOOKS = SIDE * SIDE
CELL = Looks(SIDE, SIDE)
OPTIONS = LinkingOptions(window_azimuth=SIDE, window_range=SIDE)
MINI = SequentialOptions()
JUDGED = ("floor", "slow", "season")
FADING_RATE = 15.0
"""Rate of the scatterers that are replaced [rad/year]."""


def covariance(kind: str, days: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Return the covariance of a kind of ground, unit power, (date, date)."""
    apart = days[:, None] - days[None]
    lag = np.abs(apart)
    if kind == "floor":
        matrix = 0.5 * np.exp(-lag / 50) + 0.1
    elif kind == "slow":
        matrix = 0.4 * np.exp(-lag / 30) + 0.3 * np.exp(-lag / 1000)
    elif kind == "season":
        kept = 1.0 - 0.6 * np.cos(np.pi * days / 365.25) ** 2
        matrix = (0.5 * np.exp(-lag / 50) + 0.2) * kept[:, None] * kept
    elif kind == "none":
        matrix = 0.7 * np.exp(-lag / 50)
    else:
        matrix = 0.3 * np.exp(-lag / 3000) + 0.4 * np.exp(-lag / 25) * np.exp(
            -1j * FADING_RATE * apart / 365.25
        )
    matrix = matrix.astype(np.complex128)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def draw(
    matrix: NDArray[np.complex128], phase: NDArray[np.float64], *, cells: int, rng: np.random.Generator
) -> NDArray[np.complex64]:
    """Return images of ``cells`` x ``cells`` windows, complex64, (date, line, sample)."""
    shape = (len(matrix), (cells * SIDE) ** 2)
    white = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) * np.sqrt(0.5)
    images = (np.linalg.cholesky(matrix) @ white) * np.exp(1j * phase)[:, None]
    return images.astype(np.complex64).reshape(len(matrix), cells * SIDE, cells * SIDE)


def rms(values: NDArray[np.floating]) -> float:
    """Return the root mean square."""
    return round(float(np.sqrt(np.mean(np.square(values)))), 4)


def errors(linked: Linked, phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return phase errors of all dates but the first [rad]."""
    away = linked.phase - (phase - phase[0])[:, None, None]
    return np.angle(np.exp(1j * away))[1:]


def one_by_one(images: NDArray[np.complex64], days: NDArray[np.float64]) -> tuple[NDArray[np.float32], int]:
    """Return phases of updates of one date each, and the most dates an update changed."""
    state = begin(images.shape[1:], strides=CELL, options=MINI)
    phase = np.full((len(days), *state.flags.shape), np.nan, np.float32)
    most, start = 0, 0
    for stop in range(2, len(days) + 1):
        done = update(state, images[start:stop], days=days[start:stop], options=OPTIONS)
        state, start = done.state, stop
        phase[done.first : stop] = done.linked.phase
        most = max(most, stop - done.first)
    return phase, most


def compare(kind: str, *, n_dates: int, cells: int, seed: int) -> dict[str, Any]:
    """Return the figures of one kind of ground."""
    rng = np.random.default_rng(seed)
    days = 12.0 * np.arange(n_dates)
    matrix = covariance(kind, days)
    phase = rng.uniform(-np.pi, np.pi, n_dates)
    images = draw(matrix, phase, cells=cells, rng=rng)
    batch = link(images, days=days, options=OPTIONS, strides=CELL)
    parts = link_sequential(images, days=days, options=OPTIONS, sequential=MINI, strides=CELL)
    updates, most = one_by_one(images, days)
    bound = rms(np.asarray(cramer_rao_bound(matrix.real, looks=LOOKS))[1:])
    apart = compare_linked(batch, parts)
    of_batch, of_parts = errors(batch, phase), errors(parts, phase)
    return {
        "bound_rad": bound,
        "batch_rad": rms(of_batch),
        "mini_stacks_rad": rms(of_parts),
        "batch_standardised": rms(of_batch / batch.phase_std[1:]),
        "mini_stacks_standardised": rms(of_parts / parts.phase_std[1:]),
        "difference_rad": round(apart.rms, 4),
        "difference_in_std": round(apart.rms_in_std, 3),
        "updates_are_mini_stacks_bit_by_bit": updates.tobytes() == parts.phase.tobytes(),
        "dates_an_update_changes": most,
        "dates_lost": int(np.isnan(parts.phase).any(axis=(1, 2)).sum()),
    }


def drift(*, n_dates: int, cells: int, seed: int) -> dict[str, Any]:
    """Return the error of early and late dates of a long stack."""
    rng = np.random.default_rng(seed)
    days = 12.0 * np.arange(n_dates)
    phase = rng.uniform(-np.pi, np.pi, n_dates)
    images = draw(covariance("floor", days), phase, cells=cells, rng=rng)
    started = time.perf_counter()
    parts = link_sequential(images, days=days, options=OPTIONS, sequential=MINI, strides=CELL)
    seconds = time.perf_counter() - started
    error = errors(parts, phase)
    fifth = n_dates // 5
    return {
        "dates": n_dates,
        "first_fifth_rad": rms(error[:fifth]),
        "second_fifth_rad": rms(error[fifth : 2 * fifth]),
        "last_fifth_rad": rms(error[-fifth:]),
        "standardised": rms(error / parts.phase_std[1:]),
        "milliseconds_per_date_and_cell": round(1e3 * seconds / n_dates / cells**2, 3),
    }


def fading(*, n_dates: int, cells: int, seed: int) -> dict[str, Any]:
    """Return by how much a network of short pairs, and linked phases, take fading for motion [rad/year]."""
    rng = np.random.default_rng(seed)
    days = 12.0 * np.arange(n_dates)
    images = draw(covariance("fading", days), np.zeros(n_dates), cells=cells, rng=rng)
    keys = {"days": days, "options": OPTIONS, "strides": CELL}
    found: dict[str, Any] = {"network_of_three_next": round(network_rate(images, days), 3)}
    for name, linked in (
        ("batch", link(images, **keys)),
        ("mini_stacks", link_sequential(images, sequential=MINI, **keys)),
    ):
        years = (days - days.mean()) / 365.25
        # toward is positive in linked phases, away in rates
        rate = -np.tensordot(years, np.unwrap(linked.phase, axis=0), axes=1) / (years**2).sum()
        told = fading_bias(images, linked.phase, days=days, window=Shape(SIDE, SIDE), strides=CELL)
        found[name] = {
            "rate": round(float(rate.mean()), 3),
            "told_of_short_pairs": round(float(told.short.value.mean()), 3),
            "told_of_linked": round(float(told.linked.value.mean()), 3),
            "susceptible_share": round(float(told.susceptible.mean()), 3),
        }
    return found


def network_rate(images: NDArray[np.complex64], days: NDArray[np.float64]) -> float:
    """Return the mean rate of a network of pairs with the next three dates, by plain least squares [rad/year]."""
    n, rows, values = len(days), [], []
    for i in range(n):
        for j in range(i + 1, min(i + 4, n)):
            product = (images[i] * images[j].conj()).reshape(images.shape[1] // SIDE, SIDE, -1, SIDE)
            values.append(np.angle(product.sum(axis=(1, 3))).ravel())
            row = np.zeros(n)
            row[i], row[j] = -1.0, 1.0
            rows.append(row[1:])
    series = np.linalg.lstsq(np.array(rows), np.array(values), rcond=None)[0]
    series = np.concatenate([np.zeros((1, series.shape[1])), series])
    years = (days - days.mean()) / 365.25
    return float((years @ series / (years**2).sum()).mean())


def measure(*, n_dates: int = 100, cells: int = 10, long: int = 400, seed: int = 1) -> dict[str, Any]:
    """Return all figures as plain values."""
    kinds = {
        kind: compare(kind, n_dates=n_dates, cells=cells, seed=seed + k)
        for k, kind in enumerate((*JUDGED, "none"))
    }
    found: dict[str, Any] = {
        "name": "sequential",
        "tried_on": "own-made data with a known answer",
        "size": {"dates": n_dates, "cells": cells**2, "looks": LOOKS, "mini_stack": MINI.ministack},
        "ground": kinds,
        "long_stack": drift(n_dates=long, cells=cells, seed=seed),
        "fading_rad_per_year": fading(n_dates=min(n_dates, 60), cells=cells, seed=seed),
    }
    biased = abs(found["fading_rad_per_year"]["network_of_three_next"])
    linked = [abs(found["fading_rad_per_year"][name]["rate"]) for name in ("batch", "mini_stacks")]
    found["passed"] = bool(
        all(kinds[k]["mini_stacks_rad"] < 1.12 * kinds[k]["batch_rad"] for k in JUDGED)
        and all(0.8 <= kinds[k]["mini_stacks_standardised"] <= 1.2 for k in JUDGED)
        and all(k["updates_are_mini_stacks_bit_by_bit"] and k["dates_lost"] == 0 for k in kinds.values())
        and found["long_stack"]["last_fifth_rad"] < 1.25 * found["long_stack"]["second_fifth_rad"]
        and max(linked) < 0.1 * biased
    )
    return found


def main() -> None:
    """Print the figures."""
    print_figures(__doc__, measure)


if __name__ == "__main__":
    main()
