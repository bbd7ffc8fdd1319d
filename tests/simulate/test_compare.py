"""Comparison with the truth: a perfect run, runs with known faults, and runs that cannot be compared."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from fringeworks.errors import GridMismatchError, MissingInputError, TooFewDataError
from fringeworks.model.grids import Shape
from fringeworks.simulate.compare import ReferenceArea, compare_with_truth
from fringeworks.simulate.demonstration import demo_scenario
from fringeworks.simulate.stack import WATER, simulate_interferograms
from fringeworks.simulate.truth import read_truth, write_truth

REFERENCE = ReferenceArea(row=38, col=8, radius=3)


@pytest.fixture(scope="module")
def truth_folder(tmp_path_factory):
    stack = simulate_interferograms(
        demo_scenario(shape=Shape(45, 50), n_dates=7), rng=np.random.default_rng(3)
    )
    folder = tmp_path_factory.mktemp("truth")
    write_truth(stack, folder)
    return folder


def products(folder, truth, *, velocity=0.0, displacement=0.0, sigma=1.0, atmosphere=False, shift=0.0):
    """Write a run's rasters: the truth in another reference, plus the given errors."""
    land = truth.layer("land") != WATER
    profile = {
        "driver": "GTiff",
        "dtype": "float32",
        "width": 50,
        "height": 45,
        "crs": "EPSG:4326",
        "transform": Affine(*truth.grid.transform) @ Affine.translation(shift, 0.0),
    }

    def write(name, bands, descriptions=()):
        values = np.stack(bands).astype("float32")
        with rasterio.open(folder / f"{name}.tif", "w", count=len(bands), nodata=np.nan, **profile) as file:
            file.write(values)
            if descriptions:
                file.descriptions = descriptions

    within = REFERENCE.holds((45, 50)) & land

    def relative(image):
        image = image - image[within].mean()
        return np.where(land, image, np.nan)

    series = []
    for k in range(len(truth.dates)):
        seen = truth.displacement(k).astype(float)
        if atmosphere:
            seen = seen - (truth.atmosphere(k) - truth.atmosphere(0))
        series.append(relative(seen) + displacement)
    write("displacement", series, tuple(day.isoformat() for day in truth.dates))
    write("velocity", [relative(truth.layer("velocity").astype(float)) + velocity])
    write("velocity_std", [np.broadcast_to(sigma, (45, 50))])
    with rasterio.open(
        folder / "recommended_mask.tif", "w", count=1, **{**profile, "dtype": "uint8", "nodata": 255}
    ) as file:
        file.write(land.astype("uint8"), 1)
    return folder


def test_a_perfect_run_has_no_error(truth_folder, tmp_path):
    found = compare_with_truth(
        products(tmp_path, read_truth(truth_folder)), truth_folder, reference=REFERENCE
    )
    # float32 of centimetres
    assert found["velocity_error_rms_m_per_year"] < 1e-8
    assert found["displacement_error_rms_m"] < 1e-8
    assert found["velocity_correlation"] == pytest.approx(1.0)
    assert found["recommended_share_of_land"] == 1.0
    assert found["recommended_share_of_water"] == 0.0
    assert found["displacement_plus_atmosphere_error_rms_m"] > 1e-3


def test_known_errors_come_out_as_put_in(truth_folder, tmp_path, rng):
    truth = read_truth(truth_folder)
    noise = rng.normal(0.0, 0.003, (45, 50))
    folder = products(tmp_path, truth, velocity=noise, displacement=0.004, sigma=0.0015)
    found = compare_with_truth(folder, truth_folder, reference=REFERENCE)
    land = truth.layer("land") != WATER
    assert found["velocity_error_rms_m_per_year"] == pytest.approx(np.sqrt(np.mean(noise[land] ** 2)))
    assert found["velocity_standardised_error_rms"] == pytest.approx(
        found["velocity_error_rms_m_per_year"] / 0.0015, rel=1e-5
    )
    assert found["velocity_standardised_error_robust"] == pytest.approx(2.0, rel=0.1)
    assert found["displacement_error_rms_m"] == pytest.approx(0.004, rel=1e-4)
    assert len(found["displacement_error_rms_by_date_m"]) == len(truth.dates)
    assert found["n_reference_pixels"] == 29


def test_atmosphere_in_the_series_is_told_from_error(truth_folder, tmp_path):
    folder = products(tmp_path, read_truth(truth_folder), atmosphere=True)
    found = compare_with_truth(folder, truth_folder, reference=REFERENCE)
    assert found["displacement_plus_atmosphere_error_rms_m"] < 1e-8
    assert found["displacement_error_rms_m"] > 1e-3


def test_what_cannot_be_compared_is_refused(truth_folder, tmp_path):
    truth = read_truth(truth_folder)
    with pytest.raises(MissingInputError, match=r"no recommended_mask\.tif"):
        compare_with_truth(tmp_path, truth_folder, reference=REFERENCE)
    products(tmp_path, truth)
    lake = np.argwhere(truth.layer("land") == WATER).mean(axis=0).astype(int)
    with pytest.raises(TooFewDataError, match="none within 1 pixels"):
        compare_with_truth(
            tmp_path, truth_folder, reference=ReferenceArea(row=lake[0], col=lake[1], radius=1)
        )
    products(tmp_path, truth, shift=0.5)
    with pytest.raises(GridMismatchError, match="transform"):
        compare_with_truth(tmp_path, truth_folder, reference=REFERENCE)
