"""The command that invents a scene."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from fringeworks.cli.app import app
from fringeworks.io.safe.product import open_safe


def test_scene_is_written_with_its_truth(tmp_path):
    folder = tmp_path / "scene"
    result = CliRunner().invoke(
        app, ["simulate", "scene", str(folder), "--dates", "1", "--bursts", "1", "--samples", "220"]
    )
    assert result.exit_code == 0, result.output
    (product,) = (folder / "slc").glob("*.zip")
    assert open_safe(product).bursts()[0].grid.shape.cols == 220
    assert len(list((folder / "orbits").glob("*.EOF"))) == 1
    facts = json.loads((folder / "truth" / "truth.json").read_text(encoding="utf-8"))
    assert facts["dates"][0]["products"] == [product.name]
    assert np.load(folder / "truth" / "truth.npz")["displacement"].shape[0] == 1


def test_a_preset_is_written_and_gone_on_with(tmp_path):
    words = ["simulate", "scene", str(tmp_path / "scene"), "--preset", "small", "--dates", "1"]
    words += ["--swaths", "IW2", "--bursts", "1", "--samples", "200", "--workers", "2"]
    first, second = (CliRunner().invoke(app, words) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert "microseconds a sample" in first.output
    # what was there already costs nothing
    assert "kept" in second.output
    assert "microseconds" not in second.output


@pytest.mark.parametrize(
    "options",
    [
        ["--preset", "city"],
        ["--coarseness", "7"],
        ["--direction", "north"],
        ["--swaths", "IW1,IW3"],
        ["--polarisations", "HH"],
    ],
)
def test_scenes_that_cannot_be_are_refused_as_requests(tmp_path, options):
    result = CliRunner().invoke(app, ["simulate", "scene", str(tmp_path / "scene"), *options])
    assert result.exit_code != 0
    assert getattr(result.exception, "exit_status", 2) == 2
