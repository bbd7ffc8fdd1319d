"""Projects of both versions on disk, and what tests ask of a translation."""

from __future__ import annotations

import pytest
from tests.io.snap.snapfiles import (
    touch_product,
    write_conf_1,
    write_conf_2,
    write_graphs_1,
    write_graphs_2,
)

from fringeworks.workflow.config import load_config


def accepted(found, folder):
    """Write a translation as a file and load it as a run would."""
    path = folder / "run.yaml"
    path.write_text(found.yaml)
    return load_config(path)


def topics(found, level="warning"):
    return [f.topic for f in found.findings if f.level == level]


@pytest.fixture
def project_1(tmp_path):
    """Give a version 1 project: two secondaries in folders of their day, the reference as a zip beside them."""
    root = tmp_path / "athens"
    for day in ("20180226", "20180322"):
        touch_product(root / "slaves" / day, day)
    touch_product(root / "slaves", "20180403")
    touch_product(root / "master", "20180310")
    write_graphs_1(root / "graphs")
    return write_conf_1(root / "project.conf")


@pytest.fixture
def project_2(tmp_path):
    """Give a version 2 project: the reference in its own folder, split into two sub-swaths."""
    root = tmp_path / "london"
    for day in ("20190506", "20190518", "20190611"):
        touch_product(root / "secondaries" / day, day)
    touch_product(root / "master", "20190530")
    (root / "MasterSplit").mkdir()
    for swath in ("IW2", "IW3"):
        (root / "MasterSplit" / f"20190530_{swath}.dim").touch()
    write_graphs_2(root / "graphs")
    return write_conf_2(root / "project.conf")
