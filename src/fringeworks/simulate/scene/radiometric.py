"""Calibration, noise and interference annotation."""

from __future__ import annotations

import numpy as np

from fringeworks.simulate.scene.annotation import header
from fringeworks.simulate.scene.beams import CALIBRATION_CONSTANT
from fringeworks.simulate.scene.facts import SwathFacts
from fringeworks.simulate.scene.markup import Element, counted, document, fields, long, node, short, vector
from fringeworks.simulate.scene.render import noise_power

_STEP = 40


def _columns(facts: SwathFacts) -> np.ndarray:
    return np.unique(np.append(np.arange(0, facts.swath.samples, _STEP), facts.swath.samples - 1))


def calibration(facts: SwathFacts) -> bytes:
    """Return the calibration annotation: vectors about a second apart, from the annotated incidence."""
    columns = _columns(facts)
    ties = facts.tie_points
    vectors = []
    second = round(1.0 / facts.swath.beam.line_interval)
    for line in range(0, facts.n_lines + second, second):
        burst, within = divmod(min(line, facts.n_lines - 1), facts.swath.beam.lines)
        time = facts.bursts[burst].start + within * facts.swath.beam.line_interval
        angle = np.radians(np.interp(columns, ties.sample[0], ties.incidence[burst]))
        flat = np.full(columns.size, CALIBRATION_CONSTANT)
        vectors.append(
            node(
                "calibrationVector",
                [
                    node("azimuthTime", facts.utc(time)),
                    node("line", str(line)),
                    vector("pixel", columns, "%d"),
                    vector("sigmaNought", flat / np.sqrt(np.sin(angle))),
                    vector("betaNought", flat),
                    vector("gamma", flat / np.sqrt(np.tan(angle))),
                    vector("dn", flat),
                ],
            )
        )
    information = node("calibrationInformation", [node("absoluteCalibrationConstant", short(1.0))])
    root = node("calibration", [header(facts), information, counted("calibrationVectorList", vectors)])
    return document(root)


def noise(facts: SwathFacts) -> bytes:
    """Return the noise annotation: the same power everywhere."""
    columns = _columns(facts)
    level = facts.layout.scenario.noise
    power = 0.0 if level is None else noise_power(level)
    vectors = [
        node(
            "noiseRangeVector",
            [
                node("azimuthTime", facts.utc(burst.start)),
                node("line", str(k * facts.swath.beam.lines)),
                vector("pixel", columns, "%d"),
                vector("noiseRangeLut", np.full(columns.size, power)),
            ],
        )
        for k, burst in enumerate(facts.bursts)
    ]
    lines = np.unique(np.append(np.arange(0, facts.n_lines, 10), facts.n_lines - 1))
    limits = {
        "swath": facts.swath.beam.name,
        "firstAzimuthLine": "0",
        "firstRangeSample": "0",
        "lastAzimuthLine": str(facts.n_lines - 1),
        "lastRangeSample": str(facts.swath.samples - 1),
    }
    block = [*fields(limits), vector("line", lines, "%d"), vector("noiseAzimuthLut", np.ones(lines.size))]
    azimuth = counted("noiseAzimuthVectorList", [node("noiseAzimuthVector", block)])
    return document(node("noise", [header(facts), counted("noiseRangeVectorList", vectors), azimuth]))


def interference(facts: SwathFacts) -> bytes:
    """Return the annotation of radio interference: none."""
    pulses = [
        node(
            "rfiDetectionFromNoiseReport",
            fields(
                {
                    "swath": facts.swath.beam.name,
                    "noiseSensingTime": facts.utc(burst.sensing),
                    "rfiDetected": "false",
                    "maxKLDivergence": short(4.0),
                    "maxFisherZ": short(4.0),
                    "maxRfiPsd": short(0.0),
                }
            ),
        )
        for burst in facts.bursts
    ]
    root = node(
        "rfi",
        [
            header(facts),
            node("rfiMitigationApplied", "None"),
            counted("rfiDetectionFromNoiseReportList", pulses),
            counted("rfiBurstReportList", [_burst_report(facts, burst.start) for burst in facts.bursts]),
        ],
    )
    return document(root)


def _burst_report(facts: SwathFacts, time: float) -> Element:
    isolated = {"percentageAffectedLines": short(0.0), "maxPercentageAffectedBW": short(0.0)}
    in_time = {
        "percentageAffectedLines": short(0.0),
        "avgPercentageAffectedSamples": short(0.0),
        "maxPercentageAffectedSamples": short(0.0),
    }
    in_frequency = [
        *fields({"numSubBlocks": "3", "subBlockSize": "500"}),
        node("isolatedRfiReport", fields(isolated)),
        node("percentageBlocksPersistentRfi", short(0.0)),
        node("maxPercentageBWAffectedPersistentRfi", short(0.0)),
    ]
    return node(
        "rfiBurstReport",
        [
            node("swath", facts.swath.beam.name),
            node("azimuthTime", facts.utc(time)),
            node("inBandOutBandPowerRatio", long(1.0)),
            node("timeDomainRfiReport", fields(in_time)),
            node("frequencyDomainRfiBurstReport", in_frequency),
        ],
    )
