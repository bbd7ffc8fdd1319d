"""Which averaged cells belong to which burst: those of windows that meet share none and lose none."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.io.store import WorkingStore
from fringeworks.model.grids import Looks, Shape, Window
from fringeworks.workflow.scenes.cells import cells_of
from fringeworks.workflow.tasks.cells import halo_of, strips
from fringeworks.workflow.tasks.places import create_samples, write_samples


@pytest.mark.parametrize("azimuth", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("cut", [40, 41, 42, 43, 47])
def test_two_bursts_share_the_cells(azimuth, cut):
    looks, looked = Looks(azimuth, 5), Shape(100 // azimuth, 20)
    upper = cells_of(Window(0, 0, cut, 100), looks=looks, looked=looked)
    lower = cells_of(Window(cut, 0, 100 - cut, 100), looks=looks, looked=looked)
    assert upper.row == 0
    assert upper.row + upper.rows == lower.row
    assert lower.row + lower.rows == looked.rows
    assert (upper.col, upper.cols) == (0, 20)


def test_window_outside_of_the_image_has_no_cells():
    found = cells_of(Window(400, 0, 50, 100), looks=Looks(4, 5), looked=Shape(25, 20))
    assert found.rows == 0


def test_strips_hold_their_cells_and_their_surroundings(tmp_path):
    """Every sample of every cell is read once as a strip's own; beyond the stored part there is nothing."""
    step = WorkingStore(tmp_path).step("coregister")
    step.begin({"digest": "x"})
    stored, looks = Window(10, 7, 61, 53), Looks(4, 3)
    lines, samples = np.mgrid[stored.row : stored.row + stored.rows, stored.col : stored.col + stored.cols]
    create_samples(step, "burst", (3, stored.rows, stored.cols))
    for date in range(3):
        write_samples(
            step, "burst", (date, slice(0, stored.rows)), (lines + 1j * (samples + date)).astype(np.complex64)
        )
    cells = cells_of(stored, looks=looks, looked=Shape(30, 30))
    halo = halo_of(Shape(7, 11), looks)
    assert halo.rows % 4 == 0
    assert halo.rows >= 3
    found = strips(
        store=str(tmp_path),
        name="burst",
        stored=stored,
        cells=cells,
        dates=(0, 2),
        looks=looks,
        halo=halo,
        rows=5,
    )
    assert sum(s.cells.rows for s in found) == cells.rows
    for strip in found:
        values = strip.samples()
        window = strip.window
        assert values.shape == (2, window.rows, window.cols)
        for row in range(strip.inner_rows.start, strip.inner_rows.stop):
            block = values[
                1, row * 4 : row * 4 + 4, strip.inner_cols.start * 3 : strip.inner_cols.start * 3 + 3
            ]
            line = (strip.cells.row + row - strip.inner_rows.start) * 4 + np.arange(4)[:, None]
            sample = strip.cells.col * 3 + np.arange(3)[None]
            inside = (line >= stored.row) & (line < stored.row + stored.rows) & (sample >= stored.col)
            expected = np.where(inside, line + 1j * (sample + 2), np.nan)
            np.testing.assert_array_equal(block, expected.astype(np.complex64))
