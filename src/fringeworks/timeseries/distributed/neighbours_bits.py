"""Compiled work on the bits of windows: what hangs together, how many there are, how many looks they hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.arrays import FloatImage
from fringeworks.numerics.compiled import kernel
from fringeworks.timeseries.distributed.neighbours_kernels import Words


@kernel
def keep_connected(words: Words, row: int, height: int, width: int) -> None:
    """Clear in a row of cells the bits from which no chain of set bits, eight neighbours each, leads to the centre."""
    line, grown = np.zeros(height, np.uint64), np.zeros(height, np.uint64)
    middle = height // 2
    one = np.uint64(1)
    for col in range(words.shape[1]):
        _unpack(words[row, col], line, width)
        grown[:] = 0
        grown[middle] = line[middle] & (one << np.uint64(width // 2))
        changed = grown[middle] != 0
        while changed:
            changed = False
            for step in range(2 * height):
                y = step if step < height else 2 * height - 1 - step
                seed = grown[y]
                if y > 0:
                    seed |= grown[y - 1]
                if y + 1 < height:
                    seed |= grown[y + 1]
                seed = (seed | (seed << one) | (seed >> one)) & line[y]
                # along the line until nothing is added
                wider = (seed | (seed << one) | (seed >> one)) & line[y]
                while wider != seed:
                    seed = wider
                    wider = (seed | (seed << one) | (seed >> one)) & line[y]
                if seed != grown[y]:
                    grown[y] = seed
                    changed = True
        _pack(grown, words[row, col], width)


@kernel
def _unpack(word: NDArray[np.uint64], line: NDArray[np.uint64], width: int) -> None:
    """Cut the bits of a window into one word a line."""
    mask = (np.uint64(1) << np.uint64(width)) - np.uint64(1)
    for y in range(len(line)):
        place = y * width
        index, shift = place >> 6, place & 63
        value = word[index] >> np.uint64(shift)
        if shift + width > 64:
            value |= word[index + 1] << np.uint64(64 - shift)
        line[y] = value & mask


@kernel
def _pack(line: NDArray[np.uint64], word: NDArray[np.uint64], width: int) -> None:
    """Put one word a line together again."""
    word[:] = 0
    for y in range(len(line)):
        place = y * width
        index, shift = place >> 6, place & 63
        word[index] |= line[y] << np.uint64(shift)
        if shift + width > 64:
            word[index + 1] |= line[y] >> np.uint64(64 - shift)


@kernel
def count_bits(words: Words, row: int, number: NDArray[np.int32]) -> None:
    """Fill the number of set bits of each cell of a row."""
    for col in range(words.shape[1]):
        n = 0
        for w in range(words.shape[2]):
            rest = words[row, col, w]
            while rest != 0:
                rest &= rest - np.uint64(1)
                n += 1
        number[row, col] = n


@kernel
def set_looks(
    words: Words, row: int, height: int, width: int, correlation: NDArray[np.float64], looks: FloatImage
) -> None:
    """Fill the independent looks of the set bits of a row of cells: squared number over the sum of correlations."""
    line = np.zeros(height, np.uint64)
    for col in range(words.shape[1]):
        _unpack(words[row, col], line, width)
        number, total = 0, 0.0
        for y in range(height):
            number += _bits(line[y])
            for down in range(min(correlation.shape[0], height - y)):
                for across in range(-min(correlation.shape[1], width) + 1, min(correlation.shape[1], width)):
                    other = line[y + down]
                    other = other << np.uint64(-across) if across < 0 else other >> np.uint64(across)
                    pairs = _bits(line[y] & other)
                    total += (1.0 if down == 0 else 2.0) * pairs * correlation[down, abs(across)]
        looks[row, col] = number * number / total if number > 0 else 0.0


@kernel
def _bits(word: np.uint64) -> int:
    """Return the number of set bits."""
    n = 0
    while word != 0:
        word &= word - np.uint64(1)
        n += 1
    return n
