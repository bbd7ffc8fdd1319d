"""The operators of SNAP that are known, with their parameters and SNAP's own defaults."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from fringeworks.errors import DamagedFileError, UnsupportedInputError
from fringeworks.io.snap.graph import GraphNode
from fringeworks.io.snap.placeholders import is_placeholder

Kind = Literal["text", "whole", "number", "flag"]
_WORDS: Final = {"text": "text", "whole": "a whole number", "number": "a number", "flag": "true or false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of an operator.

    Attributes
    ----------
    name : str
        As the graph spells it.
    kind : str
        ``text``, ``whole``, ``number`` or ``flag``.
    default : str
        SNAP's own; empty for none.
    required : bool
        Whether the operator does nothing sensible without it.
    """

    name: str
    kind: Kind
    default: str = ""
    required: bool = False

    def fits(self, value: str) -> bool:
        """Return whether a text is a value of this kind."""
        if self.kind == "text":
            return True
        if self.kind == "flag":
            return value.lower() in {"true", "false"}
        try:
            number = float(value)
        except ValueError:
            return False
        return math.isfinite(number) and (self.kind == "number" or number == int(number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator.

    Attributes
    ----------
    name : str
        As the graph spells it.
    rank : int
        Where in the chain it belongs: no operator of a higher rank may come before it. 0 = anywhere.
    n_sources : int
        Products it takes at least.
    parameters : mapping of str to Parameter
        By name.
    """

    name: str
    rank: int
    n_sources: int
    parameters: Mapping[str, Parameter]

    def value(self, node: GraphNode, name: str) -> str:
        """Return what a node says of a parameter, or SNAP's default."""
        return node.parameters.get(name, self.parameters[name].default)


_SPELLED: Final = re.compile(r"(?P<name>\w+)(?P<required>!?)(?::(?P<kind>\w+))?(?:=(?P<default>.*))?")


def _operator(name: str, rank: int, n_sources: int, *parameters: str) -> Operator:
    """Make an operator of parameters spelled ``name:kind=default``; ``name!`` where one is needed."""
    found: dict[str, Parameter] = {}
    for text in parameters:
        match = _SPELLED.fullmatch(text)
        assert match is not None, text
        kinds: dict[str, Kind] = {"whole": "whole", "number": "number", "flag": "flag"}
        found[match["name"]] = Parameter(
            name=match["name"],
            kind=kinds.get(match["kind"] or "", "text"),
            default=match["default"] or "",
            required=bool(match["required"]),
        )
    return Operator(name=name, rank=rank, n_sources=n_sources, parameters=MappingProxyType(found))


_ELEVATION: Final = (
    "demName=Copernicus 30m Global DEM",
    "externalDEMFile",
    "externalDEMNoDataValue:number=0",
    "externalDEMApplyEGM:flag",
)
_MAP: Final = (
    "demResamplingMethod=BILINEAR_INTERPOLATION",
    "imgResamplingMethod=BILINEAR_INTERPOLATION",
    "pixelSpacingInMeter:number=0",
    "pixelSpacingInDegree:number=0",
    "mapProjection=WGS84(DD)",
    "alignToStandardGrid:flag=false",
    "standardGridOriginX:number=0",
    "standardGridOriginY:number=0",
    "nodataValueAtSea:flag=true",
    "saveDEM:flag=false",
    "saveLatLon:flag=false",
    "saveIncidenceAngleFromEllipsoid:flag=false",
    "saveLocalIncidenceAngle:flag=false",
    "saveProjectedLocalIncidenceAngle:flag=false",
    "saveSelectedSourceBand:flag=true",
    "saveLayoverShadowMask:flag=false",
    "outputComplex:flag=false",
    "applyRadiometricNormalization:flag=false",
    "saveSigmaNought:flag=false",
    "saveGammaNought:flag=false",
    "saveBetaNought:flag=false",
    "incidenceAngleForSigma0",
    "incidenceAngleForGamma0",
    "auxFile",
    "externalAuxFile",
    "sourceBands",
)

_ALL: Final = (
    _operator("Read", 0, 0, "file!", "formatName", "useAdvancedOptions", "copyMetadata", "bandNames", "maskNames"),
    _operator("ProductSet-Reader", 0, 0, "fileList!"),
    _operator("Write", 0, 1, "file!", "formatName=BEAM-DIMAP", "deleteOutputOnFailure", "writeEntireTileRows", "clearCacheAfterRowWrite"),
    _operator("SliceAssembly", 2, 2, "selectedPolarisations"),
    _operator(
        "TOPSAR-Split", 2, 1,
        "subswath!", "selectedPolarisations", "firstBurstIndex:whole=1", "lastBurstIndex:whole=9999", "wktAoi",
    ),
    _operator("Apply-Orbit-File", 2, 1, "orbitType=Sentinel Precise (Auto Download)", "polyDegree:whole=3", "continueOnFail:flag=false"),
    _operator(
        "Back-Geocoding", 3, 2, *_ELEVATION,
        "demResamplingMethod=BICUBIC_INTERPOLATION", "resamplingType=BISINC_5_POINT_INTERPOLATION",
        "maskOutAreaWithoutElevation:flag=true", "outputRangeAzimuthOffset:flag=false",
        "outputDerampDemodPhase:flag=false", "disableReramp:flag=false",
    ),
    _operator(
        "DEM-Assisted-Coregistration", 3, 1, *_ELEVATION,
        "demResamplingMethod=BICUBIC_INTERPOLATION", "resamplingType=BISINC_5_POINT_INTERPOLATION",
        "tileExtensionPercent:number=50", "maskOutAreaWithoutElevation:flag=true", "outputRangeAzimuthOffset:flag=false",
    ),
    _operator(
        "Enhanced-Spectral-Diversity", 4, 1,
        "fineWinWidthStr:whole=512", "fineWinHeightStr:whole=512", "fineWinWidth:whole=512", "fineWinHeight:whole=512",
        "fineWinAccAzimuth:whole=16", "fineWinAccRange:whole=16", "fineWinOversampling:whole=128",
        "xCorrThreshold:number=0.1", "cohThreshold:number=0.3", "numBlocksPerOverlap:whole=10",
        "esdEstimator=Periodogram", "weightFunc=Inv Quadratic", "temporalBaselineType=Number of images",
        "maxTemporalBaseline:whole=4", "integrationMethod=L1 and L2", "optObjective",
        "noOfCandidateSolutions:whole=9", "optTolerance:number=1e-4", "optMaxIterations:whole=10000",
        "doNotWriteTargetBands:flag=false", "useSuppliedShifts:flag=false", "useSuppliedRangeShift:flag=false",
        "overallRangeShift:number=0", "useSuppliedAzimuthShift:flag=false", "overallAzimuthShift:number=0",
    ),
    _operator(
        "Interferogram", 5, 1, *_ELEVATION,
        "subtractFlatEarthPhase:flag=true", "srpPolynomialDegree:whole=5", "srpNumberPoints:whole=501",
        "orbitDegree:whole=3", "includeCoherence:flag=true", "cohWinAz:whole=10", "cohWinRg:whole=10",
        "squarePixel:flag=true", "subtractTopographicPhase:flag=false", "tileExtensionPercent:number=100",
        "outputFlatEarthPhase:flag=false", "outputTopoPhase:flag=false", "outputElevation:flag=false",
        "outputLatLon:flag=false",
    ),
    _operator(
        "Coherence", 5, 1, *_ELEVATION,
        "cohWinAz:whole=10", "cohWinRg:whole=10", "subtractFlatEarthPhase:flag=true", "srpPolynomialDegree:whole=5",
        "srpNumberPoints:whole=501", "orbitDegree:whole=3", "squarePixel:flag=true",
        "subtractTopographicPhase:flag=true", "correctCoherenceBias:flag=true", "removeLocalPhaseRamp:flag=false",
        "singleMaster:flag=true", "tileExtensionPercent:number=100",
    ),
    _operator("TOPSAR-Deburst", 6, 1, "selectedPolarisations"),
    _operator("TOPSAR-Merge", 7, 1, "selectedPolarisations"),
    _operator(
        "TopoPhaseRemoval", 0, 1, *_ELEVATION,
        "orbitDegree:whole=3", "tileExtensionPercent:number=100", "outputTopoPhaseBand:flag=false",
        "outputElevationBand:flag=false", "outputLatLonBands:flag=false",
    ),
    _operator("Multilook", 0, 1, "nRgLooks:whole=1", "nAzLooks:whole=1", "outputIntensity:flag=false", "grSquarePixel:flag=true", "sourceBands"),
    _operator(
        "GoldsteinPhaseFiltering", 9, 1,
        "alpha:number=1.0", "useAdaptiveAlpha:flag", "FFTSizeString:whole=64", "windowSizeString:whole=3",
        "useCoherenceMask:flag=false", "coherenceThreshold:number=0.2",
    ),
    _operator(
        "SnaphuExport", 10, 1,
        "targetFolder!", "statCostMode=DEFO", "initMethod=MST", "numberOfTileRows:whole=10", "numberOfTileCols:whole=10",
        "numberOfProcessors:whole=4", "rowOverlap:whole=200", "colOverlap:whole=200", "tileCostThreshold:whole=500",
    ),
    _operator("SnaphuImport", 11, 1, "doNotKeepWrapped:flag=false"),
    _operator("PhaseToDisplacement", 12, 1),
    _operator(
        "PhaseToElevation", 12, 1,
        "demName", "demResamplingMethod", "externalDEMFile", "externalDEMNoDataValue:number=0",
    ),
    _operator("PhaseToHeight", 12, 1, "nPoints:whole=200", "nHeights:whole=3", "degree1D:whole=2", "degree2D:whole=5", "orbitDegree:whole=3"),
    _operator("Terrain-Correction", 13, 1, *_ELEVATION, *_MAP),
    _operator("StampsExport", 13, 2, "targetFolder!", "psiFormat:flag=true"),
    _operator(
        "Subset", 0, 1,
        "sourceBands", "bandNames", "region", "referenceBand", "geoRegion", "subSamplingX:whole=1", "subSamplingY:whole=1",
        "fullSwath:flag=false", "tiePointGridNames", "tiePointGrids", "copyMetadata:flag=false",
    ),
    _operator("BandMaths", 0, 1, "targetBands", "variables"),
)  # fmt: skip

OPERATORS: Final[Mapping[str, Operator]] = MappingProxyType(
    {o.name: o for o in sorted(_ALL, key=lambda o: o.name)}
)
"""Known operators by name."""


def operator_named(node: GraphNode, *, file: str) -> Operator:
    """Return the operator of a node, its parameters checked.

    Raises
    ------
    UnsupportedInputError
        The operator is not known: it is named, and so are those that are.
    DamagedFileError
        A parameter it needs is missing, a value is of the wrong kind, or it is given too few products.
    """
    operator = OPERATORS.get(node.operator)
    if operator is None:
        near = difflib.get_close_matches(node.operator, OPERATORS, n=1, cutoff=0.7)
        raise UnsupportedInputError(
            f"{file}: node {node.id!r} uses the operator {node.operator!r}, which is not known here",
            expected=f"one of {', '.join(OPERATORS)}",
            hint=f"did you mean {near[0]!r}?"
            if near
            else "take the node out of the graph, and look for its work elsewhere",
        )
    for name, parameter in operator.parameters.items():
        if parameter.required and not node.parameters.get(name):
            raise DamagedFileError(
                f"{file}: node {node.id!r} ({node.operator}) has no {name}",
                expected=f"a value of {name}",
                hint="give it in the graph",
            )
        value = node.parameters.get(name, "")
        if value and not is_placeholder(value) and not parameter.fits(value):
            raise DamagedFileError(
                f"{file}: node {node.id!r} ({node.operator}): {name} is {value[:40]!r}",
                expected=_WORDS[parameter.kind],
            )
    if len(node.sources) < operator.n_sources:
        raise DamagedFileError(
            f"{file}: node {node.id!r} ({node.operator}) takes {len(node.sources)} products",
            expected=f"at least {operator.n_sources}",
        )
    return operator


def unknown_parameters(node: GraphNode, operator: Operator) -> tuple[str, ...]:
    """Return the parameters of a node that its operator is not known to have."""
    return tuple(name for name in node.parameters if name.partition(".")[0] not in operator.parameters)
