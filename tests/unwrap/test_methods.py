"""Every unwrapper of the house keeps the contract, alone and in tiles, and finds the cycles of invented scenes."""

from __future__ import annotations

import numpy as np
import pytest
from tests.contracts.unwrapper import UnwrapperContract
from tests.unwrap.scenes import bowl, field, make_scene

from fringeworks.unwrap import TiledUnwrapper, UnwrapOptions, unwrapper_named
from fringeworks.unwrap.growing import GrowingUnwrapper
from fringeworks.unwrap.whirlwind import WhirlwindUnwrapper


def snaphu_or_skip(**options):
    """Return SNAPHU, or skip by name where the extra is absent."""
    pytest.importorskip("snaphu", reason="extra snaphu is absent")
    return unwrapper_named("snaphu", UnwrapOptions(method="snaphu", **options))


class TestWhirlwind(UnwrapperContract):
    @pytest.fixture
    def unwrapper(self):
        return WhirlwindUnwrapper()


class TestGrowing(UnwrapperContract):
    @pytest.fixture
    def unwrapper(self):
        return GrowingUnwrapper()


class TestGrowingWithLittleSmoothing(UnwrapperContract):
    @pytest.fixture
    def unwrapper(self):
        return GrowingUnwrapper(UnwrapOptions(smoothing=3))


class TestSnaphu(UnwrapperContract):
    @pytest.fixture
    def unwrapper(self):
        return snaphu_or_skip()


class TestWhirlwindInTiles(UnwrapperContract):
    @pytest.fixture
    def unwrapper(self):
        return TiledUnwrapper(inner=WhirlwindUnwrapper(), tile_size=36, overlap=12)


class TestGrowingInTiles(UnwrapperContract):
    @pytest.fixture
    def unwrapper(self):
        return TiledUnwrapper(inner=GrowingUnwrapper(), tile_size=30, overlap=10, workers=2)


SHAPE = (160, 200)


def phases(rng):
    """Return scenes that can be solved: gentle, with steep fringes, and rough as the atmosphere."""
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return {
        "bowl": bowl(SHAPE, fringes=4.0, width=40.0),
        "steep": bowl(SHAPE, fringes=9.0, width=40.0),
        "plane": 1.5 * cols + 0.7 * rows,
        "air": 4.0 * field(SHAPE, rng, slope=11 / 3),
    }


@pytest.mark.parametrize("kind", ["bowl", "steep", "plane", "air"])
@pytest.mark.parametrize("method", ["whirlwind", "growing"])
def test_the_cycles_of_a_noisy_scene_are_found(method, kind, rng):
    scene = make_scene(phases(rng)[kind], rng)
    found = unwrapper_named(method).unwrap(scene.wrapped)
    largest = found.components == 1
    # Two in three pixels have a coherence above 0.5: with 12 looks a phase noise below 0.35 rad.
    assert largest.mean() > 0.7
    # A pixel of coherence 0.3 has noise of 0.65 rad; one in a million is beyond pi. Lower ones are few in components.
    assert scene.wrong(found, largest) < 3e-4
    assert scene.wrong(found, largest & (scene.coherence > 0.5)) == 0.0


def test_snaphu_finds_the_cycles_of_a_noisy_scene(rng):
    scene = make_scene(phases(rng)["bowl"], rng)
    found = snaphu_or_skip().unwrap(scene.wrapped)
    assert scene.wrong(found, found.components == 1) < 3e-4
    broken = snaphu_or_skip(snaphu_cost="defo").unwrap(scene.wrapped)
    assert scene.wrong(broken, (broken.components == 1) & (scene.coherence > 0.5)) < 1e-3


@pytest.mark.parametrize("method", ["whirlwind", "growing"])
def test_noise_without_a_signal_is_in_no_component(method, rng):
    coherence = np.full(SHAPE, 0.8)
    coherence[40:120, 60:140] = 0.0
    scene = make_scene(bowl(SHAPE, fringes=2.0, width=60.0), rng, coherence=coherence)
    found = unwrapper_named(method).unwrap(scene.wrapped)
    # Away from the border, whose pixels windows of a few pixels share with the good area outside.
    assert (found.components == 1)[48:112, 68:132].mean() < 0.02
    assert (found.components == 1)[coherence > 0].mean() > 0.95
