"""Importing Fringeworks is cheap, works without git, and pulls nothing from above."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports
from tests.house.sources import PACKAGE, ROOT

import fringeworks

HEAVY = {
    "numpy",
    "scipy",
    "numba",
    "matplotlib",
    "rasterio",
    "zarr",
    "xarray",
    "pydantic",
    "typer",
    "pyproj",
    "shapely",
}


def python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
        cwd="/",
    )
    return done.stdout.strip()


def test_import_contracts_hold(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    status = lint_imports(no_cache=True, no_logo=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_every_folder_is_a_package_and_every_room_has_its_floor():
    folders = [path for path in PACKAGE.rglob("*") if path.is_dir() and any(path.glob("*.py"))]
    bare = [str(path.relative_to(PACKAGE)) for path in folders if not (path / "__init__.py").is_file()]
    assert not bare, f"no __init__.py in {bare}"
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    floors = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    placed = set(re.findall(r"fringeworks\.(\w+)", " ".join(floors))) | {"simulate", "testing"}
    rooms = {path.name for path in folders if path.parent == PACKAGE}
    assert rooms <= placed, f"no floor for {sorted(rooms - placed)}"


def test_import_loads_nothing_heavy():
    # The count stands for the time: a bare import is milliseconds, NumPy alone is a tenth of a second.
    loaded = set(python("import fringeworks, sys; print(*sys.modules)").split())
    assert not HEAVY & loaded
    ours = {name for name in loaded if name.startswith("fringeworks")}
    assert ours <= {"fringeworks", "fringeworks._version"}


@pytest.mark.parametrize("room", ["errors", "constants"])
def test_the_ground_floor_needs_no_library(room):
    loaded = set(python(f"import fringeworks.{room}, sys; print(*sys.modules)").split())
    assert not HEAVY & loaded


def test_science_can_be_imported_without_files_and_pictures():
    rooms = [name for name in ("numerics", "interferometry", "timeseries") if (PACKAGE / name).is_dir()]
    imports = "; ".join(f"import fringeworks.{name}" for name in rooms)
    loaded = set(python(f"{imports}; import sys; print(*sys.modules)").split())
    assert not {"rasterio", "zarr", "matplotlib", "typer", "pydantic"} & loaded


def test_a_tree_that_was_never_built_still_has_a_version(tmp_path):
    copy = tmp_path / "fringeworks"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("_version.py", "__pycache__"))
    code = "import fringeworks; print(fringeworks.__file__, fringeworks.__version__)"
    place, version = python(code, PYTHONPATH=str(tmp_path)).split()
    assert Path(place).parent == copy
    assert version == fallback()


def test_an_export_without_git_builds_with_the_fallback_version(tmp_path):
    shutil.copytree(
        PACKAGE, tmp_path / "src" / "fringeworks", ignore=shutil.ignore_patterns("_version.py", "__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    code = f"import setuptools_scm; print(setuptools_scm.get_version({str(tmp_path)!r}, fallback_version={fallback()!r}))"
    assert python(code, GIT_CEILING_DIRECTORIES=str(tmp_path.parent)).splitlines()[-1] == fallback()


def fallback() -> str:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    text: str = settings["tool"]["setuptools_scm"]["fallback_version"]
    return text


def test_the_version_is_one():
    assert re.match(r"\d+\.\d+\.\d+", fringeworks.__version__)
