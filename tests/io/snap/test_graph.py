"""Graphs of SNAP: nodes in order, nested parameters, and every way a graph can be bad."""

from __future__ import annotations

import pytest
from tests.io.snap.snapfiles import READ, coregistration_nodes, graph_text, split_nodes, write_graph

from fringeworks.errors import DamagedFileError, MissingInputError, UnsafeInputError, UnsupportedInputError
from fringeworks.io.snap import OPERATORS, is_placeholder, operator_named, read_graph, unknown_parameters


def test_nodes_come_after_their_sources(tmp_path):
    nodes = split_nodes()
    graph = read_graph(write_graph(tmp_path / "g.xml", nodes[::-1]))
    assert [n.id for n in graph.nodes] == ["Read", "TOPSAR-Split", "Apply-Orbit-File", "Write"]
    assert graph.nodes[1].sources == ("Read",)
    assert graph.nodes[1].parameters["lastBurstIndex"] == "9"
    assert "wktAoi" not in graph.nodes[1].parameters
    assert [n.id for n in graph.before(graph.nodes[3])] == ["Read", "TOPSAR-Split", "Apply-Orbit-File"]


def test_two_sources_keep_their_order(tmp_path):
    graph = read_graph(write_graph(tmp_path / "g.xml", coregistration_nodes()))
    (node,) = (n for n in graph.nodes if n.operator == "Back-Geocoding")
    assert node.sources == ("Read", "Read(2)")


def test_nested_parameters_are_joined_by_dots(tmp_path):
    bands = "<targetBand><name>a</name><expression>1 &lt; 2</expression></targetBand><targetBand><name>b</name></targetBand>"
    graph = read_graph(
        write_graph(tmp_path / "g.xml", [READ, ("B", "BandMaths", ("Read",), {"targetBands": bands})])
    )
    assert dict(graph.nodes[1].parameters) == {
        "targetBands.targetBand.name": "a; b",
        "targetBands.targetBand.expression": "1 < 2",
    }
    assert unknown_parameters(graph.nodes[1], OPERATORS["BandMaths"]) == ()


def test_sources_by_text_and_by_variable(tmp_path):
    text = graph_text([READ, ("Write", "Write", ("Read",), {"file": "out.dim"})])
    text = text.replace('<sourceProduct refid="Read"/>', "<sourceProducts>Read, ${other}</sourceProducts>")
    (tmp_path / "g.xml").write_text(text)
    assert read_graph(tmp_path / "g.xml").nodes[1].sources == ("Read", "${other}")


def bad(name):
    """Return a graph with one fault."""
    write = ("Write", "Write", ("Read",), {"file": "a"})
    text = graph_text([READ, write])
    return {
        "cut short": text[: len(text) // 2],
        "no graph": "<other/>",
        "no node": graph_text([]),
        "version": graph_text([READ], version="2.0"),
        "no id": text.replace('id="Write"', ""),
        "no operator": text.replace("<operator>Write</operator>", ""),
        "twice": graph_text([READ, READ]),
        "no such source": graph_text([("Write", "Write", ("Nobody",), {"file": "a"})]),
        "circle": graph_text([("A", "Subset", ("B",), {}), ("B", "Subset", ("A",), {})]),
        "not text": "\x00\x01",
    }[name]


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("cut short", "well-formed XML"),
        ("no graph", "a document <other>"),
        ("no node", "0 nodes"),
        ("version", r"<version> is 2\.0"),
        ("no id", "a node without id"),
        ("no operator", "<operator> is missing or empty"),
        ("twice", "two nodes are called 'Read'"),
        ("no such source", "takes its product from 'Nobody', which is no node"),
        ("circle", "nodes 'A', 'B' wait for each other"),
        ("not text", "well-formed XML"),
    ],
)
def test_a_damaged_graph_is_refused_with_the_reason(tmp_path, name, match):
    path = tmp_path / "g.xml"
    path.write_text(bad(name))
    with pytest.raises(DamagedFileError, match=match) as caught:
        read_graph(path)
    assert "g.xml" in str(caught.value)
    assert "fetch the product" not in str(caught.value)


BOMB = "".join(f'<!ENTITY b{k} "{f"&b{k - 1};" * 10 if k else "x" * 100}">' for k in range(9))


@pytest.mark.parametrize(
    "prologue",
    [
        f"<!DOCTYPE graph [{BOMB}]>",
        '<!DOCTYPE graph [<!ENTITY secret SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE graph SYSTEM "http://example.org/graph.dtd">',
    ],
)
def test_document_types_and_entities_are_refused_unread(tmp_path, prologue):
    path = tmp_path / "g.xml"
    path.write_text(
        prologue + graph_text([READ]).replace("INPUTFILE", "&b8;&secret;" if "ENTITY" in prologue else "x")
    )
    with pytest.raises(UnsafeInputError, match="document type"):
        read_graph(path)


def test_a_graph_out_of_measure_is_refused_unread(tmp_path):
    path = tmp_path / "g.xml"
    path.write_text(" " * (4 * 2**20 + 1))
    with pytest.raises(UnsafeInputError, match="at most 4194304"):
        read_graph(path)
    path.write_text("<graph>" + "<a>" * 5000 + "</a>" * 5000 + "</graph>")
    with pytest.raises(DamagedFileError):
        read_graph(path)
    with pytest.raises(MissingInputError, match="is not there"):
        read_graph(tmp_path / "nowhere.xml")


def node_of(tmp_path, name, operator, parameters, sources=("Read",)):
    graph = read_graph(write_graph(tmp_path / "g.xml", [READ, (name, operator, sources, parameters)]))
    return next(n for n in graph.nodes if n.id == name)


def test_an_unknown_operator_is_refused_by_name_with_those_known(tmp_path):
    node = node_of(tmp_path, "X", "Speckle-Filter", {})
    with pytest.raises(UnsupportedInputError, match="node 'X' uses the operator 'Speckle-Filter'") as caught:
        operator_named(node, file="g.xml")
    for name in ("Back-Geocoding", "TOPSAR-Split", "StampsExport"):
        assert name in caught.value.expected
    node = node_of(tmp_path, "X", "TOPSAR-Debursts", {})
    with pytest.raises(UnsupportedInputError, match="did you mean 'TOPSAR-Deburst'"):
        operator_named(node, file="g.xml")


@pytest.mark.parametrize(
    ("operator", "parameters", "sources", "match"),
    [
        ("TOPSAR-Split", {}, ("Read",), "has no subswath"),
        ("StampsExport", {"psiFormat": "true"}, ("Read", "Read"), "has no targetFolder"),
        ("Multilook", {"nRgLooks": "many"}, ("Read",), "nRgLooks is 'many'; expected: a whole number"),
        ("Multilook", {"nRgLooks": "2.5"}, ("Read",), "a whole number"),
        ("GoldsteinPhaseFiltering", {"alpha": "nan"}, ("Read",), "a number"),
        ("Interferogram", {"includeCoherence": "perhaps"}, ("Read",), "true or false"),
        ("Back-Geocoding", {}, ("Read",), "takes 1 products; expected: at least 2"),
    ],
)
def test_parameters_are_checked(tmp_path, operator, parameters, sources, match):
    node = node_of(tmp_path, "N", operator, parameters, sources)
    with pytest.raises(DamagedFileError, match=match):
        operator_named(node, file="g.xml")


def test_values_filled_in_later_are_not_checked(tmp_path):
    node = node_of(tmp_path, "N", "Multilook", {"nRgLooks": "${looks}"})
    assert operator_named(node, file="g.xml").name == "Multilook"


@pytest.mark.parametrize(
    "text", ["INPUTFILE", "OUTPUTFOLDER/OUTPUTFILE.dim", "${file}", "$file", "OUTPUTFILE_IWs.dim", "IWs"]
)
def test_placeholders(text):
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text", ["IW1", "VV", "/data/MASTER_of_x/20180310.dim", "POLYGON((0 0,1 0,1 1,0 0))", "", "0.3"]
)
def test_values_are_no_placeholders(text):
    assert not is_placeholder(text)


def test_defaults_are_values_of_their_kind():
    for operator in OPERATORS.values():
        for parameter in operator.parameters.values():
            assert not parameter.default or parameter.fits(parameter.default), (
                f"{operator.name} {parameter.name}"
            )
