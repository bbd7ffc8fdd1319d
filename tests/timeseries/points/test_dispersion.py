import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.timeseries.points import amplitude_dispersion, measure_levels, sum_amplitudes


def speckle(rng, n_dates, shape):
    return (rng.normal(size=(n_dates, *shape)) + 1j * rng.normal(size=(n_dates, *shape))).astype(np.complex64)


@pytest.mark.parametrize("as_amplitude", [False, True])
def test_mean_and_dispersion_are_those_of_the_definition(rng, as_amplitude):
    stack = speckle(rng, 37, (9, 23))
    stack[3, 4, 5] = np.nan
    stack[7, 4, 6] = 0.0
    factors = rng.uniform(0.5, 2.0, 37)
    amplitude = np.abs(stack).astype(float) * factors[:, None, None]
    amplitude[amplitude == 0] = np.nan
    found = amplitude_dispersion(np.abs(stack) if as_amplitude else stack, factors=factors)
    # single precision of 37 squares: 1e-6 of the mean square
    assert found.mean == pytest.approx(np.nanmean(amplitude, axis=0), rel=1e-6)
    assert found.dispersion == pytest.approx(
        np.nanstd(amplitude, axis=0) / np.nanmean(amplitude, axis=0), abs=3e-6
    )
    assert found.count[4, 5] == found.count[4, 6] == 36
    assert found.count[0, 0] == 37


def test_ground_without_a_dominant_scatterer_has_the_dispersion_of_rayleigh(rng):
    found = amplitude_dispersion(speckle(rng, 200, (40, 40)))
    # sqrt(4 / pi - 1) = 0.5227; the mean of 1600 estimates with 5 % scatter each, less 1 / (4 N) for the divisor
    assert found.dispersion.mean() == pytest.approx(np.sqrt(4 / np.pi - 1), abs=0.004)


def test_a_steady_scatterer_has_the_dispersion_of_its_phase_noise(rng):
    stack = 1.0 + 0.1 * speckle(rng, 400, (20, 20))
    found = amplitude_dispersion(stack.astype(np.complex64))
    # noise of 0.1 in either quadrature: amplitude and phase alike
    assert found.dispersion.mean() == pytest.approx(0.1, rel=0.02)
    assert np.angle(stack).std(axis=0).mean() == pytest.approx(found.dispersion.mean(), rel=0.02)


def test_dates_can_come_one_by_one_and_in_any_blocks(rng):
    stack = speckle(rng, 12, (8, 10))
    whole = sum_amplitudes(stack)
    parts = sum_amplitudes(stack[:5]) + sum_amplitudes(stack[5:])
    assert parts.total == pytest.approx(whole.total, rel=1e-6)
    assert parts.squares == pytest.approx(whole.squares, rel=1e-6)
    assert np.array_equal(parts.count, whole.count)
    block = sum_amplitudes(stack[:, 2:5, 3:9])
    assert np.array_equal(block.total, whole.total[2:5, 3:9])
    assert np.array_equal(block.squares, whole.squares[2:5, 3:9])


def test_two_thousand_dates_keep_six_digits(rng):
    stack = (1000.0 + rng.normal(size=(2000, 2, 3))).astype(np.float32)
    found = amplitude_dispersion(stack)
    exact = stack.astype(float)
    # a dispersion of 0.001 is the difference of two numbers that agree to six digits
    assert found.mean == pytest.approx(exact.mean(axis=0), rel=1e-6)
    assert found.dispersion == pytest.approx(exact.std(axis=0) / exact.mean(axis=0), abs=2e-4)


def test_no_date_and_no_sample_are_legal():
    found = amplitude_dispersion(np.zeros((3, 2, 2), np.complex64))
    assert np.isnan(found.mean).all()
    assert np.isnan(found.dispersion).all()
    assert amplitude_dispersion(np.zeros((0, 0, 5), np.complex64)).mean.shape == (0, 5)


def test_factors_make_dates_comparable_although_some_ground_changed(rng):
    stack = speckle(rng, 10, (60, 60))
    gains = rng.uniform(0.5, 2.0, 10)
    changed = stack * gains[:, None, None].astype(np.float32)
    changed[4, :15] *= 20.0
    levels = measure_levels(changed[:, :30]) + measure_levels(changed[:, 30:])
    assert np.array_equal(levels.histogram, measure_levels(changed).histogram)
    product = levels.factors() * gains
    # the median of 3600 log amplitudes of 0.6 scatter: 1.3 %; a quarter of changed ground moves one date by a sixth
    others = np.delete(product, 4) / np.median(product)
    assert others == pytest.approx(1.0, abs=0.05)
    assert product[4] / np.median(product) == pytest.approx(1.0, abs=0.3)


def test_factors_are_one_where_no_sample_has_all_dates():
    stack = np.ones((3, 2, 2), np.complex64)
    stack[1] = 0.0
    assert np.array_equal(measure_levels(stack).factors(), np.ones(3))


def test_wrong_arguments_are_named(rng):
    with pytest.raises(ShapeMismatchError, match=r"\(date, line, sample\)"):
        sum_amplitudes(np.ones((3, 3), np.complex64))
    with pytest.raises(ShapeMismatchError, match="one a date"):
        sum_amplitudes(np.ones((3, 3, 3), np.complex64), factors=np.ones(2))
    with pytest.raises(OutOfRangeError, match="above zero"):
        sum_amplitudes(np.ones((2, 3, 3), np.complex64), factors=np.array([1.0, 0.0]))
    with pytest.raises(ShapeMismatchError, match="the same samples"):
        sum_amplitudes(np.ones((2, 3, 3), np.complex64)) + sum_amplitudes(np.ones((2, 3, 4), np.complex64))
