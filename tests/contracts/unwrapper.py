"""What every unwrapper has to pass: inherit, and give ``unwrapper``."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.unwrap.protocol import Unwrapper, WrappedPhase

TURN = 2.0 * np.pi
# float32 of 30 rad leaves 2e-6 rad, the unit phasor 1e-7: anything above 1e-4 is no rounding
ROUNDING = 1e-4


def record(truth, coherence=0.95, looks=20.0):
    """Return phase and coherence as an unwrapper gets them; they cannot be written to."""
    phasor = np.exp(1j * truth).astype(np.complex64)
    image = np.where(np.isfinite(phasor), np.float32(coherence), np.float32(np.nan))
    phasor.flags.writeable = image.flags.writeable = False
    return WrappedPhase(phasor=phasor, coherence=image, effective_looks=looks)


def ramp(shape=(64, 80), *, cycles=4.0, coherence=0.95):
    """Return a wrapped interferogram of a tilted bowl, and its phase before wrapping."""
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    bowl = np.exp(-((rows - shape[0] / 2) ** 2 + (cols - shape[1] / 2) ** 2) / 300.0)
    truth = TURN * (cycles * cols / shape[1] - bowl)
    return record(truth, coherence), truth


def wrong_cycles(found, truth):
    """Return by how many cycles a result is off, its arbitrary constant per component taken out; NaN outside."""
    error = (found.phase - truth) / TURN
    for label in range(1, int(found.components.max(initial=0)) + 1):
        inside = found.components == label
        error[inside] -= np.round(np.median(error[inside]))
    return error


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
        np.testing.assert_allclose(TURN * wrong_cycles(found, truth), 0.0, atol=ROUNDING)

    def test_it_adds_whole_cycles_only(self, unwrapper, rng):
        _, truth = ramp(coherence=0.7)
        noisy = record(truth + 0.4 * rng.normal(size=truth.shape), 0.7)
        found = unwrapper.unwrap(noisy)
        known = found.components > 0
        assert known.mean() > 0.5
        difference = np.exp(1j * found.phase[known].astype(float)) / noisy.phasor[known]
        np.testing.assert_allclose(np.angle(difference), 0.0, atol=ROUNDING)

    def test_missing_stays_missing(self, unwrapper):
        _, truth = ramp()
        truth[:10, :10] = np.nan
        found = unwrapper.unwrap(record(truth))
        assert np.isnan(found.phase[:10, :10]).all()
        assert np.all(found.components[:10, :10] == 0)
        np.testing.assert_array_equal(np.isfinite(found.phase), found.components > 0)

    def test_phase_without_coherence_is_missing_too(self, unwrapper):
        wrapped, _ = ramp()
        coherence = wrapped.coherence.copy()
        coherence[20:30, 20:30] = np.nan
        found = unwrapper.unwrap(
            WrappedPhase(phasor=wrapped.phasor, coherence=coherence, effective_looks=20.0)
        )
        assert np.isnan(found.phase[20:30, 20:30]).all()
        np.testing.assert_array_equal(np.isfinite(found.phase), found.components > 0)

    def test_a_phasor_of_length_zero_is_missing(self, unwrapper):
        wrapped, _ = ramp()
        phasor = wrapped.phasor.copy()
        phasor[5, 5:60] = 0.0
        found = unwrapper.unwrap(
            WrappedPhase(phasor=phasor, coherence=wrapped.coherence, effective_looks=20.0)
        )
        assert np.isnan(found.phase[5, 5:60]).all()

    def test_nothing_gives_nothing(self, unwrapper):
        found = unwrapper.unwrap(record(np.full((12, 17), np.nan)))
        assert found.phase.shape == found.components.shape == (12, 17)
        assert np.isnan(found.phase).all()
        assert not found.components.any()

    def test_islands_are_components_of_their_own(self, unwrapper):
        _, truth = ramp((60, 90))
        truth[:, 40:44] = np.nan
        found = unwrapper.unwrap(record(truth))
        left, right = found.components[:, :40], found.components[:, 44:]
        assert np.all(left == left[0, 0])
        assert np.all(right == right[0, 0])
        assert {int(left[0, 0]), int(right[0, 0])} == {1, 2}
        known = np.isfinite(truth)
        np.testing.assert_allclose(TURN * wrong_cycles(found, truth)[known], 0.0, atol=ROUNDING)

    def test_a_ring_around_nothing_closes(self, unwrapper):
        _, truth = ramp((60, 60))
        truth[25:35, 25:35] = np.nan
        found = unwrapper.unwrap(record(truth))
        known = np.isfinite(truth)
        assert np.all(found.components[known] == 1)
        np.testing.assert_allclose(TURN * wrong_cycles(found, truth)[known], 0.0, atol=ROUNDING)

    @pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 2), (2, 50), (50, 2), (3, 3), (4, 7)])
    def test_thin_images_come_back(self, unwrapper, shape):
        rows, cols = np.mgrid[: shape[0], : shape[1]]
        truth = 0.9 * cols - 0.7 * rows
        found = unwrapper.unwrap(record(truth))
        assert np.all(found.components == 1)
        np.testing.assert_allclose(TURN * wrong_cycles(found, truth), 0.0, atol=ROUNDING)

    def test_components_are_numbered_without_holes(self, unwrapper):
        _, truth = ramp((60, 90))
        truth[:, 30:33] = truth[:, 60:63] = truth[20:24, :] = np.nan
        labels, sizes = np.unique(unwrapper.unwrap(record(truth)).components, return_counts=True)
        np.testing.assert_array_equal(labels, np.arange(labels.size))
        # a pixel in a corner may be one of its own
        assert np.count_nonzero(sizes[1:] > 8) == 6

    def test_one_look_and_no_coherence_do_no_harm(self, unwrapper, rng):
        noise = record(rng.uniform(-np.pi, np.pi, (40, 50)), 0.0, looks=1.0)
        found = unwrapper.unwrap(noise)
        np.testing.assert_array_equal(np.isfinite(found.phase), found.components > 0)

    def test_it_gives_the_same_twice(self, unwrapper, rng):
        truth = ramp()[1] + 0.5 * rng.normal(size=(64, 80))
        first, second = (unwrapper.unwrap(record(truth, 0.6)) for _ in range(2))
        np.testing.assert_array_equal(first.phase, second.phase)
        np.testing.assert_array_equal(first.components, second.components)

    def test_it_leaves_its_argument_alone(self, unwrapper):
        wrapped, _ = ramp()
        phasor, coherence = wrapped.phasor.copy(), wrapped.coherence.copy()
        phasor[3, 4], coherence[3, 4] = complex(np.nan, np.nan), np.nan
        given = WrappedPhase(phasor=phasor, coherence=coherence, effective_looks=20.0)
        before = phasor.copy(), coherence.copy()
        unwrapper.unwrap(given)
        np.testing.assert_array_equal(phasor, before[0])
        np.testing.assert_array_equal(coherence, before[1])
