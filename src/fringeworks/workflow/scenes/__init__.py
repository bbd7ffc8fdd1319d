"""A stack of single-look complex images before any pixel is read: what is there, what of it is used, on which grid."""

from fringeworks.workflow.scenes.stack import BurstSource, SceneDate, SceneStack
from fringeworks.workflow.scenes.survey import survey_scenes

__all__ = ["BurstSource", "SceneDate", "SceneStack", "survey_scenes"]
