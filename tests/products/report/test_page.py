import errno
import json
import re
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pytest
from lxml import etree

from fringeworks.errors import DiskFullError
from fringeworks.model.layers import layer_of
from fringeworks.model.stack import Pair, PairNetwork
from fringeworks.products.report import PairSummary, TripletSummary, write_report
from fringeworks.products.report.explorer import unpacked


class Page(HTMLParser):
    """Text by section, attributes that load something, and table rows."""

    def __init__(self, html):
        super().__init__()
        self.loads, self.rows, self.text, self.here, self.skip = [], [], {}, "", 0
        self.in_table = False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.here = known.get("id", self.here) if tag == "section" else self.here
        self.here = "header" if tag == "header" else self.here
        self.skip += tag in {"script", "style"}
        self.in_table = self.in_table or tag == "table"
        self.rows += [[]] if tag == "tr" else []
        names = ("src", "srcset", "href", "xlink:href", "data", "action", "poster")
        self.loads += [known[n] for n in names if n in known]

    def handle_endtag(self, tag):
        self.skip -= tag in {"script", "style"}
        self.in_table = self.in_table and tag != "table"

    def handle_data(self, text):
        if self.skip:
            return
        self.text[self.here] = self.text.get(self.here, "") + " " + " ".join(text.split())
        if self.in_table and text.strip():
            self.rows[-1].append(text.strip())


@pytest.fixture(scope="module")
def page(tmp_path_factory, full_once):
    report = write_report(tmp_path_factory.mktemp("report") / "report.html", full_once)
    return report, Page(report.path.read_text(encoding="utf-8"))


def recommended_velocity(data):
    velocity = data.layers["velocity"]
    return velocity[np.isfinite(velocity) & (data.layers["recommended_mask"] == 1)] * 1000


def test_headline_says_what_the_data_say(page, full_once):
    text = page[1].text["header"]
    velocity = recommended_velocity(full_once)
    low, high = np.percentile(velocity, [1, 99])
    assert f"velocity runs from −{abs(low):.1f} to +{high:.1f} mm/yr" in text
    use = np.isfinite(full_once.layers["velocity"]) & (full_once.layers["recommended_mask"] == 1)
    sigma = np.median(full_once.layers["velocity_std"][use]) * 1000
    assert f"typical standard deviation is {sigma:.1f} mm/yr" in text
    assert f"{velocity.size / full_once.layers['velocity'].size:.0%} of the pixels are recommended" in text
    assert "between 6 January 2018 and 19 March 2018" in text
    assert "7 dates; 10 of 11 interferograms carry weight, 1 of these less" in text
    assert "; 1 was excluded." in text
    assert "line of sight of the descending track 5" in text
    # 44 by 30 pixels of 0.001 degree near 19.5 N: 4.62 by 3.32 km
    assert "over 4.6 by 3.3 km around 19.4850° N, 99.1780° W" in text


def test_page_says_what_the_colours_mean(page):
    text = page[1].text["result"]
    assert "Red, negative: the ground moves away from the satellite" in text
    assert "subsidence" in text
    assert "Blue, positive: the ground moves toward the satellite" in text


def test_what_was_left_out_stands_there_with_its_reason(page, full_once):
    rows = page[1].rows
    excluded = full_once.pairs[1].pair
    assert ["interferogram", str(excluded), "excluded", "closes on whole cycles"] in rows
    assert [
        "interferogram",
        str(full_once.pairs[4].pair),
        "down-weighted",
        "residual 2.4 times the median",
    ] in rows
    assert ["file", "a.unw.tif", "excluded", "truncated <half>"] in rows


def test_tables_hold_the_figures_of_the_data(page, full_once):
    rows = page[1].rows
    for k, summary in enumerate(full_once.pairs):
        baseline = full_once.network.perpendicular_baseline[k]
        pair = f"{summary.pair.reference.isoformat()} – {summary.pair.secondary.isoformat()}"
        row = next(r for r in rows if r and r[0] == pair)
        assert row[1:5] == [
            str(summary.pair.days),
            f"{baseline:.0f}".replace("-", "−"),
            f"{summary.coherence:.2f}",
            f"{summary.residual_rms:.2f}",
        ]
        assert row[-1] == summary.verdict
    worst = next(r for r in rows if "20.0%" in r)
    assert worst[0] == "2018-01-18 · 2018-01-30 · 2018-02-11"
    assert ["pixels", "1 320".replace(" ", "\u202f"), "1\u202f280", "40 no data"] in rows
    assert ["velocity rms", "1.25 mm/yr"] in rows


def test_reference_checks_sign_and_notice_stand_there(page):
    text = page[1].text
    assert "row 2, column 30 (x −99.16950, y 19.49750)" in text["reference"]
    assert "lowest scatter of 12 candidates" in text["reference"]
    assert text["checks"].index("contradict") < text["checks"].index("as in all headers")
    assert "positive phase is motion away" in text["checks"]
    assert "Contains modified Copernicus Sentinel data 2018." in text["cite"]
    assert "abc123" in text["configuration"]
    assert "None was applied" in text["corrections"]


def test_glossary_explains_each_published_layer(page, full_once):
    text = page[1].text["glossary"]
    for name in full_once.layers:
        assert layer_of(name).meaning in text


def test_series_titles_are_published_velocities(page, full_once):
    svg = page[0].path.read_text(encoding="utf-8")
    velocity = full_once.layers["velocity"]
    reference = velocity[2, 30] * 1000
    sigma = full_once.layers["velocity_std"][2, 30] * 1000
    assert f"reference:  −{abs(reference):.1f} ± {sigma:.1f} mm/yr" in svg


def test_explorer_holds_the_products_to_half_a_step(page, full_once):
    html = page[0].path.read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="explorer-data">(.*?)</script>', html, re.DOTALL).group(1))
    velocity = unpacked(data["velocity"]).reshape(data["rows"], data["cols"])
    np.testing.assert_allclose(
        velocity, full_once.layers["velocity"] * 1000, atol=data["velocity"]["scale"] * 0.501
    )
    points = data["points"]
    row, col = (unpacked(points[k]).astype(int) * points["unit"] for k in ("row", "col"))
    assert points["n"] == np.isfinite(full_once.layers["velocity"]).sum()
    series = unpacked(points["series"]).reshape(points["n"], 7)
    np.testing.assert_allclose(
        series, full_once.layers["displacement"][:, row, col].T * 1000, atol=points["series"]["scale"] * 0.501
    )
    assert points["series"]["scale"] < 0.01
    assert data["dates"][0] == "2018-01-06"


def test_the_page_loads_nothing(page):
    html = page[0].path.read_text(encoding="utf-8")
    assert all(v.startswith(("#", "data:")) for v in page[1].loads)
    addresses = set(re.findall(r"https?://[^\"' )<]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttpRequest|WebSocket|importScripts", html)


def test_pictures_on_the_page_are_well_formed(page):
    html = page[0].path.read_text(encoding="utf-8")
    drawn = re.findall(r"<svg viewBox.*?</svg>", html, re.DOTALL)
    assert len(drawn) == len(page[0].pictures)
    for svg in drawn:
        root = etree.fromstring(
            svg.replace("<svg ", '<svg xmlns="x" xmlns:xlink="http://www.w3.org/1999/xlink" ', 1)
        )
        assert root.get("aria-label")


def test_standard_picture_set(page):
    names = {p.stem for p in page[0].pictures}
    assert names == {
        "velocity",
        "velocity_std",
        "temporal_coherence",
        "recommended_mask",
        "displacement",
        "series",
        "histogram",
        "truth",
        "network",
        "coherence_matrix",
        "coherence_in_time",
        "residuals",
        "triplets",
        "closure_rms",
    }
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in page[0].pictures)
    assert all(p.parent.name == "pictures" for p in page[0].pictures)


def test_nothing_known_is_a_page_all_the_same(tmp_path, bare):
    report = write_report(tmp_path / "report.html", bare)
    html = report.path.read_text(encoding="utf-8")
    text = Page(html).text
    assert "No pixel is recommended for use" in text["header"]
    assert "none was excluded" in text["header"]
    assert "no coherence came" in text["network"].lower()
    assert "closure cannot be checked" in text["closure"]
    assert "No residuals were recorded" in text["residuals"]
    assert "every interferogram and every date" in text["excluded"]
    assert "No spatial reference" in text["reference"]
    assert "No correction for troposphere" in text["corrections"]
    assert "No checks were recorded" in text["checks"]
    assert "<b>here</b>" not in html
    assert "Nothing &lt;b&gt;here&lt;/b&gt;" in html


def test_the_same_data_give_the_same_bytes(tmp_path, bare):
    first = write_report(tmp_path / "a" / "report.html", bare)
    second = write_report(tmp_path / "b" / "report.html", bare)
    assert first.path.read_bytes() == second.path.read_bytes()
    for one, other in zip(first.pictures, second.pictures, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_one_triplet_and_one_pair_without_coherence(tmp_path, bare):
    dates = (date(2018, 1, 6), date(2018, 1, 18), date(2018, 1, 30))
    pairs = [Pair(dates[0], dates[1]), Pair(dates[1], dates[2]), Pair(dates[0], dates[2])]
    values = np.zeros((3, 30, 44), np.float32)
    data = type(bare)(
        title="One triplet",
        grid=bare.grid,
        dates=dates,
        layers={"velocity": values[0], "displacement": values},
        network=PairNetwork.of(pairs),
        pairs=tuple(PairSummary(pair=p) for p in sorted(pairs)),
        facts=bare.facts,
        wavelength=0.055,
        triplets=(TripletSummary(dates=dates, n_pixels=0, mean=np.nan, std=np.nan, cycle_fraction=0.0),),
    )
    report = write_report(tmp_path / "report.html", data)
    text = Page(report.path.read_text(encoding="utf-8")).text
    assert "2018-01-06 · 2018-01-18 · 2018-01-30" in text["closure"]
    assert "0.0 to 0.0 mm/yr" in text["header"]


def test_a_full_disk_is_named(tmp_path, bare, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(DiskFullError, match="could not be written whole: No space left on device"):
        write_report(tmp_path / "report.html", bare)
