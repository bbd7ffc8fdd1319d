"""Keys of lazily read arrays mean what they mean to NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fringeworks.errors import OutOfRangeError
from fringeworks.io.importers.spans import spans_of

SHAPE = (4, 5, 6)


def part(length):
    bound = st.none() | st.integers(-length - 2, length + 2)
    return st.integers(-length, length - 1) | st.builds(slice, bound, bound)


@given(key=st.tuples(*(part(n) for n in SHAPE)), n=st.integers(0, 3), dotted=st.booleans())
def test_any_basic_key_selects_what_numpy_selects(key, n, dotted):
    array = np.arange(120).reshape(SHAPE)
    used = (..., *key[3 - n :]) if dotted else key[:n]
    spans = spans_of(used, SHAPE)
    values = array[np.ix_(*spans.axes)] if all(spans.shape) else np.empty(spans.shape)
    np.testing.assert_array_equal(spans.drop(values), array[used])


@pytest.mark.parametrize("key", [slice(None, None, 2), slice(None, None, -1), 4, -5, 1.0, None, [0, 1]])
def test_other_keys_are_refused(key):
    with pytest.raises(OutOfRangeError, match=r"index .*; expected: 0 to 3, or a slice with step 1"):
        spans_of(key, SHAPE)


def test_too_many_indices_are_refused():
    with pytest.raises(OutOfRangeError, match="4 indices; expected: at most 3"):
        spans_of((0, 0, 0, 0), SHAPE)
