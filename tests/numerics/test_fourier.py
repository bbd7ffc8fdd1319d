"""Fourier transforms of small patches."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError
from fringeworks.numerics.fourier import transform_patches, twiddles


def pieces(values):
    """Patches (patch, size, size) as the flat real and imaginary parts the kernel works on."""
    side_by_side = np.moveaxis(values, 0, 1)
    return [np.ascontiguousarray(part, np.float32).ravel() for part in (side_by_side.real, side_by_side.imag)]


def whole(real, imaginary, count, size):
    return np.moveaxis((real + 1j * imaginary).reshape(size, count, size), 1, 0)


@pytest.mark.parametrize("size", [4, 8, 16, 32, 64, 128])
@pytest.mark.parametrize("count", [1, 3])
def test_transform_is_that_of_numpy_and_comes_back(rng, size, count):
    values = rng.standard_normal((count, size, size)) + 1j * rng.standard_normal((count, size, size))
    real, imaginary = pieces(values)
    spare = np.empty_like(real), np.empty_like(real)
    transform_patches(real, imaginary, *spare, twiddles(size))
    expected = np.swapaxes(np.fft.fft2(values), 1, 2)
    got = whole(real, imaginary, count, size)
    # single precision: 1e-7 for each of the log2(size^2) steps, against the largest value
    assert np.abs(got - expected).max() < 2e-6 * np.abs(expected).max()
    transform_patches(imaginary, real, *spare, twiddles(size))
    np.testing.assert_allclose(whole(real, imaginary, count, size) / size**2, values, atol=5e-6)


def test_sizes_that_are_no_power_of_two_are_refused():
    with pytest.raises(OutOfRangeError, match="patch of 24"):
        twiddles(24)
