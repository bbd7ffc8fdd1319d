"""The command line: exit codes, one JSON document on stdout, and bad input named before any work."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from tests.workflow.conftest import scenario, write_config, write_stack

from fringeworks.cli import main


@pytest.fixture(scope="module")
def small_stack(tmp_path_factory) -> Path:
    """Give a noise-free stack."""
    return write_stack(tmp_path_factory.mktemp("small"), scenario(noisy=False)) / "stack"


@pytest.fixture
def stack(small_stack, tmp_path) -> Path:
    """Give a copy of the stack that a test may damage."""
    shutil.copytree(small_stack, tmp_path / "stack")
    return tmp_path / "stack"


def unwrapped(stack: Path) -> list[Path]:
    return sorted(stack.rglob("*_unw.tif"))


def rewrite(path: Path, change, **profile) -> None:
    """Replace the pixels of a raster, and perhaps its shape or place."""
    with rasterio.open(path) as file:
        values, kept = file.read(1), {**file.profile, **profile}
        tags = file.tags()
    with rasterio.open(path, "w", **kept) as file:
        file.write(change(values), 1)
        file.update_tags(**tags)


def run_until_import(stack: Path, tmp_path: Path, *options: str) -> int:
    return main(["run", str(write_config(tmp_path, stack)), "--until", "pairs", *options])


def test_truncated_file_is_left_out_said_and_exit_5(stack, tmp_path, capsys):
    victim = unwrapped(stack)[2]
    victim.write_bytes(victim.read_bytes()[:2000])
    assert run_until_import(stack, tmp_path) == 5
    said = capsys.readouterr().err
    assert victim.name in said
    assert "FW2002" in said
    assert "bytes" in said
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert any("FW2002" in row["reason"] or "bytes" in row["reason"] for row in manifest["pairs"]["excluded"])
    assert run_until_import(stack, tmp_path, "--allow-missing") == 0


def test_empty_pair_is_left_out_said_and_exit_5(stack, tmp_path, capsys):
    victim = unwrapped(stack)[0]
    rewrite(victim, lambda values: np.full_like(values, np.nan))
    assert run_until_import(stack, tmp_path) == 5
    said = capsys.readouterr().err
    assert victim.name in said
    assert "no valid pixel" in said


def test_another_grid_is_refused_with_both_shapes(stack, tmp_path, capsys):
    victim = unwrapped(stack)[1]
    rewrite(victim, lambda values: values[:-3], height=45)
    assert run_until_import(stack, tmp_path) == 3
    said = capsys.readouterr().err
    assert "FW2003" in said
    assert "45" in said
    assert "48" in said


def test_duplicate_pair_is_refused_with_both_files(stack, tmp_path, capsys):
    victim = unwrapped(stack)[0]
    (stack / "again").mkdir()
    shutil.copy(victim, stack / "again" / victim.name)
    assert run_until_import(stack, tmp_path) == 3
    said = capsys.readouterr().err
    assert "FW2005" in said
    assert "again" in said


def test_wrong_date_order_is_refused(stack, tmp_path, capsys):
    victim = unwrapped(stack)[0]
    first, second = victim.name.split("_")[1].split("-")
    victim.rename(victim.with_name(victim.name.replace(f"{first}-{second}", f"{second}-{first}")))
    assert run_until_import(stack, tmp_path) == 3
    assert "FW2006" in capsys.readouterr().err


def test_reference_outside_or_masked_is_refused_and_names_the_nearest(stack, tmp_path, capsys):
    path = write_config(tmp_path, stack, reference={"pixel": [500, 2]})
    assert main(["run", str(path), "--until", "reference"]) == 2
    said = capsys.readouterr().err
    assert "lies outside the image" in said
    assert "nearest usable pixel" in said

    def hole(values):
        values[10:20, 10:20] = 0
        return values

    for raster in unwrapped(stack):
        rewrite(raster, hole)
    path = write_config(tmp_path / "masked", stack, reference={"pixel": [15, 15]})
    assert main(["run", str(path), "--until", "reference"]) == 2
    said = capsys.readouterr().err
    assert "holds no usable pixel" in said
    assert "nearest usable pixel" in said


def test_no_such_stack(tmp_path, capsys):
    assert run_until_import(tmp_path / "nowhere", tmp_path) == 3
    assert "FW2001" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["run"], ["polish"], ["run", "no.yaml", "--sideways"]])
def test_bad_words_are_exit_2(words, capsys):
    assert main(words) == 2
    assert capsys.readouterr().err


def test_missing_configuration_is_named(tmp_path, capsys):
    assert main(["run", str(tmp_path / "no.yaml")]) == 3
    assert "config new" in capsys.readouterr().err


def test_unknown_key_is_exit_2_and_names_the_nearest(small_stack, tmp_path, capsys):
    path = write_config(tmp_path, small_stack)
    path.write_text(path.read_text().replace("max_memory", "max_memroy"))
    assert main(["plan", str(path)]) == 2
    assert "did you mean 'max_memory'" in capsys.readouterr().err


def test_too_little_memory_is_refused_in_the_plan(small_stack, tmp_path, capsys):
    path = write_config(tmp_path, small_stack, compute={"max_memory": "100 MiB"})
    assert main(["plan", str(path)]) == 2
    assert "FW1006" in capsys.readouterr().err


def test_plan_writes_nothing_and_tells_all(small_stack, tmp_path, capsys):
    path = write_config(tmp_path, small_stack)
    assert main(["plan", str(path), "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["to_do"][0] == "import"
    assert {"memory_bytes", "disk_bytes", "seconds", "state"} <= set(plan["steps"][0])
    assert not (tmp_path / "out").exists()
    assert main(["run", str(path), "--dry-run"]) == 0
    assert not (tmp_path / "out").exists()
    assert "To do: 8 of 8 steps" in capsys.readouterr().out


def test_json_is_the_only_thing_on_stdout(small_stack, tmp_path, capsys):
    path = write_config(tmp_path, small_stack)
    assert main(["run", str(path), "--until", "pairs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ran"] == ["import", "pairs"]
    for words in (
        ["status", str(path)],
        ["status", str(tmp_path / "out")],
        ["explain", str(path)],
        ["doctor"],
    ):
        assert main([*words, "--json"]) == 0
        json.loads(capsys.readouterr().out)


def test_plain_words_for_people(small_stack, tmp_path, capsys):
    path = write_config(tmp_path, small_stack)
    assert main(["plan", str(path)]) == 0
    assert main(["run", str(path), "--until", "import"]) == 0
    assert main(["status", str(path)]) == 0
    assert main(["explain", str(path), "invert"]) == 0
    assert main(["doctor"]) == 0
    assert main(["config", "check", str(path)]) == 0
    said = capsys.readouterr().out
    assert "it has never run here" in said
    assert "all is well" in said


def test_config_new_runs_as_it_is(small_stack, tmp_path, capsys):
    assert main(["config", "new"]) == 0
    text = (
        capsys.readouterr()
        .out.replace('path: ""', f"path: {small_stack}")
        .replace("path: ''", f"path: {small_stack}")
    )
    (tmp_path / "run.yaml").write_text(text)
    assert main(["plan", str(tmp_path / "run.yaml")]) == 0


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("fringeworks ")


@pytest.mark.parametrize(
    ("where", "message"), [([14.95, 91], "in degrees"), ([20.0, 40.0], "lies outside the area")]
)
def test_a_reference_elsewhere_is_refused_in_the_plan(small_stack, tmp_path, capsys, where, message):
    path = write_config(tmp_path, small_stack, reference={"where": where})
    assert main(["plan", str(path)]) == 2
    assert message in capsys.readouterr().err


def test_an_area_without_any_value_is_refused_with_the_reason(stack, tmp_path, capsys):
    def hole(values):
        values[:20] = 0
        return values

    for raster in unwrapped(stack):
        rewrite(raster, hole)
    with rasterio.open(unwrapped(stack)[0]) as file:
        west, _, east, north = file.bounds
        south = north + 10 * file.transform.e
    path = write_config(tmp_path, stack, area={"bbox": [west, south, east, north]})
    assert main(["run", str(path)]) == 3
    said = capsys.readouterr().err
    assert "hold no valid pixel inside the area" in said
    assert "FW2009" in said


def test_invented_data_say_so(small_stack, tmp_path):
    path = write_config(tmp_path, small_stack)
    assert main(["run", str(path), "--until", "publish"]) == 0
    with rasterio.open(tmp_path / "out/products/standard/velocity.tif") as file:
        assert file.tags()["DATA_NOTICE"] == "Simulated: invented data"
