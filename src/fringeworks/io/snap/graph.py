"""Graphs of SNAP (XML): nodes, the operator of each, where it takes its products from, and its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from fringeworks.errors import MissingInputError, UnsafeInputError
from fringeworks.io.safe.tree import Node, parse_xml
from fringeworks.io.snap.placeholders import is_placeholder

MAX_BYTES: Final = 4 * 2**20
"""Largest graph that is read; those snap2stamps ships stay under 8 KiB."""
MAX_NODES: Final = 1000
"""Most nodes of a graph."""

_HINT: Final = "open the graph in SNAP, or take the one that was shipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """One node of a graph.

    Attributes
    ----------
    id : str
        Its name in the graph.
    operator : str
        What it does.
    sources : tuple of str
        Names of the nodes whose products it takes, in order.
    parameters : mapping of str to str
        Those that hold a value; of nested ones the names are joined by dots, and values of one name by ``; ``.
    """

    id: str
    operator: str
    sources: tuple[str, ...]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapGraph:
    """A graph.

    Attributes
    ----------
    path : Path
        The file.
    nodes : tuple of GraphNode
        Every node after those it takes products from.
    """

    path: Path
    nodes: tuple[GraphNode, ...]

    def before(self, node: GraphNode) -> tuple[GraphNode, ...]:
        """Return all nodes that a node's product went through, in the graph's order."""
        by_id = {n.id: n for n in self.nodes}
        seen: set[str] = set()
        waiting = list(node.sources)
        while waiting:
            name = waiting.pop()
            if name in by_id and name not in seen:
                seen.add(name)
                waiting += by_id[name].sources
        return tuple(n for n in self.nodes if n.id in seen)


def read_graph(path: Path) -> SnapGraph:
    """Read a graph and check that it hangs together; operators are not looked at here.

    Raises
    ------
    MissingInputError
        The file is not there.
    UnsafeInputError
        It is too large, or declares a document type.
    DamagedFileError
        It is not well formed, not a graph, or its nodes do not hang together: two of one name, a source that is no
        node, a circle.
    """
    if not path.is_file():
        raise MissingInputError(f"{path} is not there", expected="a graph of SNAP (XML)")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise UnsafeInputError(f"{path}: {size} bytes", expected=f"a graph of at most {MAX_BYTES}")
    root = parse_xml(path.read_bytes(), file=str(path), root="graph", hint=_HINT)
    version = root.text("version", default="1.0")
    if version != "1.0":
        raise root.refuse(f"<version> is {version:.20}", expected="1.0, the one version of graphs there is")
    elements = tuple(root.every("node"))
    if not 0 < len(elements) <= MAX_NODES:
        raise root.refuse(f"{len(elements)} nodes", expected=f"1 to {MAX_NODES}")
    nodes = [_node(element) for element in elements]
    names = {node.id for node in nodes}
    for element, node in zip(elements, nodes, strict=True):
        if sum(other.id == node.id for other in nodes) > 1:
            raise element.refuse(f"two nodes are called {node.id!r}", expected="a name for each node")
        for source in node.sources:
            if source not in names and not is_placeholder(source):
                raise element.refuse(
                    f"node {node.id!r} takes its product from {source!r}, which is no node",
                    expected=f"one of {', '.join(sorted(names))}",
                )
    return SnapGraph(path=path, nodes=_in_order(root, nodes))


def _node(element: Node) -> GraphNode:
    name = element.attribute("id").strip()
    if not name:
        raise element.refuse("a node without id", expected="a name for each node")
    return GraphNode(
        id=name,
        operator=element.text("operator"),
        sources=tuple(s for found in element.every("sources") for s in _sources(found)),
        parameters=MappingProxyType(_parameters(element)),
    )


def _sources(element: Node) -> list[str]:
    found = []
    for source in element.children():
        text = source.attribute("refid") or source.own_text()
        found += [part.strip() for part in text.split(",") if part.strip()]
    return found


def _parameters(element: Node) -> dict[str, str]:
    values: dict[str, str] = {}
    for parameters in element.every("parameters"):
        for child in parameters.children():
            _collect(child, child.name, values)
    return values


def _collect(element: Node, name: str, values: dict[str, str]) -> None:
    below = element.children()
    for child in below:
        _collect(child, f"{name}.{child.name}", values)
    text = element.own_text() or ("" if below else element.attribute("refid"))
    if text:
        values[name] = f"{values[name]}; {text}" if name in values else text


def _in_order(root: Node, nodes: Sequence[GraphNode]) -> tuple[GraphNode, ...]:
    """Put every node after its sources, keeping the file's order where that leaves a choice."""
    left, done, ordered = list(nodes), set[str](), list[GraphNode]()
    names = {node.id for node in nodes}
    while left:
        ready = next((n for n in left if all(s in done or s not in names for s in n.sources)), None)
        if ready is None:
            circle = ", ".join(repr(n.id) for n in left[:6])
            raise root.refuse(f"nodes {circle} wait for each other", expected="a graph without circles")
        left.remove(ready)
        done.add(ready.id)
        ordered.append(ready)
    return tuple(ordered)
