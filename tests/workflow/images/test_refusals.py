"""Images that cannot be right are refused before anything heavy, in words that say what to do."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import rasterio
from tests.workflow.images.conftest import TinyScene

from fringeworks.cli import main
from fringeworks.errors import (
    ConfigurationError,
    DamagedFileError,
    GridMismatchError,
    MemoryLimitError,
    MissingInputError,
    TooFewDataError,
)
from fringeworks.io.store import WorkingStore
from fringeworks.simulate.scene.presets import preset_scene
from fringeworks.simulate.scene.scene import simulate_scene
from fringeworks.workflow.plan import make_plan
from fringeworks.workflow.run import run
from fringeworks.workflow.scenes import survey_scenes
from fringeworks.workflow.scenes.sources import content_digest
from fringeworks.workflow.survey import survey_inputs


def test_dates_the_wrong_way_round(scene, tmp_path, capsys):
    first, second, _ = scene.products
    status = main(
        [
            "pair",
            str(second),
            str(first),
            "--dem",
            str(scene.folder / "dem.tif"),
            "--out",
            str(tmp_path / "out"),
        ]
    )
    assert status == 3
    assert "swap the two products" in capsys.readouterr().err.replace("\n", " ")


def test_one_date_is_no_stack(scene, tmp_path):
    config = scene.config(tmp_path / "out", inputs={"slc": str(scene.products[0])})
    with pytest.raises(TooFewDataError, match="at least two dates"):
        survey_inputs(config)


def test_no_product(scene, tmp_path):
    with pytest.raises(MissingInputError):
        survey_inputs(scene.config(tmp_path / "out", inputs={"slc": str(tmp_path / "nothing*.zip")}))


def test_an_elevation_model_of_elsewhere(scene, tmp_path):
    with rasterio.open(scene.folder / "dem.tif") as file:
        profile, values, tags = file.profile, file.read(1), file.tags()
    t = profile["transform"]
    profile["transform"] = rasterio.Affine(t.a, t.b, t.c + 3.0, t.d, t.e, t.f)
    with rasterio.open(tmp_path / "far.tif", "w", **profile) as file:
        file.write(values, 1)
        file.update_tags(**tags)
    with pytest.raises(GridMismatchError, match="covers the images"):
        survey_inputs(scene.config(tmp_path / "out", inputs={"dem": str(tmp_path / "far.tif")}))


def test_no_elevation_model(scene, tmp_path):
    with pytest.raises(MissingInputError, match=r"inputs\.dem"):
        survey_inputs(scene.config(tmp_path / "out", inputs={"dem": ""}))


def test_orbits_of_other_days_are_not_used_and_that_is_said(scene, tmp_path):
    (tmp_path / "orbits").mkdir()
    survey = survey_inputs(scene.config(tmp_path / "out", inputs={"orbits": str(tmp_path / "orbits")}))
    texts = [f.text for f in survey.findings if f.level == "warning"]
    assert sum("annotated orbit is used" in t for t in texts) == 3


def test_a_truncated_product_does_not_hide_the_others(scene, tmp_path):
    folder = tmp_path / "slc"
    shutil.copytree(scene.folder / "slc", folder)
    victim = min(folder.iterdir())
    content = victim.read_bytes()
    victim.write_bytes(content[: len(content) // 2])
    found = survey_scenes(scene.config(tmp_path / "out", inputs={"slc": str(folder)}))
    assert [name for name, _ in found.missing] == [victim.name]
    assert len(found.days) == 2
    with pytest.raises(TooFewDataError, match="at least three"):  # a velocity of two dates has no sigma
        survey_inputs(scene.config(tmp_path / "out", inputs={"slc": str(folder)}))
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DamagedFileError):
        survey_inputs(scene.config(tmp_path / "out", inputs={"slc": str(folder)}))


@pytest.mark.parametrize(
    ("section", "values", "words"),
    [
        ("inputs", {"polarisation": "HH"}, "every date holds"),
        ("inputs", {"swaths": ["IW3"]}, "IW1, IW2"),
        ("inputs", {"exclude_dates": ["2020-01-01"]}, "no product holds"),
        ("coregistration", {"reference_date": "2020-01-01"}, "a date of the stack"),
        ("area", {"bbox": [0.0, 0.0, 1.0, 1.0]}, "does not touch"),
        ("pairs", {"looks": [2]}, "azimuth, range"),
    ],
)
def test_what_the_images_do_not_hold(scene, tmp_path, section, values, words):
    with pytest.raises(ConfigurationError, match=words):
        survey_inputs(scene.config(tmp_path / "out", **{section: values}))


def test_too_little_memory_is_known_before_the_run(scene, tmp_path):
    with pytest.raises(MemoryLimitError, match="max_memory"):
        make_plan(scene.config(tmp_path / "out", compute={"max_memory": "500 MiB"}))


def test_a_burst_that_one_date_lacks_stays_out_of_its_pairs_alone(tmp_path):
    base = preset_scene("small", facts={"n_dates": 3, "samples": 250})
    passes = tuple(
        replace(p, burst_shift=0.0, missing=(("IW2", 1),) if k == 2 else ())
        for k, p in enumerate(base.passes)
    )
    simulate_scene(
        replace(base, passes=passes, turbulence=None, layered=None),
        tmp_path / "scene",
        rng=np.random.default_rng(3),
    )
    scene = TinyScene(tmp_path / "scene")
    outcome = run(scene.config(tmp_path / "out"), until="interferograms")
    scenes = outcome.plan.survey.scenes
    counts = {name: len(scenes.holders(name)) for name in scenes.names}
    assert sorted(counts.values()) == [2, 3, 3, 3]
    assert scenes.days[scenes.reference] != date(2023, 2, 1)
    rows = WorkingStore(outcome.output / "work").step("interferograms").get("pairs")["pairs"]
    valid = {row["pair"]: row["n_valid"] for row in rows}
    assert valid["20230108_20230120"] > 1.15 * valid["20230108_20230201"] > 0


def test_a_zip_is_told_from_another_by_its_content(scene, tmp_path):
    first = scene.products[0]
    copy = tmp_path / first.name
    shutil.copy(first, copy)
    assert content_digest(copy) == content_digest(first)
    with zipfile.ZipFile(copy, "a") as archive:
        archive.writestr("note.txt", "changed")
    assert content_digest(copy) != content_digest(first)


def test_a_burst_of_zeros_is_known_before_the_run(scene, tmp_path):
    folder = tmp_path / "slc"
    folder.mkdir()
    for path in scene.products:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    unpacked = min(folder.iterdir())
    first = survey_inputs(scene.config(tmp_path / "out", inputs={"slc": str(folder)}))
    assert not [f for f in first.findings if f.topic == "samples"]
    raster = min((unpacked / "measurement").glob("*iw2*"))
    with rasterio.open(raster, "r+") as file:
        half = file.height // 2
        zeros = np.zeros((half, file.width), np.complex64)
        file.write(zeros, 1, window=((0, half), (0, file.width)))
    survey = survey_inputs(scene.config(tmp_path / "out", inputs={"slc": str(folder)}))
    (said,) = [f for f in survey.findings if f.topic == "samples"]
    assert said.level == "warning"
    assert "2023-01-08" in said.text
    assert "-IW2 holds nothing but zeros" in said.text
    # the burst beside it is whole
    assert said.text.count("IW2") == 1
