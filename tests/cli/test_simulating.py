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


@pytest.mark.parametrize(
    "options", [["--direction", "north"], ["--swaths", "IW1,IW3"], ["--polarisations", "HH"]]
)
def test_scenes_that_cannot_be_are_refused_as_requests(tmp_path, options):
    result = CliRunner().invoke(app, ["simulate", "scene", str(tmp_path / "scene"), *options])
    assert result.exit_code != 0
    assert getattr(result.exception, "exit_status", 2) == 2
