"""Images of any size: unwrapped in tiles, whose whole cycles are solved together."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.arrays import FloatImage
from fringeworks.model.grids import Shape, Window
from fringeworks.unwrap.identity import congruent
from fringeworks.unwrap.offsets import Votes, solve_offsets
from fringeworks.unwrap.protocol import Unwrapped, Unwrapper, WrappedPhase
from fringeworks.unwrap.regions import join, number_by_size
from fringeworks.unwrap.tile_kernels import add_cycles, count_votes

Pieces = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class SeamReport:
    """How the tiles fitted together.

    Attributes
    ----------
    n_tiles, n_pieces : int
        Tiles, and components of tiles that took part.
    n_shared : int
        Pixels that two neighbouring tiles both unwrapped.
    n_torn : int
        Those of them on whose whole cycles the two tiles disagree after the solution.  Where tiles disagree at their
        seam, phase jumps by whole cycles along it.
    """

    n_tiles: int
    n_pieces: int
    n_shared: int
    n_torn: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile.

    Attributes
    ----------
    row, col : int
        Its place among the tiles.
    read, keep : Window
        What is unwrapped, and what of it is kept.
    below, right : int
        Rows shared with the tile below, columns with the one to the right; 0 = there is none.
    """

    row: int
    col: int
    read: Window
    keep: Window
    below: int
    right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TiledUnwrapper:
    """Makes an unwrapper of any size out of any unwrapper.

    Attributes
    ----------
    inner : Unwrapper
        Unwraps each tile; with ``workers`` above 1 from several threads at once.
    tile_size, overlap : int
        Longest side of a tile, and what neighbours share at least [pixels].
    smallest_piece : int
        Components of a tile with fewer pixels are left out before tiles are joined.
    workers : int
        Tiles unwrapped at the same time.

    Notes
    -----
    In an overlap both tiles give the same wrapped phase, so their difference is a whole number of cycles at each
    pixel.  The offsets of all pieces minimise the number of pixels that disagree, weighted by how many cycles they
    do (:func:`fringeworks.unwrap.offsets.solve_offsets`).  Each pixel is taken from the tile in whose middle it lies.
    Besides the images given and returned, memory holds four bytes a pixel, eight for the pixels that a row of tiles
    shares with the next, and what the inner unwrapper takes for ``workers`` tiles.
    """

    inner: Unwrapper
    tile_size: int
    overlap: int
    smallest_piece: int = field(default=1)
    workers: int = field(default=1)

    @property
    def name(self) -> str:
        """Name in configuration and manifest: that of the inner one."""
        return self.inner.name

    @property
    def licence(self) -> str:
        """Licence of the solver inside."""
        return self.inner.licence

    def unwrap(self, wrapped: WrappedPhase) -> Unwrapped:
        """Unwrap one interferogram."""
        return self.unwrap_with_report(wrapped)[0]

    def unwrap_with_report(self, wrapped: WrappedPhase) -> tuple[Unwrapped, SeamReport]:
        """Unwrap one interferogram and say how the tiles fitted.

        Raises
        ------
        FringeworksError
            What the inner unwrapper raises.
        """
        shape = Shape(*wrapped.phasor.shape)
        tiles = plan_tiles(shape, tile_size=self.tile_size, overlap=self.overlap)
        joining = _Joining(shape)
        for tile, result in self._solved(wrapped, tiles):
            joining.add(tile, result, smallest=self.smallest_piece)
        offsets, votes = joining.solve()
        add_cycles(joining.phase, joining.pieces, np.concatenate([np.zeros(1, np.int64), offsets]))
        off = offsets[votes.second] - offsets[votes.first] != votes.cycles
        group = join(joining.n_pieces, *_agreeing(votes, off))
        components, _ = number_by_size(joining.pieces, minimum=1, merged=np.r_[0, group + 1])
        report = SeamReport(
            n_tiles=len(tiles),
            n_pieces=joining.n_pieces,
            n_shared=int(votes.weight.sum()),
            n_torn=int(votes.weight[off].sum()),
        )
        return congruent(wrapped, joining.phase, components=components, solver=self.name), report

    def _solved(self, wrapped: WrappedPhase, tiles: list[Tile]) -> Iterator[tuple[Tile, Unwrapped]]:
        """Iterate the tiles in order with their results, ``workers`` of them in hand."""

        def solve(tile: Tile) -> Unwrapped:
            return self.inner.unwrap(_cut(wrapped, tile.read))

        if self.workers <= 1:
            for tile in tiles:
                yield tile, solve(tile)
            return
        with ThreadPoolExecutor(self.workers) as pool:
            for k in range(0, len(tiles), self.workers):
                group = tiles[k : k + self.workers]
                yield from zip(group, pool.map(solve, group), strict=True)


def plan_tiles(shape: Shape, *, tile_size: int, overlap: int) -> list[Tile]:
    """Cut an image into tiles of nearly one size, row by row.

    Parameters
    ----------
    shape : Shape
        The whole image.
    tile_size : int
        Longest side of a tile, more than ``overlap``.
    overlap : int
        Rows or columns that neighbours share at least.
    """
    rows = _plan_axis(shape.rows, tile_size, overlap)
    cols = _plan_axis(shape.cols, tile_size, overlap)
    return [
        Tile(
            row=r,
            col=c,
            read=Window(row.start, col.start, row.length, col.length),
            keep=Window(row.keep, col.keep, row.kept, col.kept),
            below=row.shared,
            right=col.shared,
        )
        for r, row in enumerate(rows)
        for c, col in enumerate(cols)
    ]


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    length: int
    keep: int
    kept: int
    shared: int


def _plan_axis(size: int, tile_size: int, overlap: int) -> list[_Span]:
    if size <= tile_size:
        return [_Span(0, size, 0, size, 0)]
    n = -(-(size - overlap) // (tile_size - overlap))
    length = -(-(size + (n - 1) * overlap) // n)
    starts = [k * (size - length) // (n - 1) for k in range(n)]
    cuts = [0, *((a + length + b) // 2 for a, b in pairwise(starts)), size]
    shared = [*(a + length - b for a, b in pairwise(starts)), 0]
    return [
        _Span(start, length, cut, end - cut, common)
        for start, cut, end, common in zip(starts, cuts[:-1], cuts[1:], shared, strict=True)
    ]


def _cut(wrapped: WrappedPhase, window: Window) -> WrappedPhase:
    at = window.slices
    return WrappedPhase(
        phasor=np.ascontiguousarray(wrapped.phasor[at]),
        coherence=np.ascontiguousarray(wrapped.coherence[at]),
        effective_looks=wrapped.effective_looks,
    )


@dataclass(frozen=True, slots=True)
class Strip:
    """A part of a tile as it was unwrapped: float32 phase [rad] and uint32 pieces, 0 = none, both (y, x)."""

    phase: FloatImage
    pieces: Pieces

    def part(self, rows: slice, cols: slice) -> Strip:
        """Return a copy of a part, so that the rest can be forgotten."""
        return Strip(self.phase[rows, cols].copy(), self.pieces[rows, cols].copy())


class _Joining:
    """The image as it fills, and what later tiles need of earlier ones."""

    def __init__(self, shape: Shape) -> None:
        self.phase: FloatImage = np.full(tuple(shape), np.nan, np.float32)
        self.pieces: Pieces = np.zeros(tuple(shape), np.uint32)
        self.n_pieces = 0
        self._above: dict[int, Strip] = {}
        self._left: Strip | None = None
        self._shared: list[Votes] = []
        self._inside: list[Votes] = []

    def add(self, tile: Tile, result: Unwrapped, *, smallest: int) -> None:
        """Take a tile's result; tiles come row by row."""
        components, sizes = number_by_size(result.components, minimum=smallest)
        here = Strip(
            result.phase, np.where(components > 0, components + np.uint32(self.n_pieces), np.uint32(0))
        )
        others = self.n_pieces + np.arange(1, sizes.size)
        zeros = np.zeros(others.size, np.int64)
        self._inside.append(Votes(zeros + self.n_pieces, others, zeros, sizes[1:].astype(np.float64)))
        self.n_pieces += sizes.size
        self._keep(tile, here)
        above, left = self._above.pop(tile.col, None), self._left
        if above is not None:
            n = above.phase.shape[0]
            self._shared.append(shared_votes(above, Strip(here.phase[:n], here.pieces[:n])))
        if left is not None:
            n = left.phase.shape[1]
            self._shared.append(shared_votes(left, Strip(here.phase[:, :n], here.pieces[:, :n])))
        self._left = here.part(slice(None), slice(-tile.right, None)) if tile.right else None
        if tile.below:
            self._above[tile.col] = here.part(slice(-tile.below, None), slice(None))

    def _keep(self, tile: Tile, here: Strip) -> None:
        row, col = tile.keep.row - tile.read.row, tile.keep.col - tile.read.col
        inner = slice(row, row + tile.keep.rows), slice(col, col + tile.keep.cols)
        self.phase[tile.keep.slices] = here.phase[inner]
        self.pieces[tile.keep.slices] = here.pieces[inner]

    def solve(self) -> tuple[NDArray[np.int64], Votes]:
        """Return the whole cycles of each piece, and what all overlaps say.

        Where no overlap connects two pieces of a tile, they stay against each other as the inner unwrapper left them.
        """
        shared = Votes.together(self._shared)
        offsets = solve_offsets(shared, n_pieces=self.n_pieces)
        group = join(self.n_pieces, shared.first, shared.second)
        inside = Votes.together(self._inside)
        first, second = group[inside.first], group[inside.second]
        cycles = inside.cycles + offsets[inside.first] - offsets[inside.second]
        apart = first != second
        loose = Votes(first[apart], second[apart], cycles[apart], inside.weight[apart])
        return offsets + solve_offsets(loose, n_pieces=int(group.max(initial=-1)) + 1)[group], shared


def shared_votes(strip: Strip, other: Strip) -> Votes:
    """Return what an overlap says: pixels for each two pieces and each number of cycles between them.

    Parameters
    ----------
    strip, other : Strip
        The overlap as the two tiles unwrapped it.
    """
    rows = count_votes(strip.phase, strip.pieces, other.phase, other.pieces)
    rows = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
    changes = np.any(np.diff(rows[:, :3], axis=0) != 0, axis=1)
    begins = np.flatnonzero(np.concatenate([np.ones(min(rows.shape[0], 1), np.bool_), changes]))
    weight = np.add.reduceat(rows[:, 3], begins) if begins.size else rows[:, 3]
    return Votes(rows[begins, 0], rows[begins, 1], rows[begins, 2], weight.astype(np.float64))


def _agreeing(votes: Votes, off: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the two pieces of each pair whose solution most of its pixels agree with."""
    _, pair = np.unique(np.stack([votes.first, votes.second]), axis=1, return_inverse=True)
    total = np.bincount(pair.ravel(), weights=votes.weight)
    most = ~off & (2 * votes.weight > total[pair.ravel()])
    return votes.first[most], votes.second[most]
