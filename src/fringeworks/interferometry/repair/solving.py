"""Whole cycles of pairs from whole cycles of triplets: the fewest that explain them, where they are the only ones."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from fringeworks.interferometry.repair.kernels import UNKNOWN

FEW = "a pair in fewer than two triangles"
AMBIGUOUS = "several pairs explain it alike"
NOISE = "no cycles explain it"

_MOST_NODES = 2000
# Where most of many triplets close badly, the fewest cycles are no longer the likeliest.
_MANY = 20
_MOST_VIOLATED = 0.75


@dataclass(frozen=True, slots=True)
class Solution:
    """Cycles of the pairs at a pixel.

    Attributes
    ----------
    cycles : tuple of (int, int)
        Pair and the whole cycles its phase is too large by; pairs without are left out.
    reason : str
        Why something is left as it is; empty where all closures are explained.
    alike : tuple of tuple of (int, int)
        Answers that explain all closures at the same cost, where there are several; the first of them, and that with one
        group of triplets answered otherwise, for each such group.
    """

    cycles: tuple[tuple[int, int], ...]
    reason: str = ""
    alike: tuple[tuple[tuple[int, int], ...], ...] = ()


@dataclass(slots=True)
class CycleSolver:
    """Solves patterns of closures, and remembers the parts it has solved.

    Attributes
    ----------
    matrix : int8, (triplet, pair)
        +1, +1, -1 at the pairs of each triplet.
    """

    matrix: NDArray[np.int8]
    _tie: NDArray[np.float64] = field(init=False)
    _known: dict[bytes, Solution] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        # Costs of two runs that break ties in opposite ways: where they agree, no other answer is as small.  Digits
        # of a sine far from zero, so that no two sums of a few are alike.
        scattered = 43758.5453 * np.sin(12.9898 * np.arange(1, self.matrix.shape[1] + 1))
        self._tie = 0.01 * (scattered - np.floor(scattered))

    def solve(self, pattern: NDArray[np.int8]) -> Solution:
        """Solve one pattern.

        Parameters
        ----------
        pattern : int8, (triplet)
            Whole cycles each triplet closes on; :data:`~fringeworks.interferometry.repair.kernels.UNKNOWN` where it
            says nothing.

        Returns
        -------
        Solution
            Groups of violated triplets that share no pair are solved apart; those that cannot be are left.
        """
        known = pattern != UNKNOWN
        if np.count_nonzero(known & (pattern != 0)) > max(_MOST_VIOLATED * np.count_nonzero(known), _MANY):
            return Solution((), NOISE)
        found: dict[int, int] = {}
        reasons: list[str] = []
        doubtful: list[Solution] = []
        for group in self._groups(np.flatnonzero(known & (pattern != 0))):
            part = self._solve_group(group, pattern, known)
            if part.reason:
                reasons.append(part.reason)
            if part.alike:
                doubtful.append(part)
            for pair, cycles in part.cycles:
                found[pair] = found.get(pair, 0) + cycles
        alike = _together(found, doubtful) if doubtful and len(doubtful) == len(reasons) else ()
        return Solution(tuple(sorted(found.items())), reasons[0] if reasons else "", alike)

    def _groups(self, violated: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Return the violated triplets in groups that share pairs."""
        left, groups = set(violated.tolist()), []
        while left:
            group, pairs = {left.pop()}, np.zeros(self.matrix.shape[1], bool)
            new = group
            while new:
                pairs |= (self.matrix[sorted(new)] != 0).any(axis=0)
                touching = (self.matrix[:, pairs] != 0).any(axis=1)
                new = {k for k in left if touching[k]}
                left -= new
                group |= new
            groups.append(np.array(sorted(group), np.int64))
        return groups

    def _solve_group(
        self, group: NDArray[np.int64], pattern: NDArray[np.int8], known: NDArray[np.bool_]
    ) -> Solution:
        pairs = (self.matrix[group] != 0).any(axis=0)
        for _ in range(2):
            rows = np.flatnonzero(known & (self.matrix[:, pairs] != 0).any(axis=1))
            # of the rows outside the group, none is violated: the group holds all that share a pair
            inside = np.where(np.isin(rows, group), pattern[rows], 0).astype(np.int8)
            key = rows.tobytes() + inside.tobytes() + np.flatnonzero(pairs).tobytes()
            if key not in self._known:
                self._known[key] = self._least(rows, inside, np.flatnonzero(pairs))
            if self._known[key].reason != NOISE:
                return self._known[key]
            pairs = (self.matrix[rows] != 0).any(axis=0)
        return Solution((), NOISE)

    def _least(self, rows: NDArray[np.int64], cycles: NDArray[np.int8], pairs: NDArray[np.int64]) -> Solution:
        matrix = self.matrix[np.ix_(rows, pairs)].astype(np.float64)
        answers = [self._program(matrix, cycles, 1.0 + sign * self._tie[pairs]) for sign in (1.0, -1.0)]
        first, second = answers
        if first is None or second is None:
            return Solution((), NOISE)
        if not np.array_equal(first, second):
            both = tuple(
                tuple((int(pairs[k]), int(n[k])) for k in np.flatnonzero(n)) for n in (first, second)
            )
            return Solution((), AMBIGUOUS, both)
        wrong = np.flatnonzero(first)
        if (np.count_nonzero(matrix[:, wrong], axis=0) < 2).any():
            return Solution((), FEW)
        return Solution(tuple((int(pairs[k]), int(first[k])) for k in wrong))

    @staticmethod
    def _program(
        matrix: NDArray[np.float64], cycles: NDArray[np.int8], cost: NDArray[np.float64]
    ) -> NDArray[np.int64] | None:
        """Minimise the weighted sum of magnitudes of whole numbers n with ``matrix n = cycles``."""
        n = matrix.shape[1]
        both = np.hstack([matrix, -matrix])
        most = float(np.abs(cycles).max()) + 1.0
        answer = milp(
            np.concatenate([cost, cost]),
            constraints=LinearConstraint(both, cycles, cycles),
            integrality=np.ones(2 * n),
            bounds=Bounds(0.0, most),
            options={"node_limit": _MOST_NODES, "mip_rel_gap": 1e-7},
        )
        if answer.status != 0:
            return None
        whole = np.round(answer.x).astype(np.int64)
        return np.asarray(whole[:n] - whole[n:])


def _together(found: dict[int, int], doubtful: list[Solution]) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Return the answers of several groups as answers of the pixel: the first of each, then each group's other one."""

    def added(parts: list[tuple[tuple[int, int], ...]]) -> tuple[tuple[int, int], ...]:
        total = dict(found)
        for part in parts:
            for pair, cycles in part:
                total[pair] = total.get(pair, 0) + cycles
        return tuple(sorted((pair, cycles) for pair, cycles in total.items() if cycles))

    first = [part.alike[0] for part in doubtful]
    swapped = [[*first[:k], part.alike[1], *first[k + 1 :]] for k, part in enumerate(doubtful)]
    return tuple(added(parts) for parts in (first, *swapped))


def closure_matrix(triplets: NDArray[np.int64], *, n_pairs: int) -> NDArray[np.int8]:
    """Return the matrix that makes closures of phases, int8, (triplet, pair)."""
    matrix = np.zeros((len(triplets), n_pairs), np.int8)
    rows = np.arange(len(triplets))
    matrix[rows, triplets[:, 0]] = matrix[rows, triplets[:, 1]] = 1
    matrix[rows, triplets[:, 2]] = -1
    return matrix


def triplets_of_pairs(matrix: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Return the triplets of each pair, int64, (pair, most), -1 where there are no more, and their signs, int8."""
    lists = [np.flatnonzero(matrix[:, pair]) for pair in range(matrix.shape[1])]
    most = max((len(rows) for rows in lists), default=0)
    members = np.full((matrix.shape[1], max(most, 1)), -1, np.int64)
    signs = np.zeros(members.shape, np.int8)
    for pair, rows in enumerate(lists):
        members[pair, : len(rows)] = rows
        signs[pair, : len(rows)] = matrix[rows, pair]
    return members, signs
