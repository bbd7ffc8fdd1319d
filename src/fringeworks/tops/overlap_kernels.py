"""Compiled sums over one block of a burst overlap: interferograms of two images of the same ground, multiplied.

Interferograms are averaged over *windows*, small enough that fringes of atmosphere, motion or height error are flat
in them; the product of the two images' interferograms no longer holds those fringes and is averaged over the block.
Bright samples are toned down before: each *cell* is divided by its geometric mean power, and no sample counts for
more than :data:`MOST_POWER` of it.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.numerics.compiled import kernel

MOST_POWER: Final = 2.0
"""Power above which a sample is toned down, in units of its cell's geometric mean.  It costs at most a twentieth of what
homogeneous speckle of high coherence knows, nothing at low coherence, and gains a tenth to a half where power varies
from sample to sample as in towns; a reflector of 40 dB would otherwise outweigh a whole block."""

LINES: Final = 8
"""Lines worked on together; windows are filled up with zeros to a multiple of it."""

Floats = NDArray[np.float32]
Images = NDArray[np.complex64]


@kernel
def add_products(real: Floats, imaginary: Floats, a: Floats, b: Floats, c: Floats, d: Floats) -> None:
    """Add ``(a + i c) (b - i d)`` of :data:`LINES` lines, lane by lane: real and imaginary (lane), others (line, lane).

    A lane's sum stays in a register over the lines, and one instruction serves several lanes.
    """
    for k in range(real.size):
        x, y = real[k], imaginary[k]
        for n in range(LINES):
            x += a[n, k] * b[n, k] + c[n, k] * d[n, k]
            y += c[n, k] * b[n, k] - a[n, k] * d[n, k]
        real[k], imaginary[k] = x, y


@kernel
def count_valid(upper: Images, lower: Images, n_valid: NDArray[np.int64]) -> None:
    """Count for each date the samples of a block that both images hold; zero and NaN are missing."""
    for date in range(upper.shape[0]):
        n = 0
        for line in range(upper.shape[1]):
            for k in range(upper.shape[2]):
                u, v = upper[date, line, k], lower[date, line, k]
                pu, pv = u.real * u.real + u.imag * u.imag, v.real * v.real + v.imag * v.imag
                # Infinity and NaN fail one of the comparisons.
                n += (pu > 0.0) & (pu < np.inf) & (pv > 0.0) & (pv < np.inf)
        n_valid[date] = n


@kernel
def add_power(images: Images, used: NDArray[np.bool_], power: Floats) -> None:
    """Add the power of the used dates, sample by sample; NaN where one of them has no data."""
    for date in range(images.shape[0]):
        if not used[date]:
            continue
        for line in range(power.shape[0]):
            row, out = images[date, line], power[line]
            for k in range(out.size):
                p = row[k].real * row[k].real + row[k].imag * row[k].imag
                out[k] += p if (p > 0.0) & (p < np.inf) else np.nan


@kernel
def equalise(power: Floats, cell_lines: int, cell_samples: int, scale: Floats) -> None:
    """Fill the factor for amplitudes that evens out power, cell by cell; zero where there is no power.

    ``power`` becomes the power after it.
    """
    n_lines, n_samples = power.shape
    for top in range(0, n_lines, cell_lines):
        bottom = min(top + cell_lines, n_lines)
        for left in range(0, n_samples, cell_samples):
            right = min(left + cell_samples, n_samples)
            total, n = 0.0, 0
            for line in range(top, bottom):
                for k in range(left, right):
                    if power[line, k] > 0.0:
                        total += math.log(power[line, k])
                        n += 1
            level = math.exp(total / n) if n > 0 else 1.0
            for line in range(top, bottom):
                for k in range(left, right):
                    p = power[line, k]
                    if p > 0.0:
                        weight = 1.0 / max(level, p / MOST_POWER)
                        scale[line, k] = math.sqrt(weight)
                        power[line, k] = p * weight
                    else:
                        scale[line, k] = 0.0
                        power[line, k] = 0.0


@kernel
def window_interferograms(
    images: Images,
    dates: NDArray[np.int64],
    pairs: NDArray[np.int64],
    scale: Floats,
    window: tuple[int, int, int, int],
    room: Floats,
    sums: Floats,
    result: NDArray[np.complex128],
) -> None:
    """Fill the interferogram of each pair, summed over one window.

    ``dates`` are those used, ``pairs`` (pair, 2) number them.  ``window`` is top, bottom, left and right; ``room``
    (2, date, line, lane) and ``sums`` (2, pair, lane) are room to work, a lane for each sample of a window.
    """
    top, bottom, left, right = window
    room[:] = 0.0
    sums[:] = 0.0
    for d in range(dates.size):
        for line in range(top, bottom):
            row, weight = images[dates[d], line], scale[line]
            real, imaginary = room[0, d, line - top], room[1, d, line - top]
            for k in range(left, right):
                if weight[k] > 0.0:
                    real[k - left] = row[k].real * weight[k]
                    imaginary[k - left] = row[k].imag * weight[k]
    for n in range(0, room.shape[2], LINES):
        for p in range(pairs.shape[0]):
            i, j = pairs[p, 0], pairs[p, 1]
            a, c = room[0, i, n : n + LINES], room[1, i, n : n + LINES]
            add_products(sums[0, p], sums[1, p], a, room[0, j, n : n + LINES], c, room[1, j, n : n + LINES])
    for p in range(pairs.shape[0]):
        real_sum, imaginary_sum = 0.0, 0.0
        for k in range(sums.shape[2]):
            real_sum += sums[0, p, k]
            imaginary_sum += sums[1, p, k]
        result[p] = complex(real_sum, imaginary_sum)


@kernel
def normalise(values: NDArray[np.complex128], pairs: NDArray[np.int64], n_dates: int) -> None:
    """Divide sums by the root of the two powers, which stand first: complex coherence, in place."""
    for p in range(n_dates, pairs.shape[0]):
        power = values[pairs[p, 0]].real * values[pairs[p, 1]].real
        values[p] = values[p] / math.sqrt(power) if power > 0.0 else 0.0


@kernel
def shared_sums(
    upper: Images,
    lower: Images,
    pairs: NDArray[np.int64],
    scale: Floats,
    products: NDArray[np.complex128],
    powers: NDArray[np.float64],
) -> None:
    """Add, for pairs of dates (pair, 2), what tells whether the two images share their speckle.

    ``products`` receives the double difference of single samples, ``powers`` the product of the two images' powers at
    different dates.  The first is a sum over ground that decorrelates as the second does, unless the speckle is shared.
    """
    for k in range(pairs.shape[0]):
        i, j = pairs[k, 0], pairs[k, 1]
        product, power = 0.0 + 0.0j, 0.0
        for line in range(scale.shape[0]):
            for c in range(scale.shape[1]):
                weight = scale[line, c]
                if weight > 0.0:
                    w = float(weight) ** 4
                    a, b = lower[i, line, c], lower[j, line, c]
                    p, q = upper[i, line, c], upper[j, line, c]
                    product += w * complex((a * b.conjugate()) * (p * q.conjugate()).conjugate())
                    power += w * (
                        (a.real * a.real + a.imag * a.imag) * (q.real * q.real + q.imag * q.imag)
                        + (b.real * b.real + b.imag * b.imag) * (p.real * p.real + p.imag * p.imag)
                    )
        products[k] = product
        powers[k] = 0.5 * power


@kernel
def fill_windows(
    upper: Images,
    lower: Images,
    dates: NDArray[np.int64],
    pairs: NDArray[np.int64],
    scale: Floats,
    window_lines: int,
    window_samples: int,
    coherence: NDArray[np.complex128],
    n_samples: NDArray[np.int64],
) -> None:
    """Fill the complex coherence of each image, window and pair, and the samples of each window.

    ``pairs`` begins with (0, 0), (1, 1) ..., one for each of ``dates``: their entries hold powers.  ``coherence`` is
    (2, window, pair), upper and lower; a window without samples keeps what it has.
    """
    tall = (min(window_lines, scale.shape[0]) + LINES - 1) // LINES * LINES
    room = np.empty((2, dates.size, tall, window_samples), np.float32)
    sums = np.empty((2, pairs.shape[0], window_samples), np.float32)
    number = 0
    for top in range(0, scale.shape[0], window_lines):
        for left in range(0, scale.shape[1], window_samples):
            window = (
                top,
                min(top + window_lines, scale.shape[0]),
                left,
                min(left + window_samples, scale.shape[1]),
            )
            n = 0
            for line in range(window[0], window[1]):
                for k in range(window[2], window[3]):
                    n += scale[line, k] > 0.0
            n_samples[number] = n
            if n > 0:
                window_interferograms(upper, dates, pairs, scale, window, room, sums, coherence[0, number])
                window_interferograms(lower, dates, pairs, scale, window, room, sums, coherence[1, number])
                normalise(coherence[0, number], pairs, dates.size)
                normalise(coherence[1, number], pairs, dates.size)
            number += 1
