"""The one door to the phase filters."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from tests.interferometry.filters.fringes import noisy, ramp, rms

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.interferometry.filters import FilterOptions, filter_halo, filter_phase, weigh
from fringeworks.model.arrays import BlockPlan
from fringeworks.model.grids import Shape

EVERY = [
    FilterOptions(),
    FilterOptions(method="goldstein", adaptive=True, patch=16, overlap=0.5),
    FilterOptions(method="sliding-window", windows=(7,)),
    FilterOptions(method="cascade", windows=(13, 5)),
    FilterOptions(method="gaussian", sigma=1.5, amplitude="unit"),
    FilterOptions(method="none"),
]


@pytest.mark.parametrize("options", EVERY, ids=lambda o: o.method)
def test_blocks_give_the_bits_of_the_whole(rng, options):
    phasor, coherence = noisy(rng, ramp((130, 140), 0.3, 0.1), 0.6)
    phasor[60:66, 20:50] = np.nan
    whole = filter_phase(phasor, coherence, options=options)
    out = np.empty_like(phasor)
    for block in BlockPlan(Shape(130, 140), Shape(50, 64), filter_halo(options)):
        at = block.read.slices
        part = filter_phase(
            phasor[at], coherence[at], options=options, row=block.read.row, col=block.read.col
        )
        out[block.keep.slices] = part.phasor[block.inner]
    np.testing.assert_array_equal(out, whole.phasor)
    assert whole.tally.as_dict()["rejected"] == {"no data": 180}


@pytest.mark.parametrize("options", EVERY[:5], ids=lambda o: o.method)
def test_every_filter_lowers_noise_and_keeps_a_ramp(rng, options):
    truth = ramp((150, 150), 0.12, -0.08)
    phasor, coherence = noisy(rng, truth, 0.5)
    before = rms(phasor, truth)
    after = filter_phase(phasor, coherence, options=options).phasor
    assert rms(after, truth) < 0.75 * before
    error = np.angle(after * np.exp(-1j * truth))
    # no slope is left in what the filter changed: 0.05 rad over the image
    rows, cols = np.mgrid[:150, :150]
    basis = np.column_stack([np.ones(150 * 150), rows.ravel(), cols.ravel()])
    slope = np.linalg.lstsq(basis, error.ravel(), rcond=None)[0]
    assert np.all(abs(slope[1:]) * 150 < 0.05)
    assert abs(slope[0]) < 0.05


def test_weights_are_what_was_asked_for(rng):
    phasor = (3.0 * np.exp(1j * rng.uniform(-3, 3, (4, 5)))).astype(np.complex64)
    phasor[0, 0], phasor[1, 1] = np.nan, 0.0
    coherence = rng.uniform(0, 1, (4, 5)).astype(np.float32)
    coherence[2, 2] = np.nan
    np.testing.assert_array_equal(weigh(phasor, None, amplitude="keep"), phasor)
    unit = weigh(phasor, None, amplitude="unit")
    np.testing.assert_allclose(np.abs(unit[2:]), 1.0, atol=1e-6)
    assert unit[1, 1] == 0.0
    assert np.isnan(unit[0, 0])
    by = weigh(phasor, coherence, amplitude="coherence")
    np.testing.assert_allclose(np.abs(by[3]), coherence[3], atol=1e-6)
    np.testing.assert_allclose(np.angle(by[3]), np.angle(phasor[3]), atol=1e-6)
    assert by[2, 2] == 0.0
    with pytest.raises(ShapeMismatchError, match="coherence of None"):
        weigh(phasor, None, amplitude="coherence")


def test_bad_input_is_named():
    image = np.ones((40, 40), np.complex64)
    with pytest.raises(TooFewDataError, match="no coherence for filter goldstein"):
        filter_phase(image, None, options=FilterOptions())
    with pytest.raises(TooFewDataError, match="with amplitude unit"):
        filter_phase(image, None, options=FilterOptions(amplitude="unit", adaptive=True))
    with pytest.raises(OutOfRangeError, match="method 'median'"):
        FilterOptions(method="median")
    with pytest.raises(OutOfRangeError, match="overlap"):
        FilterOptions(overlap=0.6)
    with pytest.raises(OutOfRangeError, match=r"windows \[4\]"):
        FilterOptions(windows=(4,))
    with pytest.raises(OutOfRangeError, match="smoothing 2"):
        FilterOptions(smoothing=2)
    assert FilterOptions(patch=64, overlap=0.875).step == 8


@pytest.mark.data
@pytest.mark.parametrize("options", EVERY[:4], ids=lambda o: o.method)
def test_real_phase_of_morocco(helper_data, options):
    phase, coherence = morocco(helper_data)
    phasor = np.exp(1j * phase).astype(np.complex64)
    out = filter_phase(phasor, coherence, options=options).phasor
    np.testing.assert_array_equal(np.isnan(out), np.isnan(phasor))

    def residues(values):
        steps = [np.angle(np.exp(1j * np.diff(values, axis=axis))) for axis in (0, 1)]
        loop = steps[1][:-1] + steps[0][:, 1:] - steps[1][1:] - steps[0][:, :-1]
        finite = np.isfinite(loop)
        return float(np.mean(np.abs(np.round(loop[finite] / (2 * np.pi))) > 0))

    # the filter closes most of the points where the phase cannot be unwrapped, and turns clear pixels little
    assert residues(np.angle(out)) < 0.35 * residues(phase)
    clear = coherence > 0.9
    turned = np.angle(out * np.conj(phasor))[clear]
    assert float(np.sqrt(np.mean(turned**2))) < 0.5
    assert abs(float(np.mean(turned))) < 0.02


def morocco(folder):
    """Wrapped phase and coherence of the real pair, NaN where there is no data."""
    place = (
        folder / "safe-pair-morocco/data/test-full-processor/S1_InSAR_2023-09-04-063730__2023-09-16-063730"
    )
    found = []
    for name in ("phi_vv", "coh_vv"):
        with rasterio.open(place / f"{name}.tif") as file:
            found.append(file.read(1).astype(np.float32))
    phase, coherence = found
    empty = ~np.isfinite(phase) | ~np.isfinite(coherence) | (coherence == 0)
    return tuple(np.where(empty, np.float32(np.nan), values) for values in found)
