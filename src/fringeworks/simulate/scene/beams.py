"""What is fixed of Sentinel-1's IW mode: beams, bandwidths, clocks."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fringeworks.constants import SENTINEL1_FREQUENCY, SPEED_OF_LIGHT
from fringeworks.errors import OutOfRangeError

SAMPLING_RATE: Final = 6.434523812571428e07
"""Range sampling of the image [Hz], as annotated."""
LINE_INTERVAL: Final = 2.055556299999998e-03
"""Between lines [s], as annotated."""
WAVELENGTH: Final = SPEED_OF_LIGHT / SENTINEL1_FREQUENCY
"""Of the carrier [m]."""
RANGE_STEP: Final = 0.5 * SPEED_OF_LIGHT / SAMPLING_RATE
"""One-way distance between samples [m]."""
BEAM_CYCLE: Final = 2.758273
"""From a burst to the next of the same sub-swath [s]."""
CYCLE_PREAMBLE: Final = 2.299849
"""From the ascending node of track 1 to the first beam cycle [s] (MPC-0307, table 9-7)."""
ORBITS_PER_CYCLE: Final = 175
ORBIT_PERIOD: Final = 12 * 86_400.0 / ORBITS_PER_CYCLE
"""Between ascending nodes, nominally [s]."""
CALIBRATION_CONSTANT: Final = 237.0
"""Digital number of a sample of unit radar brightness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beam:
    """One sub-swath of IW.

    Attributes
    ----------
    name : str
        ``IW1`` ...
    steering_rate : float
        Of the beam in azimuth [degrees/s], as annotated.
    range_bandwidth, azimuth_bandwidth : float
        Processed [Hz].
    window : float
        Coefficient a of the Hamming window a + (1 - a) cos, in both directions.
    pulse_rate : float
        Of the instrument [Hz].
    rank : int
        Pulses in the air.
    pulse_length : float
        [s].
    chirp_rate : float
        [Hz/s].
    lines : int
        Of a burst.
    sensing_offset : float
        Start of its raw data after the start of the beam cycle [s].
    sensing_length : float
        Duration of its raw data [s].
    swath_number : int
        As the downlink header counts beams.
    """

    name: str
    steering_rate: float
    range_bandwidth: float
    azimuth_bandwidth: float
    pulse_rate: float
    rank: int
    pulse_length: float
    chirp_rate: float
    lines: int
    sensing_offset: float
    sensing_length: float
    swath_number: int
    window: float = 0.75

    @property
    def number(self) -> int:
        """1, 2 or 3."""
        return int(self.name[-1])


_FIRST, _SECOND, _THIRD = 0.832203, 1.078037, 0.848037
_START = 0.5 * BEAM_CYCLE - _FIRST - 0.5 * _SECOND

BEAMS: Final = MappingProxyType(
    {
        "IW1": Beam(
            name="IW1",
            steering_rate=1.590368784,
            range_bandwidth=56.5e6,
            azimuth_bandwidth=327.0,
            pulse_rate=1.717128973878037e3,
            rank=9,
            pulse_length=5.240481140226717e-05,
            chirp_rate=1.078230321255894e12,
            lines=1501,
            sensing_offset=_START,
            sensing_length=_FIRST,
            swath_number=10,
        ),
        "IW2": Beam(
            name="IW2",
            steering_rate=9.798633249999998e-01,
            range_bandwidth=48.3e6,
            azimuth_bandwidth=313.0,
            pulse_rate=1.451627112193990e3,
            rank=8,
            pulse_length=6.199592966536363e-05,
            chirp_rate=7.792817275120481e11,
            lines=1509,
            sensing_offset=_START + _FIRST,
            sensing_length=_SECOND,
            swath_number=11,
        ),
        "IW3": Beam(
            name="IW3",
            steering_rate=1.397440818,
            range_bandwidth=42.79e6,
            azimuth_bandwidth=314.0,
            pulse_rate=1.685817302492702e3,
            rank=10,
            pulse_length=5.338154012340000e-05,
            chirp_rate=8.015881500000000e11,
            lines=1514,
            sensing_offset=_START + _FIRST + _SECOND,
            sensing_length=_THIRD,
            swath_number=12,
        ),
    }
)
"""Of real annotation; the cycle starts so that the middle of IW2 is the middle of the cycle, as ESA counts bursts."""


def beam_of(name: str) -> Beam:
    """Return a sub-swath's beam.

    Raises
    ------
    OutOfRangeError
        There is no such sub-swath.
    """
    if name not in BEAMS:
        raise OutOfRangeError(f"sub-swath {name!r}", expected="IW1, IW2 or IW3")
    return BEAMS[name]
