"""Graphs of one pair, graphs that contradict each other, and paths that mean nothing."""

from __future__ import annotations

from datetime import date

import pytest
from tests.io.snap.snapfiles import (
    coregistration_nodes,
    product_name,
    write_graph,
)
from tests.workflow.snap.conftest import accepted, topics

from fringeworks.errors import (
    InputRefusedError,
    MissingInputError,
    RequestError,
    UnsafeInputError,
)
from fringeworks.workflow.snap import translate
from fringeworks.workflow.snap.draft import Draft
from fringeworks.workflow.snap.images import Images
from fringeworks.workflow.snap.translation import _settle_series


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
