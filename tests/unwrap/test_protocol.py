"""The contract of unwrappers, kept by the plainest one; and what a wrapped phase has to be."""

from __future__ import annotations

import numpy as np
import pytest
from tests.contracts.unwrapper import UnwrapperContract
from tests.unwrap.scenes import FloodUnwrapper

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.unwrap.protocol import WrappedPhase


class TestFloodUnwrapper(UnwrapperContract):
    @pytest.fixture
    def unwrapper(self):
        return FloodUnwrapper()


@pytest.mark.parametrize("shapes", [((3, 4), (4, 3)), ((12,), (12,)), ((2, 3, 4), (2, 3, 4))])
def test_phase_and_coherence_must_fit(shapes):
    with pytest.raises(ShapeMismatchError, match="the same rows and columns"):
        WrappedPhase(
            phasor=np.ones(shapes[0], np.complex64),
            coherence=np.ones(shapes[1], np.float32),
            effective_looks=1.0,
        )


@pytest.mark.parametrize("looks", [0.0, 0.99, -3.0, np.nan, np.inf])
def test_looks_are_at_least_one(looks):
    with pytest.raises(OutOfRangeError, match="at least 1"):
        WrappedPhase(
            phasor=np.ones((3, 4), np.complex64), coherence=np.ones((3, 4), np.float32), effective_looks=looks
        )
