"""What scene is to be invented."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, TooFewDataError
from fringeworks.simulate.fields import LayeredAir, PowerLaw, Terrain
from fringeworks.simulate.motion import Motion
from fringeworks.simulate.orbit import Baseline
from fringeworks.simulate.scene.beams import BEAMS, STRIPMAP, Beam, beam_of
from fringeworks.simulate.scene.earth import PlateMotion

AT_REST: Final = Baseline()
"""No offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LandCover:
    """A kind of ground.

    Attributes
    ----------
    name : str
        For people.
    share : float
        Of the area.
    sigma0 : float
        Backscatter coefficient in VV [dB]; ``cross`` dB are added in VH.
    initial, floor, decay_days : float
        Coherence ``floor + (initial - floor) exp(-|dt|/decay)`` between two dates.
    fading : float
        Turn of the part that decays [rad/day]: a phase bias of short pairs, which long pairs do not have.
    cross : float
        VH over VV [dB].
    """

    name: str
    share: float
    sigma0: float = -10.0
    initial: float = 0.9
    floor: float = 0.1
    decay_days: float = 50.0
    fading: float = 0.0
    cross: float = -7.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.floor <= self.initial <= 1.0 or self.decay_days <= 0.0:
            raise OutOfRangeError(
                f"{self.name}: coherence from {self.initial} to {self.floor} over {self.decay_days} days",
                expected="0 <= floor <= initial <= 1 and a positive decay time",
            )

    def moment(self, days: float) -> complex:
        """Return the expected z(t) conj(z(t + days)) over the power: coherence times the fading's phase."""
        if days == 0.0:
            return 1.0 + 0.0j
        decaying = (self.initial - self.floor) * math.exp(-abs(days) / self.decay_days)
        return complex(self.floor + decaying * np.exp(-1j * self.fading * days))

    def weights(self, days: NDArray[np.float64], date_index: int) -> NDArray[np.complex128]:
        """Return how one date's scattering mixes independent fields, (2 + date_index): the lasting one, then one a date."""
        gaps = np.abs(days[:, None] - days[None, :])
        decaying = (self.initial - self.floor) * np.exp(-gaps / self.decay_days)
        np.fill_diagonal(decaying, 1.0 - self.floor)
        row = np.zeros(date_index + 1, np.float64)
        if self.floor < 1.0:
            row[:] = np.linalg.cholesky(decaying)[date_index, : date_index + 1]
        turned = row * np.exp(1j * self.fading * days[date_index])
        return np.concatenate([[math.sqrt(self.floor)], turned]).astype(np.complex128)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflector:
    """A corner reflector: place in metres from the centre of the scene, size as radar cross-section."""

    east: float
    north: float
    height: float = 0.0
    cross_section: float = 38.0
    """dB relative to one square metre; a trihedral of 1.5 m in C band has 38."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersistentPoints:
    """Points that stay coherent, strewn over the scene.

    Attributes
    ----------
    per_km2 : float
        How many, on the kinds of ground that are named.
    on : tuple of str
        Names of land covers; empty for all.
    ratio : tuple of float
        Smallest and largest signal-to-clutter ratio [dB], uniform.
    height : float
        Standard deviation of their heights above the DEM [m].
    """

    per_km2: float
    on: tuple[str, ...] = ()
    ratio: tuple[float, float] = (8.0, 20.0)
    height: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One overflight.

    Attributes
    ----------
    day : date
        Of acquisition.
    platform : str
        ``S1A`` ...
    offset : Baseline
        Path beside the reference path [m], at the scene.
    doppler : float
        Added to the Doppler centroid [Hz].
    burst_shift : float
        Lateness of the bursts against their clock [lines].
    clock : float
        Of the day, added to the reference's [s].
    azimuth_error, range_error : mapping of sub-swath to float
        Lines and samples by which targets lie beyond the place the annotation gives.
    orbit_error, annotated_error : Baseline
        Error of the EOF's and of the annotation's orbit [m].
    missing : tuple of (sub-swath, int)
        Bursts left out of the products, counted over all slices from 0.
    """

    day: date
    platform: str = "S1A"
    offset: Baseline = AT_REST
    doppler: float = 0.0
    burst_shift: float = 0.0
    clock: float = 0.0
    azimuth_error: Mapping[str, float] = field(default_factory=dict)
    range_error: Mapping[str, float] = field(default_factory=dict)
    orbit_error: Baseline = AT_REST
    annotated_error: Baseline = AT_REST
    missing: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ionosphere:
    """A plane of ionospheric path for each date, drawn: phase is advanced, the pulse delayed by the same length.

    Attributes
    ----------
    constant : float
        Standard deviation of the path at the centre [m].
    slope : float
        Standard deviation of its slope eastward and northward [m per km].
    height : float
        Of the thin layer [m]: while a target is in the beam the line of sight moves through the layer, and a slope along
        the track moves the target in azimuth.  0 lays it on the ground, where nothing moves.
    """

    constant: float = 0.0
    slope: float = 0.0
    height: float = 350e3


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneScenario:
    """A scene to be invented.

    Attributes
    ----------
    title : str
        One line for people.
    centre : tuple of float
        Longitude and latitude of the ground's centre [degrees].
    passes : tuple of Pass
        In order of time; the first is the reference.
    pass_direction : str
        ``ascending`` or ``descending``.
    incidence : float
        At the centre [rad].
    track : int, optional
        Relative orbit; None takes the one whose burst clock puts the middle of the bursts on the centre.
    swaths : tuple of str
        ``IW1`` ... side by side, or one beam of strip map, ``S3``.
    samples : int
        Of each sub-swath.
    lines : int, optional
        Of a strip map's image; IW bursts have the lines their clock gives them.
    coarseness : int
        How many times longer than real the line interval is, and how many times narrower the azimuth band: bursts of fewer
        lines, all else (clock, steering, Doppler rates, spectral separation of overlaps) as it is.  Small scenes cost as many
        times less.
    overlap : int, optional
        Samples that neighbours share; None for 400, or a quarter of narrow sub-swaths.
    slices, bursts : int
        Products of a date along track, and bursts of each.
    polarisations : tuple of str
        ``VV``, or ``VV`` and ``VH``.
    arc_seconds : float
        Posting of the DEM.
    extent : tuple of float, optional
        Half size of the ground [m] east and north; None takes what the images need.  Give it where several scenes, such as
        an ascending and a descending one, show the same ground.
    terrain, land, motions
        Heights, kinds of ground, movement; places are metres from the centre.
    reflectors, persistent
        Points that stay.
    noise : float
        Thermal noise as radar brightness [dB]; None for none.
    turbulence : PowerLaw, optional
        Turbulent delay along the line of sight of each date [m].
    layered : LayeredAir, optional
        Delay that depends on height.
    ionosphere : Ionosphere, optional
        Ramps.
    phase_offsets : mapping of (platform, sub-swath) to float
        Constant phase of the images [rad].
    tides : bool
        Whether the solid Earth tide moves the ground.
    plate : PlateMotion, optional
        How the plate moves.
    shadow : bool
        Whether ground behind crests is dark (layover comes by itself).
    orbit_hours : float
        Half the span of the orbit files [h]; the usual 26 h are 13.
    deflated : bool
        Whether the zips are deflated, as real ones are; what is not is written faster and is larger.
    """

    title: str
    centre: tuple[float, float]
    passes: tuple[Pass, ...]
    pass_direction: str = "descending"
    incidence: float = math.radians(38.3)
    track: int | None = None
    swaths: tuple[str, ...] = ("IW2",)
    samples: int = 4000
    lines: int | None = None
    coarseness: int = 1
    overlap: int | None = None
    slices: int = 1
    bursts: int = 2
    polarisations: tuple[str, ...] = ("VV",)
    arc_seconds: float = 1.0
    extent: tuple[float, float] | None = None
    terrain: Terrain = field(default_factory=Terrain)
    land: tuple[LandCover, ...] = (LandCover(name="ground", share=1.0),)
    motions: tuple[Motion, ...] = ()
    reflectors: tuple[Reflector, ...] = ()
    persistent: PersistentPoints | None = None
    noise: float | None = -22.0
    turbulence: PowerLaw | None = None
    layered: LayeredAir | None = None
    ionosphere: Ionosphere | None = None
    phase_offsets: Mapping[tuple[str, str], float] = field(default_factory=dict)
    tides: bool = False
    plate: PlateMotion | None = None
    shadow: bool = True
    orbit_hours: float = 13.0
    deflated: bool = True

    def __post_init__(self) -> None:
        _check(self)

    @property
    def is_stripmap(self) -> bool:
        """Whether it shows strip map images."""
        return self.swaths[0] in STRIPMAP

    @property
    def n_shared(self) -> int:
        """Samples that neighbouring sub-swaths share."""
        return min(400, self.samples // 4) if self.overlap is None else self.overlap

    def beam(self, name: str) -> Beam:
        """Return a sub-swath's beam with the lines of this scene."""
        beam = beam_of(name)
        if self.lines is not None:
            beam = replace(beam, lines=self.lines)
        return beam.coarsened(self.coarseness)

    @property
    def dates(self) -> tuple[date, ...]:
        """Days of the passes."""
        return tuple(p.day for p in self.passes)

    @property
    def days(self) -> NDArray[np.float64]:
        """Days since the first pass, (date)."""
        return np.array([(p.day - self.passes[0].day).days for p in self.passes], float)


def _check(scenario: SceneScenario) -> None:
    dates = list(scenario.dates)
    if not dates or dates != sorted(set(dates)):
        raise TooFewDataError(f"{len(dates)} passes", expected="at least one, sorted and without repeats")
    _check_images(scenario)
    if scenario.polarisations not in {("VV",), ("VV", "VH")}:
        raise OutOfRangeError(f"polarisations {scenario.polarisations}", expected="VV, or VV and VH")
    if scenario.samples < 200 or not 0 <= scenario.n_shared < scenario.samples // 2:
        raise OutOfRangeError(
            f"{scenario.samples} samples with {scenario.n_shared} shared",
            expected="at least 200, sharing less than half",
        )
    if scenario.slices < 1 or scenario.bursts < 1:
        raise OutOfRangeError(
            f"{scenario.slices} slices of {scenario.bursts} bursts", expected="at least one of one"
        )
    if not math.isclose(sum(cover.share for cover in scenario.land), 1.0, abs_tol=1e-6):
        raise OutOfRangeError("land covers whose shares do not sum to 1", expected="shares that do")
    strays = {name for p in scenario.passes for name in (*p.azimuth_error, *p.range_error)}
    strays |= {name for p in scenario.passes for name, _ in p.missing}
    strays -= set(BEAMS) | set(STRIPMAP)
    if strays:
        raise OutOfRangeError(f"timing errors or bursts of {sorted(strays)}", expected="names of sub-swaths")


def _check_images(scenario: SceneScenario) -> None:
    numbers = [int(name[-1]) for name in scenario.swaths if name in BEAMS]
    complete = bool(numbers) and len(numbers) == len(scenario.swaths)
    side_by_side = complete and numbers == list(range(min(numbers), max(numbers) + 1))
    stripmap = len(scenario.swaths) == 1 and scenario.swaths[0] in STRIPMAP
    if not side_by_side and not stripmap:
        raise OutOfRangeError(
            f"sub-swaths {scenario.swaths}",
            expected=f"neighbours of IW1, IW2, IW3 in order, or one of {', '.join(STRIPMAP)}",
        )
    if stripmap and (scenario.slices, scenario.bursts) != (1, 1):
        raise OutOfRangeError(
            f"{scenario.slices} slices of {scenario.bursts} bursts in strip map", expected="one of one"
        )
    if scenario.lines is not None and (not stripmap or scenario.lines < 200):
        raise OutOfRangeError(
            f"{scenario.lines} lines of {scenario.swaths[0]}", expected="at least 200, in strip map only"
        )
    if not 1 <= scenario.coarseness <= 4:
        # beyond, the interval between lines is one that no reader takes for Sentinel-1's
        raise OutOfRangeError(f"coarseness {scenario.coarseness}", expected="1 to 4")
