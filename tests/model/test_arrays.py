"""Blocks: a partition of the image, each with its halo."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fringeworks.errors import MemoryLimitError, OutOfRangeError
from fringeworks.model.arrays import ArraySink, ArraySource, BlockPlan, plan_rows
from fringeworks.model.grids import Shape, Window


def test_numpy_arrays_are_sources_and_sinks():
    image = np.zeros((2, 3), np.float32)
    assert isinstance(image, ArraySource)
    assert isinstance(image, ArraySink)
    assert not isinstance(3.0, ArraySource)


sizes = st.integers(1, 40)


@given(rows=sizes, cols=sizes, block_rows=sizes, block_cols=sizes, halo=st.integers(0, 5))
def test_blocks_cover_every_pixel_once_and_see_their_halo(rows, cols, block_rows, block_cols, halo):
    plan = BlockPlan(Shape(rows, cols), Shape(block_rows, block_cols), Shape(halo, halo))
    hits = np.zeros((rows, cols), int)
    pixels = np.arange(rows * cols).reshape(rows, cols)
    blocks = list(plan)
    assert len(blocks) == len(plan)
    assert [block.index for block in blocks] == list(range(len(plan)))
    for block in blocks:
        hits[block.keep.slices] += 1
        np.testing.assert_array_equal(pixels[block.read.slices][block.inner], pixels[block.keep.slices])
        assert block.read.row == max(0, block.keep.row - halo)
        assert block.read.col == max(0, block.keep.col - halo)
        assert block.read.row + block.read.rows == min(rows, block.keep.row + block.keep.rows + halo)
        assert block.read.col + block.read.cols == min(cols, block.keep.col + block.keep.cols + halo)
    assert (hits == 1).all()


@pytest.mark.parametrize("block", [Shape(0, 3), Shape(3, 0)])
def test_an_empty_block_is_refused(block):
    with pytest.raises(OutOfRangeError, match=r"block of \d x \d; expected: at least one pixel"):
        BlockPlan(Shape(10, 10), block)


def test_an_image_that_fits_is_one_block():
    plan = plan_rows(Shape(10, 20), bytes_per_pixel=4, budget=800)
    assert [block.keep for block in plan] == [Window(0, 0, 10, 20)]


def test_strips_stay_inside_the_budget_and_on_the_chunks():
    plan = plan_rows(Shape(100, 20), bytes_per_pixel=4, budget=80 * 33.5, multiple=8)
    assert plan.block == Shape(32, 20)
    assert [block.keep.rows for block in plan] == [32, 32, 32, 4]


def test_a_step_without_memory_still_makes_a_plan():
    assert len(plan_rows(Shape(7, 1), bytes_per_pixel=0, budget=3)) == 3


def test_a_budget_below_one_strip_is_refused():
    with pytest.raises(MemoryLimitError, match=r"8 rows of 20 pixels .*what to do: raise compute.max_memory"):
        plan_rows(Shape(100, 20), bytes_per_pixel=4, budget=80 * 7, multiple=8)
