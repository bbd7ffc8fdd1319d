"""From whole cycles of triplets to those of pairs."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import numpy as np
import pytest

from fringeworks.interferometry.network import connect_nearest, find_triplets
from fringeworks.interferometry.repair.kernels import UNKNOWN, find_single
from fringeworks.interferometry.repair.solving import (
    AMBIGUOUS,
    FEW,
    NOISE,
    CycleSolver,
    closure_matrix,
    triplets_of_pairs,
)


def network(n_dates, n_next):
    dates = tuple(date(2021, 1, 3) + timedelta(days=12 * k) for k in range(n_dates))
    return connect_nearest(dates, n_next=n_next)


def matrix_of(n_dates, n_next):
    pairs = network(n_dates, n_next)
    return closure_matrix(find_triplets(pairs), n_pairs=len(pairs.pairs))


def test_the_matrix_makes_closures(rng):
    pairs = network(7, 3)
    phases = rng.standard_normal(len(pairs.pairs))
    triplets = find_triplets(pairs)
    closure = closure_matrix(triplets, n_pairs=len(pairs.pairs)) @ phases
    np.testing.assert_allclose(closure, [phases[a] + phases[b] - phases[c] for a, b, c in triplets])


def all_least(matrix, cycles):
    """Every answer of least cost, by trying all."""
    best, answers = np.inf, []
    for n in product((-1, 0, 1), repeat=matrix.shape[1]):
        cost = np.abs(n).sum()
        if cost <= best and np.array_equal(matrix @ np.array(n), cycles):
            answers = answers if cost == best else []
            best = cost
            answers.append(n)
    return answers


def test_answers_are_the_only_least_ones(rng):
    matrix = matrix_of(5, 4)  # ten pairs, ten triangles: all answers can be tried
    solver = CycleSolver(matrix)
    for _ in range(8):
        wrong = np.zeros(10, int)
        wrong[rng.choice(10, rng.integers(1, 4), replace=False)] = rng.choice([-1, 1])
        cycles = (matrix @ wrong).astype(np.int8)
        found = solver.solve(cycles)
        least = all_least(matrix, cycles)
        if not cycles.any() or len(least) > 1:
            assert found.cycles == ()
            assert found.reason in ("", AMBIGUOUS, NOISE)
        elif not found.reason:
            assert dict(found.cycles) == {k: v for k, v in enumerate(least[0]) if v}


def test_errors_far_apart_are_solved_apart():
    matrix = matrix_of(30, 4)
    wrong = np.zeros(matrix.shape[1], int)
    wrong[[8, 60, 100]] = 1, -2, 1
    cycles = (matrix @ wrong).astype(np.int8)
    assert dict(CycleSolver(matrix).solve(cycles).cycles) == {8: 1, 60: -2, 100: 1}


def test_reasons():
    matrix = matrix_of(3, 2)
    one = CycleSolver(matrix).solve(np.array([1], np.int8))
    assert (one.cycles, one.reason) == ((), AMBIGUOUS)
    matrix = matrix_of(8, 3)
    solver = CycleSolver(matrix)
    # a pair whose other triangles say nothing
    pair = 10
    cycles = matrix[:, pair].astype(np.int8)
    rows = np.flatnonzero(cycles)
    cycles[rows[1:]] = UNKNOWN
    assert solver.solve(cycles).cycles == ()
    assert solver.solve(cycles).reason in (FEW, AMBIGUOUS)
    # closures that no cycles make: the four triangles of four dates are not independent
    whole = CycleSolver(matrix_of(4, 3))
    assert whole.solve(np.array([1, 0, 0, 0], np.int8)).reason == NOISE


@pytest.mark.parametrize("cycles", [-2, 1])
def test_single_errors_are_seen_at_a_glance(cycles):
    matrix = matrix_of(10, 3)
    members, signs = triplets_of_pairs(matrix)
    patterns = (cycles * matrix.T).astype(np.int8)
    found = np.empty((len(patterns), 2), np.int32)
    find_single(patterns, members, signs, found)
    sides = (matrix != 0).sum(axis=0)
    np.testing.assert_array_equal(found[sides >= 2, 0], np.flatnonzero(sides >= 2))
    np.testing.assert_array_equal(found[sides >= 2, 1], cycles)
    assert np.all(found[sides < 2, 0] == -1)
    # one of its triplets in doubt is no contradiction; one that closes is
    pair = int(np.argmax(sides))
    rows = np.flatnonzero(matrix[:, pair])
    doubt, no = patterns[pair].copy(), patterns[pair].copy()
    doubt[rows[0]], no[rows[0]] = UNKNOWN, 0
    found = np.empty((2, 2), np.int32)
    find_single(np.stack([doubt, no]), members, signs, found)
    assert found[0].tolist() == [pair, cycles]
    assert found[1, 0] == -1
