import json
import shutil
from datetime import date

import numpy as np
import pytest
import rasterio

from fringeworks.catalog.fields import CatalogFacts
from fringeworks.catalog.stac import write_catalog
from fringeworks.constants import DAYS_PER_YEAR
from fringeworks.io.rasters import write_raster
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.model.layers import layer_of
from fringeworks.model.stack import Pair, PairNetwork, StackFacts
from fringeworks.products.publish import publish_layers
from fringeworks.products.raster_checks import slope_of
from fringeworks.products.standard import publish_interferogram, publish_standard
from fringeworks.products.validate import validate_run

GRID = MapGrid("EPSG:32614", 480_000, 2_150_000, 30, -30, Shape(40, 50))
DATES = (date(2018, 1, 6), date(2018, 1, 18), date(2018, 2, 11), date(2018, 6, 1))
PAIR = Pair(DATES[0], DATES[1])


def line_of(series):
    """Slope by NumPy's polynomial fit, one pixel at a time: the slow twin."""
    years = np.array([(d - DATES[0]).days for d in DATES]) / DAYS_PER_YEAR
    out = np.full(series.shape[1:], np.nan)
    for at in np.ndindex(*out.shape):
        valid = np.isfinite(series[(slice(None), *at)])
        if valid.sum() >= 2:
            out[at] = np.polyfit(years[valid], series[(slice(None), *at)][valid].astype(float), 1)[0]
    return out


@pytest.fixture
def layers(rng):
    shape = tuple(GRID.shape)
    series = rng.normal(scale=0.05, size=(4, *shape)).astype(np.float32)
    series[0] = 0
    series[2, :5] = np.nan
    series[:, 7, 7] = np.nan
    return {
        "velocity": line_of(series).astype(np.float32),
        "velocity_std": np.full(shape, 0.002, np.float32),
        "displacement": series,
        "temporal_coherence": rng.uniform(size=shape).astype(np.float32),
        "quality_flags": rng.choice(np.array([0, 1, 8, 64], np.uint16), size=shape),
    }


@pytest.fixture
def run(tmp_path, layers, rng):
    publish(tmp_path, layers, rng)
    return tmp_path


def publish(out, layers, rng):
    standard = publish_standard(out, layers=layers, grid=GRID, dates=DATES)
    phase = rng.normal(size=tuple(GRID.shape)).astype(np.float32)
    files = publish_interferogram(out, pair=PAIR, layers={"unwrapped": phase}, grid=GRID, wavelength=0.0555)
    facts = CatalogFacts(
        identifier="a",
        title="A",
        description="A.",
        grid=GRID,
        network=PairNetwork.of([PAIR]),
        wavelength=0.0555,
        facts=StackFacts(source_format="made", sign_reason=""),
    )
    write_catalog(out, facts=facts, standard=standard, interferograms={PAIR: files})


def faults(out):
    return [f"{f.topic}: {f.text}" for f in validate_run(out) if f.level == "error"]


def rewrite(out, name, values, **changes):
    layer = layer_of(name)
    names = changes.pop("band_names", [d.isoformat() for d in DATES] if values.ndim == 3 else [""])
    write_raster(
        out / "products" / "standard" / f"{name}.tif",
        values,
        layer=layer,
        grid=changes.pop("grid", GRID),
        band_names=names,
        tags=changes,
    )


def rasters_only(out):
    return [text for text in faults(out) if not text.startswith("catalogue")]


def test_a_sound_run_has_no_fault(run):
    findings = validate_run(run)
    assert [f.level for f in findings] == ["ok"] * 3
    assert findings[0].text == "all 6 rasters keep their contract"
    assert "5 documents and 8 assets" in findings[-1].text


def test_the_slope_is_the_twin_s(layers):
    years = np.array([(d - DATES[0]).days for d in DATES]) / DAYS_PER_YEAR
    slope, rounding = slope_of(layers["displacement"], years)
    # both in float64: numbers near 1 agree to 1e-12 but for the condition of a fit over five months
    np.testing.assert_allclose(slope, line_of(layers["displacement"]), atol=1e-11)
    assert np.nanmax(rounding) < 1e-6


def test_a_velocity_that_is_not_the_slope_is_found(run, layers):
    layers["velocity"][3, 3] += 5e-6
    layers["velocity"][3, 4] += 0.5e-6
    rewrite(run, "velocity", layers["velocity"])
    found = rasters_only(run)
    assert len(found) == 1
    assert "1 of 1999 pixels are not the slope of displacement" in found[0]


def test_a_first_date_that_is_not_zero_is_found(run, layers):
    layers["displacement"][0, 10, 10] = 0.001
    rewrite(run, "displacement", layers["displacement"])
    assert any("1 pixels of the first date are not zero" in text for text in faults(run))


def test_a_mask_that_contradicts_the_flags_is_found(run, layers):
    mask = np.isin(layers["quality_flags"], [0, 64]).astype(np.uint8)
    mask[0, :3] = 1 - mask[0, :3]
    rewrite(run, "recommended_mask", mask)
    assert rasters_only(run) == ["recommended_mask: 3 pixels do not say what quality_flags says"]


def test_values_out_of_range_and_infinite_are_found(run, layers):
    layers["temporal_coherence"][0, 0] = 1.5
    layers["velocity_std"][0, :2] = (-1, np.inf)
    rewrite(run, "temporal_coherence", layers["temporal_coherence"])
    rewrite(run, "velocity_std", layers["velocity_std"])
    assert rasters_only(run) == [
        "temporal_coherence: 1 values outside 0 to 1 1, the largest of size 1.5",
        "velocity_std: 1 values outside 0 to inf m/year, the largest of size 1",
        "velocity_std: 1 infinite values",
    ]


def test_a_wrong_sign_tag_is_found(run, layers):
    rewrite(run, "velocity", layers["velocity"], POSITIVE="positive = down")
    assert any(t.startswith("velocity: sign 'positive = down'") for t in faults(run))


def test_wrong_type_unit_and_fill_are_found(run, layers):
    path = run / "products" / "standard" / "velocity.tif"
    profile = {"driver": "GTiff", "width": 50, "height": 40, "count": 1, "dtype": "float64"}
    with rasterio.open(
        path, "w", crs=GRID.crs, transform=rasterio.Affine(*GRID.transform), nodata=0, **profile
    ) as file:
        file.write(layers["velocity"].astype(np.float64), 1)
        file.units = ("mm/year",)
        file.update_tags(POSITIVE=layer_of("velocity").sign)
    found = "\n".join(faults(run))
    assert "velocity: type float64, the layer table says float32" in found
    assert "velocity: unit mm/year, the layer table says m/year" in found
    assert "velocity: fill 0.0, the layer table says nan" in found


def test_bands_that_are_no_dates_or_out_of_order_are_found(run, layers):
    rewrite(run, "displacement", layers["displacement"], band_names=list("abcd"))
    assert any("expected ISO dates" in text for text in faults(run))
    backwards = [d.isoformat() for d in reversed(DATES)]
    rewrite(run, "displacement", layers["displacement"], band_names=backwards)
    assert any("the dates of the bands are not in order" in text for text in faults(run))


def test_another_grid_is_found(run, layers):
    shifted = MapGrid("EPSG:32614", 480_030, 2_150_000, 30, -30, Shape(40, 50))
    rewrite(run, "velocity_std", layers["velocity_std"], grid=shifted)
    assert rasters_only(run) == ["velocity_std: lies on another grid than displacement"]


def test_a_layer_the_table_does_not_know_is_found(run):
    folder = run / "products" / "standard"
    (folder / "speed.tif").write_bytes((folder / "velocity.tif").read_bytes())
    assert any("layer 'speed'" in text for text in faults(run))


def test_an_absent_and_a_truncated_raster_are_found(run):
    folder = run / "products" / "standard"
    (folder / "velocity_std.tif").unlink()
    content = (folder / "displacement.tif").read_bytes()
    (folder / "displacement.tif").write_bytes(content[: len(content) // 2])
    found = "\n".join(faults(run))
    assert "velocity_std.tif is absent" in found
    assert "displacement.tif cannot be decoded" in found
    assert "asset velocity_std (./velocity_std.tif) is absent" in found


def test_an_interferogram_of_the_wrong_sign_is_found(run, rng):
    folder = run / "products" / "interferograms" / str(PAIR)
    with rasterio.open(folder / "unwrapped.tif") as file:
        phase = file.read(1)
    write_raster(folder / "displacement.tif", phase, layer=layer_of("displacement"), grid=GRID)
    assert any("have the sign of the phase" in text for text in faults(run))


def test_a_changed_byte_and_a_broken_link_are_found(run):
    path = run / "products" / "standard" / "velocity_std.tif"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    item = run / "products" / "interferograms" / str(PAIR) / "item.json"
    document = json.loads(item.read_text())
    document["links"][0]["href"] = "../nowhere.json"
    item.write_text(json.dumps(document))
    found = "\n".join(faults(run))
    assert "asset velocity_std has another digest" in found
    assert "link root to ../nowhere.json leads nowhere" in found


def test_an_empty_folder_is_all_faults(tmp_path):
    found = faults(tmp_path)
    assert any("velocity.tif is absent" in text for text in found)
    assert any("catalog.json" in text for text in found)


def test_a_run_without_interferograms_says_so(run):
    shutil.rmtree(run / "products" / "interferograms")
    assert any(f.topic == "interferograms" and f.text == "none published" for f in validate_run(run))


def test_geometry_alone_beside_an_interferogram_is_a_single_pair(run):
    for path in (run / "products" / "standard").glob("*.tif"):
        path.unlink()
    shape = tuple(GRID.shape)
    publish_layers(
        run / "products" / "standard", layers={"height": np.zeros(shape, np.float32)}, grid=GRID, dates=DATES
    )
    topics = {f.topic for f in validate_run(run) if f.level == "error"}
    assert topics == {"catalogue"}  # which still tells of the series that is gone
    shutil.rmtree(run / "products" / "interferograms")
    assert "velocity" in {f.topic for f in validate_run(run) if f.level == "error"}
