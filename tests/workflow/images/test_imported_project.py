"""A project of snap2stamps around an invented scene leads to a plan that can be carried out."""

from __future__ import annotations

import shutil

from tests.io.snap.snapfiles import write_conf_2, write_graphs_2

from fringeworks.workflow.config import load_config
from fringeworks.workflow.plan import make_plan
from fringeworks.workflow.snap import translate


def test_a_project_around_a_scene_is_planned(scene, tmp_path):
    root = tmp_path / "project"
    for k, product in enumerate(scene.products):
        folder = root / ("master" if k == 1 else f"secondaries/{product.name[17:25]}")
        folder.mkdir(parents=True)
        (folder / product.name).symlink_to(product)
    write_graphs_2(root / "graphs")
    conf = write_conf_2(
        root / "project.conf",
        EXTDEM=scene.folder / "dem.tif",
        CPU="1",
        CACHE="4G",
        LONMIN="",
        LATMIN="",
        LONMAX="",
        LATMAX="",
    )
    found = translate(conf, folder=tmp_path)
    path = tmp_path / "run.yaml"
    path.write_text(found.yaml)
    shutil.copytree(scene.folder / "orbits", tmp_path / "orbits")  # as `get orbits` leaves them
    plan = make_plan(load_config(path))
    scenes = plan.survey.scenes
    assert scenes.days[scenes.reference].isoformat() == "2023-01-20"
    assert [str(p) for p in plan.survey.network.pairs] == ["20230108_20230120", "20230120_20230201"]
    assert {d.orbit.source for d in scenes.dates} == {"precise"}
    assert [s.stage.name for s in plan.steps][:4] == ["heights", "overlaps", "diversity", "coregister"]
