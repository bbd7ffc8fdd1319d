"""Files of snap2stamps and SNAP, written for the tests: layouts as published, words and values our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

Node = tuple[str, str, Sequence[str], Mapping[str, str]]
"""Name, operator, sources, parameters; a name ends with a number in brackets where an operator is used twice."""


def graph_text(nodes: Sequence[Node], *, version: str = "1.0") -> str:
    """Return a graph as SNAP writes it."""
    body = "".join(_node(*node) for node in nodes)
    drawing = '<applicationData id="Presentation"><node id="gone"><displayPosition x="1" y="2"/></node></applicationData>'
    return f'<graph id="Graph"><version>{version}</version>{body}{drawing}</graph>\n'


def _node(name: str, operator: str, sources: Sequence[str], parameters: Mapping[str, str]) -> str:
    tags = [f"sourceProduct{f'.{k}' if k else ''}" for k in range(len(sources))]
    inner = "".join(f'<{tag} refid="{source}"/>' for tag, source in zip(tags, sources, strict=True))
    values = "".join(f"<{key}>{value}</{key}>" if value else f"<{key}/>" for key, value in parameters.items())
    return (
        f'<node id="{name}"><operator>{operator}</operator><sources>{inner}</sources>'
        f'<parameters class="com.bc.ceres.binding.dom.XppDomElement">{values}</parameters></node>'
    )


def write_graph(path: Path, nodes: Sequence[Node], **options: str) -> Path:
    """Write a graph."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(graph_text(nodes, **options))
    return path


READ: Node = ("Read", "Read", (), {"file": "INPUTFILE"})


def split_nodes(*, polarisation: str = "VV", last: str = "9", area: str = "") -> list[Node]:
    """Return the nodes that cut a sub-swath out and give it its orbit."""
    cut = {
        "subswath": "IWs",
        "selectedPolarisations": polarisation,
        "firstBurstIndex": "1",
        "lastBurstIndex": last,
        "wktAoi": area,
    }
    orbit = {"orbitType": "Sentinel Precise (Auto Download)", "polyDegree": "3", "continueOnFail": "false"}
    return [
        READ,
        ("TOPSAR-Split", "TOPSAR-Split", ("Read",), cut),
        ("Apply-Orbit-File", "Apply-Orbit-File", ("TOPSAR-Split",), orbit),
        ("Write", "Write", ("Apply-Orbit-File",), {"file": "OUTPUTFILE", "formatName": "BEAM-DIMAP"}),
    ]


def coregistration_nodes(
    *, diversity: bool = True, external: bool = False, second: str = "SLAVE"
) -> list[Node]:
    """Return the nodes that align two images and form their interferogram."""
    elevation = (
        {"demName": "External DEM", "externalDEMFile": "EXTERNALDEM"}
        if external
        else {"demName": "SRTM 1Sec HGT", "externalDEMFile": ""}
    )
    nodes: list[Node] = [
        ("Read", "Read", (), {"file": "MASTER"}),
        ("Read(2)", "Read", (), {"file": second}),
        (
            "Back-Geocoding",
            "Back-Geocoding",
            ("Read", "Read(2)"),
            {**elevation, "resamplingType": "BILINEAR_INTERPOLATION", "disableReramp": "false"},
        ),
    ]
    aligned = "Back-Geocoding"
    if diversity:
        aligned = "Enhanced-Spectral-Diversity"
        nodes.append(
            (aligned, aligned, ("Back-Geocoding",), {"cohThreshold": "0.15", "fineWinWidthStr": "512"})
        )
    return [
        *nodes,
        ("Interferogram", "Interferogram", (aligned,), {"subtractFlatEarthPhase": "true", "cohWinAz": "2"}),
        ("TOPSAR-Deburst", "TOPSAR-Deburst", ("Interferogram",), {"selectedPolarisations": ""}),
        (
            "TopoPhaseRemoval",
            "TopoPhaseRemoval",
            ("TOPSAR-Deburst",),
            {**elevation, "outputElevationBand": "true"},
        ),
        ("Subset", "Subset", ("TopoPhaseRemoval",), {"region": "0,0,10,10", "geoRegion": "POLYGON"}),
        ("Write", "Write", ("Subset",), {"file": "OUTPUTIFGFOLDER/OUTPUTFILE", "formatName": "BEAM-DIMAP"}),
    ]


def export_nodes() -> list[Node]:
    """Return the nodes that write for StaMPS."""
    return [
        (
            "StampsExport",
            "StampsExport",
            ("Read", "Read(2)"),
            {"targetFolder": "OUTPUTFOLDER", "psiFormat": "true"},
        ),
        ("Read", "Read", (), {"file": "COREGFILE"}),
        ("Read(2)", "Read", (), {"file": "IFGFILE"}),
    ]


def write_graphs_1(folder: Path) -> Path:
    """Write the graphs of a version 1 project."""
    write_graph(folder / "slave_split_applyorbit.xml", split_nodes())
    write_graph(folder / "coreg_ifg_computation_subset.xml", coregistration_nodes())
    write_graph(folder / "export.xml", export_nodes())
    return folder


def write_graphs_2(folder: Path) -> Path:
    """Write the graphs of a version 2 project."""
    split = split_nodes(polarisation="POLARISATION", last="999", area="POLYGON")
    write_graph(folder / "topsar_secondaries_split_applyorbit.xml", split)
    for external in (False, True):
        tail = "_extDEM" if external else ""
        for cut in ("", "_subset"):
            path = folder / f"topsar_coreg_ifg_computation{cut}{tail}.xml"
            write_graph(path, coregistration_nodes(external=external, second="SECONDARY"))
            path = folder / f"topsar_coreg_ifg_computation{cut}_noESD{tail}.xml"
            write_graph(path, coregistration_nodes(external=external, second="SECONDARY", diversity=False))
        write_graph(folder / f"topsar_export_mergeIW_subset{tail}.xml", export_nodes())
    write_graph(folder / "topsar_export.xml", export_nodes())
    return folder


def product_name(day: str) -> str:
    """Return the name of a product of a day written YYYYMMDD."""
    return f"S1A_IW_SLC__1SDV_{day}T051903_{day}T051930_009999_0123AB_4C0D"


def touch_product(folder: Path, day: str) -> Path:
    """Put an empty zip of a product into a folder: names are all that is looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{product_name(day)}.zip"
    path.touch()
    return path


def write_conf_1(path: Path, **values: object) -> Path:
    """Write a version 1 project.conf; keys given here replace or add to the usual ones."""
    root = path.parent
    usual = {
        "PROJECTFOLDER": root,
        "GRAPHSFOLDER": root / "graphs",
        "IW1": "IW2",
        "MASTER": root / "MasterSplit" / "20180310_split.dim",
        "LONMIN": "23.1",
        "LATMIN": "37.9",
        "LONMAX": "23.4",
        "LATMAX": "38.2",
        "GPTBIN_PATH": "/opt/snap/bin/gpt",
        "CPU": "6",
        "CACHE": "20G",
    }
    lines = ["##### settings of one study #####", "# folders"]
    lines += [f"{key}={value}" for key, value in {**usual, **values}.items()]
    path.write_text("\n".join(lines) + "\n")
    return path


SECTIONS = {
    "PROJECT_DEFINITION": ("PROJECTFOLDER", "GRAPHSFOLDER"),
    "PROC_OPTIONS": ("OVERWRITE", "SMARTHDD", "PLOTTING"),
    "PROC_PARAMETERS": ("SENSOR", "POLARISATION", "MASTER", "MASTERSEL", "EXTDEM"),
    "AOI_DEFINITION": ("AOI_MODE", "LONMIN", "LATMIN", "LONMAX", "LATMAX", "WKT", "AOI_FILE"),
    "SEARCH_PARAMS": ("autoDownload", "TRACK", "beamMode", "START", "END", "SAT", "ASF_USER", "ASF_PASS"),
    "SEARCH_PDOWNLOADS": ("NPD",),
    "SNAP_GPT": ("SNAP_INSTALLATION_FOLDER", "SNAP_HOME_DIR"),
    "COMPUTING_RESOURCES": ("CPU", "CACHE"),
}


def write_conf_2(path: Path, **values: object) -> Path:
    """Write a version 2 project.conf; keys given here replace the usual ones."""
    root = path.parent
    usual: dict[str, object] = {
        "PROJECTFOLDER": root,
        "GRAPHSFOLDER": root / "graphs",
        "OVERWRITE": "N",
        "SMARTHDD": "Y",
        "PLOTTING": "N",
        "SENSOR": "S1",
        "POLARISATION": "VV",
        "MASTER": root / "master",
        "MASTERSEL": "AUTO",
        "EXTDEM": "",
        "AOI_MODE": "BBOX",
        "LONMIN": "-0.5",
        "LATMIN": "51.3",
        "LONMAX": "0.1",
        "LATMAX": "51.6",
        "WKT": "",
        "AOI_FILE": "",
        "autoDownload": "Y",
        "TRACK": "30",
        "beamMode": "SLC",
        "START": "2019-05-01",
        "END": "2020-02-01",
        "SAT": "S1A",
        "ASF_USER": "someone",
        "ASF_PASS": "not-to-be-seen",
        "NPD": "2",
        "SNAP_INSTALLATION_FOLDER": "/opt/snap",
        "SNAP_HOME_DIR": "/home/someone/.snap",
        "CPU": "8",
        "CACHE": "32G",
    }
    settings = {**usual, **values}
    lines = ["#### settings of one study ####"]
    for section, keys in SECTIONS.items():
        lines += [f"[{section}] ", *(f"{key} = {settings[key]}" for key in keys), "####"]
    path.write_text("\n".join(lines) + "\n")
    return path
