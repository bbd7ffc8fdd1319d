"""Product annotation: from one XML to one :class:`~fringeworks.model.acquisition.Acquisition`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from fringeworks.constants import SENTINEL1_FREQUENCY, SPEED_OF_LIGHT
from fringeworks.errors import MetadataMismatchError
from fringeworks.io.safe.burst_identity import Place, identify
from fringeworks.io.safe.manifest import Manifest
from fringeworks.io.safe.orbit_list import read_orbit_list
from fringeworks.io.safe.polynomials import doppler_in_force, read_doppler, read_fm_rates
from fringeworks.io.safe.timing import BurstTiming, Raster, read_bursts, read_raster, valid_window
from fringeworks.io.safe.tree import Node
from fringeworks.model.acquisition import Acquisition, Burst, RadarParameters, RangePolynomial
from fringeworks.model.grids import RadarGrid, Shape, Window
from fringeworks.model.identity import BurstId, Instant, Polarisation, Swath
from fringeworks.model.tally import Finding

_DAY: Final = 86_400.0


def read_acquisition(
    root: Node, *, manifest: Manifest, swath: Swath, polarisation: Polarisation
) -> Acquisition:
    """Read one product annotation.

    Parameters
    ----------
    root : Node
        Root of the document.
    manifest : Manifest
        Of the same product; its start, cut to a whole second, is the epoch of all times.
    swath, polarisation : Swath, Polarisation
        What the document has to be of.

    Raises
    ------
    DamagedFileError
        A value is missing or cannot be.
    MetadataMismatchError
        The document contradicts the manifest, or burst identities contradict each other.
    """
    check_header(root, manifest=manifest, swath=swath, polarisation=polarisation)
    epoch = manifest.key.start.whole_second
    raster = read_raster(root)
    lines, timings = read_bursts(root, raster)
    radar = _radar(root, raster, swath)
    estimates = read_doppler(root, epoch=epoch)
    orbit = read_orbit_list(root, epoch=epoch)
    node = root.instant("imageAnnotation/imageInformation/ascendingNodeTime")
    place = Place(
        swath=swath,
        start=manifest.key.start,
        relative_orbits=manifest.relative_orbits,
        node=node,
        orbit=orbit,
    )
    ids, findings = identify(root, timings, place)
    shared = _Shared(
        epoch=epoch,
        raster=raster,
        lines=lines,
        swath=swath,
        polarisation=polarisation,
        radar=radar,
        doppler=doppler_in_force(estimates, method=radar.doppler_method),
        fm_rate=read_fm_rates(root, epoch=epoch),
    )
    _check_polynomials(root, shared)
    bursts = tuple(_burst(t, k, i, shared) for k, (t, i) in enumerate(zip(timings, ids, strict=True)))
    if not bursts and manifest.mode == "SM":
        bursts = (_whole_image(root, shared),)
    elif not bursts:
        findings = (
            *findings,
            Finding("warning", "bursts", f"{swath} {polarisation} is listed but holds no burst"),
        )
    return Acquisition(
        key=manifest.key,
        product=manifest.product,
        mode=manifest.mode,
        swath=swath,
        polarisation=polarisation,
        pass_direction=manifest.pass_direction,
        relative_orbit=manifest.relative_orbits[0],
        processor_version=manifest.processor_version,
        epoch=epoch.iso,
        heading=math.radians(root.number("generalAnnotation/productInformation/platformHeading")),
        ascending_node=node.seconds_since(epoch),
        bursts=bursts,
        orbit=orbit,
        doppler=estimates,
        terrain_height=_terrain(root, epoch),
        findings=(*manifest.findings, *findings, *_quality(root)),
    )


def check_header(root: Node, *, manifest: Manifest, swath: Swath, polarisation: Polarisation) -> None:
    """Refuse a document whose header is of another product, sub-swath or polarisation than its place says."""
    header = root.node("adsHeader")
    found = (
        header.text("missionId"),
        header.text("swath"),
        header.text("polarisation"),
        header.integer("absoluteOrbitNumber"),
    )
    expected = (manifest.key.platform.name, swath.value, polarisation.value, manifest.key.absolute_orbit)
    if found != expected:
        raise MetadataMismatchError(
            f"{root.file}: header of {found}", expected=f"{expected}", hint="fetch the product again"
        )
    start = header.instant("startTime")
    if not -60 < start.seconds_since(manifest.key.start) < _DAY:
        raise MetadataMismatchError(
            f"{root.file}: starts at {start}", expected=f"within the product of {manifest.key.start}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    epoch: Instant
    raster: Raster
    lines: int
    swath: Swath
    polarisation: Polarisation
    radar: RadarParameters
    doppler: tuple[RangePolynomial, ...]
    fm_rate: tuple[RangePolynomial, ...]


def _radar(root: Node, raster: Raster, swath: Swath) -> RadarParameters:
    info = root.node("generalAnnotation/productInformation")
    frequency = info.positive("radarFrequency")
    if abs(frequency / SENTINEL1_FREQUENCY - 1) > 1e-3:
        raise root.refuse(f"a radar frequency of {frequency} Hz", expected=f"{SENTINEL1_FREQUENCY} Hz")
    downlink = _of_swath(root, "generalAnnotation/downlinkInformationList/downlinkInformation", swath)
    values = downlink.node("downlinkValues")
    processing = root.node("imageAnnotation/processingInformation")
    params = _of_swath(
        root, "imageAnnotation/processingInformation/swathProcParamsList/swathProcParams", swath
    )
    across, along = params.node("rangeProcessing"), params.node("azimuthProcessing")
    return RadarParameters(
        wavelength=SPEED_OF_LIGHT / frequency,
        range_sampling_rate=raster.sampling_rate,
        range_bandwidth=across.positive("processingBandwidth"),
        azimuth_bandwidth=along.positive("processingBandwidth"),
        range_window=across.text("windowType"),
        range_window_coefficient=across.number("windowCoefficient"),
        azimuth_window=along.text("windowType"),
        azimuth_window_coefficient=along.number("windowCoefficient"),
        pulse_repetition_frequency=downlink.positive("prf"),
        rank=values.integer("rank"),
        pulse_length=values.positive("txPulseLength"),
        chirp_rate=values.number("txPulseRampRate"),
        steering_rate=math.radians(info.number("azimuthSteeringRate")),
        incidence_mid=math.radians(root.positive("imageAnnotation/imageInformation/incidenceAngleMidSwath")),
        doppler_method=processing.text("dcMethod"),
    )


def _of_swath(root: Node, path: str, swath: Swath) -> Node:
    """Return the first record of a list that is of a sub-swath."""
    for record in root.every(path):
        if record.text("swath", default=swath.value) == swath.value:
            return record
    raise root.refuse(f"<{path}> holds no record of {swath}")


def _check_polynomials(root: Node, shared: _Shared) -> None:
    """Refuse polynomials that lie far from the raster: the nearest in time would be the wrong one."""
    start = shared.raster.first_line.seconds_since(shared.epoch)
    stop = start + shared.raster.lines * shared.raster.line_interval
    for what, polynomials in (("Doppler", shared.doppler), ("FM rate", shared.fm_rate)):
        if not polynomials:
            raise root.refuse(f"no {what} polynomial", expected="at least one")
        if not any(start - 30 < p.azimuth_time < stop + 30 for p in polynomials):
            raise root.refuse(
                f"{what} polynomials at {polynomials[0].azimuth_time:.1f} s for lines of {start:.1f} to {stop:.1f} s",
                expected="polynomials of the time of the lines",
            )


def _grid(shared: _Shared, *, start: Instant, lines: int) -> RadarGrid:
    half = 0.5 * SPEED_OF_LIGHT
    return RadarGrid(
        epoch=shared.epoch.iso,
        azimuth_start=start.seconds_since(shared.epoch),
        azimuth_step=shared.raster.line_interval,
        range_start=half * shared.raster.two_way_time,
        range_step=half / shared.raster.sampling_rate,
        shape=Shape(lines, shared.raster.samples),
    )


def _burst(timing: BurstTiming, index: int, identity: BurstId | None, shared: _Shared) -> Burst:
    return Burst(
        id=identity,
        swath=shared.swath,
        polarisation=shared.polarisation,
        index=index,
        grid=_grid(shared, start=timing.start, lines=shared.lines),
        first_line=index * shared.lines,
        first_valid=timing.first_valid,
        last_valid=timing.last_valid,
        valid=valid_window(timing.first_valid, timing.last_valid),
        sensing_start=timing.sensing.seconds_since(shared.epoch),
        anx_time=timing.since_node,
        radar=shared.radar,
        doppler=shared.doppler,
        fm_rate=shared.fm_rate,
    )


def _whole_image(root: Node, shared: _Shared) -> Burst:
    """Return a strip-map image as one burst without identity."""
    raster = shared.raster
    downlink = root.node("generalAnnotation/downlinkInformationList/downlinkInformation")
    start = raster.first_line
    return Burst(
        id=None,
        swath=shared.swath,
        polarisation=shared.polarisation,
        index=0,
        grid=_grid(shared, start=start, lines=raster.lines),
        first_line=0,
        first_valid=np.zeros(raster.lines, np.int32),
        last_valid=np.full(raster.lines, raster.samples - 1, np.int32),
        valid=Window(0, 0, raster.lines, raster.samples),
        sensing_start=downlink.instant("firstLineSensingTime").seconds_since(shared.epoch),
        anx_time=start.seconds_since(root.instant("imageAnnotation/imageInformation/ascendingNodeTime")),
        radar=shared.radar,
        doppler=shared.doppler,
        fm_rate=shared.fm_rate,
    )


def _terrain(root: Node, epoch: Instant) -> tuple[tuple[float, float], ...]:
    if root.optional("generalAnnotation/terrainHeightList") is None:
        return ()
    return tuple(
        (node.instant("azimuthTime").seconds_since(epoch), node.number("value"))
        for node in root.records("generalAnnotation/terrainHeightList/terrainHeight")
    )


def _quality(root: Node) -> tuple[Finding, ...]:
    """Return what the processor itself doubts."""
    checks = (
        (
            "dopplerCentroidUncertainFlag",
            "true",
            "doppler",
            "the processor calls its Doppler centroid uncertain",
        ),
        (
            "bistaticDelayCorrectionApplied",
            "false",
            "bistatic delay",
            "the processor applied no bulk bistatic correction: azimuth times are off by milliseconds",
        ),
    )
    return tuple(
        Finding("warning", topic, text)
        for tag, bad, topic, text in checks
        if any(node.own_text().lower() == bad for node in root.descendants(tag))
    )
