"""Regions with the same cycles: judged by their borders, recorded, and put right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fringeworks.interferometry.network import find_triplets
from fringeworks.interferometry.repair.labels import REASONS, CycleLabels, find_cycles
from fringeworks.interferometry.repair.options import RepairOptions
from fringeworks.interferometry.repair.planes import TURN, fit_closure_planes
from fringeworks.interferometry.repair.solving import AMBIGUOUS
from fringeworks.interferometry.repair.steps import Cycles, choose
from fringeworks.model.arrays import FloatStack
from fringeworks.model.grids import Window
from fringeworks.model.stack import PairNetwork
from fringeworks.model.tally import Tally
from fringeworks.numerics.regions import find_regions

_SAMPLE = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleRegion:
    """Pixels that touch and have the same cycles too many.

    Attributes
    ----------
    cycles : mapping of str to int
        By pair, ``YYYYMMDD_YYYYMMDD``: whole cycles its phase was too large by.
    window : Window
        Smallest rectangle that holds the region.
    n_pixels : int
        Its size.
    jump_share : float
        Share of its border over which closures jump by these cycles; NaN where it has no border to look at.
    repaired : bool
        The cycles were taken out.
    reason : str
        Why not; empty where they were.
    """

    cycles: Mapping[str, int]
    window: Window
    n_pixels: int
    jump_share: float
    repaired: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Repair:
    """What is taken out of the unwrapped phases of an image.

    Attributes
    ----------
    solutions : tuple of tuple of (int, int)
        Pair and cycles, for each label.
    labels : int32, (row, col)
        Index into ``solutions``; 0 where nothing is changed.
    regions : tuple of CycleRegion
        All that were found, repaired or not, in order of their first pixel.
    tally : Tally
        Pixels where some triplet closes on whole cycles: considered, repaired, left by reason.
    """

    solutions: tuple[Cycles, ...]
    labels: NDArray[np.int32]
    regions: tuple[CycleRegion, ...]
    tally: Tally

    def cycles_of(self, pair: int) -> NDArray[np.int8]:
        """Return the cycles taken out of one pair, int8, (row, col)."""
        number = np.array([dict(cycles).get(pair, 0) for cycles in self.solutions], np.int8)
        return np.asarray(number[self.labels])


def judge_regions(labels: CycleLabels, *, network: PairNetwork, options: RepairOptions) -> Repair:
    """Decide for each region whether its cycles are taken out.

    Parameters
    ----------
    labels : CycleLabels
        Of the whole image.
    network : PairNetwork
        For the names of the pairs.
    options : RepairOptions
        Least size, and least share of the border that has to jump.

    Returns
    -------
    Repair
        Regions whose border does not jump (ramps) or that are too small keep their phase, and say so.
    """
    regions = find_regions(labels.labels)
    n = int(regions.max(initial=0))
    flat = regions.ravel()
    sizes = np.bincount(flat, minlength=n + 1)
    jumping, still = (np.bincount(flat, weights=part.ravel(), minlength=n + 1) for part in labels.jumps)
    with np.errstate(invalid="ignore"):
        share = jumping / (jumping + still)
    first = np.zeros(n + 1, np.int64)
    first[flat[::-1]] = np.arange(flat.size)[::-1]
    reasons = [""] * (n + 1)
    for k in range(1, n + 1):
        if sizes[k] < options.least_pixels:
            reasons[k] = "fewer pixels than asked for"
        elif share[k] < options.least_jump:
            reasons[k] = "its border does not jump"
    taken = _decided(labels, regions, first)
    for k in range(1, n + 1):
        if not taken[k]:
            reasons[k] = reasons[k] or AMBIGUOUS
    boxes = ndimage.find_objects(regions, max_label=n)
    records = tuple(
        CycleRegion(
            cycles={
                str(network.pairs[pair]): cycles
                for pair, cycles in taken[k] or labels.solutions[int(labels.labels.flat[first[k]])]
            },
            window=_window(boxes[k - 1]),
            n_pixels=int(sizes[k]),
            jump_share=float(share[k]),
            repaired=not reasons[k],
            reason=reasons[k],
        )
        for k in range(1, n + 1)
    )
    kept = np.array([not reason for reason in reasons])
    kept[0] = False
    index: dict[Cycles, int] = {(): 0}
    number = np.array([index.setdefault(each, len(index)) for each in taken], np.int32)
    return Repair(
        solutions=tuple(index),
        labels=np.where(kept[regions], number[regions], 0).astype(np.int32),
        regions=records,
        tally=_tally(labels, regions, reasons),
    )


def _decided(labels: CycleLabels, regions: NDArray[np.int32], first: NDArray[np.int64]) -> list[Cycles]:
    """Return for each region the cycles that are taken out; nothing where its border does not decide what they are."""
    at = regions[tuple(labels.places.T)]
    order = np.argsort(at, kind="stable")
    begins = np.searchsorted(at[order], np.arange(len(first) + 1))
    taken: list[Cycles] = [()]
    for k in range(1, len(first)):
        label = int(labels.labels.flat[first[k]])
        answers = labels.answers[label]
        edges = labels.steps[order[begins[k] : begins[k + 1]]]
        which = choose(answers, edges) if len(answers) > 1 and len(edges) else -1
        taken.append(answers[which] if which >= 0 else labels.certain[label])
    return taken


def apply_repair(phase: FloatStack, *, repair: Repair, row: int = 0, col: int = 0) -> FloatStack:
    """Take the cycles out of a block.

    Parameters
    ----------
    phase : float32, (pair, row, col)
        Unwrapped phase [rad].
    repair : Repair
        Of the whole image.
    row, col : int
        Position of the block in it.

    Returns
    -------
    float32, (pair, row, col)
        A new array; phases without a repair keep their bits.
    """
    here = repair.labels[row : row + phase.shape[1], col : col + phase.shape[2]]
    out = phase.copy()
    for label in np.unique(here):
        for pair, cycles in repair.solutions[int(label)]:
            where = here == label
            out[pair][where] = (out[pair][where].astype(np.float64) - TURN * cycles).astype(np.float32)
    return out


def repair_cycles(
    phase: FloatStack, *, network: PairNetwork, options: RepairOptions | None = None
) -> tuple[FloatStack, Repair]:
    """Find and take out the cycle errors of a stack that fits into memory.

    Parameters
    ----------
    phase : float32, (pair, row, col)
        Unwrapped phase [rad]; NaN where there is no data.
    network : PairNetwork
        Dates and pairs.
    options : RepairOptions, optional
        Defaults where nothing is given.

    Returns
    -------
    phase : float32, (pair, row, col)
        With the cycles taken out.
    repair : Repair
        What was changed, region by region, and what was left, by reason.

    Notes
    -----
    Cycles are known up to a constant for each pair: where more than half of the image is off, the other half is
    moved.  By block: :func:`~fringeworks.interferometry.repair.planes.fit_closure_planes` on a sample,
    :func:`~fringeworks.interferometry.repair.labels.find_cycles` block by block, ``join_labels``,
    :func:`judge_regions`, :func:`apply_repair` block by block; with the same planes the result is the same.
    """
    chosen = RepairOptions() if options is None else options
    triplets = find_triplets(network)
    step = max(int(np.ceil(np.sqrt(phase[0].size / _SAMPLE))), 1)
    rows, cols = (part.ravel() * step for part in np.indices(phase[0, ::step, ::step].shape))
    planes = fit_closure_planes(
        phase[:, ::step, ::step].reshape(phase.shape[0], -1),
        positions=np.column_stack([rows, cols]).astype(np.float64),
        triplets=triplets,
    )
    labels = find_cycles(phase, triplets=triplets, planes=planes, options=chosen, ends=network.endpoints())
    repair = judge_regions(labels, network=network, options=chosen)
    return apply_repair(phase, repair=repair), repair


def _window(box: tuple[slice, slice]) -> Window:
    down, across = box
    return Window(down.start, across.start, down.stop - down.start, across.stop - across.start)


def _tally(labels: CycleLabels, regions: NDArray[np.int32], reasons: list[str]) -> Tally:
    seen = (labels.state >= 0) | (labels.labels > 0)
    left: dict[str, int] = {}
    for k, reason in enumerate(REASONS):
        count = int((seen & (labels.labels == 0) & (labels.state == k)).sum())
        name = reason or "closures without a label"
        left[name] = left.get(name, 0) + count
    for reason in {text for text in reasons if text}:
        which = np.array([text == reason for text in reasons])
        left[reason] = left.get(reason, 0) + int(which[regions].sum())
    n_seen = int(seen.sum())
    return Tally("pixels", n_seen, n_seen - sum(left.values()), left)
