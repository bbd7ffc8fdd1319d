"""The general part of a product annotation: radar settings, orbit, attitude, replica, noise pulses, heights, FM rates."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.transform import Rotation

from fringeworks.constants import SENTINEL1_FREQUENCY
from fringeworks.simulate.scene.facts import SwathFacts
from fringeworks.simulate.scene.markup import Element, counted, fields, joined, long, node, short, vector

_ERROR_COUNTS = (
    *(f"numErr{name}" for name in (
        "SyncMarker", "DataTakeId", "EccNumber", "TestMode", "RxChannelId", "InstrumentConfigId", "PacketCount",
        "PriCount", "SsbErrorFlag", "BaqMode", "BaqBlockLength", "RangeDecimation", "RxGain", "TxRampRate",
        "TxPulseStartFrequency", "Rank", "Pri", "Swst", "Swl", "Polarisation", "TempComp", "ElevationBeamAddress",
        "AzimuthBeamAddress", "SasTestMode", "CalType", "CalibrationBeamAddress", "CalMode", "TxPulseNumber",
        "SignalType", "SwapFlag", "SwathNumber", "NumberOfQuads",
    )),
    "numIspHeaderErrors",
)  # fmt: skip


def general_annotation(facts: SwathFacts) -> Element:
    """Return the general part of a product annotation."""
    return node(
        "generalAnnotation",
        [
            _product(facts),
            counted("downlinkInformationList", [_downlink(facts)]),
            counted("orbitList", _orbit(facts)),
            counted("attitudeList", _attitude(facts)),
            counted("rawDataAnalysisList", [_raw_data(facts)]),
            counted("replicaInformationList", [_replica(facts)]),
            counted("noiseList", _noise(facts)),
            counted("terrainHeightList", _terrain(facts)),
            counted("azimuthFmRateList", _fm_rates(facts)),
        ],
    )


def _product(facts: SwathFacts) -> Element:
    place, velocity = facts.overflight.arc.at(0.0)
    east = np.array([-place[1], place[0], 0.0]) / math.hypot(place[0], place[1])
    north = np.cross(place / np.linalg.norm(place), east)
    heading = math.degrees(math.atan2(float(velocity @ east), float(velocity @ north)))
    entries = {
        "pass": facts.layout.scenario.pass_direction.capitalize(),
        "timelinessCategory": "Fast-24h",
        "platformHeading": long(heading),
        "projection": "Slant Range",
        "rangeSamplingRate": long(facts.swath.beam.sampling_rate),
        "radarFrequency": long(SENTINEL1_FREQUENCY),
        "azimuthSteeringRate": long(facts.swath.beam.steering_rate),
    }
    return node("productInformation", fields(entries))


def _downlink(facts: SwathFacts) -> Element:
    beam, first = facts.swath.beam, facts.bursts[0].sensing
    echo = facts.swath.two_way - beam.rank / beam.pulse_rate
    length = facts.swath.samples / beam.sampling_rate + beam.pulse_length
    when = facts.utc(first)
    before = {
        "swath": beam.name,
        "azimuthTime": when,
        "firstLineSensingTime": when,
        "lastLineSensingTime": facts.utc(facts.bursts[-1].sensing + facts.sensed),
        "prf": long(beam.pulse_rate),
    }
    decimation = {
        "decimationFilterBandwidth": long(beam.range_bandwidth),
        "samplingFrequencyAfterDecimation": long(beam.sampling_rate),
        "filterLength": "44",
    }
    data_format = {
        "baqBlockLength": "256",
        "echoFormat": "FDBAQ",
        "noiseFormat": "BAQ 5 Bit",
        "calibrationFormat": "Decimation",
        "meanBitRate": long(1.0),
    }
    pointing = {
        "azimuthTime": when,
        "aocsOpMode": "Normal Pointing Mode",
        "rollErrorFlag": "false",
        "pitchErrorFlag": "false",
        "yawErrorFlag": "false",
    }
    values = joined(
        fields(
            {
                "pri": long(1.0 / beam.pulse_rate),
                "rank": str(beam.rank),
                "dataTakeId": str(facts.datatake),
                "eccNumber": "8",
                "rxChannelId": "0" if facts.polarisation == "VV" else "1",
                "instrumentConfigId": "7",
            }
        ),
        [node("dataFormat", fields(data_format)), node("rangeDecimation", fields(decimation))],
        fields(
            {
                "rxGain": long(-4.0),
                "txPulseLength": long(beam.pulse_length),
                "txPulseStartFrequency": long(-0.5 * beam.pulse_length * beam.chirp_rate),
                "txPulseRampRate": long(beam.chirp_rate),
                "swathNumber": str(beam.swath_number),
            }
        ),
        [
            counted("swlList", [node("swl", fields({"azimuthTime": when, "value": long(length)}))]),
            counted("swstList", [node("swst", fields({"azimuthTime": when, "value": long(echo)}))]),
            counted("pointingStatusList", [node("pointingStatus", fields(pointing))]),
        ],
    )
    errors = dict.fromkeys(_ERROR_COUNTS, "0")
    content = [*fields(before), node("bitErrorCount", fields(errors)), node("downlinkValues", values)]
    return node("downlinkInformation", content)


def _axes(values: np.ndarray, spelling: str = "%.15e") -> list[Element]:
    return fields({axis: spelling % value for axis, value in zip("xyz", values, strict=True)})


def _orbit(facts: SwathFacts) -> list[Element]:
    return [
        node(
            "orbit",
            [
                node("time", facts.utc(float(time))),
                node("frame", "Earth Fixed"),
                node("position", _axes(position)),
                node("velocity", _axes(velocity)),
            ],
        )
        for time, position, velocity in zip(*facts.states, strict=True)
    ]


def _attitude(facts: SwathFacts) -> list[Element]:
    """Return the attitude of the yaw-steered platform once a second: axes along track, cross-track and down."""
    time = np.arange(facts.start, facts.stop + 1.0)
    place, velocity = facts.overflight.arc.at(time)
    track = velocity / np.linalg.norm(velocity, axis=1, keepdims=True)
    right = np.cross(track, place)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    down = np.cross(track, right)
    turn = Rotation.from_matrix(np.stack([track, right, down], axis=-1))
    angles = turn.as_euler("xyz", degrees=True)
    turning = (
        np.gradient(np.unwrap(np.radians(angles), axis=0), time, axis=0) if time.size > 1 else 0.0 * angles
    )
    found = []
    for k, (x, y, z, w) in enumerate(turn.as_quat()):
        entries = {
            "time": facts.utc(float(time[k])),
            "frame": "GM2000",
            **{f"q{i}": short(value) for i, value in enumerate((w, x, y, z))},
            **{f"w{axis}": long(value) for axis, value in zip("xyz", turning[k], strict=True)},
            **{name: long(value) for name, value in zip(("roll", "pitch", "yaw"), angles[k], strict=True)},
        }
        found.append(node("attitude", fields(entries)))
    return found


def _raw_data(facts: SwathFacts) -> Element:
    support = {
        "iBiasUpperBound": 0.01,
        "iBiasLowerBound": -0.01,
        "qBiasUpperBound": 0.01,
        "qBiasLowerBound": -0.01,
        "iqGainUpperBound": 1.001,
        "iqGainLowerBound": 0.999,
        "iqQuadratureDepartureUpperBound": 1.0,
        "iqQuadratureDepartureLowerBound": -1.0,
        "iBiasUsedForCorrection": 0.0,
        "qBiasUsedForCorrection": 0.0,
        "iqGainImbalanceUsedForCorrection": 1.0,
        "iqQuadratureDepartureUsedForCorrection": 0.0,
    }
    entries = {
        "azimuthTime": facts.utc(facts.bursts[0].sensing),
        "iBias": long(0.0),
        "qBias": long(0.0),
        "iqQuadratureDeparture": long(0.0),
        "iqGainImbalance": long(1.0),
    }
    spelled = {name: long(value) for name, value in support.items()}
    return node("rawDataAnalysis", [*fields(entries), node("support", fields(spelled))])


def _replica(facts: SwathFacts) -> Element:
    beam, when = facts.swath.beam, facts.utc(facts.bursts[0].sensing)
    reference = [
        *fields({"azimuthTime": when, "chirpSource": "Nominal", "pgSource": "Extracted"}),
        vector("amplitudeCoefficients", [1.0, 0.0, 0.0, 0.0]),
        vector("phaseCoefficients", [0.0, 0.0, 0.5 * beam.chirp_rate, 0.0]),
        node("timeDelay", short(0.0)),
        node("gain", fields({"re": short(1.0), "im": short(0.0)})),
    ]
    replica = {
        "azimuthTime": when,
        "crossCorrelationBandwidth": short(1.0),
        "crossCorrelationPslr": short(-13.3),
        "crossCorrelationIslr": short(-10.0),
        "crossCorrelationPeakLocation": short(0.0),
        "reconstructedReplicaValidFlag": "true",
        "pgProductAmplitude": short(1.0),
        "pgProductPhase": short(0.0),
        "modelPgProductAmplitude": short(1.0),
        "modelPgProductPhase": short(0.0),
        "relativePgProductValidFlag": "true",
        "absolutePgProductValidFlag": "true",
        "internalTimeDelay": short(0.0),
    }
    return node(
        "replicaInformation",
        [
            node("swath", beam.name),
            node("referenceReplica", reference),
            counted("replicaList", [node("replica", fields(replica))]),
        ],
    )


def _noise(facts: SwathFacts) -> list[Element]:
    return [
        node(
            "noise",
            fields(
                {
                    "swath": facts.swath.beam.name,
                    "azimuthTime": facts.utc(burst.sensing),
                    "noisePowerCorrectionFactor": short(1.0),
                    "numberOfNoiseLines": "8",
                }
            ),
        )
        for burst in facts.bursts
    ]


def _terrain(facts: SwathFacts) -> list[Element]:
    base = float(facts.ground.height.mean())
    times = np.arange(facts.start - 10.0, facts.stop + 10.0, 10.0)
    return [
        node("terrainHeight", fields({"azimuthTime": facts.utc(float(t)), "value": long(base)}))
        for t in times
    ]


def _fm_rates(facts: SwathFacts) -> list[Element]:
    return [
        node(
            "azimuthFmRate",
            [
                node("azimuthTime", facts.utc(carrier.time)),
                node("t0", long(carrier.origin)),
                vector("azimuthFmRatePolynomial", carrier.rate, "%.15e"),
            ],
        )
        for carrier in facts.carriers
    ]
