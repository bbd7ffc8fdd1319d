"""Region growing against a slow and plain twin, and where it has to go last."""

from __future__ import annotations

import numpy as np
import pytest
from tests.contracts.unwrapper import TURN
from tests.unwrap.scenes import bowl, field, make_scene

from fringeworks.errors import OutOfRangeError
from fringeworks.unwrap import UnwrapOptions
from fringeworks.unwrap import growing_kernels as kernels
from fringeworks.unwrap.growing import GrowingUnwrapper, _grow


def grow_plainly(phase, quality, valid):
    """Join the regions of neighbours, best pair first, relabelling a whole region at a time; returns phase."""
    rows, cols = phase.shape
    pairs = []
    for row, col in np.argwhere(valid):
        for neighbour, there in enumerate(((row, col + 1), (row + 1, col))):
            if there[0] < rows and there[1] < cols and valid[there]:
                pairs.append(
                    (plain_level(phase, quality, valid, (row, col), there), row, col, neighbour, there)
                )
    region = np.arange(valid.size).reshape(valid.shape)
    result = phase.astype(float).copy()
    for _, row, col, _, there in sorted(pairs):
        if region[row, col] != region[there]:
            moved = region == region[there]
            step = phase[there].astype(float) - phase[row, col]
            wanted = result[row, col] + step - TURN * np.round(step / TURN)
            result[moved] += wanted - result[there]
            region[moved] = region[row, col]
    return result, region


def plain_level(phase, quality, valid, here, there):
    step = float(phase[there]) - float(phase[here])
    step -= TURN * np.round(step / TURN)
    both = float(min(quality[here], quality[there]))
    down, right = there[0] - here[0], there[1] - here[1]
    if any(residue(phase, valid, corner) for corner in (here, (here[0] - right, here[1] - down))):
        both *= 0.01
    reliability = both * (1.0 - abs(step) / np.pi)
    return int(np.clip(int((1.0 - reliability) * (kernels.LEVELS - 1)), 0, kernels.LEVELS - 1))


def residue(phase, valid, corner):
    row, col = corner
    if row < 0 or col < 0 or row + 1 >= phase.shape[0] or col + 1 >= phase.shape[1]:
        return False
    ring = [(row, col), (row, col + 1), (row + 1, col + 1), (row + 1, col), (row, col)]
    if not all(valid[p] for p in ring):
        return False
    steps = np.diff([float(phase[p]) for p in ring])
    return abs(np.sum(steps - TURN * np.round(steps / TURN))) > np.pi


def test_growing_is_what_the_plain_twin_does(rng):
    shape = (24, 31)
    phase = rng.uniform(-np.pi, np.pi, shape).astype(np.float32)
    phase[:, :16] = np.angle(np.exp(1j * bowl(shape, fringes=2.0, width=9.0)[:, :16]))
    quality = rng.uniform(0.05, 1.0, shape).astype(np.float32)
    valid = rng.random(shape) > 0.15
    parent, cycles = _grow(phase, quality, valid)
    expected, region = grow_plainly(phase, quality, valid)
    roots = np.array([kernels.find_root(parent, cycles, k) for k in range(valid.size)])
    level = np.where(roots == np.arange(valid.size), 0, cycles).reshape(shape)
    found = phase + TURN * level
    for number in np.unique(region[valid]):
        inside = valid & (region == number)
        assert np.unique(roots.reshape(shape)[inside]).size == 1
        difference = (found - expected)[inside]
        # whole cycles that are the same in a region: the rest is rounding of float32
        np.testing.assert_allclose(difference - difference[0], 0.0, atol=1e-4)


def test_a_poor_strip_is_crossed_last(rng):
    """Two good areas meet in noise and around its end: the way around decides."""
    shape = (60, 80)
    truth = bowl(shape, fringes=1.5, width=25.0)
    coherence = np.full(shape, 0.9)
    coherence[:50, 36:44] = 0.02
    scene = make_scene(truth, rng, coherence=coherence)
    found = GrowingUnwrapper().unwrap(scene.wrapped)
    assert scene.wrong(found, (coherence > 0.5) & (found.components == 1)) == 0.0
    assert (found.components == 1)[coherence > 0.5].mean() > 0.97


def test_steep_fringes_survive_the_smoothing(rng):
    # Four pixels a fringe: a window of five would average it away if its slope stayed in.
    cols = np.arange(120)[None, :]
    truth = np.broadcast_to(TURN / 4.0 * cols, (90, 120))
    scene = make_scene(truth, rng, coherence=np.full(truth.shape, 0.7))
    found = GrowingUnwrapper().unwrap(scene.wrapped)
    assert (found.components == 1).mean() > 0.97
    assert scene.wrong(found) == 0.0


def test_threads_do_not_matter(rng):
    numba = pytest.importorskip("numba")
    scene = make_scene(3.0 * field((90, 110), rng, slope=11 / 3), rng)
    several = GrowingUnwrapper().unwrap(scene.wrapped)
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        one = GrowingUnwrapper().unwrap(scene.wrapped)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(one.phase, several.phase)
    np.testing.assert_array_equal(one.components, several.components)


def test_weights_are_those_of_the_phase_variance():
    shape = (1, 4)
    phasor = np.full(shape, 2.0 + 0.0j, np.complex64)
    coherence = np.array([[0.9, 0.5, 0.1, 0.999]], np.float32)
    unit, weight = np.empty(shape, np.complex64), np.empty(shape, np.float32)
    kernels.unit_and_weight(phasor, coherence, np.ones(shape, bool), looks=20.0, unit=unit, weight=weight)
    np.testing.assert_array_equal(unit, 1.0)
    g2 = (np.array([0.81, 0.25]) - 0.05) / 0.95
    np.testing.assert_allclose(weight[0, :2], g2 / (1 - g2), rtol=1e-5)
    assert weight[0, 2] == pytest.approx(1e-3 / (1 - 1e-3))
    assert weight[0, 3] == 10.0


def test_the_window_is_odd():
    with pytest.raises(OutOfRangeError, match="odd"):
        UnwrapOptions(smoothing=4)
