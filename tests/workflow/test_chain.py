"""The whole chain on invented stacks: exact where there is no noise, honest where there is."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
import rasterio
from tests.workflow.conftest import scenario, write_stack

from fringeworks.errors import DisconnectedNetworkError
from fringeworks.products.validate import validate_run
from fringeworks.simulate.compare import ReferenceArea, compare_with_truth
from fringeworks.workflow.run import run
from fringeworks.workflow.view import open_run

PRODUCTS = "products/standard"


def read(folder, name):
    with rasterio.open(folder / f"{name}.tif") as file:
        return file.read(masked=False)


def relative_truth(truth, outcome):
    """Return the true series relative to the run's own reference area."""
    reference = open_run(outcome.output).manifest["reference"]
    series = read(truth, "displacement").astype(np.float64)
    at = (
        slice(reference["row"] - reference["radius"], reference["row"] + reference["radius"] + 1),
        slice(reference["col"] - reference["radius"], reference["col"] + reference["radius"] + 1),
    )
    return series - series[(slice(None), *at)].mean(axis=(1, 2))[:, None, None]


def test_without_noise_the_series_is_exact(exact_stack, configured):
    outcome = run(configured(exact_stack / "stack"), until="publish")
    found = read(outcome.output / PRODUCTS, "displacement")
    known = relative_truth(exact_stack / "truth", outcome)
    # required: 1e-4 m; float32 phases of some hundred radians round to 1e-5 rad, under a micrometre
    np.testing.assert_allclose(found, known, atol=1e-4)
    assert np.abs(found - known).max() < 1e-5


def test_height_error_takes_little_of_the_motion(exact_stack, configured):
    config = configured(exact_stack / "stack", series={"inversion": {"dem_error": True}})
    outcome = run(config, until="publish")
    found = read(outcome.output / PRODUCTS, "displacement")
    # a height error and what motion is not smooth in time look alike where they run with the baselines; the plain's
    # 6 mm season projects on 14 random baselines with a share of about 1/sqrt(14 - 4), and on its own pixel only
    assert np.abs(found - relative_truth(exact_stack / "truth", outcome)).max() < 0.002


def test_with_all_noise_the_sigmas_are_honest(noisy_stack, configured):
    config = configured(noisy_stack / "stack", series={"models": {"annual": False}})
    outcome = run(config, until="publish")
    reference = open_run(outcome.output).manifest["reference"]
    area = ReferenceArea(row=reference["row"], col=reference["col"], radius=reference["radius"])
    accuracy = compare_with_truth(outcome.output / PRODUCTS, noisy_stack / "truth", reference=area)
    # the scene's atmosphere is one draw of 14 dates for all pixels, so the ratio of this one scene scatters by
    # about 1/sqrt(2 x 12) around 1; the requirement of 0.8 to 1.2 is tried over many draws in `make validate`
    assert 0.4 < accuracy["velocity_standardised_error_rms"] < 1.8
    assert accuracy["recommended_share_of_water"] == 0


def test_products_keep_their_contract(noisy_stack, configured):
    outcome = run(configured(noisy_stack / "stack"))
    assert [f for f in validate_run(outcome.output) if f.level == "error"] == []
    manifest = json.loads((outcome.output / "manifest.json").read_text())
    assert manifest["manifest_version"] == 1
    assert manifest["complete"]
    assert manifest["failure"] is None
    pairs = manifest["pairs"]
    assert len(pairs["used"]) + len({r["pair"] for r in pairs["excluded"]}) == len(pairs["requested"])
    for step in manifest["steps"]:
        for tally in step["tallies"]:
            assert tally["considered"] == tally["used"] + sum(tally["rejected"].values())
    for name in ("catalog.json", "report.html", "manifest.json"):
        assert (outcome.output / name).stat().st_size > 100
    first = read(outcome.output / PRODUCTS, "displacement")[0]
    assert np.nanmax(np.abs(first)) == 0


GAP = date(2023, 3, 24)


def test_two_subsets_give_a_flagged_continuous_series_or_a_clear_error(tmp_path, configured):
    stack = write_stack(tmp_path / "gap", scenario(noisy=False, breaks=(GAP,)))
    outcome = run(configured(stack / "stack"), until="publish")
    folder = outcome.output / PRODUCTS
    flags, subsets = read(folder, "quality_flags")[0], read(folder, "n_subsets")[0]
    assert (flags & 4).all()
    assert (subsets == 2).all()
    series = read(folder, "displacement")
    assert np.isfinite(series).all()
    # the motion of this scene is nearly linear in time, which is what the constraint assumes across the gap:
    # it must come out to the size of what is not linear, the 6 mm season of the plain
    assert np.abs(series - relative_truth(stack / "truth", outcome)).max() < 0.012
    with pytest.raises(
        DisconnectedNetworkError, match="2 subsets without a common date; the second one starts on 2023"
    ):
        run(
            configured(
                stack / "stack",
                series={"inversion": {"gaps": "refuse"}},
                output={"directory": str(tmp_path / "b")},
            )
        )


def test_uplift_comes_out_positive_and_steps_are_found(exact_stack, configured):
    outcome = run(configured(exact_stack / "stack"), until="publish")
    velocity, truth = (
        read(outcome.output / PRODUCTS, "velocity")[0],
        read(exact_stack / "truth", "velocity")[0],
    )
    top = np.unravel_index(np.argmax(truth), truth.shape)
    bottom = np.unravel_index(np.argmin(truth), truth.shape)
    assert velocity[top] > 0 > velocity[bottom]


def test_an_area_is_cut_out_of_the_same_numbers(exact_stack, configured, tmp_path):
    whole = run(configured(exact_stack / "stack", reference={"pixel": [20, 30]}), until="publish")
    grid = open_run(whole.output).grid
    west, north = grid.x_start + 10 * grid.x_step, grid.y_start + 8 * grid.y_step
    box = [west, north + 30 * grid.y_step, west + 40 * grid.x_step, north]
    part = run(
        configured(
            exact_stack / "stack",
            area={"bbox": box},
            reference={"pixel": [12, 20]},
            output={"directory": str(tmp_path / "part")},
        ),
        until="publish",
    )
    cut = read(whole.output / PRODUCTS, "displacement")[:, 8:38, 10:50]
    np.testing.assert_allclose(read(part.output / PRODUCTS, "displacement"), cut, atol=1e-5)


def test_products_on_another_grid(exact_stack, configured, tmp_path):
    products = {"crs": "EPSG:32633", "spacing_m": 100}
    outcome = run(configured(exact_stack / "stack", products=products), until="publish")
    with rasterio.open(outcome.output / PRODUCTS / "displacement.tif") as file:
        assert file.crs.to_epsg() == 32633
        assert file.res == (100.0, 100.0)
        assert file.transform.c % 100 == 0
        warped = file.read(file.count)
    with rasterio.open(outcome.output / PRODUCTS / "quality_flags.tif") as file:
        assert set(np.unique(file.read(1))) <= {0, 65535} | set(range(65535))
    same = run(
        configured(exact_stack / "stack", output={"directory": str(tmp_path / "own")}), until="publish"
    )
    own = read(same.output / PRODUCTS, "displacement")[-1]
    # resampling to twice the posting keeps the extremes to the curvature of the bowl inside a pixel
    assert np.nanmin(warped) == pytest.approx(own.min(), abs=0.003)


def test_a_view_takes_another_reference_and_goes_back(noisy_stack, configured):
    outcome = run(configured(noisy_stack / "stack"), until="publish")
    view = open_run(outcome.output)
    grid = view.grid
    longitude, latitude = grid.centre_of(40, 6)
    moved = view.referenced_to(longitude, latitude, radius=1)
    assert np.nanmean(moved.displacement()[:, 39:42, 5:8], axis=(1, 2)) == pytest.approx(0, abs=1e-4)
    difference = view.displacement() - moved.displacement()
    # the same series everywhere: float32 of centimetres rounds to nanometres
    assert np.nanmax(np.nanstd(difference, axis=(1, 2))) < 1e-7
    data = moved.to_xarray()
    assert data["displacement"].attrs["units"] == "m"
    assert data["displacement"].dims == ("date", "y", "x")
