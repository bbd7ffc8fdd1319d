"""From a project of snap2stamps, or graphs of SNAP, to a run configuration."""

from fringeworks.workflow.snap.draft import LeftOut, Taken
from fringeworks.workflow.snap.translation import Translation, translate

__all__ = ["LeftOut", "Taken", "Translation", "translate"]
