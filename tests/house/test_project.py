"""The project's own files: licence, lock, make targets, what stays out of the repository."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib

import pytest
from tests.house.sources import ROOT, named, pages, python_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_licence_is_whole_and_named_everywhere():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text.splitlines()) > 190
    assert PROJECT["license"] == "Apache-2.0"
    for name in PROJECT["license-files"]:
        assert (ROOT / name).is_file()


def test_the_lock_holds_an_exact_version_of_every_direct_dependency():
    lines = (ROOT / "requirements-lock.txt").read_text(encoding="utf-8").splitlines()
    locked = {}
    for line in lines:
        if line and not line.startswith("#"):
            found = re.fullmatch(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^;\s]+)(; .+)?", line)
            assert found, f"not an exact pin: {line!r}"
            locked[normal(found["name"])] = found["version"]
    wanted = list(PROJECT["dependencies"])
    for name in ("archives", "test", "docs", "dev"):
        wanted += PROJECT["optional-dependencies"][name]
    for requirement in wanted:
        name = normal(re.match(r"[A-Za-z0-9._-]+", requirement)[0])
        assert name == "fringeworks" or name in locked, f"{name} is not in the lock: `make lock`"


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_two_commands_exist_and_help_lists_every_target():
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    targets = set(
        re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {
        "demo",
        "test",
        "real",
        "check",
        "bench",
        "bench-env",
        "validate",
        "soak",
        "docs",
        "clean",
    } <= targets
    for target in targets:
        assert f"make {target}" in done.stdout


@pytest.mark.parametrize("script", [".ci/run", "tools/environment.sh"])
def test_scripts_parse(script):
    shell = "bash" if script == ".ci/run" else "sh"
    subprocess.run([shell, "-n", script], cwd=ROOT, check=True)
    assert script != ".ci/run" or (ROOT / script).stat().st_mode & 0o111


def test_files_speak_of_the_project_alone():
    folder = "/" + "work/"  # an absolute path of one machine
    for path in (*python_files(), *pages(), ROOT / "pyproject.toml", ROOT / "Makefile", ROOT / ".ci" / "run"):
        text = path.read_text(encoding="utf-8")
        assert folder not in text, named(path)
        assert not re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY", text), named(path)
