"""Coherence: bias, independent looks, windows along fringes."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gamma, gammaln

from fringeworks.errors import OutOfRangeError
from fringeworks.interferometry.coherence import (
    Band,
    effective_looks,
    expected_coherence,
    unbias_coherence,
    window_coherence,
)
from fringeworks.interferometry.forming import form_interferograms, sum_looks
from fringeworks.model.grids import Looks, Shape

AZIMUTH = Band(bandwidth=314.0, sampling_rate=486.486, window=0.75)
RANGE = Band(bandwidth=42.79e6, sampling_rate=64.345238e6, window=0.75)


def white(rng, shape):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)


def coherent(rng, shape, coherence):
    """Circular Gaussian images of a given coherence and phase 0.7 rad."""
    shared = white(rng, shape)
    own = white(rng, shape)
    secondary = coherence * shared * np.exp(-0.7j) + np.sqrt(1 - coherence**2) * own
    return shared.astype(np.complex64), secondary.astype(np.complex64)


def banded(rng, shape, bands):
    """White noise through the window of each direction."""
    spectrum = np.fft.fft2(white(rng, shape))
    for axis, band in enumerate(bands):
        f = np.fft.fftfreq(shape[axis]) * band.sampling_rate / band.bandwidth
        gain = np.where(abs(f) <= 0.5, band.window + (1 - band.window) * np.cos(2 * np.pi * f), 0.0)
        spectrum = spectrum * (gain[:, None] if axis == 0 else gain[None, :])
    return np.fft.ifft2(spectrum).astype(np.complex64)


@pytest.mark.parametrize("looks", [1.5, 4.0, 16.0, 300.0])
def test_expectation_at_zero_is_the_known_ratio_of_gammas(looks):
    known = np.exp(gammaln(looks) + gammaln(1.5) - gammaln(looks + 0.5))
    assert expected_coherence(np.zeros(1), looks=looks)[0] == pytest.approx(known, rel=1e-12)


@pytest.mark.parametrize("looks", [2.0, 5.5, 20.0])
@pytest.mark.parametrize("true", [0.1, 0.5, 0.8])
def test_expectation_is_the_hypergeometric_series(looks, true):
    # Touzi et al. 1999, eq. 10: 3F2(3/2, L, L; L + 1/2, 1; D^2) (1 - D^2)^L times the value at zero
    total, term = 0.0, 1.0
    for n in range(3000):
        total += term
        term *= (1.5 + n) * (looks + n) ** 2 / ((looks + 0.5 + n) * (n + 1.0) ** 2) * true**2
    known = gamma(looks) * gamma(1.5) / gamma(looks + 0.5) * total * (1 - true**2) ** looks
    # the table is linear between its 400 nodes: second derivative below 2, so error below 2e-6
    assert expected_coherence(np.array([true]), looks=looks)[0] == pytest.approx(known, abs=3e-6)


@pytest.mark.parametrize("true", [0.0, 0.3, 0.7, 0.95])
def test_mean_estimate_of_simulated_speckle_is_the_expectation(rng, true):
    looks = Looks(4, 5)
    reference, secondary = coherent(rng, (800, 1000), true)
    (formed,) = form_interferograms(reference, secondary, looks=[looks])
    mean = float(formed.coherence.mean())
    expected = expected_coherence(np.array([true]), looks=20)[0]
    # 40 000 cells, each of spread at most 0.13: five standard errors are 0.003
    assert mean == pytest.approx(expected, abs=0.003)
    assert unbias_coherence(np.array([mean], np.float32), looks=20)[0] == pytest.approx(
        true, abs=0.05 if true == 0 else 0.01
    )
    assert np.angle(formed.phasor.sum()) == pytest.approx(0.7, abs=0.02 if true else 10)


@settings(max_examples=20, deadline=None)
@given(looks=st.floats(1.2, 500.0))
def test_expectation_rises_and_its_inverse_undoes_it(looks):
    true = np.linspace(0, 1, 101)
    expected = expected_coherence(true, looks=looks)
    assert all(b > a for a, b in pairwise(expected))
    assert expected[-1] == 1.0
    assert np.all(expected >= true - 1e-6)
    back = unbias_coherence(expected.astype(np.float32), looks=looks)
    # float32 of the estimate where the curve is flat: sqrt(1e-7) at coherence 0
    np.testing.assert_allclose(back[10:], true[10:], atol=2e-3)
    assert unbias_coherence(np.array([0.0, np.nan], np.float32), looks=looks)[0] == 0.0
    assert np.isnan(unbias_coherence(np.array([np.nan], np.float32), looks=looks)[0])


def test_independent_looks_are_those_of_simulated_bands(rng):
    looks = Looks(3, 7)
    bands = (AZIMUTH, RANGE)
    reference, secondary = banded(rng, (900, 1400), bands), banded(rng, (900, 1400), bands)
    (formed,) = form_interferograms(reference, secondary, looks=[looks])
    expected = effective_looks(looks, azimuth=AZIMUTH, range_=RANGE)
    power = formed.reference_amplitude.astype(float) ** 2
    assert float(power.mean() ** 2 / power.var()) == pytest.approx(expected, rel=0.03)
    # the coherence of correlated samples follows the law of independent ones to some per cent
    null = float(formed.coherence.mean())
    assert null == pytest.approx(expected_coherence(np.zeros(1), looks=expected)[0], rel=0.05)


def test_looks_without_oversampling_and_window_are_all_independent():
    full = Band(bandwidth=1.0, sampling_rate=1.0)
    assert effective_looks(Looks(4, 5), azimuth=full, range_=full) == pytest.approx(20.0, rel=1e-9)
    wide = effective_looks(Looks(200, 1), azimuth=Band(bandwidth=0.5, sampling_rate=1.0), range_=full)
    assert wide == pytest.approx(100.0, rel=0.02)


def plain_window(sums, half, row, col):
    here = (
        slice(max(row - half[0], 0), row + half[0] + 1),
        slice(max(col - half[1], 0), col + half[1] + 1),
    )
    power = sums.reference_power[here].astype(float).sum() * sums.secondary_power[here].astype(float).sum()
    return abs(sums.product[here].astype(complex).sum()) / np.sqrt(power)


def test_window_equals_plain_and_block_equals_whole(rng):
    reference, secondary = coherent(rng, (120, 160), 0.6)
    reference[40:60, 50:90] = np.nan
    (sums,) = sum_looks(reference, secondary, looks=[Looks(2, 4)])
    window = Shape(3, 5)
    whole = window_coherence(sums, window=window, along_fringes=False)
    for row, col in [(0, 0), (7, 39), (59, 12), (33, 20)]:
        assert whole[row, col] == pytest.approx(plain_window(sums, (1, 2), row, col), rel=1e-5)
    assert np.isnan(whole[25, 18])
    (part,) = sum_looks(reference[30:90], secondary[30:90], looks=[Looks(2, 4)])
    for fringes in (False, True):
        a = window_coherence(sums, window=window, along_fringes=fringes)
        b = window_coherence(part, window=window, along_fringes=fringes)
        np.testing.assert_array_equal(a[16:44], b[1:-1])


def test_fringes_inside_the_window_cost_nothing_along_them(rng):
    reference, secondary = coherent(rng, (400, 600), 0.8)
    rows, cols = np.mgrid[:400, :600]
    fringes = (2 * np.pi * (rows / 40.0 + cols / 90.0)).astype(np.float32)
    steep = (secondary * np.exp(-1j * fringes)).astype(np.complex64)
    window = Shape(9, 9)
    (level,), (tilted,) = (sum_looks(reference, s, looks=[Looks(2, 4)]) for s in (secondary, steep))
    inner = (slice(4, -4), slice(4, -4))
    flat = window_coherence(level, window=window)[inner].mean()
    along = window_coherence(tilted, window=window)[inner].mean()
    across = window_coherence(tilted, window=window, along_fringes=False)[inner].mean()
    # what remains is the phase slope inside one cell of 2 x 4 samples: sinc(2/40) sinc(4/90) = 0.9926
    assert along == pytest.approx(flat * 0.9926, abs=0.004)
    assert across < 0.75


def test_no_slope_is_fitted_to_noise(rng):
    reference, secondary = coherent(rng, (400, 600), 0.0)
    (sums,) = sum_looks(reference, secondary, looks=[Looks(2, 4)])
    plain, fitted = (
        window_coherence(sums, window=Shape(5, 5), along_fringes=f).mean() for f in (False, True)
    )
    assert plain <= fitted < 1.01 * plain


def test_bad_input_is_named(rng):
    with pytest.raises(OutOfRangeError, match="one look alone"):
        unbias_coherence(np.zeros(2, np.float32), looks=1.0)
    with pytest.raises(OutOfRangeError, match=r"bandwidth 2\.0 Hz at 1\.0 Hz"):
        Band(bandwidth=2.0, sampling_rate=1.0)
    reference, secondary = coherent(rng, (8, 8), 0.5)
    (sums,) = sum_looks(reference, secondary, looks=[Looks(1, 1)])
    with pytest.raises(OutOfRangeError, match="odd numbers"):
        window_coherence(sums, window=Shape(4, 3))


def amsterdam(folder, day, name):
    group = folder / "slc-pair-amsterdam" / "zarrs" / f"{day}-coreg.znap"
    real, imaginary = (zarr.open_array(str(group / f"{part}_VV_{name}"), mode="r")[:] for part in "iq")
    return (real + 1j * imaginary).astype(np.complex64)


@pytest.mark.data
def test_real_pair_of_amsterdam(helper_data):
    earlier = amsterdam(helper_data, "20230319", "19Mar2023")
    later = amsterdam(helper_data, "20230331", "31Mar2023")
    looks = Looks(3, 7)
    (formed,) = form_interferograms(earlier, later, looks=[looks])
    (null,) = form_interferograms(earlier[:, :-40], later[:, 40:], looks=[looks])
    # the inventory says 0.75 over the same window, and 0.26 for a shifted null (its shift is not stated)
    assert float(np.nanmean(formed.coherence)) == pytest.approx(0.75, abs=0.01)
    assert 0.24 < float(np.nanmean(null.coherence)) < 0.31
    tree = json.loads(
        (helper_data / "slc-pair-amsterdam/zarrs/20230331-coreg.znap/SNAP/product_metadata.json").read_text()
    )
    assert "0.75" in json.dumps(tree)
    independent = effective_looks(looks, azimuth=AZIMUTH, range_=RANGE)
    corrected = unbias_coherence(null.coherence, looks=independent)
    # no coherence: most cells lie below the mean of noise, and are set to zero
    assert float(np.nanmedian(corrected)) < 0.1
    assert float(np.nanmean(unbias_coherence(formed.coherence, looks=independent))) > 0.7
