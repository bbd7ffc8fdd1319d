from datetime import date

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.io.raster_source import open_raster
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.model.quality import NOT_RECOMMENDED, Quality
from fringeworks.model.stack import Pair
from fringeworks.products.publish import band_names_of
from fringeworks.products.standard import publish_interferogram, publish_standard, recommended

GRID = MapGrid("EPSG:32614", 480_000, 2_150_000, 30, -30, Shape(40, 50))
DATES = (date(2018, 1, 6), date(2018, 1, 18), date(2018, 2, 11))


@pytest.fixture
def layers(rng):
    shape = tuple(GRID.shape)
    velocity = rng.normal(scale=0.01, size=shape).astype(np.float32)
    years = np.array([0, 12, 36]) / 365.25
    return {
        "velocity": velocity,
        "velocity_std": np.full(shape, 0.002, np.float32),
        "displacement": (velocity * years[:, None, None]).astype(np.float32),
        "temporal_coherence": rng.uniform(size=shape).astype(np.float32),
        "quality_flags": rng.choice(np.array([0, 1, 8, 64], np.uint16), size=shape),
        "incidence": np.full(shape, np.pi / 6, np.float32),
        "los_enu": np.stack([np.full(shape, v, np.float32) for v in (-0.5, 0.0, 0.866)]),
        "step_20180120": velocity,
    }


def test_every_layer_becomes_a_file_of_its_name(tmp_path, layers):
    files = publish_standard(tmp_path, layers=layers, grid=GRID, dates=DATES, tags={"CONFIG_HASH": "abc"})
    assert [f.name for f in files] == sorted([*layers, "recommended_mask"])
    assert sorted(p.name for p in (tmp_path / "products" / "standard").iterdir()) == [
        f"{name}.tif" for name in sorted([*layers, "recommended_mask"])
    ]
    for file in files:
        source = open_raster(file.path)
        assert source.grid == GRID
        assert source.tags["CONFIG_HASH"] == "abc"
        assert set(source.units) == {file.unit}
        if file.name in layers and file.name != "incidence":
            np.testing.assert_array_equal(source[:], layers[file.name])


def test_bands_say_their_dates_and_directions(tmp_path, layers):
    publish_standard(tmp_path, layers=layers, grid=GRID, dates=DATES)
    folder = tmp_path / "products" / "standard"
    assert open_raster(folder / "displacement.tif").band_names == ("2018-01-06", "2018-01-18", "2018-02-11")
    assert open_raster(folder / "los_enu.tif").band_names == ("east", "north", "up")
    assert open_raster(folder / "step_20180120.tif").tags["LAYER"] == "step"


def test_angles_leave_the_house_in_degrees(tmp_path, layers):
    publish_standard(tmp_path, layers=layers, grid=GRID, dates=DATES)
    source = open_raster(tmp_path / "products" / "standard" / "incidence.tif")
    assert source.units == ("degree",)
    # float32 holds 30 to 2e-6
    np.testing.assert_allclose(source[:], 30.0, atol=4e-6)


def test_a_flagged_rise_of_the_ground_stays_positive(tmp_path, layers):
    """Ten millimetres toward the satellite are +0.010 in the file, and the tag says so."""
    layers["displacement"][-1] = 0.010
    publish_standard(tmp_path, layers=layers, grid=GRID, dates=DATES)
    source = open_raster(tmp_path / "products" / "standard" / "displacement.tif")
    np.testing.assert_array_equal(source[2], np.float32(0.010))
    assert source.tags["POSITIVE"] == "positive = toward the satellite"


def test_mask_is_what_the_flags_say(tmp_path, layers):
    publish_standard(tmp_path, layers=layers, grid=GRID, dates=DATES)
    mask = open_raster(tmp_path / "products" / "standard" / "recommended_mask.tif")[:]
    np.testing.assert_array_equal(mask == 1, np.isin(layers["quality_flags"], [0, 64]))


@pytest.mark.parametrize("bit", list(Quality))
def test_each_bit_counts_as_the_table_says(bit):
    expected = 0 if bit & NOT_RECOMMENDED else 1
    assert recommended(np.array([int(bit), 0, 65535], np.uint16)).tolist() == [expected, 1, 0]


def test_a_height_may_say_its_datum(tmp_path, layers):
    layers["height"] = np.full(tuple(GRID.shape), 2240.0, np.float32)
    publish_standard(
        tmp_path,
        layers=layers,
        grid=GRID,
        dates=DATES,
        layer_tags={"height": {"VERTICAL_DATUM": "EGM96"}},
    )
    folder = tmp_path / "products" / "standard"
    assert open_raster(folder / "height.tif").tags["VERTICAL_DATUM"] == "EGM96"
    assert "VERTICAL_DATUM" not in open_raster(folder / "velocity.tif").tags


def test_absent_and_unknown_layers_are_refused_before_anything_is_written(tmp_path, layers):
    with pytest.raises(OutOfRangeError, match="layer 'speed'"):
        publish_standard(tmp_path, layers={**layers, "speed": layers["velocity"]}, grid=GRID, dates=DATES)
    with pytest.raises(ShapeMismatchError, match=r"layer displacement of shape \(3, 40, 50\).*\(2, 40, 50\)"):
        publish_standard(tmp_path, layers=layers, grid=GRID, dates=DATES[:2])
    del layers["displacement"]
    with pytest.raises(OutOfRangeError, match="no layer displacement"):
        publish_standard(tmp_path, layers=layers, grid=GRID, dates=DATES)
    assert not (tmp_path / "products").exists()


def test_interferogram_folder_and_its_displacement(tmp_path, rng):
    shape = tuple(GRID.shape)
    phase = rng.normal(size=shape).astype(np.float32)
    wavelength = 0.0554658
    files = publish_interferogram(
        tmp_path,
        pair=Pair(DATES[0], DATES[1]),
        layers={
            "unwrapped": phase,
            "coherence": np.full(shape, 0.5, np.float32),
            "connected_components": np.ones(shape, np.uint16),
        },
        grid=GRID,
        wavelength=wavelength,
    )
    folder = tmp_path / "products" / "interferograms" / "20180106_20180118"
    assert [f.path for f in files] == [
        folder / f"{n}.tif" for n in ("coherence", "connected_components", "displacement", "unwrapped")
    ]
    displacement = open_raster(folder / "displacement.tif")
    # more range (positive phase) is motion away: negative; float32 of 1e-2 m holds 1e-9
    np.testing.assert_allclose(displacement[:], -wavelength * phase / (4 * np.pi), rtol=3e-7)
    assert displacement.band_names == ("2018-01-18 minus 2018-01-06",)
    assert displacement.tags["REFERENCE"] == "2018-01-06"
    assert open_raster(folder / "unwrapped.tif").tags["POSITIVE"].startswith("positive = away")


def test_interferogram_of_another_grid_is_refused(tmp_path):
    with pytest.raises(ShapeMismatchError, match=r"unwrapped of 20180106_20180118 of shape \(3, 3\)"):
        publish_interferogram(
            tmp_path,
            pair=Pair(DATES[0], DATES[1]),
            layers={"unwrapped": np.zeros((3, 3), np.float32)},
            grid=GRID,
            wavelength=0.055,
        )


def test_names_of_bands_follow_the_table():
    assert band_names_of("velocity", DATES) == ("",)
    assert band_names_of("los_enu", DATES) == ("east", "north", "up")
    assert band_names_of("displacement_std", DATES) == tuple(d.isoformat() for d in DATES)
