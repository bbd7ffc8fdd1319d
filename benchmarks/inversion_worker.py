"""One program's side of the inversion benchmarks; runs in that program's own environment.

    python inversion_worker.py PROGRAM MODE FOLDER N_ROWS

PROGRAM: fringeworks, dolphin, mintpy or pygmtsar; MODE: unweighted, weighted or gaps.  Arrays are read from FOLDER,
their first N_ROWS rows; the dates found go to FOLDER/dates_PROGRAM.npy.
"""

import contextlib
import importlib
import io
import resource
import sys
import time

import numpy as np

program, mode, folder = sys.argv[1:4]
n_rows = int(sys.argv[4])


def load(name):
    return np.ascontiguousarray(np.load(f"{folder}/{name}.npy", mmap_mode="r")[:, :n_rows])


edges = np.load(f"{folder}/edges.npy")
days = np.load(f"{folder}/days.npy")
phase = load("phase")
weight = load("weight") if mode == "weighted" else None
present = load("present") if mode == "gaps" else None
n_dates, shape = len(days), phase.shape
incidence = np.zeros((len(edges), n_dates), np.float32)
incidence[np.arange(len(edges)), edges[:, 0]] = -1
incidence[np.arange(len(edges)), edges[:, 1]] = 1
incidence = np.ascontiguousarray(incidence[:, 1:])


def fringeworks():
    from datetime import date, timedelta

    from fringeworks.model.stack import Pair, PairNetwork
    from fringeworks.timeseries.smallbaseline import solve_series

    dates = [date(2019, 1, 4) + timedelta(int(d)) for d in days]
    network = PairNetwork.of([Pair(dates[i], dates[j]) for i, j in edges])
    given = phase if present is None else np.where(present, phase, np.float32(np.nan))

    def solve():
        series = solve_series(given, weight, network=network)
        return series.dates[1:], series.square_sum

    return solve


def dolphin():
    import jax
    import jax.numpy as jnp
    from dolphin import timeseries

    # Arrays are handed over as the program's own kind, so that no conversion is counted against it.
    y = jnp.asarray(phase)
    if mode == "gaps":
        arguments = (y, jnp.ones_like(y), jnp.asarray(present))
    else:
        arguments = (y,) if weight is None else (y, jnp.asarray(weight))

    def solve():
        return tuple(
            np.asarray(x) for x in jax.block_until_ready(timeseries.invert_stack(incidence, *arguments))
        )

    return solve


def mintpy():
    estimate_timeseries = importlib.import_module("mintpy.ifgram_inversion").estimate_timeseries

    step = np.diff(days)[:, None].astype(np.float32) / 365.25
    velocity = np.zeros_like(incidence)
    for k, (i, j) in enumerate(edges):
        velocity[k, i:j] = step[i:j, 0]
    values = phase.reshape(len(edges), -1)
    root = np.sqrt(weight).reshape(len(edges), -1)
    out = np.zeros((n_dates, values.shape[1]), np.float32)

    def solve():
        for k in range(values.shape[1]):
            out[:, k] = estimate_timeseries(
                incidence, velocity, values[:, k], tbase_diff=step, weight_sqrt=root[:, k], print_msg=False
            )[0].ravel()
        return out[1:].reshape(-1, *shape[1:]), None

    return solve


def pygmtsar():
    from pygmtsar.Stack_lstsq import Stack_lstsq

    steps = np.zeros_like(incidence)
    for k, (i, j) in enumerate(edges):
        steps[k, i:j] = 1
    values = np.ascontiguousarray(phase.reshape(len(edges), -1).T)
    # It takes weights below 1, as coherences are; a common factor changes nothing in the solution.
    scaled = np.ascontiguousarray((weight / (1.01 * weight.max())).reshape(len(edges), -1).T)
    pixel = np.vectorize(
        lambda y, w: Stack_lstsq.lstsq1d(y, w, steps, True),  # noqa: FBT003 - as its own method calls it
        signature="(pair),(pair)->(date)",
    )

    def solve():
        return pixel(values, scaled).T.reshape(-1, *shape[1:]), None

    return solve


SOLVERS = {"fringeworks": fringeworks, "dolphin": dolphin, "mintpy": mintpy, "pygmtsar": pygmtsar}


def main():
    with contextlib.redirect_stdout(sys.stderr):
        solve = SOLVERS[program]()
        solve()
    print("bench:ready", flush=True)
    result = None
    for _ in sys.stdin:
        with contextlib.redirect_stdout(io.StringIO()):
            start, busy = time.perf_counter(), time.process_time()
            result = solve()
            seconds, busy = time.perf_counter() - start, time.process_time() - busy
        print(f"bench:seconds {seconds} {busy}", flush=True)
    np.save(f"{folder}/dates_{program}.npy", np.asarray(result[0], np.float32))
    print(f"bench:peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}", flush=True)


main()
