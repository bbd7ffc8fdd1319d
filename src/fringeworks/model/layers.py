"""The one table of layers: name, unit, type, fill, sign and meaning.

Store, products, catalogue, report and documentation all read this table; none of them spells a unit again.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Final

from fringeworks.errors import OutOfRangeError
from fringeworks.model.interferogram_layers import OF_INTERFEROGRAMS
from fringeworks.model.layer import AWAY, NONE, TOWARD, Layer
from fringeworks.model.quality import NOT_RECOMMENDED, QUALITY_MEANING, Quality

__all__ = [
    "AWAY",
    "LAYERS",
    "NONE",
    "NOT_RECOMMENDED",
    "QUALITY_MEANING",
    "TOWARD",
    "Layer",
    "Quality",
    "layer_of",
]

_LAYERS: tuple[Layer, ...] = (
    Layer(
        name="velocity",
        long_name="mean line-of-sight velocity",
        unit="m/year",
        sign=TOWARD,
        colours="RdBu",
        meaning="Slope of a straight line fitted by least squares through the whole displacement series, relative to the "
        "reference area. A year is 365.25 days.",
    ),
    Layer(
        name="velocity_std",
        long_name="standard deviation of the mean velocity",
        unit="m/year",
        valid_range=(0.0, math.inf),
        colours="magma",
        meaning="One sigma, from the noise of the interferograms as their misclosure shows it, and the scatter of the "
        "series about its model, inflated for correlation in time.",
    ),
    Layer(
        name="velocity_model",
        long_name="velocity of the full model",
        unit="m/year",
        sign=TOWARD,
        colours="RdBu",
        meaning="Linear term where acceleration, seasons, steps or post-seismic terms are fitted together with it.",
    ),
    Layer(
        name="velocity_model_std",
        long_name="standard deviation of the model velocity",
        unit="m/year",
        valid_range=(0.0, math.inf),
        colours="magma",
        meaning="One sigma of velocity_model.",
    ),
    Layer(
        name="acceleration",
        long_name="line-of-sight acceleration",
        unit="m/year^2",
        sign=TOWARD,
        colours="RdBu",
        meaning="Second derivative of the displacement: coefficient of t^2/2 (EGMS product description).",
    ),
    Layer(
        name="acceleration_std",
        long_name="standard deviation of the acceleration",
        unit="m/year^2",
        valid_range=(0.0, math.inf),
        colours="magma",
        meaning="One sigma of acceleration.",
    ),
    Layer(
        name="seasonal_amplitude",
        long_name="amplitude of the annual term",
        unit="m",
        valid_range=(0.0, math.inf),
        meaning="Half the peak-to-peak of the fitted annual sine; never negative, and biased upward by noise.",
    ),
    Layer(
        name="seasonal_amplitude_std",
        long_name="standard deviation of the annual amplitude",
        unit="m",
        valid_range=(0.0, math.inf),
        colours="magma",
        meaning="One sigma of seasonal_amplitude.",
    ),
    Layer(
        name="seasonal_phase",
        long_name="time of the annual maximum",
        unit="year",
        valid_range=(0.0, 1.0),
        colours="twilight",
        meaning="Fraction of the calendar year (0 = 1 January) at which the annual term is largest.",
    ),
    Layer(
        name="semiannual_amplitude",
        long_name="amplitude of the semi-annual term",
        unit="m",
        valid_range=(0.0, math.inf),
        meaning="As seasonal_amplitude, with a period of half a year.",
    ),
    Layer(
        name="semiannual_amplitude_std",
        long_name="standard deviation of the semi-annual amplitude",
        unit="m",
        valid_range=(0.0, math.inf),
        colours="magma",
        meaning="One sigma of semiannual_amplitude.",
    ),
    Layer(
        name="semiannual_phase",
        long_name="time of the first semi-annual maximum",
        unit="year",
        valid_range=(0.0, 0.5),
        colours="twilight",
        meaning="As seasonal_phase; the second maximum follows half a year later.",
    ),
    Layer(
        name="step",
        long_name="displacement step",
        unit="m",
        sign=TOWARD,
        colours="RdBu",
        meaning="Sudden displacement at a given date; files are named step_YYYYMMDD.",
    ),
    Layer(
        name="step_std",
        long_name="standard deviation of the step",
        unit="m",
        valid_range=(0.0, math.inf),
        colours="magma",
        meaning="One sigma of step; files are named step_YYYYMMDD_std.",
    ),
    Layer(
        name="postseismic",
        long_name="post-seismic amplitude",
        unit="m",
        sign=TOWARD,
        colours="RdBu",
        meaning="Coefficient of log(1 + t/tau) or 1 - exp(-t/tau) after a given date; files are named "
        "postseismic_log_YYYYMMDD or postseismic_exp_YYYYMMDD.",
    ),
    Layer(
        name="postseismic_std",
        long_name="standard deviation of the post-seismic amplitude",
        unit="m",
        valid_range=(0.0, math.inf),
        colours="magma",
        meaning="One sigma of postseismic.",
    ),
    Layer(
        name="rmse",
        long_name="scatter about the model",
        unit="m",
        valid_range=(0.0, math.inf),
        colours="magma",
        meaning="Root mean square of the series minus its full model.",
    ),
    Layer(
        name="displacement",
        long_name="line-of-sight displacement",
        unit="m",
        sign=TOWARD,
        colours="RdBu",
        axis="date",
        meaning="Displacement since the first date, relative to the reference area; one band a date, the band's "
        "description is the ISO date, the first is zero.",
    ),
    Layer(
        name="displacement_std",
        long_name="standard deviation of the displacement",
        unit="m",
        valid_range=(0.0, math.inf),
        colours="magma",
        axis="date",
        meaning="One sigma of each date against the first, from the noise of the interferograms alone.",
    ),
    Layer(
        name="temporal_coherence",
        long_name="temporal coherence",
        unit="1",
        valid_range=(0.0, 1.0),
        meaning="|mean of exp(i residual)| over the interferograms used: 1 = they agree (Pepe and Lanari 2006, eq. 15).",
    ),
    Layer(
        name="misclosure_rms",
        long_name="network misclosure",
        unit="rad",
        valid_range=(0.0, math.inf),
        colours="magma",
        meaning="Root mean square of the residuals of the network inversion (FLATSIM Net, band 1).",
    ),
    Layer(
        name="n_interferograms",
        long_name="interferograms used",
        unit="1",
        dtype="int16",
        fill=-1,
        meaning="Number of interferograms that carry weight in the solution (FLATSIM Net, band 2).",
    ),
    Layer(
        name="n_dates",
        long_name="dates with a value",
        unit="1",
        dtype="int16",
        fill=-1,
        meaning="Number of dates that an interferogram reaches (FLATSIM Net, band 3).",
    ),
    Layer(
        name="n_subsets",
        long_name="connected subsets of the network",
        unit="1",
        dtype="int16",
        fill=-1,
        meaning="1 = the interferograms used here determine all differences of dates; each more is one gap that only "
        "the smoothing constraint bridges. The rank of the network is the number of dates minus this number.",
    ),
    Layer(
        name="closure_rms",
        long_name="triplet closure",
        unit="rad",
        valid_range=(0.0, math.inf),
        colours="magma",
        meaning="Root mean square of phase(1,2) + phase(2,3) - phase(1,3) over all triplets.",
    ),
    Layer(
        name="closure_bias",
        long_name="closure bias",
        unit="rad",
        sign=AWAY,
        colours="PuOr",
        meaning="Mean closure of the triplets after whole cycles are taken out: the systematic part that short pairs "
        "leave in the series (FLATSIM Net, band 5).",
    ),
    Layer(
        name="bias_rate",
        long_name="excess velocity of consecutive interferograms",
        unit="m/year",
        sign=TOWARD,
        colours="RdBu",
        meaning="Velocity that interferograms of consecutive dates show beyond those over their whole time: where it is not "
        "zero, short interferograms are biased (Zheng et al. 2022). An indicator: nothing is corrected by it.",
    ),
    Layer(
        name="bias_susceptible",
        long_name="biased short interferograms",
        unit="1",
        dtype="uint8",
        fill=255,
        meaning="1 = the closures behind bias_rate agree and are larger than noise makes them.",
    ),
    Layer(
        name="closure_coherence",
        long_name="closure coherence",
        unit="1",
        valid_range=(0.0, 1.0),
        meaning="|mean of exp(i closure)| over the triplets (FLATSIM Net, band 4).",
    ),
    Layer(
        name="n_unwrapping_errors",
        long_name="triplets with whole-cycle errors",
        unit="1",
        dtype="int16",
        fill=-1,
        meaning="Number of triplets that close on a whole number of cycles other than zero.",
    ),
    Layer(
        name="coherence_mean",
        long_name="mean coherence",
        unit="1",
        valid_range=(0.0, 1.0),
        meaning="Mean interferometric coherence over the interferograms.",
    ),
    Layer(
        name="dem_error",
        long_name="height error",
        unit="m",
        colours="PuOr",
        meaning="Correction to add to the height used, relative to the reference area, from the phase proportional to the perpendicular baseline.",
    ),
    Layer(
        name="dem_error_std",
        long_name="standard deviation of the height error",
        unit="m",
        valid_range=(0.0, math.inf),
        colours="magma",
        meaning="One sigma of dem_error.",
    ),
    Layer(
        name="los_enu",
        long_name="line-of-sight unit vector",
        unit="1",
        valid_range=(-1.0, 1.0),
        axis="enu",
        colours="RdBu",
        meaning="From the ground to the satellite; bands east, north, up. Displacement along the line of "
        "sight is its scalar product with the ground's displacement.",
    ),
    Layer(
        name="height",
        long_name="height",
        unit="m",
        standard_name="height_above_reference_ellipsoid",
        colours="terrain",
        meaning="Height above the WGS84 ellipsoid, unless the file's tag VERTICAL_DATUM says otherwise.",
    ),
    Layer(
        name="incidence",
        long_name="incidence angle",
        unit="degree",
        valid_range=(0.0, 90.0),
        meaning="Between the line of sight and the ellipsoid's normal at the ground.",
    ),
    Layer(
        name="recommended_mask",
        long_name="recommended mask",
        unit="1",
        dtype="uint8",
        fill=255,
        valid_range=(0, 1),
        meaning="1 = use it; 0 = do not: quality_flags says why.",
    ),
    Layer(
        name="quality_flags",
        long_name="quality flags",
        unit="1",
        dtype="uint16",
        fill=65535,
        meaning="Sum of bits, each a reason for doubt: see the list of bits on this page.",
    ),
)

LAYERS: Final = MappingProxyType({layer.name: layer for layer in (*_LAYERS, *OF_INTERFEROGRAMS)})


def layer_of(name: str) -> Layer:
    """Return the layer a file stem belongs to: ``step_20200101_std`` is a ``step_std``.

    Raises
    ------
    OutOfRangeError
        No layer has this name.
    """
    if name in LAYERS:
        return LAYERS[name]
    for stem in ("step", "postseismic"):
        if name.startswith(stem + "_"):
            return LAYERS[stem + "_std" if name.endswith("_std") else stem]
    raise OutOfRangeError(
        f"layer {name!r}", expected="a name of the layer table", hint="see docs/reference/layers.md"
    )
