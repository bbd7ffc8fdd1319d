"""Product annotation with all the lists that the real one has."""

from __future__ import annotations

import numpy as np

from fringeworks.simulate.scene.annotation_general import general_annotation
from fringeworks.simulate.scene.beams import BEAM_CYCLE, Beam
from fringeworks.simulate.scene.carrier import Carrier
from fringeworks.simulate.scene.facts import SwathFacts
from fringeworks.simulate.scene.layout import BurstPlace
from fringeworks.simulate.scene.markup import (
    Element,
    counted,
    document,
    fields,
    flag,
    joined,
    long,
    node,
    short,
    vector,
)

PROCESSOR = "003.52"
"""Version of the processor whose layout is followed."""


def annotation(facts: SwathFacts) -> bytes:
    """Return the product annotation of a sub-swath and polarisation."""
    root = node(
        "product",
        [
            header(facts),
            _quality(facts),
            general_annotation(facts),
            node("imageAnnotation", [_image_information(facts), _processing(facts)]),
            node("dopplerCentroid", counted("dcEstimateList", [_doppler(facts, c) for c in facts.carriers])),
            node("antennaPattern", counted("antennaPatternList", _patterns(facts))),
            _swath_timing(facts),
            node("geolocationGrid", counted("geolocationGridPointList", _grid_points(facts))),
            node("coordinateConversion", counted("coordinateConversionList", [])),
            node("swathMerging", counted("swathMergeList", [])),
        ],
    )
    return document(root)


def header(facts: SwathFacts) -> Element:
    """Return the header that all annotation of a sub-swath and polarisation shares."""
    entries = {
        "missionId": facts.overflight.flown.platform,
        "productType": "SLC",
        "polarisation": facts.polarisation,
        "mode": facts.swath.beam.name if facts.swath.beam.is_stripmap else "IW",
        "swath": facts.swath.beam.name,
        "startTime": facts.utc(facts.start),
        "stopTime": facts.utc(facts.stop),
        "absoluteOrbitNumber": str(facts.overflight.absolute_orbit),
        "missionDataTakeId": str(facts.datatake),
        "imageNumber": f"{facts.image_number:03d}",
    }
    return node("adsHeader", fields(entries))


def _pair(name: str, real: str, imaginary: str) -> Element:
    return node(name, fields({"re": real, "im": imaginary}))


def _statistics(facts: SwathFacts) -> Element:
    return node(
        "imageStatistics",
        [
            _pair("outputDataMean", short(facts.mean.real), short(facts.mean.imag)),
            _pair("outputDataStdDev", short(facts.deviation[0]), short(facts.deviation[1])),
        ],
    )


_NOTHING_MISSING = {
    "numDownlinkInputDataGaps": "0",
    "downlinkGapsInInputDataSignificantFlag": "false",
    "numDownlinkInputMissingLines": "0",
    "downlinkMissingLinesSignificantFlag": "false",
    "numInstrumentInputDataGaps": "0",
    "instrumentGapsInInputDataSignificantFlag": "false",
    "numInstrumentInputMissingLines": "0",
    "instrumentMissingLinesSignificantFlag": "false",
    "numSsbErrorInputDataGaps": "0",
    "ssbErrorGapsInInputDataSignificantFlag": "false",
    "numSsbErrorInputMissingLines": "0",
    "ssbErrorMissingLinesSignificantFlag": "false",
}
_DOWNLINK_QUALITY = {
    "iInputDataMean": long(0.0),
    "qInputDataMean": long(0.0),
    "inputDataMeanOutsideNominalRangeFlag": "false",
    "iInputDataStdDev": long(8.0),
    "qInputDataStdDev": long(8.0),
    "inputDataStDevOutsideNominalRangeFlag": "false",
    **_NOTHING_MISSING,
    "chirpSourceUsed": "Nominal",
    "pgSourceUsed": "Extracted",
    "rrfSpectrumUsed": "Extended Tapered",
    "replicaReconstructionFailedFlag": "false",
    "meanPgProductAmplitude": long(1.0),
    "stdDevPgProductAmplitude": long(0.0),
    "meanPgProductPhase": long(0.0),
    "stdDevPgProductPhase": long(0.0),
    "pgProductDerivationFailedFlag": "false",
    "invalidDownlinkParamsFlag": "false",
}
_RAW_QUALITY = {
    "iBias": long(0.0),
    "iBiasSignificanceFlag": "false",
    "qBias": long(0.0),
    "qBiasSignificanceFlag": "false",
    "iqGainImbalance": long(1.0),
    "iqGainSignificanceFlag": "false",
    "iqQuadratureDeparture": long(0.0),
    "iqQuadratureDepartureSignificanceFlag": "false",
}


def _quality(facts: SwathFacts) -> Element:
    doppler = {"dcMethod": "Data Analysis", "dopplerCentroidUncertainFlag": "false"}
    outside = {
        "outputDataMeanOutsideNominalRangeFlag": "false",
        "outputDataStDevOutsideNominalRangeFlag": "false",
    }
    data = node(
        "qualityData",
        [
            node("azimuthTime", facts.utc(facts.start)),
            node("downlinkQuality", fields(_DOWNLINK_QUALITY)),
            node("rawDataAnalysisQuality", fields(_RAW_QUALITY)),
            node("dopplerCentroidQuality", fields(doppler)),
            node("imageQuality", [_statistics(facts), *fields(outside)]),
        ],
    )
    index = node("productQualityIndex", long(0.0))
    return node("qualityInformation", [index, counted("qualityDataList", [data])])


def _image_information(facts: SwathFacts) -> Element:
    scenario, ties = facts.layout.scenario, facts.tie_points
    slices = []
    length = facts.sensed if scenario.is_stripmap else scenario.bursts * BEAM_CYCLE
    for k in range(scenario.slices):
        first = facts.bursts[0].sensing + (k - facts.slice_index) * length
        entries = {
            "sliceNumber": str(k + 1),
            "sensingStartTime": facts.utc(first),
            "sensingStopTime": facts.utc(first + length),
        }
        slices.append(node("slice", fields(entries)))
    before = {
        "productFirstLineUtcTime": facts.utc(facts.start),
        "productLastLineUtcTime": facts.utc(facts.stop),
        "ascendingNodeTime": facts.utc(facts.overflight.node),
        "anchorTime": facts.utc(facts.bursts[0].sensing),
        "productComposition": "Slice",
        "sliceNumber": str(facts.slice_index + 1),
    }
    after = {
        "slantRangeTime": long(facts.swath.two_way),
        "pixelValue": "Complex",
        "outputPixels": "16 bit Signed Integer",
        "rangePixelSpacing": short(facts.swath.beam.range_step),
        "azimuthPixelSpacing": short(_ground_speed(facts) * facts.swath.beam.line_interval),
        "azimuthTimeInterval": long(facts.swath.beam.line_interval),
        "azimuthFrequency": long(1.0 / facts.swath.beam.line_interval),
        "numberOfSamples": str(facts.swath.samples),
        "numberOfLines": str(facts.n_lines),
        "zeroDopMinusAcqTime": long(0.0),
        "incidenceAngleMidSwath": long(float(ties.incidence[len(ties.incidence) // 2, 10])),
    }
    content = joined(fields(before), [counted("sliceList", slices)], fields(after), [_statistics(facts)])
    return node("imageInformation", content)


def _ground_speed(facts: SwathFacts) -> float:
    place, velocity = facts.overflight.arc.at(0.0)
    radius = 6_371_000.0 + facts.layout.scenario.terrain.base
    return float(np.linalg.norm(velocity) * radius / np.linalg.norm(place))


def _processing(facts: SwathFacts) -> Element:
    beam = facts.swath.beam
    before = {
        "rawDataAnalysisUsed": "true",
        "orbitDataFileUsed": "true",
        "attitudeDataFileUsed": "false",
        "rxVariationCorrectionApplied": "true",
        "antennaElevationPatternApplied": "true",
        "antennaAzimuthPatternApplied": "true",
        "antennaAzimuthElementPatternApplied": flag(not beam.is_stripmap),
        "dcMethod": "Data Analysis",
        "dcInputData": "Range Compressed",
        "rangeSpreadingLossCompensationApplied": "true",
        "srgrConversionApplied": "false",
        "detectionPerformed": "false",
        "thermalNoiseCorrectionPerformed": "false",
        "rfiMitigationPerformed": "Never",
        "rfiMitigationDomain": "TimeAndFrequency",
        "chirpSource": "Nominal",
        "pgSource": "Extracted",
        "rrfSpectrum": "Extended Tapered",
        "applicationLutId": f"{'SM' if beam.is_stripmap else 'IW'}_Default",
    }
    swath = node(
        "swathProcParams",
        [
            node("swath", beam.name),
            node("rangeProcessing", fields(_band(beam, beam.range_bandwidth))),
            node("azimuthProcessing", fields(_band(beam, beam.azimuth_bandwidth))),
            node("processorScalingFactor", short(1.0)),
        ],
    )
    dimensions = {
        "azimuthTime": facts.utc(facts.bursts[0].sensing),
        "swath": beam.name,
        "numberOfInputSamples": str(facts.swath.samples),
        "numberOfInputLines": str(round(len(facts.bursts) * facts.sensed * beam.pulse_rate)),
    }
    after = {
        "referenceRange": long(8.0e5),
        "ellipsoidName": "WGS84",
        "ellipsoidSemiMajorAxis": long(6.378137e6),
        "ellipsoidSemiMinorAxis": long(6.356752314245e6),
        "bistaticDelayCorrectionApplied": "true",
        "topsFilterConvention": "All Lines" if beam.is_stripmap else "Only Echo Lines",
        "orbitSource": "Auxiliary",
        "attitudeSource": "Downlink",
    }
    lists = [
        counted("swathProcParamsList", [swath]),
        counted("inputDimensionsList", [node("inputDimensions", fields(dimensions))]),
    ]
    return node("processingInformation", joined(fields(before), lists, fields(after)))


def _band(beam: Beam, width: float) -> dict[str, str]:
    return {
        "windowType": "Hamming",
        "windowCoefficient": long(beam.window),
        "totalBandwidth": long(width),
        "processingBandwidth": long(width),
        "lookBandwidth": long(width),
        "numberOfLooks": "1",
        "lookOverlap": long(0.0),
    }


def _doppler(facts: SwathFacts, carrier: Carrier) -> Element:
    two_way = (
        facts.swath.two_way
        + np.linspace(0.02, 0.98, 20) * facts.swath.samples / facts.swath.beam.sampling_rate
    )
    centroid = np.polynomial.polynomial.polyval(two_way - carrier.origin, carrier.centroid)
    fine = [
        node("fineDce", fields({"slantRangeTime": long(t), "frequency": long(f)}))
        for t, f in zip(two_way, centroid, strict=True)
    ]
    half = 0.5 * (facts.stop - facts.start if facts.swath.beam.is_stripmap else BEAM_CYCLE)
    entries = [
        node("azimuthTime", facts.utc(carrier.time)),
        node("t0", long(carrier.origin)),
        vector("geometryDcPolynomial", [0.0, 0.0, 0.0]),
        vector("dataDcPolynomial", carrier.centroid),
        node("dataDcRmsError", long(1.0)),
        node("dataDcRmsErrorAboveThreshold", flag(value=False)),
        node("fineDceAzimuthStartTime", facts.utc(carrier.time - half)),
        node("fineDceAzimuthStopTime", facts.utc(carrier.time + half)),
        counted("fineDceList", fine),
    ]
    return node("dcEstimate", entries)


def _patterns(facts: SwathFacts) -> list[Element]:
    """Return a flat pattern at each tie line: the samples are those after its correction."""
    ties, found = facts.tie_points, []
    for row in range(len(ties.time)):
        n = ties.two_way.shape[1]
        flat = np.stack([np.ones(n), np.zeros(n)], axis=-1)
        pattern = vector("elevationPattern", flat)
        pattern.set("count", str(n))
        entries = [
            node("swath", facts.swath.beam.name),
            node("azimuthTime", facts.utc(float(ties.time[row, 0]))),
            vector("slantRangeTime", ties.two_way[row], "%.15e"),
            vector("elevationAngle", ties.elevation[row]),
            pattern,
            vector("incidenceAngle", ties.incidence[row]),
            node("terrainHeight", long(float(ties.height[row].mean()))),
            node("roll", long(29.45)),
        ]
        found.append(node("antennaPattern", entries))
    return found


def _swath_timing(facts: SwathFacts) -> Element:
    swath = facts.swath
    if swath.beam.is_stripmap:
        nothing = fields({"linesPerBurst": "0", "samplesPerBurst": "0"})
        return node("swathTiming", [*nothing, counted("burstList", [])])
    bursts = [_burst(facts, b, offset) for b, offset in zip(facts.bursts, facts.byte_offsets, strict=True)]
    return node(
        "swathTiming",
        [
            *fields({"linesPerBurst": str(swath.beam.lines), "samplesPerBurst": str(swath.samples)}),
            counted("burstList", bursts),
        ],
    )


def _burst(facts: SwathFacts, burst: BurstPlace, offset: int) -> Element:
    swath = facts.swath
    (top, bottom), (left, right) = swath.valid_lines, swath.valid_samples
    line = np.arange(swath.beam.lines)
    valid = (line >= top) & (line <= bottom)
    cycle = (facts.overflight.absolute_orbit - 1) // 175
    number = node("burstId", str(burst.number), {"absolute": str(cycle * 375_887 + burst.number)})
    return node(
        "burst",
        [
            node("azimuthTime", facts.utc(burst.start)),
            node("azimuthAnxTime", long(burst.start - facts.overflight.node)),
            node("sensingTime", facts.utc(burst.sensing)),
            node("byteOffset", str(offset)),
            vector("firstValidSample", np.where(valid, left, -1), "%d"),
            vector("lastValidSample", np.where(valid, right, -1), "%d"),
            number,
        ],
    )


def _grid_points(facts: SwathFacts) -> list[Element]:
    ties = facts.tie_points
    points = []
    for index in np.ndindex(*ties.time.shape):
        entries = {
            "azimuthTime": facts.utc(float(ties.time[index])),
            "slantRangeTime": long(float(ties.two_way[index])),
            "line": str(ties.line[index]),
            "pixel": str(ties.sample[index]),
            "latitude": long(float(ties.latitude[index])),
            "longitude": long(float(ties.longitude[index])),
            "height": long(float(ties.height[index])),
            "incidenceAngle": long(float(ties.incidence[index])),
            "elevationAngle": long(float(ties.elevation[index])),
        }
        points.append(node("geolocationGridPoint", fields(entries)))
    return points
