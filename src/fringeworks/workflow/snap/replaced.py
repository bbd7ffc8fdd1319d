"""Parameters of SNAP's operators without a counterpart, and what is done instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ELEVATION_FILE: Final = "the GeoTIFF says which value means no data; voids are reported"
_TILES: Final = "elevation is read for the whole frame with a margin, and what it does not cover is reported"
_FITTED: Final = "phase is computed from orbits and heights sample by sample, not from a fitted polynomial"
_RESAMPLED: Final = (
    "images are resampled by weights designed for their bandwidth after the TOPS carrier is taken off, heights are "
    "found along each look"
)
_WINDOW: Final = "coherence is estimated over enough cells for 40 independent samples, and freed of its bias"
_EXPORTED: Final = "`fringeworks export --step` writes it at any time"
_SHIFTS: Final = (
    "range shifts come from matched amplitudes, azimuth shifts from all burst overlaps of a network of dates, weighted "
    "by coherence: see coregistration in the configuration"
)

REPLACED: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "Read": {"the reader takes what it needs": ("formatName", "useAdvancedOptions", "copyMetadata", "bandNames", "maskNames")},
    "Write": {
        "intermediates lie in the working store (Zarr), products are GeoTIFF": (
            "formatName", "deleteOutputOnFailure", "writeEntireTileRows", "clearCacheAfterRowWrite",
        ),
    },
    "Apply-Orbit-File": {
        "state vectors are interpolated by Hermite polynomials": ("polyDegree",),
        "a date without orbit file takes its annotated orbit and is flagged": ("continueOnFail",),
    },
    "Back-Geocoding": {
        _RESAMPLED: ("demResamplingMethod", "resamplingType"),
        _ELEVATION_FILE: ("externalDEMNoDataValue",),
        "samples without height are left empty": ("maskOutAreaWithoutElevation",),
    },
    "DEM-Assisted-Coregistration": {
        _RESAMPLED: ("demResamplingMethod", "resamplingType"),
        _ELEVATION_FILE: ("externalDEMNoDataValue",),
        _TILES: ("tileExtensionPercent",),
        "samples without height are left empty": ("maskOutAreaWithoutElevation",),
        _EXPORTED: ("outputRangeAzimuthOffset",),
    },
    "Enhanced-Spectral-Diversity": {
        _SHIFTS: (
            "fineWinWidthStr", "fineWinHeightStr", "fineWinWidth", "fineWinHeight", "fineWinAccAzimuth",
            "fineWinAccRange", "fineWinOversampling", "xCorrThreshold", "cohThreshold", "numBlocksPerOverlap",
            "esdEstimator", "weightFunc", "temporalBaselineType", "maxTemporalBaseline", "integrationMethod",
            "optObjective", "noOfCandidateSolutions", "optTolerance", "optMaxIterations",
        ),
        "aligned images are always kept": ("doNotWriteTargetBands",),
    },
    "Interferogram": {
        _FITTED: ("srpPolynomialDegree", "srpNumberPoints", "orbitDegree"),
        _WINDOW: ("includeCoherence", "cohWinAz", "cohWinRg", "squarePixel"),
        "topography is taken out with flat earth, when images are aligned": ("subtractTopographicPhase",),
        _ELEVATION_FILE: ("externalDEMNoDataValue",),
        _TILES: ("tileExtensionPercent",),
        _EXPORTED: ("outputFlatEarthPhase", "outputTopoPhase", "outputElevation", "outputLatLon"),
    },
    "Coherence": {
        _FITTED: ("srpPolynomialDegree", "srpNumberPoints", "orbitDegree"),
        _WINDOW: ("cohWinAz", "cohWinRg", "squarePixel", "correctCoherenceBias"),
        "flat earth and topography are always out of it": ("subtractFlatEarthPhase", "subtractTopographicPhase", "removeLocalPhaseRamp"),
        "every pair of the network has its own": ("singleMaster",),
        _ELEVATION_FILE: ("externalDEMNoDataValue",),
        _TILES: ("tileExtensionPercent",),
    },
    "TopoPhaseRemoval": {
        _FITTED: ("orbitDegree",),
        _ELEVATION_FILE: ("externalDEMNoDataValue",),
        _TILES: ("tileExtensionPercent",),
        _EXPORTED: ("outputTopoPhaseBand", "outputElevationBand", "outputLatLonBands"),
    },
    "Multilook": {
        "amplitude goes with every interferogram": ("outputIntensity",),
        "all layers are averaged alike": ("sourceBands",),
    },
    "GoldsteinPhaseFiltering": {
        "pixels weigh by their coherence (filter.amplitude)": ("useCoherenceMask", "coherenceThreshold"),
    },
    "SnaphuExport": {
        "the unwrapper is called in the process: no files are exchanged": ("targetFolder", "numberOfProcessors"),
        "images are cut into tiles above unwrap.tile_size, whose cycles are solved together": (
            "numberOfTileRows", "numberOfTileCols", "rowOverlap", "colOverlap", "tileCostThreshold",
        ),
        "SNAPHU starts from a minimum cost flow": ("initMethod",),
    },
    "SnaphuImport": {"wrapped and unwrapped phase are both kept": ("doNotKeepWrapped",)},
    "PhaseToHeight": {"heights are not computed from one interferogram": ("nPoints", "nHeights", "degree1D", "degree2D", "orbitDegree")},
    "PhaseToElevation": {
        "heights are not computed from one interferogram": ("demName", "demResamplingMethod", "externalDEMFile", "externalDEMNoDataValue"),
    },
    "Terrain-Correction": {
        "layers are interpolated bilinearly, connected components by the nearest": ("demResamplingMethod", "imgResamplingMethod"),
        _ELEVATION_FILE: ("externalDEMNoDataValue",),
        "the map is aligned to multiples of its posting": ("alignToStandardGrid", "standardGridOriginX", "standardGridOriginY"),
        "pixels without a height stay empty; the sea is not masked by its height": ("nodataValueAtSea",),
        "height, incidence and look vectors are always published, layover and shadow stay empty": (
            "saveDEM", "saveLatLon", "saveIncidenceAngleFromEllipsoid", "saveLocalIncidenceAngle",
            "saveProjectedLocalIncidenceAngle", "saveLayoverShadowMask",
        ),
        "all layers of an interferogram are mapped": ("sourceBands", "saveSelectedSourceBand", "outputComplex"),
        "products are not radiometric": (
            "applyRadiometricNormalization", "saveSigmaNought", "saveGammaNought", "saveBetaNought",
            "incidenceAngleForSigma0", "incidenceAngleForGamma0", "auxFile", "externalAuxFile",
        ),
    },
    "StampsExport": {"the place of files is that of the run": ("targetFolder", "psiFormat")},
    "SliceAssembly": {"slices of a date are joined by themselves": ("selectedPolarisations",)},
    "Subset": {
        "the area is given in degrees, and bursts and samples follow from it": ("region", "referenceBand", "fullSwath"),
        "all layers are kept": ("sourceBands", "bandNames", "tiePointGridNames", "tiePointGrids", "copyMetadata"),
    },
    "BandMaths": {"expressions are not evaluated: amplitude, phase and coherence are layers of their own": ("targetBands", "variables")},
}  # fmt: skip
"""By operator: what is done instead, and of which parameters."""
