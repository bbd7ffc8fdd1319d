"""The page of one interferogram: what it says, what it draws, and that it stays small and fast."""

import time
from dataclasses import replace

import numpy as np
import pytest
from lxml import etree
from tests.products.report.made_images import SHAPE, pair_data
from tests.products.report.test_page import Page

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.products.report.pair_maps import coherence_histogram, coherence_map, component_shares
from fringeworks.products.report.pair_page import write_pair_report
from fringeworks.products.report.pair_sampling import averaged, sample_pair

NAMES = [
    "displacement",
    "wrapped",
    "filtered",
    "coherence",
    "amplitude",
    "connected_components",
    "coherence_histogram",
]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    report = write_pair_report(tmp_path_factory.mktemp("pair") / "report.html", pair_data())
    return report, Page(report.path.read_text(encoding="utf-8"))


def test_headline_says_what_the_data_say(page):
    text, data = page[1].text["header"], pair_data()
    moved = data.layers["displacement"] * 1000
    low, high = np.nanpercentile(moved - np.nanmedian(moved), [1, 99])
    assert f"runs from −{abs(low):.1f} to +{high:.1f} mm about its median" in text
    assert f"mean coherence is {np.nanmean(data.layers['coherence']):.2f}" in text
    assert "8 January 2023 and 20 January 2023, 12 days apart" in text
    assert "descending track 107" in text
    # wavelength R sin(39 degrees) / (2 * 40 m)
    assert "one cycle for 371 m of height" in text


def test_facts_and_unwrapping_are_told(page):
    text = page[1].text
    for words in (
        "S1C, annotation orbit",
        "S1A, precise orbit",
        "−40.0 m",
        "55.4658 mm: one cycle is 27.73 mm",
        "39.0° at the middle",
        "2 lines by 8 samples",
        "6 lines by 24 samples, some 48 independent",
    ):
        assert words in text["facts"]
    assert "whirlwind (BSD-3-Clause)" in text["unwrapping"]
    assert "2 regions in the radar image; 1 of 3 gaps between regions bridged" in text["unwrapping"]
    assert "no <zip>" in text["excluded"]
    assert "annotated orbit" in text["checks"]
    assert "Contains modified Copernicus Sentinel data 2023" in text["cite"]
    assert "the grey band" in text["images"]


def test_the_page_stands_alone_and_its_pictures_lie_beside_it(page):
    report, parsed = page
    assert not [link for link in parsed.loads if not link.startswith(("#", "data:"))]
    assert "Track 107 <b>" in parsed.text["header"]
    assert [p.stem for p in report.pictures][:7] == NAMES
    assert {p.stem for p in report.pictures} >= {"burst_overlaps", "timing_shifts", "bursts"}
    for path in report.pictures:
        assert path.read_bytes().startswith(b"\x89PNG")
    assert report.size < 3_000_000


def test_drawings_are_whole_and_cut_to_what_is_drawn():
    sampled = sample_pair(pair_data(), longest=640)
    for picture in (coherence_map(sampled), coherence_histogram(sampled)):
        # inside HTML the prefix needs no declaration
        text = picture.svg.replace("xlink:href", "href").encode()
        root = etree.fromstring(text, etree.XMLParser(huge_tree=True))
        left, top, width, height = (float(v) for v in root.get("viewBox").split())
        assert width > 200
        assert height > 100
        assert min(left, top) > -5


def test_same_data_same_bytes(tmp_path, page):
    again = write_pair_report(tmp_path / "report.html", pair_data())
    assert again.path.read_bytes() == page[0].path.read_bytes()
    for one, two in zip(again.pictures, page[0].pictures, strict=True):
        assert one.read_bytes() == two.read_bytes()


def test_nothing_but_noise_is_still_a_page(tmp_path):
    empty = np.full(tuple(SHAPE), np.nan, np.float32)
    layers = dict.fromkeys(("wrapped", "coherence", "displacement", "amplitude"), empty)
    layers["connected_components"] = np.zeros(tuple(SHAPE), np.uint16)
    data = pair_data(
        layers=layers,
        images=None,
        baseline=np.nan,
        excluded=(),
        findings=(),
        tallies=(),
        effective_looks=np.nan,
    )
    report = write_pair_report(tmp_path / "report.html", data)
    text = Page(report.path.read_text(encoding="utf-8")).text
    assert "No pixel was unwrapped" in text["header"]
    assert "nan" not in text["header"].lower()
    assert "nan" not in text["facts"].lower()
    assert "connected_components" not in {p.stem for p in report.pictures}
    assert np.isnan(data.height_of_ambiguity)


def test_layers_must_be_there_and_fit():
    data = pair_data()
    with pytest.raises(OutOfRangeError, match="no layer coherence"):
        replace(data, layers={"wrapped": data.layers["wrapped"]})
    with pytest.raises(ShapeMismatchError, match="amplitude"):
        replace(data, layers={**data.layers, "amplitude": np.zeros((3, 3), np.float32)})


def slow_means(values, step, kind):
    """Average the pixels looked at of each cell, cell by cell."""
    places = sorted({round(k * (step - 1) / 2) for k in range(3)}) if step > 2 else range(step)
    rows, cols = -(-values.shape[0] // step), -(-values.shape[1] // step)
    out = np.full((rows, cols), np.nan)
    for r in range(rows):
        for c in range(cols):
            at = [(r * step + i, c * step + j) for i in places for j in places]
            cell = [values[i, j] for i, j in at if i < values.shape[0] and j < values.shape[1]]
            known = [v for v in cell if np.isfinite(v)]
            if known and 2 * len(known) >= len(cell):
                out[r, c] = {
                    "phase": lambda v: np.angle(np.sum(np.exp(1j * np.array(v)))),
                    "amplitude": lambda v: np.sqrt(np.mean(np.square(v))),
                    "coherence": np.mean,
                }[kind](known)
    return out


@pytest.mark.parametrize("kind", ["phase", "amplitude", "coherence"])
@pytest.mark.parametrize("step", [2, 3, 5, 7])
def test_means_equal_the_slow_ones(kind, step):
    rng = np.random.default_rng(step)
    values = rng.uniform(-3, 3, size=(41, 53)).astype(np.float32)
    values[rng.random(values.shape) < 0.4] = np.nan
    found = averaged(np.abs(values) if kind == "amplitude" else values, step=step, kind=kind)
    known = slow_means(np.abs(values) if kind == "amplitude" else values, step, kind)
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(known))
    # float32 sums of nine numbers
    np.testing.assert_allclose(found, known, atol=2e-6)


def test_one_pixel_a_pixel_is_left_as_it_is():
    values = np.array([[1.0, np.nan], [3.0, 4.0]], np.float32)
    np.testing.assert_array_equal(averaged(values, step=1, kind="phase"), values)


def test_mean_phase_does_not_break_at_the_cycle():
    values = np.where(np.arange(81).reshape(9, 9) % 2 == 0, 3.1, -3.1).astype(np.float32)
    assert np.all(np.abs(averaged(values, step=3, kind="phase")) > 3.0)


def test_shares_of_regions(page):
    shares = component_shares(sample_pair(pair_data(), longest=1000))
    labels = pair_data().layers["connected_components"]
    assert shares == [(1, float((labels == 1).mean())), (2, float((labels == 2).mean()))]


def test_a_large_map_is_drawn_in_seconds(tmp_path):
    shape = Shape(1500, 3000)
    rng = np.random.default_rng(1)
    noise = rng.uniform(-3, 3, size=tuple(shape)).astype(np.float32)
    layers = dict.fromkeys(("wrapped", "filtered", "displacement"), noise)
    layers |= {"coherence": np.abs(noise) / 3, "amplitude": np.abs(noise)}
    layers["connected_components"] = np.ones(tuple(shape), np.uint16)
    grid = MapGrid("EPSG:32633", 490_000.0, 4_570_000.0, 30.0, -30.0, shape)
    data = pair_data(layers=layers, grid=grid)
    started = time.process_time()
    report = write_pair_report(tmp_path / "report.html", data)
    # wanted: 4 s in all on an idle machine, of which reading the files takes half a second; three times that here,
    # because processors are shared
    assert time.process_time() - started < 10
    assert report.size < 4_000_000
