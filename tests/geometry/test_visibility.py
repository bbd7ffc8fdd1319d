"""Layover and shadow of a ridge whose answer is a line on paper."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.errors import ShapeMismatchError
from fringeworks.geometry.visibility import find_visibility

PIXEL = 10.0


def ridge(*, slope, height, n=400):
    """Give a ridge along the columns' middle: both flanks of one slope, plain ground beside it."""
    x = (np.arange(n) - n // 2) * PIXEL
    return x, np.broadcast_to(np.maximum(height - slope * np.abs(x), 0.0), (12, n)).astype(np.float32)


def look_from_west(theta, shape):
    return np.stack([np.full(shape, -np.sin(theta)), np.zeros(shape), np.full(shape, np.cos(theta))])


def find(terrain, look, **options):
    return find_visibility(terrain, look, pixel_east=PIXEL, pixel_north=-PIXEL, **options)


def test_steep_ridge_leans_over_and_casts_a_shadow():
    theta, slope, height = np.radians(40.0), 1.6, 300.0  # 58 degrees: above 40 and above 90 - 40
    x, terrain = ridge(slope=slope, height=height)
    seen = find(terrain, look_from_west(theta, terrain.shape))
    row = 6
    foot, half = height / slope, PIXEL
    # the satellite stands in the west: the crest's wave front reaches the plain at height * cot(theta) to the west
    west = -height / np.tan(theta)
    # ... and back: from the western foot, the front falls on the eastern flank only if that is not in front
    layover = x[seen.layover[row]]
    assert layover.min() == pytest.approx(west, abs=2 * half)
    assert layover.max() < foot + 2 * half
    flank = (x > -foot + PIXEL) & (x < -PIXEL)
    assert seen.layover[row][flank].all()
    # shadow: behind the crest as far as the ray over it comes down, height * tan(theta)
    shadow = x[seen.shadow[row]]
    assert shadow.max() == pytest.approx(height * np.tan(theta), abs=2 * half)
    assert shadow.min() == pytest.approx(0.0, abs=2 * half)
    np.testing.assert_array_equal(seen.valid, ~seen.layover & ~seen.shadow)


def test_gentle_ridge_has_neither():
    _, terrain = ridge(slope=0.5, height=300.0)
    seen = find(terrain, look_from_west(np.radians(40.0), terrain.shape))
    assert not seen.layover.any()
    assert not seen.shadow.any()
    assert seen.valid.all()


def test_layover_begins_where_the_slope_passes_the_incidence():
    theta = np.radians(35.0)
    for slope, expected in ((0.95 * np.tan(theta), False), (1.05 * np.tan(theta), True)):
        _, terrain = ridge(slope=slope, height=300.0)
        assert find(terrain, look_from_west(theta, terrain.shape)).layover.any() == expected


def test_turning_the_map_turns_the_answer():
    theta = np.radians(40.0)
    _, terrain = ridge(slope=1.6, height=300.0)
    west = find(terrain, look_from_west(theta, terrain.shape))
    look = look_from_west(theta, terrain.shape)
    east = find(terrain, look * np.array([-1.0, 1.0, 1.0])[:, None, None])
    np.testing.assert_array_equal(east.layover[:, 1:], west.layover[:, :0:-1])
    turned = np.ascontiguousarray(terrain.T)
    # rows run south: west becomes north
    north = find(turned, np.ascontiguousarray(np.stack([look[1].T, -look[0].T, look[2].T])))
    np.testing.assert_array_equal(north.layover, west.layover.T)
    np.testing.assert_array_equal(north.shadow, west.shadow.T)


def test_unknown_heights_are_not_valid_and_flat_ground_is():
    terrain = np.zeros((30, 40), np.float32)
    terrain[4, 5] = np.nan
    seen = find(terrain, look_from_west(0.7, terrain.shape), slant_range=880e3)
    assert seen.valid.sum() == terrain.size - 1
    assert not find(np.full((3, 3), np.nan), look_from_west(0.7, (3, 3))).valid.any()


def test_shapes_are_checked():
    with pytest.raises(ShapeMismatchError, match=r"\(3, y, x\)"):
        find(np.zeros((3, 4)), np.zeros((3, 4, 3)))
