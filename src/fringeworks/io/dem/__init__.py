"""Elevation models: tiles to ellipsoidal heights; the vertical datum is never guessed."""

from fringeworks.io.dem.datum import decide_datum
from fringeworks.io.dem.geoid import open_geoid
from fringeworks.io.dem.stitch import open_dem, survey_dem

__all__ = ["decide_datum", "open_dem", "open_geoid", "survey_dem"]
