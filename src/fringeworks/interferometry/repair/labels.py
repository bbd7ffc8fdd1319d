"""Which cycles each pixel of a block has too many: single errors, patterns, and agreement with the neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.interferometry.repair.kernels import (
    FAR,
    agree_with_neighbours,
    count_jumps,
    find_single,
    flag_lines,
    gather_cycles,
    gather_medians,
)
from fringeworks.interferometry.repair.options import RepairOptions
from fringeworks.interferometry.repair.solving import (
    AMBIGUOUS,
    FEW,
    NOISE,
    CycleSolver,
    Solution,
    closure_matrix,
    triplets_of_pairs,
)
from fringeworks.interferometry.repair.steps import Cycles, gather_steps, other_answers
from fringeworks.model.arrays import FloatStack
from fringeworks.model.grids import Shape, Window
from fringeworks.numerics.compiled import in_threads

ROUNDS = 3
HALO = ROUNDS + FAR + 2
"""Rows and columns around a block that its labels depend on."""

ALONE = "no neighbour shares its pattern"
REASONS = ("", FEW, AMBIGUOUS, NOISE, ALONE)

_CHUNK = 20_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CycleLabels:
    """Cycles found in a block or in the whole image.

    Attributes
    ----------
    solutions : tuple of tuple of (int, int)
        Pair and cycles its phase is too large by, for each label; label 0 has none.
    labels : int32, (row, col)
        Index into ``solutions``.
    jumps : int32, (2, row, col)
        Where a label ends: how often closures jump across the border as it says, and how often they do not.
    answers : tuple of tuple of Cycles
        For each label, answers that closures cannot tell from its solution, that one first; a single one where nothing
        else is thought of.
    certain : tuple of Cycles
        For each label, what is taken out where the border does not decide between its answers.
    places : int64, (edge, 2)
        Row and column of places at borders of labels with several answers.
    steps : int8, (edge, pair)
        Cycles that each pair has too many there, by its own step across the border.
    state : int8, (row, col)
        -2 = no complete triplet, -1 = all triplets close, else index into :data:`REASONS`: why cycles that were seen
        got no label.
    """

    solutions: tuple[Cycles, ...]
    labels: NDArray[np.int32]
    jumps: NDArray[np.int32]
    state: NDArray[np.int8]
    answers: tuple[tuple[Cycles, ...], ...]
    certain: tuple[Cycles, ...]
    places: NDArray[np.int64]
    steps: NDArray[np.int8]

    def cut(self, inner: tuple[slice, slice]) -> CycleLabels:
        """Return the part of a block that is kept, without its halo."""
        first = np.array([part.indices(n)[0] for part, n in zip(inner, self.labels.shape, strict=True)])
        labels = self.labels[inner]
        places = self.places - first
        kept = ((places >= 0) & (places < labels.shape)).all(axis=1)
        return CycleLabels(
            solutions=self.solutions,
            labels=labels,
            jumps=self.jumps[(slice(None), *inner)],
            state=self.state[inner],
            answers=self.answers,
            certain=self.certain,
            places=places[kept],
            steps=self.steps[kept],
        )


def find_cycles(
    phase: FloatStack,
    *,
    triplets: NDArray[np.int64],
    planes: NDArray[np.float64],
    options: RepairOptions,
    ends: NDArray[np.int64] | None = None,
    row: int = 0,
    col: int = 0,
) -> CycleLabels:
    """Find the whole cycles that the pairs of a block have too many.

    Parameters
    ----------
    phase : float32, (pair, row, col)
        Unwrapped phase [rad]; NaN where there is no data.  A block has a halo of :data:`HALO` pixels.
    triplets : int64, (triplet, 3)
        As :func:`fringeworks.interferometry.network.find_triplets` gives them.
    planes : float64, (triplet, 3)
        Smooth part of each closure, from :func:`~fringeworks.interferometry.repair.planes.fit_closure_planes`.
    options : RepairOptions
        What counts as a whole number.
    ends : int64, (pair, 2), optional
        Reference and secondary date of each pair: answers that differ by a moved date are then told apart by the pairs'
        steps across borders; without it they are left.
    row, col : int
        Position of the block in the image.

    Returns
    -------
    CycleLabels
        Blocks give the labels of the whole image, but for the order of their solutions.

    Raises
    ------
    ShapeMismatchError
        Planes do not fit the triplets, or triplets name pairs that are not there.

    Notes
    -----
    A pair that alone explains all triplets that do not close, two or more, is found at once; where there is none, it is
    looked for again in the median closures of three by three pixels.  Other patterns of medians, where a neighbour has
    the same one, and lone patterns that several pairs seem to make, each for itself, are solved as whole-number programs:
    the smallest sum of cycles that explains all triplets, taken only if no other is as small and each changed pair is
    in two triangles or more.  Then pixels take over labels of
    their neighbours that explain them better, three times (conditional modes).
    """
    _check(phase, triplets, planes)
    data = np.ascontiguousarray(phase, np.float32)
    origin = (row, col)
    flags = np.zeros(data.shape[1:], np.int8)
    in_threads(
        lambda a, b: flag_lines(data, triplets, planes, origin, options.doubt, (a, b), flags), data.shape[1]
    )
    table = _Table(closure_matrix(triplets, n_pairs=data.shape[0]), ends)
    labels, state = np.zeros(flags.shape, np.int32), (flags.astype(np.int8) - 2).astype(np.int8)
    hashes, apart = np.zeros(flags.shape, np.int64), np.zeros(flags.shape, np.bool_)
    members = triplets_of_pairs(table.solver.matrix)
    view = (data, triplets, planes, origin, options.doubt)
    for places, cycles in _chunks(gather_cycles, view, np.argwhere(flags == 2)):
        labels[tuple(places.T)], apart[tuple(places.T)] = table.singles(cycles, members)
    unclear = np.argwhere((flags == 2) & (labels == 0))
    for places, cycles in _chunks(gather_medians, view, unclear):
        labels[tuple(places.T)], _ = table.singles(cycles, members)
        hashes[tuple(places.T)] = np.where(labels[tuple(places.T)] == 0, _hash(cycles), 0)
    state[hashes != 0] = REASONS.index(ALONE)
    shared = _shared(hashes)
    for places, cycles in _chunks(gather_medians, view, np.argwhere(shared)):
        labels[tuple(places.T)], state[tuple(places.T)] = table.patterns(cycles)
    for places, cycles in _chunks(gather_cycles, view, np.argwhere(apart & (hashes != 0) & ~shared)):
        labels[tuple(places.T)], state[tuple(places.T)] = table.patterns(cycles)
    sums = table.sums()
    for _ in range(ROUNDS if labels.any() else 0):
        labels = _agree(data, triplets, planes, origin, flags, labels, sums)
    jumps = np.zeros((2, *labels.shape), np.int32)
    in_threads(
        lambda a, b: count_jumps(data, triplets, planes, origin, flags, labels, sums, (a, b), jumps),
        data.shape[1],
    )
    state[(state >= 0) & (labels > 0)] = 0
    answers = table.answers()
    doubt = [len(each) > 1 and each[0] != sure for each, sure in zip(answers, table.certain, strict=True)]
    places, steps = _steps(data, flags, labels, answers, doubt)
    return CycleLabels(
        solutions=tuple(table.solutions),
        labels=labels,
        jumps=jumps,
        state=state,
        answers=answers,
        certain=tuple(table.certain),
        places=places,
        steps=steps,
    )


def _steps(
    data: FloatStack,
    flags: NDArray[np.int8],
    labels: NDArray[np.int32],
    answers: tuple[tuple[Cycles, ...], ...],
    doubt: list[bool],
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Return places at the borders of labels with several answers, and each pair's step there."""
    n_pairs = data.shape[0]
    asked = np.array([len(each) > 1 for each in answers], np.int8) + np.array(doubt, np.int8)
    cycles = np.zeros((len(answers), n_pairs), np.int8)
    for label, each in enumerate(answers):
        for pair, n in each[0]:
            cycles[label, pair] = n
    nothing = np.zeros((0, 2), np.int64), np.zeros((0, n_pairs), np.int8)
    if not asked.any():
        return nothing
    n_edges = gather_steps(data, flags, labels, asked, cycles, *nothing)
    places, steps = np.zeros((n_edges, 2), np.int64), np.zeros((n_edges, n_pairs), np.int8)
    if n_edges:
        gather_steps(data, flags, labels, asked, cycles, places, steps)
    return places, steps


def join_labels(parts: Sequence[tuple[Window, CycleLabels]], *, shape: Shape) -> CycleLabels:
    """Put the labels of blocks together.

    Parameters
    ----------
    parts : sequence of (Window, CycleLabels)
        Where each kept part lies, and its labels.
    shape : Shape
        Whole image.
    """
    index: dict[tuple[tuple[Cycles, ...], Cycles], int] = {(((),), ()): 0}
    places, steps = [np.zeros((0, 2), np.int64)], [part.steps for _, part in parts]
    labels, state = np.zeros(tuple(shape), np.int32), np.full(tuple(shape), -2, np.int8)
    jumps = np.zeros((2, *shape), np.int32)
    for window, part in parts:
        keys = zip(part.answers, part.certain, strict=True)
        number = np.array([index.setdefault(key, len(index)) for key in keys], np.int32)
        places.append(part.places + np.array([window.row, window.col]))
        labels[window.slices], state[window.slices] = number[part.labels], part.state
        jumps[(slice(None), *window.slices)] = part.jumps
    return CycleLabels(
        solutions=tuple(answers[0] for answers, _ in index),
        labels=labels,
        jumps=jumps,
        state=state,
        answers=tuple(answers for answers, _ in index),
        certain=tuple(certain for _, certain in index),
        places=np.concatenate(places),
        steps=np.concatenate(steps),
    )


class _Table:
    """Solutions, each with its label."""

    def __init__(self, matrix: NDArray[np.int8], ends: NDArray[np.int64] | None) -> None:
        self.solver = CycleSolver(matrix)
        self.solutions: list[Cycles] = [()]
        self.certain: list[Cycles] = [()]
        self._ends = ends
        self._alike: list[tuple[Cycles, ...]] = [((),)]
        self._index: dict[tuple[tuple[Cycles, ...], Cycles], int] = {(((),), ()): 0}

    def label(self, alike: tuple[Cycles, ...], certain: Cycles) -> int:
        """Return the label of answers that closures cannot tell apart, and what of them is certain."""
        if (alike, certain) not in self._index:
            self._index[alike, certain] = len(self.solutions)
            self.solutions.append(alike[0])
            self.certain.append(certain)
            self._alike.append(alike)
        return self._index[alike, certain]

    def answers(self) -> tuple[tuple[Cycles, ...], ...]:
        """Return for each label all answers that its border has to tell apart."""
        if self._ends is None:
            return tuple(self._alike)
        return (((),), *(other_answers(alike, ends=self._ends) for alike in self._alike[1:]))

    def singles(
        self, cycles: NDArray[np.int8], members: tuple[NDArray[np.int64], NDArray[np.int8]]
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Return labels of pixels with one wrong pair, else 0; and where several seem to be wrong, apart from each other."""
        found = np.empty((len(cycles), 2), np.int32)
        find_single(cycles, *members, found)
        kinds, which = np.unique(found, axis=0, return_inverse=True)
        ones: list[Cycles] = [((int(pair), int(n)),) for pair, n in kinds]
        numbers = [self.label((one,), one) if one[0][0] >= 0 else 0 for one in ones]
        return np.array(numbers, np.int32)[np.reshape(which, -1)], np.asarray(found[:, 0] == -2)

    def patterns(self, cycles: NDArray[np.int8]) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """Return label and reason of each pixel."""
        kinds, which = np.unique(cycles, axis=0, return_inverse=True)
        answers: list[Solution] = [self.solver.solve(kind) for kind in kinds]
        numbers = np.array([self._of_answer(answer) for answer in answers], np.int32)
        reasons = np.array([REASONS.index(answer.reason) for answer in answers], np.int8)
        which = np.reshape(which, -1)
        return numbers[which], reasons[which]

    def _of_answer(self, answer: Solution) -> int:
        if answer.alike and self._ends is not None:
            return self.label(answer.alike, answer.cycles)
        return self.label((answer.cycles,), answer.cycles) if answer.cycles else 0

    def sums(self) -> NDArray[np.int8]:
        """Return what each solution makes of the closures, int8, (label, triplet)."""
        sums = np.zeros((len(self.solutions), self.solver.matrix.shape[0]), np.int8)
        for label, cycles in enumerate(self.solutions):
            for pair, n in cycles:
                sums[label] += n * self.solver.matrix[:, pair]
        return sums


def _chunks(
    gather: Callable[..., None], view: tuple[Any, ...], places: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int8]]]:
    """Iterate over pixels and their closures in whole cycles, some at a time."""
    n_triplets = len(view[1])
    for begin in range(0, len(places), _CHUNK):
        some = np.ascontiguousarray(places[begin : begin + _CHUNK], np.int64)
        cycles = np.empty((len(some), n_triplets), np.int8)
        _gather(gather, view, some, cycles)
        yield some, cycles


def _gather(
    gather: Callable[..., None], view: tuple[Any, ...], places: NDArray[np.int64], out: NDArray[np.int8]
) -> None:
    in_threads(lambda a, b: gather(*view, places[a:b], out[a:b]), len(places))


def _hash(cycles: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return a number for each row, other than 0, that rows alike share."""
    factors = np.cumprod(np.full(cycles.shape[1], 6364136223846793005, np.uint64))
    with np.errstate(over="ignore"):
        mixed = (cycles.astype(np.int64).astype(np.uint64) * factors).sum(axis=1, dtype=np.uint64)
    return np.asarray(mixed | np.uint64(1)).astype(np.int64)


def _shared(hashes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where a pixel's number is not 0 and one of its eight neighbours has it too."""
    around = np.pad(hashes, 1)
    rows, cols = hashes.shape
    same = np.zeros(hashes.shape, bool)
    for down in range(3):
        for right in range(3):
            if (down, right) != (1, 1):
                same |= around[down : down + rows, right : right + cols] == hashes
    return np.asarray(same & (hashes != 0))


def _agree(
    data: FloatStack,
    triplets: NDArray[np.int64],
    planes: NDArray[np.float64],
    origin: tuple[int, int],
    flags: NDArray[np.int8],
    labels: NDArray[np.int32],
    sums: NDArray[np.int8],
) -> NDArray[np.int32]:
    out = np.empty_like(labels)
    in_threads(
        lambda a, b: agree_with_neighbours(data, triplets, planes, origin, flags, labels, sums, (a, b), out),
        labels.shape[0],
    )
    return out


def _check(phase: FloatStack, triplets: NDArray[np.int64], planes: NDArray[np.float64]) -> None:
    few = len(triplets) and int(triplets.max()) >= phase.shape[0]
    if phase.ndim != 3 or few or planes.shape != (len(triplets), 3):
        raise ShapeMismatchError(
            f"phase of {phase.shape}, {len(triplets)} triplets, planes of {planes.shape}",
            expected="(pair, row, col), triplets of these pairs, and a plane for each triplet",
        )
