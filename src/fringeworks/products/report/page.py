"""Put the page together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from fringeworks.io.files import write_bytes, write_text
from fringeworks.products.report import curves, maps, networks, words
from fringeworks.products.report.alignment import alignment_pictures
from fringeworks.products.report.data import ReportData
from fringeworks.products.report.explorer import explorer_data
from fringeworks.products.report.figures import representatives, summarise
from fringeworks.products.report.image_words import images_of_page, left_out_rows
from fringeworks.products.report.layout import by_weight, file_text, shown, tally_row, template_named
from fringeworks.products.report.palette import Picture
from fringeworks.products.report.sampling import Sampled, sample
from fringeworks.products.report.scatterer_pictures import scatterer_pictures
from fringeworks.products.report.scatterer_words import matrix_data, scatterer_counts, scatterer_opening

_LONGEST: Final = 640


@dataclass(frozen=True, slots=True)
class Report:
    """A written report.

    Attributes
    ----------
    path : Path
        The page.
    pictures : tuple of Path
        The standard picture set, as PNG.
    size : int
        Bytes of the page.
    """

    path: Path
    pictures: tuple[Path, ...]
    size: int


def write_report(path: Path, data: ReportData) -> Report:
    """Write the report as one self-contained page, and its pictures as PNG files.

    Parameters
    ----------
    path : Path
        The page, ``out/report.html``; pictures go to ``pictures`` beside it.
    data : ReportData
        What it says.

    Raises
    ------
    DiskFullError
        There was no room.

    Notes
    -----
    Rasters are read once, block by block, and kept at no more than 640 pixels a side. The page loads
    nothing: pictures are SVG with embedded PNG, style and script are inside. The same data give the same
    bytes; nothing says when it was made.
    """
    sampled = sample(data, longest=_LONGEST)
    pictures = draw(data, sampled)
    written = []
    for picture in pictures.values():
        target = path.parent / "pictures" / f"{picture.name}.png"
        write_bytes(target, picture.png)
        written.append(target)
    page = page_text(data, sampled, pictures)
    write_text(path, page)
    return Report(path, tuple(written), len(page.encode()))


def draw(data: ReportData, sampled: Sampled) -> dict[str, Picture]:
    """Draw every picture that the data allow, by name."""
    layers = sampled.layers
    drawn: list[Picture | None] = [
        maps.velocity_map(data, sampled),
        maps.sigma_map(sampled) if "velocity_std" in layers else None,
        maps.coherence_map(sampled) if "temporal_coherence" in layers else None,
        maps.misclosure_map(sampled) if "misclosure_rms" in layers else None,
        maps.mask_map(sampled),
        maps.displacement_maps(data, sampled),
        curves.series_picture(data, representatives(data, sampled)),
        curves.histogram_picture(sampled),
        curves.truth_picture(sampled),
        networks.network_picture(data),
        networks.coherence_matrix(data),
        networks.coherence_in_time(data),
        networks.residual_picture(data),
        networks.triplet_picture(data),
        *maps.closure_maps(sampled),
        *([] if data.images is None else alignment_pictures(data.images)),
        *scatterer_pictures(data, sampled),
    ]
    return {picture.name: picture for picture in drawn if picture is not None}


def page_text(data: ReportData, sampled: Sampled, pictures: dict[str, Picture]) -> str:
    """Return the page as HTML; pictures that are not given are left out."""
    summary = summarise(data, sampled)
    worst, rest = words.triplet_rows(data)
    return template_named("report.html.j2").render(
        data=data,
        style=file_text("report.css"),
        script=file_text("report.js"),
        explorer=Markup(_json(explorer_data(data, sampled))),
        pictures={name: shown(picture) for name, picture in pictures.items()},
        images=images_of_page(data.images),
        scatterers=_scatterers(data),
        opening=words.opening(data, summary),
        cards=words.cards(summary),
        meaning=maps.COLOURS_MEAN,
        verdicts=[*words.verdict_rows(data), *left_out_rows(data.images)],
        pairs=words.pair_rows(data),
        triplets=worst,
        triplets_rest=rest,
        accuracy=words.accuracy_rows(data.accuracy),
        correction_note=words.correction_note(data),
        reference=words.reference_rows(data),
        glossary=words.glossary(data),
        flags=words.flag_rows(),
        citations=words.citations(data),
        findings=by_weight(data.findings),
        tallies=[tally_row(t) for t in data.tallies],
        versions=sorted(data.versions.items()),
        model_terms=("straight line", *data.model_terms),
        first_date=words.spoken_date(data.dates[0]),
        last_date=words.spoken_date(data.dates[-1]),
    )


def _scatterers(data: ReportData) -> dict[str, Any] | None:
    """Return what the section on scatterers shows; None for a run without."""
    found = data.scatterers
    if found is None:
        return None
    return {
        "opening": [Markup(text) for text in scatterer_opening(found)],
        "counts": scatterer_counts(found),
        "has_matrices": bool(found.matrices),
        "matrices": Markup(_json(matrix_data(found))),
        "script": file_text("scatterers.js"),
    }


def _json(content: dict[str, Any]) -> str:
    """Return JSON that cannot end the script element it stands in."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
