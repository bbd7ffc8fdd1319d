"""The manifest of a product: what it holds, with checksums, and who took it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from fringeworks.simulate.scene.annotation import PROCESSOR
from fringeworks.simulate.scene.facts import SwathFacts
from fringeworks.simulate.scene.markup import Element

_SPACES = {
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "gml": "http://www.opengis.net/gml",
    "xfdu": "urn:ccsds:schema:xfdu:1",
    "safe": "http://www.esa.int/safe/sentinel-1.0",
    "s1": "http://www.esa.int/safe/sentinel-1.0/sentinel-1",
    "s1sar": "http://www.esa.int/safe/sentinel-1.0/sentinel-1/sar",
    "s1sarl1": "http://www.esa.int/safe/sentinel-1.0/sentinel-1/sar/level-1",
    "s1sarl2": "http://www.esa.int/safe/sentinel-1.0/sentinel-1/sar/level-2",
    "gx": "http://www.google.com/kml/ext/2.2",
}
_SCHEMAS = {
    "annotation": "s1Level1ProductSchema",
    "noise": "s1Level1NoiseSchema",
    "rfi": "s1Level1RfiSchema",
    "calibration": "s1Level1CalibrationSchema",
    "measurement": "s1Level1MeasurementSchema",
}
_DESIGNATORS = {"S1A": "2014-016A", "S1B": "2016-025A", "S1C": "2024-228A"}
_PREFIXES = {"annotation": "product", "noise": "noise", "rfi": "rfi", "calibration": "calibration"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One file of the product."""

    kind: str
    stem: str
    path: str
    size: int
    digest: str

    @property
    def identity(self) -> str:
        """Name by which the manifest refers to it."""
        return _PREFIXES.get(self.kind, "") + self.stem.replace("-", "")


def _tagged(name: str, children: Sequence[Element] | str = (), /, **_attributes: str) -> Element:
    prefix, _, local = name.rpartition(":")
    made = etree.Element(
        f"{{{_SPACES[prefix]}}}{local}" if prefix else local,
        _attributes,
        nsmap=None if not prefix else _SPACES,
    )
    if isinstance(children, str):
        made.text = children
    else:
        made.extend(children)
    return made


def manifest(facts: Sequence[SwathFacts], files: Sequence[Listed]) -> bytes:
    """Return the manifest of a product.

    Parameters
    ----------
    facts : sequence of SwathFacts
        Of every sub-swath and polarisation.
    files : sequence of Listed
        Everything the product holds but the manifest.
    """
    root = _tagged(
        "xfdu:XFDU",
        [_package_map(files, mode_of(facts[0])), _metadata(facts, files), _data_objects(files)],
        version=f"esa/safe/sentinel-1.0/sentinel-1/sar/level-1/slc/standard/{mode_of(facts[0]).lower()}dp",
    )
    etree.cleanup_namespaces(root, keep_ns_prefixes=list(_SPACES))
    etree.indent(root, space="  ")
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text


def mode_of(facts: SwathFacts) -> str:
    """Return the mode of a product, ``IW`` or ``SM``."""
    return "SM" if facts.swath.beam.is_stripmap else "IW"


def _package_map(files: Sequence[Listed], mode: str) -> Element:
    units = []
    for file in files:
        pointer = _tagged("dataObjectPointer", dataObjectID=file.identity)
        schema = _SCHEMAS[file.kind]
        if file.kind == "measurement":
            stem = file.stem.replace("-", "")
            described = " ".join(f"{prefix}{stem}Annotation" for prefix in _PREFIXES.values())
            units.append(
                _tagged(
                    "xfdu:contentUnit",
                    [pointer],
                    unitType="Measurement Data Unit",
                    repID=schema,
                    dmdID=described,
                )
            )
        else:
            units.append(_tagged("xfdu:contentUnit", [pointer], unitType="Metadata Unit", repID=schema))
    package = _tagged(
        "xfdu:contentUnit",
        units,
        unitType="SAFE Archive Information Package",
        textInfo=f"Sentinel-1 {mode} Level-1 SLC Product",
        dmdID="acquisitionPeriod platform generalProductInformation measurementOrbitReference measurementFrameSet",
        pdiID="processing",
    )
    return _tagged("informationPackageMap", [package])


def _wrapped(identity: str, text: str, content: Element, kind: str = "DESCRIPTION DMD") -> Element:
    wrap = _tagged(
        "metadataWrap",
        [_tagged("xmlData", [content])],
        mimeType="text/xml",
        vocabularyName="SAFE",
        textInfo=text,
    )
    classification, category = kind.split()
    return _tagged("metadataObject", [wrap], ID=identity, classification=classification, category=category)


def _metadata(facts: Sequence[SwathFacts], files: Sequence[Listed]) -> Element:
    first = facts[0]
    described = [
        _tagged(
            "metadataObject",
            [_tagged("dataObjectPointer", dataObjectID=file.identity)],
            ID=f"{file.identity}Annotation",
            classification="DESCRIPTION",
            category="DMD",
        )
        for file in files
        if file.kind != "measurement"
    ]
    schemas = [
        _tagged(
            "metadataObject",
            [
                _tagged(
                    "metadataReference",
                    mimeType="text/xml",
                    vocabularyName="SDF" if kind == "measurement" else "XML Schema",
                    locatorType="URL",
                    href=f"./support/s1-level-1-{'product' if kind == 'annotation' else kind}.xsd",
                )
            ],
            ID=schema,
            classification="SYNTAX",
            category="REP",
        )
        for kind, schema in _SCHEMAS.items()
    ]
    return _tagged(
        "metadataSection",
        [
            *described,
            _processing(first),
            _platform(facts),
            _orbit(first),
            _general(facts),
            _period(facts),
            _frame(facts),
            *schemas,
        ],
    )


def _processing(first: SwathFacts) -> Element:
    software = _tagged("safe:software", name="Sentinel-1 IPF", version=PROCESSOR)
    facility = _tagged(
        "safe:facility", [software], country="", name="", organisation="Fringeworks", site="simulated"
    )
    made = _tagged(
        "safe:processing",
        [facility],
        name="SLC Post Processing",
        start=first.utc(first.stop + 3600.0),
        stop=first.utc(first.stop + 4000.0),
    )
    return _wrapped("processing", "Processing", made, "PROVENANCE PDI")


def _platform(facts: Sequence[SwathFacts]) -> Element:
    name = facts[0].overflight.flown.platform
    swaths = sorted({f.swath.beam.name for f in facts})
    mode = _tagged(
        "s1sarl1:instrumentMode",
        [_tagged("s1sarl1:mode", mode_of(facts[0])), *(_tagged("s1sarl1:swath", swath) for swath in swaths)],
    )
    instrument = _tagged(
        "safe:instrument",
        [
            _tagged("safe:familyName", "Synthetic Aperture Radar", abbreviation="SAR"),
            _tagged("safe:extension", [mode]),
        ],
    )
    platform = _tagged(
        "safe:platform",
        [
            _tagged("safe:nssdcIdentifier", _DESIGNATORS.get(name, "2014-016A")),
            _tagged("safe:familyName", "SENTINEL-1"),
            _tagged("safe:number", name[-1]),
            instrument,
        ],
    )
    return _wrapped("platform", "Platform Description", platform)


def _orbit(first: SwathFacts) -> Element:
    orbit, track = str(first.overflight.absolute_orbit), str(first.layout.track)
    properties = _tagged(
        "s1:orbitProperties",
        [
            _tagged("s1:pass", first.layout.scenario.pass_direction.upper()),
            _tagged("s1:ascendingNodeTime", first.utc(first.overflight.node)),
        ],
    )
    ends = ("start", "stop")
    reference = _tagged(
        "safe:orbitReference",
        [
            *(_tagged("safe:orbitNumber", orbit, type=end) for end in ends),
            *(_tagged("safe:relativeOrbitNumber", track, type=end) for end in ends),
            _tagged("safe:cycleNumber", str(first.overflight.absolute_orbit // 175)),
            _tagged("safe:phaseIdentifier", "1"),
            _tagged("safe:extension", [properties]),
        ],
    )
    return _wrapped("measurementOrbitReference", "Orbit Reference", reference)


def _general(facts: Sequence[SwathFacts]) -> Element:
    first = facts[0]
    polarisations = sorted({f.polarisation for f in facts}, reverse=True)
    content = [
        _tagged("s1sarl1:instrumentConfigurationID", "7"),
        _tagged("s1sarl1:missionDataTakeID", str(first.datatake)),
        *(_tagged("s1sarl1:transmitterReceiverPolarisation", p) for p in polarisations),
        _tagged("s1sarl1:productClass", "S"),
        _tagged("s1sarl1:productClassDescription", "SAR Standard L1 Product"),
        _tagged("s1sarl1:productComposition", "Slice"),
        _tagged("s1sarl1:productType", "SLC"),
        _tagged("s1sarl1:productTimelinessCategory", "Fast-24h"),
        _tagged("s1sarl1:sliceProductFlag", "true"),
        _tagged("s1sarl1:segmentStartTime", first.utc(first.start)),
        _tagged("s1sarl1:sliceNumber", str(first.slice_index + 1)),
        _tagged("s1sarl1:totalSlices", str(first.layout.scenario.slices)),
    ]
    information = _tagged("s1sarl1:standAloneProductInformation", content)
    return _wrapped("generalProductInformation", "General Product Information", information)


def _period(facts: Sequence[SwathFacts]) -> Element:
    first = facts[0]
    start, stop = min(f.start for f in facts), max(f.stop for f in facts)
    since = _tagged(
        "s1:timeANX",
        [
            _tagged("s1:startTimeANX", f"{1e3 * (start - first.overflight.node):.6e}"),
            _tagged("s1:stopTimeANX", f"{1e3 * (stop - first.overflight.node):.6e}"),
        ],
    )
    period = _tagged(
        "safe:acquisitionPeriod",
        [
            _tagged("safe:startTime", first.utc(start)),
            _tagged("safe:stopTime", first.utc(stop)),
            _tagged("safe:extension", [since]),
        ],
    )
    return _wrapped("acquisitionPeriod", "Acquisition Period", period)


def _frame(facts: Sequence[SwathFacts]) -> Element:
    near, far = facts[0].tie_points, facts[-1].tie_points
    corners = [(near, 0, 0), (far, 0, -1), (far, -1, -1), (near, -1, 0)]
    text = " ".join(f"{t.latitude[i, j]:.6f},{t.longitude[i, j]:.6f}" for t, i, j in corners)
    footprint = _tagged(
        "safe:footPrint",
        [_tagged("gml:coordinates", text)],
        srsName="http://www.opengis.net/gml/srs/epsg.xml#4326",
    )
    frames = _tagged("safe:frameSet", [_tagged("safe:frame", [footprint])])
    return _wrapped("measurementFrameSet", "Frame Set", frames)


def _data_objects(files: Sequence[Listed]) -> Element:
    objects = []
    for file in files:
        mime = "application/octet-stream" if file.kind == "measurement" else "text/xml"
        location = _tagged("fileLocation", locatorType="URL", href=f"./{file.path}")
        checksum = _tagged("checksum", file.digest, checksumName="MD5")
        stream = _tagged("byteStream", [location, checksum], mimeType=mime, size=str(file.size))
        objects.append(_tagged("dataObject", [stream], ID=file.identity, repID=_SCHEMAS[file.kind]))
    return _tagged("dataObjectSection", objects)
