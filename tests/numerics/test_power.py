"""Powers of many numbers."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.numerics.power import raise_to


@pytest.mark.parametrize("exponent", [0.0, 0.2, 0.5, 1.0, 1.7, 4.0])
def test_powers_are_those_of_double_precision(rng, exponent):
    values = (10.0 ** rng.uniform(-7, 7, 4097)).astype(np.float32)
    values[:3] = 1.0, 0.5, 2.0
    out, spare, whole = np.empty_like(values), np.empty_like(values), np.empty(values.size, np.int32)
    raise_to(values, exponent, out, spare, whole)
    # the logarithm is good to 1e-7 of at most 93 powers of two
    np.testing.assert_allclose(out, values.astype(float) ** exponent, rtol=1e-5 if exponent > 2 else 3e-6)


def test_nothing_to_any_power_is_nothing():
    values = np.array([0.0, 1e-38, 1.0], np.float32)
    out, spare, whole = np.empty_like(values), np.empty_like(values), np.empty(3, np.int32)
    raise_to(values, 0.5, out, spare, whole)
    np.testing.assert_array_equal(out, [0.0, 0.0, 1.0])
