"""`fringeworks import`: what it writes, what it says, how it refuses."""

from __future__ import annotations

import json

import pytest
from tests.io.snap.snapfiles import touch_product, write_conf_1, write_graph, write_graphs_1

from fringeworks.cli import main
from fringeworks.workflow.config import load_config


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "athens"
    for day in ("20180226", "20180322"):
        touch_product(root / "slaves" / day, day)
    touch_product(root / "master", "20180310")
    write_graphs_1(root / "graphs")
    return write_conf_1(root / "project.conf")


def test_a_file_is_written_and_explained(project, tmp_path, capsys):
    to = tmp_path / "new" / "run.yaml"
    assert main(["import", str(project), "--out", str(to)]) == 0
    shown = capsys.readouterr()
    assert "snap2stamps v1, 3 graphs" in shown.out
    assert "inputs.swaths = ['IW2']" in shown.out
    assert "Without a counterpart:" in shown.out
    assert "fringeworks plan" in shown.err
    assert load_config(to).output.directory == str(to.parent / "out")


def test_without_a_file_the_configuration_is_printed(project, capsys):
    assert main(["import", str(project)]) == 0
    assert capsys.readouterr().out.startswith("# Fringeworks run configuration, made from")


def test_one_json_document(project, tmp_path, capsys):
    to = tmp_path / "run.yaml"
    assert main(["import", str(project), "--out", str(to), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kind"] == "snap2stamps v1"
    assert found["configuration"] == to.read_text()
    assert {"taken", "left_out", "findings", "graphs", "operators", "tally"} <= set(found)
    assert found["written"] == str(to)


def test_a_file_that_is_there_stays(project, tmp_path, capsys):
    to = tmp_path / "run.yaml"
    to.write_text("mine\n")
    assert main(["import", str(project), "--out", str(to)]) == 2
    assert to.read_text() == "mine\n"
    assert "--overwrite" in capsys.readouterr().err
    assert main(["import", str(project), "--out", str(to), "--overwrite"]) == 0
    assert to.read_text() != "mine\n"


def test_an_unknown_operator_is_refused_and_nothing_is_written(tmp_path, capsys):
    graph = write_graph(tmp_path / "g.xml", [("N", "Some-Operator", (), {})])
    assert main(["import", str(graph), "--out", str(tmp_path / "run.yaml")]) == 3
    shown = capsys.readouterr().err
    assert "[FW2021]" in shown
    assert "'Some-Operator'" in shown
    assert "Back-Geocoding" in shown
    assert not (tmp_path / "run.yaml").exists()


def test_a_moved_project(project, tmp_path, capsys):
    write_conf_1(project, PROJECTFOLDER="/gone/athens", GRAPHSFOLDER="/gone/athens/graphs")
    assert main(["import", str(project), "--project", str(project.parent), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["graphs"]) == 3
    (slc,) = [row["value"] for row in found["taken"] if row["key"] == "inputs.slc"]
    assert all(p.startswith(str(project.parent)) for p in slc)
