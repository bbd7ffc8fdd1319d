from dataclasses import replace

import numpy as np
import pytest

from fringeworks.model.grids import MapGrid, Shape
from fringeworks.products.report import sampling
from fringeworks.products.report.sampling import frame_of, sample, step_for, thinned


@pytest.mark.parametrize("step", [1, 2, 3, 7])
@pytest.mark.parametrize("budget", [300, 4000, 1e9])
def test_a_thinned_copy_is_a_plain_slice_however_it_is_read(rng, monkeypatch, step, budget):
    source = rng.normal(size=(530, 301)).astype(np.float32)
    monkeypatch.setattr(sampling, "_BLOCK_BYTES", budget * 4)
    np.testing.assert_array_equal(thinned(source, step=step), source[::step, ::step])


def test_fills_of_the_layer_table_become_nan():
    mask = np.array([[0, 1, 255]], np.uint8)
    np.testing.assert_array_equal(thinned(mask, step=1, layer="recommended_mask"), [[0, 1, np.nan]])


def test_the_copy_stays_under_the_longest_side():
    for n in (1, 639, 640, 641, 5000, 12_345):
        assert -(-n // step_for(Shape(n, 3), 640)) <= 640


@pytest.mark.parametrize("budget", [2_000, 1e9])
def test_series_and_maps_are_those_of_the_product(full, monkeypatch, budget):
    monkeypatch.setattr(sampling, "_BLOCK_BYTES", budget)
    found = sample(full, longest=15, n_maps=3, series_bytes=7 * 2 * 20)
    cube = full.layers["displacement"]
    assert found.step == 3
    assert 0 < len(found.points) <= 20
    np.testing.assert_array_equal(found.series, cube[:, found.points[:, 0], found.points[:, 1]].T)
    np.testing.assert_array_equal(found.maps, cube[found.chosen_dates][:, ::3, ::3])
    assert found.chosen_dates.tolist() == [2, 4, 6]
    np.testing.assert_array_equal(found.layers["velocity"], full.layers["velocity"][::3, ::3])


def test_recommended_needs_a_velocity_and_the_mask(full):
    found = sample(full, longest=100)
    velocity, mask = full.layers["velocity"], full.layers["recommended_mask"]
    np.testing.assert_array_equal(found.recommended, np.isfinite(velocity) & (mask == 1))
    without = replace(full, layers={k: v for k, v in full.layers.items() if k != "recommended_mask"})
    np.testing.assert_array_equal(sample(without, longest=100).recommended, np.isfinite(velocity))


def test_maps_are_true_to_scale():
    geographic = frame_of(MapGrid("EPSG:4326", -99.2, 60.05, 0.001, -0.001, Shape(100, 200)))
    # at 60 degrees a degree of longitude is half as long: 200 x 100 pixels look square
    assert geographic.ratio == pytest.approx(1.0, abs=1e-3)
    assert geographic.degrees
    metric = frame_of(MapGrid("EPSG:32614", 480_000, 2_160_000, 30, -30, Shape(100, 200)), step=2)
    assert metric.extent == (480.0, 486.0, 2157.0, 2160.0)
    assert metric.unit == "km"
    assert metric.origin == "upper"
    assert frame_of(MapGrid("EPSG:32614", 0, 0, 30, 30, Shape(10, 10))).origin == "lower"
