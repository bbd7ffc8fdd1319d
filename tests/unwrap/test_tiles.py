"""Tiles: the plan, the same result as in one piece, islands across tiles, and what the report says."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from tests.contracts.unwrapper import TURN, record
from tests.unwrap.scenes import FloodUnwrapper, bowl, make_scene

from fringeworks.errors import SolverError
from fringeworks.model.grids import Shape
from fringeworks.unwrap import TiledUnwrapper, Unwrapped, unwrapper_named
from fringeworks.unwrap.tiles import plan_tiles


@pytest.mark.parametrize(
    "shape", [Shape(10, 10), Shape(100, 37), Shape(101, 64), Shape(1, 500), Shape(257, 300)]
)
@pytest.mark.parametrize(("size", "overlap"), [(64, 16), (30, 14), (50, 2)])
def test_tiles_cover_the_image_once_and_overlap(shape, size, overlap):
    tiles = plan_tiles(shape, tile_size=size, overlap=overlap)
    count = np.zeros(tuple(shape), int)
    for tile in tiles:
        count[tile.keep.slices] += 1
        assert max(tile.read.rows, tile.read.cols) <= size
        assert tile.read.row <= tile.keep.row
        assert tile.keep.row + tile.keep.rows <= tile.read.row + tile.read.rows <= shape.rows
        assert tile.keep.col + tile.keep.cols <= tile.read.col + tile.read.cols <= shape.cols
        assert tile.below >= overlap or tile.read.row + tile.read.rows == shape.rows
        assert tile.right >= overlap or tile.read.col + tile.read.cols == shape.cols
    assert np.all(count == 1)


class Shifting:
    """The plain one, with other whole cycles for each call: what a solver leaves open."""

    name = "shifting"
    licence = "Apache-2.0"

    def __init__(self):
        self.calls = 0

    def unwrap(self, wrapped):
        self.calls += 1
        found = FloodUnwrapper().unwrap(wrapped)
        shift = TURN * ((7 * self.calls) % 11 - 5) + TURN * 3 * found.components
        return Unwrapped(phase=(found.phase + shift).astype(np.float32), components=found.components)


def test_arbitrary_cycles_of_tiles_are_taken_out():
    truth = bowl((90, 110), fringes=5.0, width=30.0)
    inner = Shifting()
    found, report = TiledUnwrapper(inner=inner, tile_size=34, overlap=10).unwrap_with_report(record(truth))
    assert inner.calls == report.n_tiles > 8
    assert report.n_torn == 0
    assert np.all(found.components == 1)
    error = (found.phase - truth) / TURN
    np.testing.assert_allclose(error, np.round(error[0, 0]), atol=1e-5)


@pytest.mark.parametrize("method", ["whirlwind", "growing"])
def test_tiled_is_as_untiled_on_an_easy_scene(method, rng):
    scene = make_scene(bowl((150, 190), fringes=4.0, width=40.0), rng, coherence=np.full((150, 190), 0.8))
    inner = unwrapper_named(method)
    whole = inner.unwrap(scene.wrapped)
    found, report = TiledUnwrapper(
        inner=inner, tile_size=80, overlap=24, smallest_piece=20
    ).unwrap_with_report(scene.wrapped)
    assert report.n_tiles == 9
    assert report.n_torn == 0
    both = (whole.components == 1) & (found.components == 1)
    assert both.mean() > 0.98
    cycles = np.round((found.phase - whole.phase)[both] / TURN)
    assert np.unique(cycles).size == 1
    assert (found.components == 1).mean() == pytest.approx((whole.components == 1).mean(), abs=2e-3)


def test_islands_that_lie_across_tiles_stay_one_and_apart():
    truth = bowl((80, 120), fringes=3.0, width=30.0)
    truth[38:41, :] = np.nan
    tiled = TiledUnwrapper(inner=Shifting(), tile_size=40, overlap=12)
    found, _ = tiled.unwrap_with_report(record(truth))
    assert set(np.unique(found.components)) == {0, 1, 2}
    assert np.unique(found.components[:38]).size == np.unique(found.components[41:]).size == 1
    for part in (slice(0, 38), slice(41, 80)):
        error = (found.phase - truth)[part] / TURN
        np.testing.assert_allclose(error, np.round(error[0, 0]), atol=1e-5)


class Tearing:
    """Adds a cycle to the right half of each tile, as a solver in trouble would."""

    name = "tearing"
    licence = "Apache-2.0"

    def unwrap(self, wrapped):
        found = FloodUnwrapper().unwrap(wrapped)
        phase = found.phase.copy()
        phase[:, phase.shape[1] // 2 :] += TURN
        return Unwrapped(phase=phase, components=found.components)


def test_what_does_not_fit_is_counted():
    truth = bowl((40, 120), fringes=2.0, width=30.0)
    tiled = TiledUnwrapper(inner=Tearing(), tile_size=50, overlap=30)
    _, report = tiled.unwrap_with_report(record(truth))
    # Half of a tile is more than half of an overlap: a part of each overlap cannot agree.
    assert 0 < report.n_torn < report.n_shared
    assert report.as_dict()["n_torn"] == report.n_torn


def test_workers_do_not_matter(rng):
    scene = make_scene(bowl((90, 120), fringes=3.0, width=30.0), rng)
    first, second = (
        TiledUnwrapper(inner=unwrapper_named("whirlwind"), tile_size=60, overlap=20, workers=n).unwrap(
            scene.wrapped
        )
        for n in (1, 3)
    )
    np.testing.assert_array_equal(first.phase, second.phase)
    np.testing.assert_array_equal(first.components, second.components)


class Stopping:
    name = "stopping"
    licence = "Apache-2.0"

    def unwrap(self, wrapped):
        raise SolverError("it stopped")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failure_in_a_tile_is_the_failure_of_the_image(workers):
    tiled = TiledUnwrapper(inner=Stopping(), tile_size=30, overlap=10, workers=workers)
    with pytest.raises(SolverError, match="it stopped"):
        tiled.unwrap(record(np.zeros((60, 60))))


def test_it_has_the_name_and_licence_of_what_is_inside():
    tiled = TiledUnwrapper(inner=FloodUnwrapper(), tile_size=30, overlap=10)
    assert (tiled.name, tiled.licence) == ("flood", "Apache-2.0")


def test_memory_follows_the_tile_and_not_the_image(rng):
    shape = (900, 1100)
    wrapped = record(bowl(shape, fringes=4.0, width=200.0))
    inner = unwrapper_named("growing")
    tiled = TiledUnwrapper(inner=inner, tile_size=160, overlap=16)
    inner.unwrap(record(np.zeros((4, 4))))
    peaks = []
    for solver in (inner, tiled):
        tracemalloc.start()
        solver.unwrap(wrapped)
        peaks.append(tracemalloc.get_traced_memory()[1] / (shape[0] * shape[1]))
        tracemalloc.stop()
    # Phase and pieces (8 bytes a pixel), the results (6), what is numbered anew (2), and one tile of 26 thousand pixels
    # in 50 bytes each: 17 bytes a pixel; in one piece growing takes about 50.
    assert peaks[1] < 20
    assert peaks[0] > 2 * peaks[1]


def test_images_on_disk_will_do(tmp_path):
    truth = bowl((90, 110), fringes=5.0, width=30.0)
    given = record(truth)
    np.save(tmp_path / "phasor.npy", given.phasor)
    np.save(tmp_path / "coherence.npy", given.coherence)
    mapped = type(given)(
        phasor=np.load(tmp_path / "phasor.npy", mmap_mode="r"),
        coherence=np.load(tmp_path / "coherence.npy", mmap_mode="r"),
        effective_looks=20.0,
    )
    tiled = TiledUnwrapper(inner=FloodUnwrapper(), tile_size=34, overlap=10)
    np.testing.assert_array_equal(tiled.unwrap(mapped).phase, tiled.unwrap(given).phase)
