"""What every unwrapper has to pass: inherit, and give ``unwrapper``."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.unwrap.protocol import Unwrapper, WrappedPhase

TURN = 2.0 * np.pi


def ramp(shape=(64, 80), *, cycles=4.0, coherence=0.95):
    """Return a wrapped interferogram of a tilted bowl, and its phase before wrapping."""
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    bowl = np.exp(-((rows - shape[0] / 2) ** 2 + (cols - shape[1] / 2) ** 2) / 300.0)
    truth = TURN * (cycles * cols / shape[1] - bowl)
    wrapped = WrappedPhase(
        phasor=np.exp(1j * truth).astype(np.complex64),
        coherence=np.full(shape, coherence, np.float32),
        effective_looks=20.0,
    )
    return wrapped, truth


class UnwrapperContract:
    """Conformance suite."""

    @pytest.fixture
    def unwrapper(self) -> Unwrapper:
        raise AssertionError("give the unwrapper under test")

    def test_it_is_an_unwrapper(self, unwrapper):
        assert isinstance(unwrapper, Unwrapper)
        assert unwrapper.name
        assert unwrapper.licence

    def test_a_smooth_phase_comes_back(self, unwrapper):
        wrapped, truth = ramp()
        found = unwrapper.unwrap(wrapped)
        assert found.phase.dtype == np.float32
        assert found.components.dtype == np.uint16
        assert np.all(found.components == 1)
        error = found.phase - truth
        # one number of whole cycles for all; float32 of 30 rad leaves 2e-6 rad, the unit phasor 1e-7
        cycles = np.round(np.median(error) / TURN)
        np.testing.assert_allclose(error - TURN * cycles, 0.0, atol=1e-4)

    def test_it_adds_whole_cycles_only(self, unwrapper, rng):
        wrapped, _ = ramp(coherence=0.7)
        noise = np.exp(0.4j * rng.normal(size=wrapped.phasor.shape))
        noisy = WrappedPhase(
            phasor=(wrapped.phasor * noise).astype(np.complex64),
            coherence=wrapped.coherence,
            effective_looks=wrapped.effective_looks,
        )
        found = unwrapper.unwrap(noisy)
        known = found.components > 0
        difference = np.exp(1j * found.phase[known]) / noisy.phasor[known]
        np.testing.assert_allclose(np.angle(difference), 0.0, atol=1e-4)

    def test_missing_stays_missing(self, unwrapper):
        wrapped, _ = ramp()
        phasor, coherence = wrapped.phasor.copy(), wrapped.coherence.copy()
        phasor[:10, :10], coherence[:10, :10] = complex(np.nan, np.nan), np.nan
        found = unwrapper.unwrap(WrappedPhase(phasor=phasor, coherence=coherence, effective_looks=20.0))
        assert np.isnan(found.phase[:10, :10]).all()
        assert np.all(found.components[:10, :10] == 0)
        np.testing.assert_array_equal(np.isfinite(found.phase), found.components > 0)

    def test_it_gives_the_same_twice(self, unwrapper):
        first, second = (unwrapper.unwrap(ramp()[0]) for _ in range(2))
        np.testing.assert_array_equal(first.phase, second.phase)

    def test_it_leaves_its_argument_alone(self, unwrapper):
        wrapped, _ = ramp()
        before = wrapped.phasor.copy()
        unwrapper.unwrap(wrapped)
        np.testing.assert_array_equal(wrapped.phasor, before)
