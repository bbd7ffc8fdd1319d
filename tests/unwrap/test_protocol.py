"""The contract of unwrappers, kept by the plainest one: Itoh's, row by row, for smooth phase."""

from __future__ import annotations

import numpy as np
import pytest
from tests.contracts.unwrapper import UnwrapperContract

from fringeworks.errors import ShapeMismatchError
from fringeworks.unwrap.protocol import Unwrapped, WrappedPhase


class ItohUnwrapper:
    """Integrates wrapped differences down the last column, then along each row: right for smooth phase."""

    name = "itoh"
    licence = "Apache-2.0"

    def unwrap(self, wrapped):
        valid = np.isfinite(wrapped.phasor)
        angle = np.where(valid, np.angle(np.where(valid, wrapped.phasor, 1.0)), 0.0).astype(float)
        spine = np.unwrap(angle[:, -1])
        rows = np.unwrap(angle[:, ::-1], axis=1)[:, ::-1]
        phase = rows + (spine - rows[:, -1])[:, None]
        return Unwrapped(
            phase=np.where(valid, phase, np.nan).astype(np.float32), components=valid.astype(np.uint16)
        )


class TestItohUnwrapper(UnwrapperContract):
    @pytest.fixture
    def unwrapper(self):
        return ItohUnwrapper()


def test_phase_and_coherence_must_fit():
    with pytest.raises(ShapeMismatchError, match="the same rows and columns"):
        WrappedPhase(
            phasor=np.ones((3, 4), np.complex64), coherence=np.ones((4, 3), np.float32), effective_looks=1.0
        )
