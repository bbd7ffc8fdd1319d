"""The manifest: what a product holds, where it was taken, by whom it was made."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fringeworks.errors import MetadataMismatchError, UnsupportedInputError
from fringeworks.io.safe.archive import Archive, safe_name
from fringeworks.io.safe.names import ProductName, parse_file_name, parse_product_name
from fringeworks.io.safe.tree import Node, parse_xml
from fringeworks.model.identity import (
    N_TRACKS,
    AcquisitionKey,
    Instant,
    PassDirection,
    Platform,
    Polarisation,
    Swath,
)
from fringeworks.model.tally import Finding

MANIFEST: Final = "manifest.safe"
_HINT: Final = "fetch the product again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a manifest says.

    Attributes
    ----------
    key : AcquisitionKey
        Platform, orbit, data take, start.
    product : str
        Name of the product without suffix.
    mode : str
        ``IW``, ``EW`` or ``SM``.
    stop : Instant
        End of the acquisition.
    pass_direction : PassDirection
        Direction of flight.
    relative_orbits : tuple of (int, int)
        Track at the start and at the end.
    ascending_node : Instant, optional
        As stated.
    processor_version : str
        Version of ESA's processor, such as ``3.40``; empty where none is named.
    footprint : tuple of (float, float)
        Longitude and latitude of the corners in degrees, as stated.
    files : mapping of (kind, Swath, Polarisation) to str
        Every file of the measurement and its annotation that the manifest lists.
    findings : tuple of Finding
        Checks made.
    """

    key: AcquisitionKey
    product: str
    mode: str
    stop: Instant
    pass_direction: PassDirection
    relative_orbits: tuple[int, int]
    ascending_node: Instant | None
    processor_version: str
    footprint: tuple[tuple[float, float], ...]
    files: Mapping[tuple[str, Swath, Polarisation], str]
    findings: tuple[Finding, ...]


def read_manifest(archive: Archive) -> Manifest:
    """Read the manifest of a product.

    Parameters
    ----------
    archive : Archive
        The product.

    Raises
    ------
    InputRefusedError
        It is absent, damaged, unsafe, contradicts itself, or of a product that is not read.
    """
    root = parse_xml(archive.read(MANIFEST), file=f"{archive.name}/{MANIFEST}", root="XFDU")
    name = parse_product_name(archive.name)
    platform = _platform(root)
    mode = _mode(root)
    orbit, tracks = _orbits(root)
    start, stop = _period(root)
    datatake = _datatake(root, name)
    version, version_findings = _processor(root)
    files, file_findings = _files(root)
    key = AcquisitionKey(start=start, platform=platform, absolute_orbit=orbit, datatake=datatake)
    findings = (
        *_check_name(name, key, mode),
        *_check_track(platform, orbit, tracks[0]),
        *version_findings,
        *file_findings,
    )
    return Manifest(
        key=key,
        product=archive.name.removesuffix(".SAFE") if name is None else name.stem,
        mode=mode,
        stop=stop,
        pass_direction=_pass(root),
        relative_orbits=tracks,
        ascending_node=_node_time(root),
        processor_version=version,
        footprint=_footprint(root),
        files=MappingProxyType(files),
        findings=findings,
    )


def _first(root: Node, name: str) -> Node:
    found = next(root.descendants(name), None)
    if found is None:
        raise root.refuse(f"<{name}> is missing")
    return found


def _platform(root: Node) -> Platform:
    platform = _first(root, "platform")
    family, number = platform.text("familyName"), platform.text("number")
    if not family.upper().startswith("SENTINEL-1") or not re.fullmatch(r"[A-Z]", number):
        raise UnsupportedInputError(
            f"{root.file}: a product of {family:.40} {number:.10}", expected="a Sentinel-1 product"
        )
    return Platform.named(f"S1{number}")


def _mode(root: Node) -> str:
    mode = _first(root, "instrumentMode").text("mode")
    if mode not in {"IW", "EW", "SM"}:
        raise UnsupportedInputError(f"{root.file}: a product of mode {mode:.10}", expected="IW, EW or SM")
    kind = _first(root, "standAloneProductInformation").text("productType")
    if kind not in {"SLC", "SL1"}:
        raise UnsupportedInputError(f"{root.file}: a product of type {kind:.10}", expected="SLC")
    return mode


def _orbits(root: Node) -> tuple[int, tuple[int, int]]:
    reference = _first(root, "orbitReference")
    absolute = _start_and_stop(reference, "orbitNumber")
    tracks = _start_and_stop(reference, "relativeOrbitNumber")
    if any(not 1 <= track <= N_TRACKS for track in tracks) or not 0 < absolute[0] < 10**6:
        raise root.refuse(f"orbits {absolute}, tracks {tracks}", expected=f"tracks 1 to {N_TRACKS}")
    steps = (absolute[1] - absolute[0], (tracks[1] - tracks[0]) % N_TRACKS)
    if steps[0] != steps[1] or steps[0] not in {0, 1}:
        raise root.refuse(f"orbits {absolute} on tracks {tracks}", expected="the same step in both, 0 or 1")
    return absolute[0], tracks


def _start_and_stop(reference: Node, name: str) -> tuple[int, int]:
    values = {node.attribute("type"): node for node in reference.every(name)}
    if not values:
        raise reference.refuse(f"<{name}> is missing")
    start = values.get("start", next(iter(values.values())))
    return _whole(start), _whole(values.get("stop", start))


def _whole(node: Node) -> int:
    text = node.own_text()
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise node.refuse(f"<{node.name}> is {text!r:.40}", expected="a whole number")
    return int(text)


def _period(root: Node) -> tuple[Instant, Instant]:
    period = _first(root, "acquisitionPeriod")
    start, stop = period.instant("startTime"), period.instant("stopTime")
    if not 0 < stop.seconds_since(start) < 86_400:
        raise root.refuse(f"an acquisition from {start} to {stop}", expected="an end after the start")
    return start, stop


def _pass(root: Node) -> PassDirection:
    text = _first(root, "orbitProperties").text("pass").lower()
    if text not in set(PassDirection):
        raise root.refuse(f"<pass> is {text!r:.40}", expected="ascending or descending")
    return PassDirection(text)


def _node_time(root: Node) -> Instant | None:
    found = next(root.descendants("orbitProperties"), None)
    if found is None or found.optional("ascendingNodeTime") is None:
        return None
    return found.instant("ascendingNodeTime")


def _datatake(root: Node, name: ProductName | None) -> str:
    found = next(root.descendants("missionDataTakeID"), None)
    if found is not None:
        return f"{_whole(found):06X}"
    return "" if name is None else name.datatake


def _processor(root: Node) -> tuple[str, tuple[Finding, ...]]:
    """Return the version of ESA's processor: the first that a manifest names, as 3.40."""
    for software in root.descendants("software"):
        match = re.fullmatch(r"0*(\d+)\.(\d+)(\.\d+)*", software.attribute("version").strip(), re.ASCII)
        if match is not None:
            return f"{match[1]}.{match[2]}", _version_findings(int(match[1]), int(match[2]))
    return "", (Finding("warning", "processor", "the manifest names no processor version"),)


def _version_findings(major: int, minor: int) -> tuple[Finding, ...]:
    findings = []
    if (major, minor) < (2, 43):
        findings.append(
            Finding(
                "warning",
                "antenna pattern",
                f"processor {major}.{minor:02d} left the phase of the elevation antenna pattern in the samples (corrected "
                "from 2.43 on): interferograms with a later processor hold a phase ramp across range that differs between "
                "sub-swaths",
            )
        )
    return tuple(findings)


def _footprint(root: Node) -> tuple[tuple[float, float], ...]:
    corners = []
    for node in root.descendants("coordinates"):
        for pair in node.own_text().split():
            latitude, _, longitude = pair.partition(",")
            corners.append((_degrees(root, longitude, 360.0), _degrees(root, latitude, 90.0)))
    return tuple(corners)


def _degrees(root: Node, text: str, limit: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= limit:
        raise root.refuse(f"a footprint corner at {text!r:.30}", expected="latitude,longitude in degrees")
    return value


def _files(root: Node) -> tuple[dict[tuple[str, Swath, Polarisation], str], tuple[Finding, ...]]:
    files: dict[tuple[str, Swath, Polarisation], str] = {}
    unread = 0
    for location in root.descendants("fileLocation"):
        href = safe_name(location.attribute("href"), file=root.file)
        parsed = parse_file_name(href)
        if parsed is None:
            unread += href.startswith(("annotation/", "measurement/"))
            continue
        key = (parsed.kind, parsed.swath, parsed.polarisation)
        if files.setdefault(key, href) != href:
            raise MetadataMismatchError(
                f"{root.file} lists {files[key]} and {href}",
                expected="one file for each sub-swath and polarisation",
                hint=_HINT,
            )
    if not any(kind == "annotation" for kind, *_ in files):
        raise root.refuse("no annotation is listed", expected="at least one sub-swath")
    if unread:
        return files, (
            Finding("note", "manifest", f"{unread} listed files have names that are not of an SLC; ignored"),
        )
    return files, ()


def _check_name(name: ProductName | None, key: AcquisitionKey, mode: str) -> tuple[Finding, ...]:
    if name is None:
        return (Finding("note", "name", "the product's name does not follow the naming convention"),)
    said = (name.platform.name, name.absolute_orbit, name.mode)
    found = (key.platform.name, key.absolute_orbit, mode)
    if said != found:
        raise MetadataMismatchError(
            f"the product's name says {said}, its manifest {found}",
            expected="the same platform, orbit and mode",
            hint=_HINT,
        )
    if name.datatake != key.datatake:
        text = f"data take {name.datatake} in the name, {key.datatake} in the manifest, which is followed"
        return (Finding("warning", "name", text),)
    return ()


def _check_track(platform: Platform, orbit: int, track: int) -> tuple[Finding, ...]:
    if not platform.is_known:
        text = (
            f"platform {platform} is not known to this version; all facts are taken from the product itself"
        )
        return (Finding("warning", "platform", text),)
    expected = platform.relative_orbit(orbit)
    if expected != track:
        text = f"the manifest says track {track}; orbit {orbit} of {platform} would be track {expected}; the manifest wins"
        return (Finding("warning", "track", text),)
    return (Finding("ok", "track", f"track {track} agrees with orbit {orbit} of {platform}"),)
