"""Real wrapped phase: two methods agree, and agree with what another program made of it."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from tests.contracts.unwrapper import TURN

from fringeworks.unwrap import UnwrapOptions, UnwrappedPair, WrappedPhase, unwrap_pair

pytestmark = pytest.mark.data


def read(path):
    with rasterio.open(path) as file:
        image = file.read(1)
        return np.where(image == file.nodata, np.nan, image) if file.nodata is not None else image


def test_two_methods_unwrap_the_moroccan_pair_alike(helper_data):
    folder = helper_data / "safe-pair-morocco" / "data" / "test-full-processor"
    folder = next(folder.glob("S1_InSAR_*"))
    phase, coherence = read(folder / "phi_vv.tif"), read(folder / "coh_vv.tif").astype(np.float32)
    wrapped = WrappedPhase(
        phasor=np.exp(1j * phase).astype(np.complex64), coherence=coherence, effective_looks=10.0
    )
    results = [unwrap_pair(wrapped, options=UnwrapOptions(method=m)) for m in ("whirlwind", "growing")]
    assert all(isinstance(done, UnwrappedPair) for done in results)
    first, second = (done.unwrapped for done in results)
    assert first.components.max() == second.components.max() == 1
    known = np.isfinite(wrapped.phasor) & np.isfinite(coherence)
    both = (first.components > 0) & (second.components > 0)
    assert both.sum() > 0.99 * known.sum()
    cycles = np.round((first.phase - second.phase)[both] / TURN)
    # Noise alone lets single pixels of coherence below 0.3 fall on either side: a handful of 300,000.
    assert np.count_nonzero(cycles != np.median(cycles)) <= 5


@pytest.mark.parametrize(("method", "most"), [("whirlwind", 2e-5), ("growing", 3e-4)])
def test_mexico_city_comes_out_as_gamma_has_it(helper_data, method, most):
    folder = helper_data / "interferograms-mexico-city" / "cropA" / "geotiffs"
    paths = sorted(folder.glob("*_unw.tif"))
    assert len(paths) == 30
    n_compared = n_differ = 0
    for path in paths:
        phase = read(path)
        coherence = read(path.with_name(path.name.replace("_eqa_unw", "_flat_eqa_cc")))
        known = np.isfinite(phase) & (phase != 0)
        wrapped = WrappedPhase(
            phasor=np.where(known, np.exp(1j * phase), np.nan).astype(np.complex64),
            coherence=np.where(known, coherence, np.nan).astype(np.float32),
            effective_looks=20.0,
        )
        done = unwrap_pair(wrapped, options=UnwrapOptions(method=method))
        assert isinstance(done, UnwrappedPair)
        inside = done.unwrapped.components == 1
        assert inside.sum() > 0.9 * known.sum()
        cycles = np.round((done.unwrapped.phase - phase)[inside] / TURN)
        n_compared += cycles.size
        n_differ += np.count_nonzero(cycles != np.median(cycles))
    # Of 170,000 pixels; subsidence of up to 3.7 rad from one to the next, more than half a cycle, decides them.
    assert n_differ <= most * n_compared
