"""Put the page of one interferogram together."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fringeworks.io.files import write_bytes, write_text
from fringeworks.products.report.alignment import alignment_pictures
from fringeworks.products.report.image_words import images_of_page, left_out_rows
from fringeworks.products.report.layout import by_weight, file_text, shown, tally_row, template_named
from fringeworks.products.report.page import Report
from fringeworks.products.report.pair_data import PairReportData
from fringeworks.products.report.pair_maps import pair_pictures
from fringeworks.products.report.pair_sampling import SampledPair, sample_pair
from fringeworks.products.report.pair_words import (
    fact_rows,
    pair_cards,
    pair_citations,
    pair_opening,
    summarise_pair,
    unwrapping_rows,
)
from fringeworks.products.report.palette import Picture
from fringeworks.products.report.words import exclusion_rows, layer_rows, spoken_date

_LONGEST: Final = 640


def write_pair_report(path: Path, data: PairReportData) -> Report:
    """Write the page of one interferogram, self-contained, and its pictures as PNG files.

    Parameters
    ----------
    path : Path
        The page, ``out/report.html``; pictures go to ``pictures`` beside it.
    data : PairReportData
        What it says.

    Raises
    ------
    DiskFullError
        There was no room.

    Notes
    -----
    Rasters are read once, block by block, and kept at no more than 640 pixels a side. The page loads nothing; the same
    data give the same bytes.
    """
    sampled = sample_pair(data, longest=_LONGEST)
    drawn = pair_pictures(data, sampled)
    drawn += [] if data.images is None else alignment_pictures(data.images)
    written = []
    for picture in drawn:
        target = path.parent / "pictures" / f"{picture.name}.png"
        write_bytes(target, picture.png)
        written.append(target)
    page = _page(data, sampled, {picture.name: picture for picture in drawn})
    write_text(path, page)
    return Report(path, tuple(written), len(page.encode()))


def _page(data: PairReportData, sampled: SampledPair, pictures: dict[str, Picture]) -> str:
    summary = summarise_pair(data, sampled)
    return template_named("pair.html.j2").render(
        data=data,
        style=file_text("report.css"),
        pictures={name: shown(picture) for name, picture in pictures.items()},
        opening=pair_opening(data, summary),
        cards=pair_cards(data, sampled, summary),
        facts=fact_rows(data),
        unwrapping=unwrapping_rows(data, sampled),
        images=images_of_page(data.images),
        left_out=[*exclusion_rows(data.excluded), *left_out_rows(data.images)],
        findings=by_weight(data.findings),
        tallies=[tally_row(t) for t in data.tallies],
        glossary=layer_rows(sorted(data.layers)),
        citations=pair_citations(data),
        versions=sorted(data.versions.items()),
        first_date=spoken_date(data.pair.reference),
        last_date=spoken_date(data.pair.secondary),
    )
