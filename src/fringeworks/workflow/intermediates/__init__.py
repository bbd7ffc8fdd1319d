"""Whatever a step of a run left, written as GeoTIFF (or JSON) for other programs."""

from fringeworks.workflow.intermediates.export import Exported, export_intermediate
from fringeworks.workflow.intermediates.layers import StepLayer, layers_of
from fringeworks.workflow.intermediates.opened import OpenedRun, open_intermediates

__all__ = ["Exported", "OpenedRun", "StepLayer", "export_intermediate", "layers_of", "open_intermediates"]
