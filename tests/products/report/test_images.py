"""The report on images: pictures of the alignment, and what the page says of it."""

import time

import numpy as np
import pytest
from tests.products.report.conftest import full_data
from tests.products.report.made_images import images
from tests.products.report.test_page import Page

from fringeworks.errors import ShapeMismatchError
from fringeworks.products.report import write_report
from fringeworks.products.report.alignment import (
    alignment_pictures,
    burst_picture,
    join_picture,
    seam_picture,
    shift_picture,
)
from fringeworks.products.report.image_words import (
    constant_rows,
    image_opening,
    images_of_page,
    left_out_rows,
    seam_rows,
    shift_rows,
)
from fringeworks.products.report.page import page_text
from fringeworks.products.report.sampling import sample


def test_every_picture_is_drawn_once_and_says_what_it_shows():
    drawn = {p.name: p for p in alignment_pictures(images())}
    assert list(drawn) == ["burst_overlaps", "timing_shifts", "swath_joins", "bursts"]
    for picture in drawn.values():
        assert picture.png.startswith(b"\x89PNG")
        assert picture.svg.startswith("<svg viewBox=")
        assert picture.alt
    caption = drawn["burst_overlaps"].caption
    assert "±0.05 rad" in caption
    assert "±0.15 rad" in caption
    assert "Rings" in caption
    assert "IW1 and IW2: one overlap alone" in caption
    # 12 cells, three of them not used
    assert "75% of the cells are used" in drawn["bursts"].caption
    assert [p.svg for p in alignment_pictures(images())] == [p.svg for p in drawn.values()]


def test_what_is_not_known_is_not_drawn():
    bare = images(seams=(), shifts=(), boundaries=(), joins=(), constants=())
    assert seam_picture(bare) is None
    assert shift_picture(bare) is None
    assert join_picture(bare) is None
    assert burst_picture(bare).name == "bursts"
    page = images_of_page(bare)
    assert page["worst_seams"] == page["joins"] == []
    assert images_of_page(None) is None
    assert left_out_rows(None) == []
    with pytest.raises(ShapeMismatchError, match="dates x bursts"):
        images(states=np.zeros((1, 1), np.int8))


def test_a_long_strip_is_drawn_in_seconds():
    strip = images(n_dates=150, n_bursts=54)
    started = time.process_time()
    drawn = alignment_pictures(strip)
    # some 16,000 seams as pixels, not as shapes; a few hundred milliseconds each on an idle machine
    assert time.process_time() - started < 15
    assert max(len(p.svg) for p in drawn) < 1_500_000


def test_opening_counts_bursts_and_verdicts():
    text = " ".join(image_opening(images()))
    assert "3 images of S1A, S1C in VV; 9 of 12 bursts of dates are used" in text
    assert "aligned with 8 January 2023: in the middle" in text
    assert "Of 5 seams between bursts 3 pass, 1 are doubtful and 1 fail" in text
    assert "All 3 seams between sub-swaths pass" in text


def test_the_worst_seams_come_first():
    worst, everyone, rest = seam_rows(images().seams)
    assert [r["verdict"] for r in worst[:2]] == ["fail", "warn"]
    assert worst[0]["after"] == "0.3100"
    assert worst[1]["before"] == "−1.000"
    assert len(worst) == 5
    assert (everyone, rest) == ([], "")
    many = images(n_dates=40).seams
    worst, everyone, rest = seam_rows(many)
    assert (len(worst), len(everyone), rest) == (15, 79, "")
    worst, everyone, rest = seam_rows(images(n_dates=150, n_bursts=4).seams)
    assert everyone == []
    assert "manifest.json" in rest


def test_numbers_carry_their_sigmas():
    rows = shift_rows(images())
    assert rows[0]["lines"] == "0"
    assert rows[1]["lines"] == "0.0100 ± 0.0002"
    assert rows[1]["samples"] == "0.020 ± 0.004"
    unknown = images(shifts=(images().shifts[0].__class__(day=images().days[0], swath="IW1", lines=0.5),))
    assert shift_rows(unknown)[0] == {
        "date": "2023-01-08",
        "swath": "IW1",
        "lines": "0.5000 (not estimated)",
        "samples": "–",
    }
    assert constant_rows(images())[0]["value"] == "0.0123 ± 0.0004 lines"


def test_bursts_that_are_not_used_are_named():
    rows = {r["reason"]: r for r in left_out_rows(images())}
    assert rows["no product of this date holds it"]["name"] == "2023-02-01: T107-228513-IW1"
    assert rows["outside the area"]["kind"] == "burst"
    many = left_out_rows(
        images(states=np.full((3, 40), 1, np.int8), bursts=tuple("b" * 40), swaths=("IW1",) * 40)
    )
    assert many[0]["kind"] == "40 bursts"
    assert many[0]["name"].endswith("and 34 more")


def test_the_series_page_has_a_section_on_images(tmp_path):
    data = full_data(images=images(), unwrapping=(("unwrapper", "whirlwind"), ("mended", "4 of 5 regions")))
    report = write_report(tmp_path / "report.html", data)
    page = Page(report.path.read_text(encoding="utf-8"))
    text = page.text["images"]
    for words in (
        "Images and their alignment",
        "Burst overlaps",
        "Joins of sub-swaths",
        "share",
        "2023-01-20",
    ):
        assert words in text
    assert ["IW1 0-1", "2023-01-08", "1.200", "0.3100", "0.0200", "fail"] in page.rows
    assert "4 of 5 regions" in page.text["unwrapping"]
    assert "T107-228513-IW1" in page.text["excluded"]
    assert "S1A_<20230120>" in text
    assert not [link for link in page.loads if not link.startswith(("#", "data:"))]
    names = {p.stem for p in report.pictures}
    assert {"burst_overlaps", "timing_shifts", "swath_joins", "bursts", "velocity"} <= names


def test_a_page_without_images_has_no_such_section():
    data = full_data()
    text = page_text(data, sample(data, longest=20), {})
    assert 'id="images"' not in text
    assert 'id="unwrapping"' not in text
