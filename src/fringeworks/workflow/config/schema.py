"""The run configuration: sections composed of the option records of the rooms below."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from fringeworks.errors import ConfigurationError
from fringeworks.interferometry.design import PairOptions
from fringeworks.interferometry.filters import FilterOptions
from fringeworks.interferometry.quality import PairQualityOptions
from fringeworks.interferometry.repair import RepairOptions
from fringeworks.model.grids import Shape
from fringeworks.model.options import option, section
from fringeworks.timeseries.distributed.neighbours_options import NeighbourOptions
from fringeworks.timeseries.distributed.options import LinkingOptions
from fringeworks.timeseries.distributed.update import SequentialOptions
from fringeworks.timeseries.models import ModelOptions
from fringeworks.timeseries.points.options import CandidateOptions, NetworkOptions
from fringeworks.timeseries.reference import ReferenceOptions
from fringeworks.timeseries.smallbaseline import InversionOptions
from fringeworks.tops.options import DiversityOptions, GateOptions, JoinOptions, MatchingOptions
from fringeworks.unwrap import UnwrapOptions

CONFIG_VERSION: Final = 1
_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([KMGT]i?B|B)?\s*$", re.IGNORECASE)
_POWERS: Final = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def bytes_of(text: str) -> int:
    """Return the number of bytes that a size such as ``8 GiB`` or ``500 MB`` means.

    Raises
    ------
    ConfigurationError
        The text is not a size.
    """
    match = _SIZE.match(str(text))
    if match is None:
        raise ConfigurationError(f"size {text!r}", expected="a number with a unit, such as 8 GiB or 500 MiB")
    unit = (match.group(2) or "B").upper()
    base = 1024 if "I" in unit else 1000
    return int(float(match.group(1)) * base ** _POWERS[unit.rstrip("B").rstrip("I")])


@dataclass(frozen=True, slots=True, kw_only=True)
class InterferogramsInput:
    """A stack of interferograms that another program made."""

    format: str = option(
        "gamma", meaning="Program that wrote the stack; `fringeworks doctor` lists the readers at hand"
    )
    path: str = option("", meaning="Folder of the stack; a relative path counts from the folder of this file")
    phase_sign: Literal["format", "away", "toward"] = option(
        "format",
        meaning="What positive phase means: as the format defines it, or said here when you know better: a longer range "
        "(away) or a shorter one (toward) at the later date",
    )
    exclude_dates: tuple[str, ...] = option(
        (), meaning="ISO dates to leave out, for instance after heavy snow"
    )
    exclude_pairs: tuple[str, ...] = option((), meaning="Pairs to leave out, written YYYYMMDD_YYYYMMDD")


@dataclass(frozen=True, slots=True, kw_only=True)
class InputsSection:
    """What goes in."""

    slc: str | tuple[str, ...] = option(
        (),
        meaning="Sentinel-1 SLC products (SAFE zips or folders): a path, a pattern, a folder, or a list of these; relative "
        "ones count from the folder of this file",
    )
    orbits: str = option(
        "",
        meaning="Folder of orbit files (EOF); only those that cover are used; none: the annotated orbits, flagged",
    )
    dem: str = option("", meaning="Elevation model for slc: a GeoTIFF or a folder of tiles")
    water_mask: str = option(
        "",
        meaning="Water, left out before unwrapping: a raster, or polygons (GeoJSON, shapefile, GeoPackage, KML)",
    )
    water_values: tuple[int, ...] = option(
        (), meaning="Values of the water mask's raster that mean water; empty: all but 0"
    )
    polarisation: str = option("", meaning="VV, VH, HH or HV; empty: what all inputs hold, VV before HH")
    swaths: tuple[str, ...] = option((), meaning="Sub-swaths to process; empty: what the inputs hold")
    exclude_dates: tuple[str, ...] = option((), meaning="ISO dates of slc to leave out")
    interferograms: InterferogramsInput = section(InterferogramsInput, "A stack of unwrapped interferograms")
    dem_datum: Literal["", "ellipsoid", "egm96", "egm2008"] = option(
        "",
        meaning="What heights of the elevation model, or in the stack, are measured from; wins over what the file says",
    )

    @property
    def slc_patterns(self) -> tuple[str, ...]:
        """The images' paths and patterns as a tuple, also when one was given."""
        return ((self.slc,) if self.slc else ()) if isinstance(self.slc, str) else self.slc


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaSection:
    """Part of the inputs to process; at most one key. All of it when none is given."""

    bbox: tuple[float, ...] = option((), meaning="[west, south, east, north] in degrees (WGS84)")
    wkt: str = option("", meaning="Polygon as well-known text, longitude and latitude in degrees")
    geojson: str = option("", meaning="GeoJSON file with polygons")
    shp: str = option("", meaning="Shapefile with polygons (.shp, or .zip that holds one)")
    kml: str = option("", meaning="KML file with polygons")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoregistrationSection(DiversityOptions):
    """How the images are aligned."""

    reference_date: str = option(
        "auto", meaning="ISO date whose grid all others take; auto: by time, baseline, Doppler and season"
    )
    range_matching: bool = option(
        default=True, meaning="Estimate a range shift for each date and sub-swath from amplitudes"
    )
    joins: bool = option(
        default=True, meaning="Estimate phase steps between sub-swaths, date by date, and take them out"
    )
    matching: MatchingOptions = section(MatchingOptions, "How amplitudes are matched")
    join: JoinOptions = section(JoinOptions, "How phase steps between sub-swaths are estimated")
    gates: GateOptions = section(GateOptions, "When seams of bursts and sub-swaths pass, warn or fail")
    gate: Literal["warn", "stop"] = option(
        "warn",
        meaning="What happens when burst overlaps of a date do not agree: say so and go on, or stop before interferograms "
        "are formed",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSection(FilterOptions):
    """How interferograms formed from images are filtered, and what the filter is used for."""

    adaptive: bool = option(
        default=True,
        meaning="Let goldstein filter each patch with one minus its mean coherence, at most alpha: coherent ground keeps its "
        "detail",
    )
    used_for: Literal["auto", "cycles", "phase"] = option(
        "auto",
        meaning="cycles: whole cycles are sought on the filtered phase and given to the unfiltered one, whose noise stays "
        "what coherence promises; phase: the filtered phase goes on; auto: phase for one pair, cycles for a series",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairSection(RepairOptions):
    """How cycle errors are found and mended before interferograms go onto the map."""

    enabled: bool = option(
        default=True, meaning="Look for cycle errors in triplets and mend those that can be located"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsSection(PairQualityOptions):
    """Which interferograms are formed from images, and which are trusted."""

    network: PairOptions = section(PairOptions, "Which interferograms are formed from images")
    looks: tuple[int, ...] = option(
        (),
        meaning="Looks in azimuth and range of interferograms formed from images; empty: to match products.spacing_m",
        minimum=1,
    )
    common_band: Literal["off", "range"] = option(
        "off",
        meaning="range: before multiplying, filter both images to the band in range that both have seen; a baseline of 150 m "
        "costs 3 % of it, one of 1 km 17 %",
    )
    common_band_from: float = option(
        0.03, meaning="Pairs that lack less of the common band are left as they are", minimum=0, maximum=1
    )
    extra_looks: tuple[tuple[int, ...], ...] = option(
        (),
        meaning="Further sets of looks [azimuth, range] of the interferograms, formed in the same pass and published, wrapped "
        "and with coherence, on the same map",
        minimum=1,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkingSection(LinkingOptions):
    """How phases are linked over all dates."""

    neighbours: NeighbourOptions = section(
        NeighbourOptions, "Which samples of the window count as ground like that of the middle"
    )
    sequential_above: int = option(
        100,
        meaning="Series of more dates than this are linked in mini-stacks that keep one datum: the cost of linking all at once "
        "grows with their third power",
        minimum=2,
        maximum=300,
    )
    sequential: SequentialOptions = section(
        SequentialOptions, "How long series are linked in pieces that keep one datum"
    )

    @property
    def window_shape(self) -> Shape:
        """Lines and samples that are averaged."""
        return Shape(self.window_azimuth, self.window_range)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsSection:
    """How scatterers are found and joined in one network."""

    candidates: CandidateOptions = section(CandidateOptions, "Which samples may be persistent scatterers")
    minimum_temporal_coherence: float = option(
        0.5,
        meaning="Cells whose linked phases agree less than this with their interferograms give no distributed scatterer",
        minimum=0,
        maximum=1,
    )
    maximum_phase_std_rad: float = option(
        0.8,
        meaning="Cells whose linked phases are noisier than this, as a median over dates, give no distributed scatterer",
        unit="rad",
        minimum=0.01,
        maximum=3.2,
    )
    level_heights_over_m: float = option(
        600.0,
        meaning="Height errors that points share over this distance are taken for atmosphere that follows the baselines by "
        "chance, and taken off: the elevation model is trusted at this scale. 0 = off",
        unit="m",
        minimum=0,
        maximum=100_000,
    )
    network: NetworkOptions = section(NetworkOptions, "How points are joined by arcs, tested and solved")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSection:
    """From pairs to dates, and what is fitted to the series."""

    inversion: InversionOptions = section(InversionOptions, "Network inversion per pixel (NSBAS)")
    models: ModelOptions = section(ModelOptions, "Temporal models fitted to each series")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionsSection:
    """What is predicted and subtracted: from the series, or from interferograms before they are filtered."""

    names: tuple[str, ...] = option(
        (), meaning="Corrections to apply, in this order; `fringeworks doctor` lists those installed"
    )
    before_filter: tuple[str, ...] = option(
        (),
        meaning="Corrections to subtract from interferograms formed from images before these are filtered and unwrapped; one "
        "at hand: solid-earth-tide",
    )
    give_back: bool = option(
        default=False,
        meaning="Add what was subtracted before filtering to the unwrapped phase again: it has then helped to unwrap, and "
        "nothing else",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductsSection:
    """What is published."""

    families: tuple[str, ...] = option(("standard",), meaning="Product families to write")
    spacing_m: float | None = option(
        None,
        meaning="Posting of the products; the stack's own grid when neither this nor crs is given",
        unit="m",
        minimum=1,
    )
    crs: str = option(
        "auto", meaning="Coordinate system of the products, e.g. EPSG:32614; auto: that of the stack"
    )
    interferograms: bool = option(
        default=False, meaning="Publish the interferograms as they entered the inversion, too"
    )
    minimum_temporal_coherence: float = option(
        0.7, meaning="Below this, recommended_mask is 0", minimum=0, maximum=1
    )
    minimum_coherence: float = option(
        0.2, meaning="Below this mean coherence, recommended_mask is 0", minimum=0, maximum=1
    )
    maximum_misclosure_rad: float = option(
        1.2,
        meaning="Above this residual of the inversion, recommended_mask is 0 (NSBAS)",
        unit="rad",
        minimum=0,
    )
    maximum_closure_bias_rad: float = option(
        0.5, meaning="Above this mean triplet closure, the closure-bias flag is raised", unit="rad", minimum=0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSection:
    """Where results go."""

    directory: str = option(
        "out", meaning="Output folder; a relative path counts from the folder of this file"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeSection:
    """What the machine may be used for."""

    max_memory: str = option(
        "8 GiB", meaning="Hard cap for the whole process; blocks are sized to stay below it"
    )
    workers: int | Literal["auto"] = option("auto", meaning="Threads to use; auto: all processors", minimum=1)
    engine: Literal["local", "dask"] = option(
        "local", meaning="Where bursts and pairs are computed: threads of this process, or Dask workers"
    )
    dask_address: str | None = option(
        None, meaning="Address of a Dask scheduler; none: workers are started on this machine"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """The whole configuration of one run."""

    config_version: int = option(
        CONFIG_VERSION, meaning="Version of this layout", minimum=1, maximum=CONFIG_VERSION
    )
    inputs: InputsSection = section(InputsSection, "What goes in")
    area: AreaSection = section(
        AreaSection, "Part of the inputs to process; at most one key; all when none is given"
    )
    preset: str = option(
        "",
        meaning="Settings for one kind of ground, which all that is written here overrides: infrastructure, urban, volcano, "
        "tectonic, landslide; empty: none",
    )
    method: str | tuple[str, ...] = option(
        "sbas",
        meaning="Chain to run, or a list. sbas: small baselines; pair: two dates; ds: phases linked over all dates, rasters "
        "and points; ps+ds: persistent and distributed scatterers in one network of points, rasters of ds. In a list "
        "with sbas the rasters come from sbas",
    )
    coregistration: CoregistrationSection = section(CoregistrationSection, "How images are aligned")
    pairs: PairsSection = section(
        PairsSection, "Which interferograms are formed from images, and which are trusted"
    )
    filter: FilterSection = section(FilterSection, "How interferograms formed from images are filtered")
    unwrap: UnwrapOptions = section(UnwrapOptions, "How interferograms formed from images are unwrapped")
    unwrap_repair: RepairSection = section(RepairSection, "Cycle errors of interferograms formed from images")
    linking: LinkingSection = section(LinkingSection, "How phases are linked over all dates (ds, ps+ds)")
    points: PointsSection = section(PointsSection, "How scatterers are found and joined in one network")
    series: SeriesSection = section(SeriesSection, "From pairs to dates, and what is fitted")
    corrections: CorrectionsSection = section(CorrectionsSection, "What is predicted and subtracted")
    reference: ReferenceOptions = section(ReferenceOptions, "Where and when displacement is zero")
    products: ProductsSection = section(ProductsSection, "What is published")
    output: OutputSection = section(OutputSection, "Where results go")
    compute: ComputeSection = section(ComputeSection, "What the machine may be used for")

    @property
    def methods(self) -> tuple[str, ...]:
        """Methods as a tuple, also when one word was given."""
        return (self.method,) if isinstance(self.method, str) else self.method

    @property
    def rasters_linked(self) -> bool:
        """Whether the rasters rest on linked phases."""
        return self.links_phases and "sbas" not in self.methods

    @property
    def links_phases(self) -> bool:
        """Whether phases are linked over all dates, for rasters or points."""
        return "ds" in self.methods or "ps+ds" in self.methods

    @property
    def seeks_persistent(self) -> bool:
        """Whether persistent scatterers are sought."""
        return "ps+ds" in self.methods

    @property
    def keeps_filtered(self) -> bool:
        """Whether the filtered phase goes on, beyond the search for whole cycles."""
        if self.filter.used_for == "auto":
            return self.methods == ("pair",)
        return self.filter.used_for == "phase"

    @property
    def memory_bytes(self) -> int:
        """Memory cap in bytes."""
        return bytes_of(self.compute.max_memory)
