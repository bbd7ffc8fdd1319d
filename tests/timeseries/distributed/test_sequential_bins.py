"""Bins of older dates: none lost, none twice, few of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from fringeworks.timeseries.distributed.sequential_bins import (
    align_images,
    mean_groups,
    merged_groups,
    split_sizes,
    sum_groups,
)


@pytest.mark.parametrize("n", [1, 2, 5, 6, 20, 47, 150])
def test_dates_are_split_into_bins_that_grow_with_age(n):
    sizes = split_sizes(n)
    assert sum(sizes) == n
    assert list(sizes[1:]) == sorted(sizes[1:], reverse=True)
    assert sizes[-1] <= 5


def test_neighbours_are_merged_and_few_are_left():
    sizes, dates = (), 0
    for _ in range(100):  # 2000 dates
        sizes = (*sizes, *split_sizes(20))
        groups = merged_groups(sizes)
        assert groups[0].start == 0
        assert groups[-1].stop == len(sizes)
        assert all(a.stop == b.start for a, b in pairwise(groups))
        sizes = tuple(sum(sizes[g]) for g in groups)
        dates += 20
        assert sum(sizes) == dates
        # older bins are no longer than what is younger than them, but for the halves not merged yet
        assert len(sizes) <= 3 + 3 * np.log2(dates / 10)
    assert merged_groups(()) == ()


def test_images_are_turned_back_by_their_cells_phase():
    rng = np.random.default_rng(1)
    phase = rng.uniform(-3, 3, (3, 2, 2)).astype(np.float32)
    images = np.ones((3, 5, 7), np.complex64)
    images *= np.exp(
        1j * np.repeat(np.repeat(phase, 2, 1), 3, 2)[:, [0, 1, 2, 3, 3]][:, :, [0, 1, 2, 3, 4, 5, 5]]
    )
    images[0, 0, 0] = np.nan
    phase[1, 1, 1] = np.nan
    aligned = align_images(images, phase, strides=(2, 3))
    assert aligned[0, 0, 0] == 0
    assert (aligned[1, 2:, 3:] == 0).all()
    assert np.abs(aligned[2] - 1).max() < 1e-6


def test_sums_and_means_of_groups():
    images = np.arange(5, dtype=np.complex64).reshape(5, 1, 1)
    groups = (slice(0, 2), slice(2, 5))
    assert sum_groups(images, groups).ravel().tolist() == [1, 9]
    assert mean_groups(np.arange(5.0), (3, 1, 1, 1, 2), groups) == pytest.approx([0.25, 3.25])
