"""From a project of snap2stamps, or graphs, to a configuration that is accepted and means the same."""

from __future__ import annotations

from datetime import date

import pytest
import yaml
from tests.io.snap.snapfiles import (
    coregistration_nodes,
    product_name,
    split_nodes,
    touch_product,
    write_conf_1,
    write_conf_2,
    write_graph,
    write_graphs_1,
    write_graphs_2,
)

from fringeworks.errors import (
    DamagedFileError,
    InputRefusedError,
    MetadataMismatchError,
    MissingInputError,
    RequestError,
    UnsafeInputError,
    UnsupportedInputError,
)
from fringeworks.workflow.config import load_config
from fringeworks.workflow.scenes.stack import product_paths
from fringeworks.workflow.snap import translate
from fringeworks.workflow.snap.draft import Draft
from fringeworks.workflow.snap.images import Images
from fringeworks.workflow.snap.translation import _settle_series


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


def chain_of_a_pair(first, second):
    """Return one graph from two products to a map of displacement."""
    nodes = coregistration_nodes()[:-2]
    nodes[0] = ("Read", "Read", (), {"file": first})
    nodes[1] = ("Read(2)", "Read", (), {"file": second})
    return [
        *nodes,
        ("Multilook", "Multilook", ("TopoPhaseRemoval",), {"nRgLooks": "8", "nAzLooks": "2"}),
        (
            "Filter",
            "GoldsteinPhaseFiltering",
            ("Multilook",),
            {"alpha": "0.6", "FFTSizeString": "64", "windowSizeString": "5"},
        ),
        (
            "Out",
            "SnaphuExport",
            ("Filter",),
            {"targetFolder": "/tmp/s", "statCostMode": "DEFO", "numberOfTileRows": "4"},
        ),
        ("In", "SnaphuImport", ("Filter", "Out"), {"doNotKeepWrapped": "false"}),
        ("Move", "PhaseToDisplacement", ("In",), {}),
        (
            "Map",
            "Terrain-Correction",
            ("Move",),
            {"pixelSpacingInMeter": "45.0", "mapProjection": "EPSG:32630"},
        ),
        ("Write", "Write", ("Map",), {"file": "out.tif", "formatName": "GeoTIFF"}),
    ]


def test_one_graph_of_a_pair(tmp_path):
    first, second = (f"/data/{product_name(d)}.zip" for d in ("20200112", "20200118"))
    path = write_graph(tmp_path / "pair.xml", chain_of_a_pair(first, second))
    found = translate(path, folder=tmp_path)
    config = accepted(found, tmp_path)
    assert config.inputs.slc_patterns == (first, second)
    assert config.methods == ("pair",)
    assert config.coregistration.reference_date == "2020-01-12"
    assert config.pairs.looks == (2, 8)
    assert (config.filter.method, config.filter.alpha, config.filter.patch, config.filter.smoothing) == (
        "goldstein",
        0.6,
        64,
        5,
    )
    assert (config.unwrap.method, config.unwrap.snaphu_cost) == ("snaphu", "defo")
    assert (config.products.spacing_m, config.products.crs) == (45.0, "EPSG:32630")
    assert config.products.interferograms
    assert "order" not in topics(found)


def test_a_later_reference_says_that_signs_differ(tmp_path):
    first, second = (f"/data/{product_name(d)}.zip" for d in ("20200118", "20200112"))
    path = write_graph(tmp_path / "pair.xml", chain_of_a_pair(first, second))
    assert "sign" in topics(translate(path, folder=tmp_path), "note")


def test_unwrapping_without_a_filter_is_taken_as_such(tmp_path):
    nodes = [n for n in chain_of_a_pair("a.dim", "b.dim") if n[1] != "GoldsteinPhaseFiltering"]
    nodes = [(i, o, tuple("Multilook" if s == "Filter" else s for s in src), p) for i, o, src, p in nodes]
    found = translate(write_graph(tmp_path / "g.xml", nodes), folder=tmp_path)
    assert accepted(found, tmp_path).filter.method == "none"
    assert topics(found).count("images") == 3  # two products of SNAP, and no image at all


def test_operators_in_the_wrong_order_are_reported(tmp_path):
    nodes = [
        ("Read", "Read", (), {"file": "INPUTFILE"}),
        ("D", "TOPSAR-Deburst", ("Read",), {}),
        ("E", "Enhanced-Spectral-Diversity", ("D",), {"maxTemporalBaseline": "2", "newOption": "1"}),
    ]
    found = translate(write_graph(tmp_path / "g.xml", nodes), folder=tmp_path)
    assert {"order", "unknown parameter"} <= set(topics(found))


def test_supplied_shifts_and_no_reramping_are_warnings(tmp_path):
    nodes = coregistration_nodes()
    nodes[2] = (*nodes[2][:3], {**nodes[2][3], "disableReramp": "true", "externalDEMApplyEGM": "true"})
    nodes[3] = (*nodes[3][:3], {"useSuppliedAzimuthShift": "true", "overallAzimuthShift": "0.01"})
    found = translate(write_graph(tmp_path / "g.xml", nodes), folder=tmp_path)
    assert {"Back-Geocoding", "Enhanced-Spectral-Diversity"} <= set(topics(found))
    assert any("overallAzimuthShift = 0.01" in row.what for row in found.left_out)


@pytest.mark.parametrize(("flag", "datum"), [("true", "egm96"), ("false", "ellipsoid")])
def test_an_external_elevation_model_in_a_graph(tmp_path, flag, datum):
    nodes = coregistration_nodes()
    elevation = {"demName": "External DEM", "externalDEMFile": "heights.tif", "externalDEMApplyEGM": flag}
    nodes[2] = (*nodes[2][:3], elevation)
    nodes = [n if n[1] != "TopoPhaseRemoval" else (*n[:3], elevation) for n in nodes]
    config = accepted(translate(write_graph(tmp_path / "g.xml", nodes), folder=tmp_path), tmp_path)
    assert (config.inputs.dem, config.inputs.dem_datum) == (str(tmp_path / "heights.tif"), datum)


def test_graphs_that_contradict_each_other_are_reported(tmp_path):
    for name, looks in (("a", "4"), ("b", "8")):
        write_graph(
            tmp_path / f"{name}.xml",
            [("Read", "Read", (), {"file": "x"}), ("M", "Multilook", ("Read",), {"nRgLooks": looks})],
        )
    found = translate(tmp_path, folder=tmp_path)
    (text,) = [f.text for f in found.findings if f.topic == "contradiction"]
    assert "pairs.looks to [1, 8]; it stays [1, 4]" in text


def test_paths_that_mean_nothing(tmp_path):
    with pytest.raises(MissingInputError, match="is not there"):
        translate(tmp_path / "nothing", folder=tmp_path)
    with pytest.raises(MissingInputError, match=r"neither a \.conf nor an \.xml"):
        translate(tmp_path, folder=tmp_path)
    for name in ("a.conf", "b.conf"):
        (tmp_path / name).write_text("CPU=1\n")
    with pytest.raises(RequestError, match=r"one project\.conf"):
        translate(tmp_path, folder=tmp_path)


def test_entities_in_a_graph_of_the_chain_are_refused(project_1, tmp_path):
    path = project_1.parent / "graphs" / "export.xml"
    path.write_text('<!DOCTYPE graph [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + path.read_text())
    with pytest.raises(UnsafeInputError, match=r"export\.xml"):
        translate(project_1, folder=tmp_path)


def test_persistent_scatterers_are_asked_for_once_they_are_offered():
    draft = Draft()
    images = Images(days=(date(2020, 1, 1),), reference=date(2020, 1, 1), n_split=1)
    _settle_series(draft, images, ("sbas", "ps"))
    assert draft.says("method") == "ps"
    assert draft.says("pairs.network.design") is None


def test_any_cut_of_a_project_is_translated_or_refused_by_name(project_1, tmp_path):
    whole, reasons = project_1.read_bytes(), []
    for end in range(0, len(whole), 61):
        project_1.write_bytes(whole[:end])
        try:
            accepted(translate(project_1, folder=tmp_path), tmp_path)
        except InputRefusedError as error:
            reasons.append(str(error))
    assert reasons
    assert all("project.conf" in reason for reason in reasons)
