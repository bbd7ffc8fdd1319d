"""Whole cycles between pieces that were unwrapped apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array

from fringeworks.numerics.compiled import kernel

Integers = NDArray[np.int64]
Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Votes:
    """What is known of the whole cycles between pieces; one row a candidate, several for the same two pieces allowed.

    Attributes
    ----------
    first, second : int64, (vote)
        Numbers of the two pieces, from 0.
    cycles : int64, (vote)
        Offset of the second minus offset of the first that this vote asks for.
    weight : float64, (vote)
        Positive.
    """

    first: Integers
    second: Integers
    cycles: Integers
    weight: Weights

    @classmethod
    def together(cls, parts: Sequence[Votes]) -> Votes:
        """Return the votes of all parts as one record."""
        empty = np.zeros(0, np.int64)
        return cls(
            np.concatenate([empty, *(part.first for part in parts)]),
            np.concatenate([empty, *(part.second for part in parts)]),
            np.concatenate([empty, *(part.cycles for part in parts)]),
            np.concatenate([np.zeros(0), *(part.weight for part in parts)]),
        )


def solve_offsets(votes: Votes, *, n_pieces: int) -> Integers:
    """Find the whole cycles to add to each piece so that the votes they contradict weigh least.

    Parameters
    ----------
    votes : Votes
        From overlaps or across gaps.
    n_pieces : int
        Pieces in all; one without votes stays where it is.

    Returns
    -------
    int64, (piece)
        Offsets; 0 for the first piece of each set of pieces that votes connect.

    Notes
    -----
    Minimises the sum of w |n_second - n_first - k| over whole numbers n.  First a tree of the heaviest pairs is
    followed, with the weighted median of the votes for each pair.  Where every pair agrees with it, it is the
    solution: each term is at its own smallest.  Else the linear programme is solved, whose solutions are whole by
    themselves because differences between nodes form a totally unimodular matrix.
    """
    pairs = _median_of_each_pair(votes)
    offsets = _follow_tree(pairs, n_pieces)
    if pairs.first.size and np.any(_residual(pairs, offsets) != 0):
        better = _solve_programme(votes, n_pieces)
        if better is not None and _cost(votes, better) < _cost(votes, offsets):
            offsets = better
    return offsets - offsets[_group_of(pairs, n_pieces)]


def _residual(votes: Votes, offsets: Integers) -> Integers:
    return offsets[votes.second] - offsets[votes.first] - votes.cycles


def _cost(votes: Votes, offsets: Integers) -> float:
    return float(np.sum(votes.weight * np.abs(_residual(votes, offsets))))


def _median_of_each_pair(votes: Votes) -> Votes:
    """Return one vote for each two pieces: the weighted median, with the weight that speaks for it less the rest."""
    turned = votes.first > votes.second
    first = np.where(turned, votes.second, votes.first)
    second = np.where(turned, votes.first, votes.second)
    cycles = np.where(turned, -votes.cycles, votes.cycles)
    order = np.lexsort((cycles, second, first))
    first, second, cycles, weight = first[order], second[order], cycles[order], votes.weight[order]
    begins = np.flatnonzero(np.r_[True, (np.diff(first) != 0) | (np.diff(second) != 0)][: first.size])
    total = np.add.reduceat(weight, begins) if begins.size else np.zeros(0)
    sums = np.cumsum(weight)
    before = sums[begins] - weight[begins]
    middle = np.searchsorted(sums, before + 0.5 * total)
    middle = np.minimum(middle, np.r_[begins[1:], first.size][: begins.size] - 1)
    group = np.cumsum(np.isin(np.arange(first.size), begins)) - 1
    agrees = cycles == cycles[middle][group] if first.size else np.zeros(0, bool)
    support = np.bincount(group, weights=np.where(agrees, weight, 0.0), minlength=begins.size)
    return Votes(first[begins], second[begins], cycles[middle], np.maximum(2 * support - total, 1e-9 * total))


def _follow_tree(pairs: Votes, n_pieces: int) -> Integers:
    order = np.argsort(-pairs.weight, kind="stable")
    parent, offsets = np.arange(n_pieces), np.zeros(n_pieces, np.int64)
    _span(pairs.first[order], pairs.second[order], pairs.cycles[order], parent, offsets)
    return offsets


def _group_of(pairs: Votes, n_pieces: int) -> Integers:
    """Return for each piece the lowest number among those that votes connect with it."""
    parent = np.arange(n_pieces)
    _span(pairs.first, pairs.second, pairs.cycles, parent, np.zeros(n_pieces, np.int64))
    lowest = np.full(n_pieces, n_pieces, np.int64)
    np.minimum.at(lowest, parent, np.arange(n_pieces))
    return lowest[parent]


@kernel
def _root(parent: Integers, offsets: Integers, node: int) -> int:
    root, total = node, 0
    while parent[root] != root:
        total += offsets[root]
        root = parent[root]
    while parent[node] != root and node != root:
        following, own = parent[node], offsets[node]
        parent[node], offsets[node] = root, total
        total -= own
        node = following
    return root


@kernel
def _span(first: Integers, second: Integers, cycles: Integers, parent: Integers, offsets: Integers) -> None:
    """Join pieces in the order given; afterwards each hangs on its root, with its offset relative to it."""
    for k in range(first.size):
        root, other = _root(parent, offsets, first[k]), _root(parent, offsets, second[k])
        if root != other:
            own = offsets[first[k]] if first[k] != root else 0
            others = offsets[second[k]] if second[k] != other else 0
            parent[other] = root
            offsets[other] = own + cycles[k] - others
    for k in range(parent.size):
        root = _root(parent, offsets, k)
        if root == k:
            offsets[k] = 0


def _solve_programme(votes: Votes, n_pieces: int) -> Integers | None:
    """Minimise the weighted sum of absolute residuals; None where the solver gives up.

    Unknowns are the offsets, and for each vote how far its residual lies above and below zero.
    """
    n_votes = votes.first.size
    row = np.arange(n_votes)
    one = np.ones(n_votes)
    matrix = coo_array(
        (
            np.concatenate([one, -one, -one, one]),
            (
                np.tile(row, 4),
                np.concatenate([votes.second, votes.first, n_pieces + row, n_pieces + n_votes + row]),
            ),
        ),
        shape=(n_votes, n_pieces + 2 * n_votes),
    ).tocsr()
    found = linprog(
        np.concatenate([np.zeros(n_pieces), votes.weight, votes.weight]),
        A_eq=matrix,
        b_eq=votes.cycles.astype(float),
        bounds=[(None, None)] * n_pieces + [(0, None)] * (2 * n_votes),
        method="highs-ds",
    )
    return None if found.x is None else np.rint(found.x[:n_pieces]).astype(np.int64)
