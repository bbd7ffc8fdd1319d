"""What is fixed of Sentinel-1's modes: beams, bandwidths, clocks."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from fringeworks.constants import SENTINEL1_FREQUENCY, SPEED_OF_LIGHT
from fringeworks.errors import OutOfRangeError

SAMPLING_RATE: Final = 6.434523812571428e07
"""Range sampling of IW images [Hz], as annotated."""
LINE_INTERVAL: Final = 2.055556299999998e-03
"""Between lines of IW images [s], as annotated."""
WAVELENGTH: Final = SPEED_OF_LIGHT / SENTINEL1_FREQUENCY
"""Of the carrier [m]."""
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
    """One sub-swath of IW, or a beam of strip map, which is not steered and has one image instead of bursts.

    Attributes
    ----------
    name : str
        ``IW1`` ..., ``S3``.
    steering_rate : float
        Of the beam in azimuth [degrees/s], as annotated; 0 in strip map.
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
        Of a burst; in strip map of the image, unless the scenario says otherwise.
    sensing_offset : float
        Start of its raw data after the start of the beam cycle [s].
    sensing_length : float
        Duration of its raw data [s]; in strip map 0, where it is that of the image.
    swath_number : int
        As the downlink header counts beams.
    line_interval : float
        Between lines [s].
    sampling_rate : float
        In range [Hz].
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
    line_interval: float = LINE_INTERVAL
    sampling_rate: float = SAMPLING_RATE

    @property
    def number(self) -> int:
        """1, 2 or 3 in IW, 1 to 6 in strip map."""
        return int(self.name[-1])

    @property
    def is_stripmap(self) -> bool:
        """Whether it is a beam of strip map."""
        return not self.name.startswith("IW")

    @property
    def range_step(self) -> float:
        """One-way distance between samples [m]."""
        return 0.5 * SPEED_OF_LIGHT / self.sampling_rate

    def coarsened(self, times: int) -> Beam:
        """Return the beam as a processor would treat it that keeps one of so many lines and as much less bandwidth.

        Steering, rates in Hz/s, clock and duration of the bursts stay: the overlaps keep their spectral separation.
        """
        if times == 1:
            return self
        return replace(
            self,
            line_interval=self.line_interval * times,
            azimuth_bandwidth=self.azimuth_bandwidth / times,
            lines=math.ceil((self.lines - 1) / times) + 1,
        )


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

STRIPMAP: Final = MappingProxyType(
    {
        "S3": Beam(
            name="S3",
            steering_rate=0.0,
            range_bandwidth=59.4e6,
            azimuth_bandwidth=1399.0,
            pulse_rate=1.924956266475204e3,
            rank=10,
            pulse_length=4.417243291154830e-05,
            chirp_rate=1.344932774550966e12,
            lines=6_000,
            sensing_offset=0.0,
            sensing_length=0.0,
            swath_number=2,
            line_interval=5.194923129469381e-04,
            sampling_rate=6.672839509333333e07,
        ),
    }
)
"""Of real annotation (S1A, 1 April 2021, IPF 3.31)."""


def beam_of(name: str) -> Beam:
    """Return a sub-swath's or strip map's beam.

    Raises
    ------
    OutOfRangeError
        There is no such sub-swath.
    """
    if name in STRIPMAP:
        return STRIPMAP[name]
    if name not in BEAMS:
        raise OutOfRangeError(f"sub-swath {name!r}", expected="IW1, IW2 or IW3, or S3 of strip map")
    return BEAMS[name]
