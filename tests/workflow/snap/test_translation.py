"""From a project of snap2stamps, or graphs, to a configuration that is accepted and means the same."""

from __future__ import annotations

import pytest
import yaml
from tests.io.snap.snapfiles import (
    coregistration_nodes,
    product_name,
    split_nodes,
    write_conf_1,
    write_conf_2,
    write_graph,
)
from tests.workflow.snap.conftest import accepted, topics

from fringeworks.errors import (
    DamagedFileError,
    MetadataMismatchError,
    UnsupportedInputError,
)
from fringeworks.workflow.scenes.stack import product_paths
from fringeworks.workflow.snap import translate


def test_a_version_1_project(project_1, tmp_path):
    found = translate(project_1, folder=tmp_path)
    config = accepted(found, tmp_path)
    root = project_1.parent
    assert found.kind == "snap2stamps v1"
    products = product_paths(config.inputs.slc_patterns, folder=tmp_path)
    assert sorted(p.name[17:25] for p in products) == ["20180226", "20180310", "20180322", "20180403"]
    assert all(p.is_relative_to(root) for p in products)
    assert config.coregistration.reference_date == "2018-03-10"
    assert config.inputs.swaths == ("IW2",)
    assert config.inputs.polarisation == "VV"
    assert config.area.bbox == (23.1, 37.9, 23.4, 38.2)
    assert config.coregistration.diversity == "network"
    assert config.compute.workers == 6
    assert config.compute.max_memory == "20 GiB"
    assert config.inputs.dem == str(tmp_path / "dem")
    assert config.inputs.dem_datum == "egm2008"
    assert config.inputs.orbits == str(tmp_path / "orbits")
    assert config.methods == ("sbas",)
    assert config.pairs.network.design == "single"
    assert config.pairs.network.reference == "2018-03-10"
    assert [p.name for p in found.graphs] == [
        "slave_split_applyorbit.xml",
        "coreg_ifg_computation_subset.xml",
        "export.xml",
    ]


def test_every_key_says_where_it_comes_from(project_1, tmp_path):
    found = translate(project_1, folder=tmp_path)
    lines = found.yaml.splitlines()
    for number, line in enumerate(lines):
        key, _, value = line.strip().partition(":")
        if key and not line.lstrip().startswith(("#", "-")) and value:
            assert lines[number - 1].lstrip().startswith("#"), line
    assert "# project.conf: IW1 = IW2" in found.yaml
    assert "get dem --bbox 23.1,37.9,23.4,38.2" in " ".join(found.yaml.replace("#", " ").split())
    assert found.tally.considered == found.tally.used + sum(found.tally.rejected.values())


def test_what_has_no_counterpart_is_listed(project_1, tmp_path):
    found = translate(project_1, folder=tmp_path)
    lost = {row.what for row in found.left_out}
    assert "GPTBIN_PATH = /opt/snap/bin/gpt" in lost
    assert "formatName = BEAM-DIMAP" in lost
    assert any("fineWinWidthStr = 512" in what and "cohThreshold = 0.15" in what for what in lost)
    assert any("INSAR_<date>" in what for what in lost)


def test_a_version_2_project(project_2, tmp_path):
    found = translate(project_2.parent, folder=tmp_path)
    config = accepted(found, tmp_path)
    assert found.kind == "snap2stamps v2"
    products = product_paths(config.inputs.slc_patterns, folder=tmp_path)
    assert sorted(p.name[17:25] for p in products) == ["20190506", "20190518", "20190530", "20190611"]
    assert config.coregistration.reference_date == "2019-05-30"
    assert config.inputs.swaths == ("IW2", "IW3")
    assert config.area.bbox == (-0.5, 51.3, 0.1, 51.6)
    assert [p.name for p in found.graphs] == [
        "topsar_secondaries_split_applyorbit.xml",
        "topsar_coreg_ifg_computation.xml",  # two sub-swaths: topography and area come after the merge
        "topsar_export_mergeIW_subset.xml",
    ]
    commands = " ".join(f.text for f in found.findings if f.topic == "download")
    assert "find --bbox -0.5,51.3,0.1,51.6 --start 2019-05-01 --end 2020-02-01 --track 30" in commands
    assert "not-to-be-seen" not in found.yaml
    assert "someone" not in found.yaml.replace("/home/someone", "")


def test_one_sub_swath_and_an_external_elevation_model_choose_other_graphs(project_2, tmp_path):
    root = project_2.parent
    (root / "MasterSplit" / "20190530_IW3.dim").unlink()
    (root / "dem.tif").touch()
    write_conf_2(project_2, EXTDEM=root / "dem.tif")
    found = translate(project_2, folder=tmp_path)
    assert [p.name for p in found.graphs][1:] == [
        "topsar_coreg_ifg_computation_subset_extDEM.xml",
        "topsar_export.xml",
    ]
    config = accepted(found, tmp_path)
    assert config.inputs.dem == str(root / "dem.tif")
    assert config.inputs.dem_datum == ""
    assert "elevation" in topics(found)  # nobody says what its heights count from


def test_dates_before_the_reference_change_their_sign(project_2, tmp_path):
    found = translate(project_2, folder=tmp_path)
    (text,) = [f.text for f in found.findings if f.topic == "sign"]
    assert "opposite sign" in text


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FIRST", "2019-05-06"),
        ("LAST", "2019-06-11"),
        ("2", "2019-05-18"),
        ("AUTO", "auto"),
        ("MANUAL", "auto"),
    ],
)
def test_a_reference_that_is_not_split_yet_follows_the_rule(project_2, tmp_path, rule, expected):
    root = project_2.parent
    for path in [*(root / "MasterSplit").iterdir(), *(root / "master").iterdir()]:
        path.unlink()
    write_conf_2(project_2, MASTERSEL=rule)
    assert accepted(translate(project_2, folder=tmp_path), tmp_path).coregistration.reference_date == expected


def test_no_spectral_diversity_in_the_graph_is_none_here(project_1, tmp_path):
    write_graph(
        project_1.parent / "graphs" / "coreg_ifg_computation_subset.xml",
        coregistration_nodes(diversity=False),
    )
    assert accepted(translate(project_1, folder=tmp_path), tmp_path).coregistration.diversity == "off"


def test_an_operator_that_is_not_known_is_refused_by_name(project_1, tmp_path):
    nodes = [*split_nodes(), ("Extra", "Remove-Speckle-By-Magic", ("Read",), {})]
    write_graph(project_1.parent / "graphs" / "slave_split_applyorbit.xml", nodes)
    with pytest.raises(
        UnsupportedInputError,
        match=r"slave_split_applyorbit\.xml: node 'Extra' uses the operator 'Remove-Speckle-By-Magic'",
    ):
        translate(project_1, folder=tmp_path)


def test_graphs_beside_the_chain_do_not_stop_it(project_1, tmp_path):
    graphs = project_1.parent / "graphs"
    write_graph(graphs / "mine.xml", [("A", "Own-Operator", (), {})])
    (graphs / "broken.xml").write_text("<graph>")
    write_graph(graphs / "coreg_ifg2run.xml", [("A", "Own-Operator", (), {})])
    found = translate(project_1, folder=tmp_path)
    texts = [f.text for f in found.findings if f.topic == "graphs"]
    assert any("mine.xml is not part of the chain" in t and "Own-Operator" in t for t in texts)
    assert any("broken.xml is not part of the chain" in t for t in texts)
    assert not any("2run" in t for t in texts)


def test_a_project_that_was_moved(project_1, tmp_path):
    moved = tmp_path / "elsewhere"
    write_conf_1(
        project_1,
        PROJECTFOLDER="D:\\work\\athens",
        GRAPHSFOLDER="D:\\work\\athens\\graphs",
        MASTER="D:\\work\\athens\\20180310.dim",
    )
    project_1.parent.rename(moved)
    lost = translate(moved / "project.conf", folder=tmp_path)
    assert {"PROJECTFOLDER", "images", "graphs"} <= set(topics(lost))
    found = translate(moved / "project.conf", folder=tmp_path, moved_to=moved)
    config = accepted(found, tmp_path)
    assert len(product_paths(config.inputs.slc_patterns, folder=tmp_path)) == 4
    assert len(found.graphs) == 3


def test_a_reference_that_only_snap_holds_is_asked_for(project_1, tmp_path):
    (next((project_1.parent / "master").iterdir())).unlink()
    found = translate(project_1, folder=tmp_path)
    (text,) = [f.text for f in found.findings if f.topic == "reference date"]
    assert "no product (zip or SAFE) of the reference date 2018-03-10" in text


def test_the_name_of_the_reference_in_version_1(project_1, tmp_path):
    found = translate(project_1, folder=tmp_path)
    assert any("letters 18 to 25 of '20180310_split.dim'" in f.text for f in found.findings)
    write_conf_1(project_1, MASTER=f"/x/{product_name('20180310')}_split.dim")
    found = translate(project_1, folder=tmp_path)
    assert not [f for f in found.findings if f.topic == "file names"]
    write_conf_1(project_1, MASTER="/x/best.dim")
    found = translate(project_1, folder=tmp_path)
    assert accepted(found, tmp_path).coregistration.reference_date == "auto"
    assert any("'best.dim' names no date" in f.text or "names no date" in f.text for f in found.findings)


@pytest.mark.parametrize(
    ("values", "error", "match"),
    [
        ({"LATMIN": "39"}, MetadataMismatchError, "LATMIN below LATMAX"),
        ({"LONMIN": "east"}, DamagedFileError, "LONMIN = east"),
        ({"LONMAX": ""}, MetadataMismatchError, "no LONMAX"),
        ({"IW1": "IW7"}, DamagedFileError, "one of IW1, IW2, IW3"),
        ({"CPU": "all"}, DamagedFileError, "whole number above zero"),
        ({"CACHE": "lots"}, DamagedFileError, "a size such as 16G"),
        ({"POLARISATION": "circular"}, DamagedFileError, "one of VV, VH, HH, HV"),
    ],
)
def test_bad_values_are_refused_by_key(project_1, tmp_path, values, error, match):
    write_conf_1(project_1, **values)
    with pytest.raises(error, match=match):
        translate(project_1, folder=tmp_path)


@pytest.mark.parametrize(
    ("values", "error", "match"),
    [
        ({"SENSOR": "TSX"}, UnsupportedInputError, "SENSOR = TSX"),
        ({"AOI_MODE": "CIRCLE"}, DamagedFileError, "one of BBOX, WKT, SHP, KML, GeoJSON"),
        ({"AOI_MODE": "WKT", "WKT": "POLYGON((0 0,1"}, DamagedFileError, "polygon as well-known text"),
        ({"AOI_MODE": "WKT"}, MetadataMismatchError, "WKT is empty"),
        ({"AOI_MODE": "SHP"}, MetadataMismatchError, "AOI_FILE is empty"),
    ],
)
def test_bad_values_of_version_2(project_2, tmp_path, values, error, match):
    write_conf_2(project_2, **values)
    with pytest.raises(error, match=match):
        translate(project_2, folder=tmp_path)


@pytest.mark.parametrize(("mode", "key"), [("SHP", "shp"), ("kml", "kml"), ("GeoJSON", "geojson")])
def test_areas_from_files(project_2, tmp_path, mode, key):
    write_conf_2(project_2, AOI_MODE=mode, AOI_FILE="area.file")
    config = accepted(translate(project_2, folder=tmp_path), tmp_path)
    assert getattr(config.area, key) == str(project_2.parent / "area.file")
    assert config.area.bbox == ()


def test_an_area_as_text(project_2, tmp_path):
    ring = "POLYGON((-0.5 51.3,0.1 51.3,0.1 51.6,-0.5 51.3))"
    write_conf_2(project_2, AOI_MODE="WKT", WKT=ring)
    assert accepted(translate(project_2, folder=tmp_path), tmp_path).area.wkt == ring


def test_nothing_in_a_value_can_end_a_comment(project_1, tmp_path):
    write_conf_1(project_1, GPTBIN_PATH="/opt/x\u2028output: {directory: /}\u0085inputs: 3")
    found = translate(project_1, folder=tmp_path)
    assert accepted(found, tmp_path).output.directory == str(tmp_path / "out")
    assert set(yaml.safe_load(found.yaml)["output"]) == {"directory"}


# ---------------------------------------------------------------- graphs without a project
