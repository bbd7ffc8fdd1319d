"""Intermediates of a run from images, written: against what later steps made of them, and against geometry itself."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from fringeworks.geometry.radar import locate
from fringeworks.io.safe import open_safe
from fringeworks.tops.alignment import grid_coordinates
from fringeworks.workflow.intermediates import export_intermediate, open_intermediates


@pytest.fixture(scope="module")
def written(finished, tmp_path_factory):
    """Give a function that writes a layer and reads it back."""
    opened, folder = open_intermediates(finished.output), tmp_path_factory.mktemp("written")

    def write(step, layer, **choice):
        done = export_intermediate(opened, folder / "a.tif", step=step, layer=layer, choice=choice)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(done.path) as file:
                return file.read(1), file.tags()

    return write


@pytest.fixture(scope="module")
def scenes(finished):
    return finished.plan.survey.scenes


def test_the_joined_interferogram_averages_to_the_formed_one(written, scenes):
    pair = f"{scenes.days[0]:%Y%m%d}_{scenes.days[2]:%Y%m%d}"
    full, tags = written("coregister", "interferogram_image", pair=pair)
    formed, _ = written("interferograms", "phasor", pair=pair)
    looks = (scenes.looks.azimuth, scenes.looks.range)
    row, col = int(tags["FIRST_LINE"]), int(tags["FIRST_SAMPLE"])
    whole = np.zeros((formed.shape[0] * looks[0], formed.shape[1] * looks[1]), np.complex128)
    part = np.nan_to_num(full)[: whole.shape[0] - row, : whole.shape[1] - col]
    whole[row : row + part.shape[0], col : col + part.shape[1]] = part
    sums = whole.reshape(formed.shape[0], looks[0], formed.shape[1], looks[1]).sum(axis=(1, 3))
    both = np.isfinite(formed) & (sums != 0)
    assert both.sum() > 1000
    # the same samples in single precision, added in another order
    assert np.abs(np.angle(sums[both] * np.conj(formed[both]))).max() < 1e-4


def test_geometry_of_a_burst(written, scenes, finished):
    """Coordinates lead back to line and sample; phase and offsets are what the two orbits see of them."""
    name, day = scenes.names[-1], scenes.days[2]
    every = (slice(None, None, 23), slice(None, None, 31))
    (lon, tags), (lat, _), (height, _) = (
        written("heights", k, burst=name) for k in ("longitude", "latitude", "height")
    )
    reference, other = scenes.dates[scenes.reference].seen_by, scenes.dates[2].seen_by
    ground = {
        "longitude": np.radians(lon[every]),
        "latitude": np.radians(lat[every]),
        "height": height[every].astype(np.float64),
    }
    near, far = (locate(p.orbit, **ground) for p in (reference, other))
    line, sample = grid_coordinates(scenes.frame.grid, near.azimuth_time, near.slant_range, seen_by=reference)
    rows, cols = (np.arange(n)[s] for n, s in zip(lon.shape, every, strict=True))
    # coordinates are good to 0.06 m: a hundredth of the samples, a thousandth of the scene's 56 m lines
    assert np.abs(line - (int(tags["FIRST_LINE"]) + rows[:, None])).max() < 0.002
    assert np.abs(sample - (int(tags["FIRST_SAMPLE"]) + cols[None])).max() < 0.02
    removed, _ = written("coregister", "removed_phase", date=day.isoformat(), burst=name)
    expected = 4 * np.pi / scenes.wavelength * (far.slant_range - near.slant_range)
    # ranges are carried to 1e-5 m, 0.002 rad
    assert np.abs(removed[every] - expected).max() < 0.005
    grids = [scenes.dates[k].bursts[name].burst().grid for k in (scenes.reference, 2)]
    first = grid_coordinates(grids[0], near.azimuth_time, near.slant_range, seen_by=reference)
    second = grid_coordinates(grids[1], far.azimuth_time, far.slant_range, seen_by=other)
    swath = scenes.frame.bursts[scenes.place_of(name)].swath
    row = open_intermediates(finished.output).values("diversity", "shifts")[
        f"{day.isoformat()} {swath.value}"
    ]
    shifts = row["lines"], row["samples"]
    for k, layer in enumerate(("line_offset", "sample_offset")):
        found, _ = written("coregister", layer, date=day.isoformat(), burst=name)
        # carried to 2e-5 of a line and sample
        assert np.abs(found[every] - shifts[k] - (second[k] - first[k])).max() < 1e-4


def test_original_samples_are_those_of_the_product(written, scenes, scene):
    name = scenes.names[0]
    found, tags = written("coregister", "original", date=scenes.days[0].isoformat(), burst=name)
    burst = scenes.dates[0].bursts[name].burst()
    np.testing.assert_array_equal(found, open_safe(scene.products[0]).samples(burst)[:, :])
    assert tags["PRODUCT"] == str(scene.products[0])
