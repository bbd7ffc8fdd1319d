"""Facts of nature and definitions: nothing that a file could tell us."""

from typing import Final

SPEED_OF_LIGHT: Final = 299_792_458.0
"""Speed of light in vacuum [m/s] (SI definition)."""

WGS84_SEMI_MAJOR: Final = 6_378_137.0
"""Semi-major axis of the WGS84 ellipsoid [m] (NIMA TR8350.2)."""

WGS84_FLATTENING: Final = 1.0 / 298.257223563
"""Flattening of the WGS84 ellipsoid (NIMA TR8350.2)."""

SENTINEL1_FREQUENCY: Final = 5.405000454334350e9
"""Carrier frequency of Sentinel-1 [Hz]; used only to check what a file says, never in its place."""

DAYS_PER_YEAR: Final = 365.25
"""Julian year [days]: the year of every rate in the house (families that differ convert at the door)."""
