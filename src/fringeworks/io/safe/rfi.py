"""Radio-frequency interference annotation (processor 3.40 and later)."""

from __future__ import annotations

from dataclasses import dataclass

from fringeworks.io.safe.tree import Node
from fringeworks.model.identity import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class RfiNoiseReport:
    """Interference found in one noise pulse.

    Attributes
    ----------
    time : Instant
        Sensing time of the pulse.
    detected : bool
        Whether interference was found.
    divergence, fisher_z, power_density : float
        The statistics the decision rests on, as annotated.
    """

    time: Instant
    detected: bool
    divergence: float
    fisher_z: float
    power_density: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RfiBurstReport:
    """Interference found in one burst's raw data.

    Attributes
    ----------
    time : Instant
        Azimuth time of the burst.
    in_out_power_ratio : float
        Power in the band against outside.
    affected_lines_in_time, affected_lines_in_frequency : float
        Share of lines with interference found in the time and in the frequency domain [percent].
    affected_bandwidth : float
        Largest share of the band with isolated interference [percent].
    """

    time: Instant
    in_out_power_ratio: float
    affected_lines_in_time: float
    affected_lines_in_frequency: float
    affected_bandwidth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RfiReport:
    """All of one sub-swath and polarisation.

    Attributes
    ----------
    mitigation : str
        What the processor did about it.
    noise : tuple of RfiNoiseReport
        By noise pulse.
    bursts : tuple of RfiBurstReport
        By burst.
    """

    mitigation: str
    noise: tuple[RfiNoiseReport, ...]
    bursts: tuple[RfiBurstReport, ...]


def read_rfi(root: Node) -> RfiReport:
    """Read an interference annotation.

    Parameters
    ----------
    root : Node
        Root of the document.

    Raises
    ------
    DamagedFileError
        A value is missing or cannot be.
    """
    return RfiReport(
        mitigation=root.text("rfiMitigationApplied", default=""),
        noise=tuple(
            _noise(n) for n in root.every("rfiDetectionFromNoiseReportList/rfiDetectionFromNoiseReport")
        ),
        bursts=tuple(_burst(n) for n in root.every("rfiBurstReportList/rfiBurstReport")),
    )


def _noise(node: Node) -> RfiNoiseReport:
    return RfiNoiseReport(
        time=node.instant("noiseSensingTime"),
        detected=node.flag("rfiDetected"),
        divergence=node.number("maxKLDivergence", default=0.0),
        fisher_z=node.number("maxFisherZ", default=0.0),
        power_density=node.number("maxRfiPsd", default=0.0),
    )


def _burst(node: Node) -> RfiBurstReport:
    isolated = "frequencyDomainRfiBurstReport/isolatedRfiReport"
    return RfiBurstReport(
        time=node.instant("azimuthTime"),
        in_out_power_ratio=node.number("inBandOutBandPowerRatio", default=0.0),
        affected_lines_in_time=node.number("timeDomainRfiReport/percentageAffectedLines", default=0.0),
        affected_lines_in_frequency=node.number(f"{isolated}/percentageAffectedLines", default=0.0),
        affected_bandwidth=node.number(f"{isolated}/maxPercentageAffectedBW", default=0.0),
    )
