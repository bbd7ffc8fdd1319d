"""Whole cycles between pieces: every small case against trying all numbers, large ones against the truth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fringeworks.unwrap.offsets import Votes, solve_offsets


def cost(votes, offsets):
    return float(np.sum(votes.weight * np.abs(offsets[votes.second] - offsets[votes.first] - votes.cycles)))


@pytest.mark.parametrize("seed", range(60))
def test_no_other_numbers_are_better(seed):
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 6)), int(rng.integers(0, 13))
    first, second = rng.integers(0, n, m), rng.integers(0, n, m)
    apart = first != second
    votes = Votes(first[apart], second[apart], rng.integers(-2, 3, m)[apart], rng.random(m)[apart] + 0.1)
    found = solve_offsets(votes, n_pieces=n)
    best = min(
        cost(votes, np.array((0, *others))) for others in itertools.product(range(-4, 5), repeat=n - 1)
    )
    assert cost(votes, found) <= best + 1e-9


def test_a_large_graph_with_wrong_votes_is_solved():
    rng = np.random.default_rng(3)
    side = 25
    truth = rng.integers(-5, 6, side * side)
    number = np.arange(side * side).reshape(side, side)
    first = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    second = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    right = Votes(first, second, truth[second] - truth[first], rng.uniform(50, 100, first.size))
    wrong = Votes(
        first, second, right.cycles + rng.choice([-1, 1], first.size), rng.uniform(0, 40, first.size)
    )
    found = solve_offsets(Votes.together([wrong, right]), n_pieces=side * side)
    np.testing.assert_array_equal(found, truth - truth[0])


def test_one_broken_edge_in_a_ring_is_outvoted():
    # 0 - 1 - 2 - 3 - 0: three edges say zero, the heaviest alone says one
    votes = Votes(
        np.array([0, 1, 2, 3]), np.array([1, 2, 3, 0]), np.array([1, 0, 0, 0]), np.array([1.9, 2.0, 2.0, 2.0])
    )
    np.testing.assert_array_equal(solve_offsets(votes, n_pieces=4), 0)


def test_sets_without_a_vote_between_them_begin_at_zero():
    votes = Votes(np.array([1, 4]), np.array([3, 2]), np.array([2, -1]), np.ones(2))
    np.testing.assert_array_equal(solve_offsets(votes, n_pieces=6), [0, 0, 0, 2, 1, 0])


def test_no_votes_and_no_pieces():
    nothing = Votes.together([])
    assert solve_offsets(nothing, n_pieces=0).size == 0
    np.testing.assert_array_equal(solve_offsets(nothing, n_pieces=3), 0)
