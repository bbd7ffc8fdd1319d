"""Files that steer SNAP: the project.conf of snap2stamps and the graphs that SNAP's gpt carries out."""

from fringeworks.io.snap.graph import GraphNode, SnapGraph, read_graph
from fringeworks.io.snap.operators import OPERATORS, Operator, Parameter, operator_named, unknown_parameters
from fringeworks.io.snap.placeholders import is_placeholder
from fringeworks.io.snap.project import Entry, SnapProject, read_project

__all__ = [
    "OPERATORS",
    "Entry",
    "GraphNode",
    "Operator",
    "Parameter",
    "SnapGraph",
    "SnapProject",
    "is_placeholder",
    "operator_named",
    "read_graph",
    "read_project",
    "unknown_parameters",
]
