"""Unwrapping errors: found where triplets close on whole cycles, and put right where it is known which pair is wrong."""

from fringeworks.interferometry.repair.labels import HALO, CycleLabels, find_cycles, join_labels
from fringeworks.interferometry.repair.options import RepairOptions
from fringeworks.interferometry.repair.planes import fit_closure_planes
from fringeworks.interferometry.repair.regions import (
    CycleRegion,
    Repair,
    apply_repair,
    judge_regions,
    repair_cycles,
)

__all__ = [
    "HALO",
    "CycleLabels",
    "CycleRegion",
    "Repair",
    "RepairOptions",
    "apply_repair",
    "find_cycles",
    "fit_closure_planes",
    "join_labels",
    "judge_regions",
    "repair_cycles",
]
