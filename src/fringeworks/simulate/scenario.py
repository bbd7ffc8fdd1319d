"""What is to be invented: the description of a simulated stack of interferograms."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from fringeworks.errors import OutOfRangeError, TooFewDataError
from fringeworks.model.grids import Looks, MapGrid, Shape
from fringeworks.model.stack import Pair
from fringeworks.simulate.covariance import CoherenceModel
from fringeworks.simulate.fields import Ellipse, LayeredAir, PowerLaw, Terrain
from fringeworks.simulate.motion import Motion


@dataclass(frozen=True, slots=True, kw_only=True)
class PairDesign:
    """Which pairs are formed.

    Attributes
    ----------
    nearest : int
        Each date with this many that follow.
    annual : int
        Every how many dates a date is also paired with the one a year later; 0 for none.
    breaks : tuple of date
        No pair crosses from before to on or after one of these days.
    """

    nearest: int = 3
    annual: int = 0
    breaks: tuple[date, ...] = ()

    def pairs(self, dates: tuple[date, ...]) -> tuple[Pair, ...]:
        """Return the pairs of a list of sorted dates, sorted."""
        found = {
            Pair(first, second)
            for k, first in enumerate(dates)
            for second in dates[k + 1 : k + 1 + self.nearest]
        }
        for first in dates[:: self.annual] if self.annual else ():
            after = min(dates, key=lambda day, start=first: abs((day - start).days - 365))  # type: ignore[misc]
            if abs((after - first).days - 365) <= 20:
                found.add(Pair(first, after))
        return tuple(sorted(pair for pair in found if not self._crosses(pair)))

    def _crosses(self, pair: Pair) -> bool:
        return any(pair.reference < day <= pair.secondary for day in self.breaks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """How the ground is seen.

    Attributes
    ----------
    incidence : float
        At the centre of the scene [rad].
    pass_direction : str
        ``ascending`` or ``descending``.
    cross_spread, normal_spread : float
        Standard deviation of the orbits' positions, to the right and downward [m].
    rate_spread : float
        Standard deviation of their rates of change [m/s].
    track : int
        Relative orbit number, for names only.
    """

    incidence: float = math.radians(39.0)
    pass_direction: str = "ascending"
    cross_spread: float = 60.0
    normal_spread: float = 25.0
    rate_spread: float = 0.02
    track: int = 44


@dataclass(frozen=True, slots=True, kw_only=True)
class LandClass:
    """A kind of ground: its share of the area and its coherence."""

    name: str
    share: float
    coherence: CoherenceModel


@dataclass(frozen=True, slots=True, kw_only=True)
class PairNoise:
    """Decorrelation: noise of the interferograms, by multilook statistics from the coherence of the land classes.

    Attributes
    ----------
    kind : str
        ``slc``: one stack of images is drawn and multilooked, so pairs that share a date share noise and triplets do not
        close, as in nature; ``independent``: each pair is drawn for itself, from the same marginal distribution.
    """

    kind: str = "slc"

    def __post_init__(self) -> None:
        if self.kind not in {"slc", "independent"}:
            raise OutOfRangeError(f"pair noise {self.kind!r}", expected="'slc' or 'independent'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turbulence:
    """Turbulent delay of each date, along the line of sight, independent from date to date.

    Attributes
    ----------
    law : PowerLaw
        Spectrum and strength of a usual date [m].
    spread : float
        Standard deviation of the logarithm of a date's strength: some days are worse.
    """

    law: PowerLaw = field(default_factory=lambda: PowerLaw(rms_difference=0.006, distance=5_000.0))
    spread: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwrappingErrors:
    """Whole cycles added to one patch of some pairs.

    Attributes
    ----------
    fraction : float
        Share of the pairs that get a patch.
    area : tuple of float
        Smallest and largest share of the scene that a patch takes.
    """

    fraction: float = 0.03
    area: tuple[float, float] = (0.01, 0.08)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Where unwrapped phase has no value.

    Attributes
    ----------
    least_coherence : float
        Where the estimate of a pair's coherence is lower, its phase is missing.
    dropout : float
        Share of tiles that are missing, drawn for each pair anew.
    tile : float
        Side of a tile [m].
    """

    least_coherence: float = 0.0
    dropout: float = 0.0
    tile: float = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StackScenario:
    """A stack of interferograms to be invented; every noise term is switched off by None.

    Attributes
    ----------
    title : str
        One line for people.
    dates : tuple of date
        Sorted, at least two.
    design : PairDesign
        Pairs to form.
    grid : MapGrid
        In ``EPSG:4326``, rows from north to south.
    acquisition : Acquisition
        Geometry.
    looks : Looks
        Looks of the radar images, as the headers say.
    effective_looks : int
        Independent samples among them, which rule the noise.
    terrain : Terrain
        Heights that the processor is told.
    land : tuple of LandClass
        Kinds of ground; shares sum to 1.
    water : tuple of Ellipse
        Lakes: flat, no phase, no coherence.
    motions : tuple of Motion
        What is to be found.
    pair_noise : PairNoise, optional
        Decorrelation; without it phases are exact and coherence files hold the model.
    turbulence : Turbulence, optional
        Turbulent atmosphere.
    layered_air : LayeredAir, optional
        Delay that depends on height.
    dem_error : PowerLaw, optional
        True height minus the height told [m].
    unwrapping_errors : UnwrappingErrors, optional
        Whole cycles.
    pair_offset : float
        Standard deviation of a constant added to each pair [rad].
    gaps : Gaps, optional
        Missing phase beside water.
    """

    title: str
    dates: tuple[date, ...]
    grid: MapGrid
    design: PairDesign = PairDesign()
    acquisition: Acquisition = Acquisition()
    looks: Looks = field(default_factory=lambda: Looks(azimuth=3, range=12))
    effective_looks: int = 21
    terrain: Terrain = field(default_factory=Terrain)
    land: tuple[LandClass, ...] = (LandClass(name="ground", share=1.0, coherence=CoherenceModel()),)
    water: tuple[Ellipse, ...] = ()
    motions: tuple[Motion, ...] = ()
    pair_noise: PairNoise | None = None
    turbulence: Turbulence | None = None
    layered_air: LayeredAir | None = None
    dem_error: PowerLaw | None = None
    unwrapping_errors: UnwrappingErrors | None = None
    pair_offset: float = 0.0
    gaps: Gaps | None = None

    def __post_init__(self) -> None:
        _check_scenario(self)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Pairs of the design, sorted."""
        return self.design.pairs(self.dates)

    def without_noise(self) -> StackScenario:
        """Return the same ground motion with every noise term and gap switched off."""
        return replace(
            self,
            pair_noise=None,
            turbulence=None,
            layered_air=None,
            dem_error=None,
            unwrapping_errors=None,
            pair_offset=0.0,
            gaps=None,
        )


def _check_scenario(scenario: StackScenario) -> None:
    dates = scenario.dates
    if len(dates) < 2 or list(dates) != sorted(set(dates)):
        raise TooFewDataError(f"{len(dates)} dates", expected="at least two, sorted and without repeats")
    if scenario.grid.crs != "EPSG:4326" or scenario.grid.y_step >= 0.0 or scenario.grid.x_step <= 0.0:
        raise OutOfRangeError(
            f"grid in {scenario.grid.crs} with steps {scenario.grid.x_step}, {scenario.grid.y_step}",
            expected="EPSG:4326, columns eastward and rows southward",
        )
    if scenario.effective_looks < 1:
        raise OutOfRangeError(f"{scenario.effective_looks} effective looks", expected="at least 1")
    if not scenario.pairs:
        raise TooFewDataError("no pair", expected="a design that forms at least one pair of the dates")


def regular_dates(first: date, *, every: int, count: int) -> tuple[date, ...]:
    """Return dates at equal steps of whole days."""
    return tuple(first + timedelta(days=every * k) for k in range(count))


def grid_around(longitude: float, latitude: float, *, shape: Shape, spacing_m: float) -> MapGrid:
    """Return a grid of square pixels of about a size in metres around a point.

    Parameters
    ----------
    longitude, latitude : float
        Centre of the grid [degrees].
    shape : Shape
        Rows and columns.
    spacing_m : float
        Pixel size [m]; steps are rounded to 1e-7 degree.

    Returns
    -------
    MapGrid
        In ``EPSG:4326``, rows from north to south.
    """
    y_step = round(spacing_m / 111_195.0, 7)
    x_step = round(y_step / math.cos(math.radians(latitude)), 7)
    return MapGrid(
        crs="EPSG:4326",
        x_start=round(longitude - 0.5 * shape.cols * x_step, 9),
        y_start=round(latitude + 0.5 * shape.rows * y_step, 9),
        x_step=x_step,
        y_step=-y_step,
        shape=shape,
    )
