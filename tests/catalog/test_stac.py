import json
import math
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pystac
import pytest
from pystac.validation.stac_validator import JsonSchemaSTACValidator

from fringeworks.catalog.fields import CatalogFacts
from fringeworks.catalog.stac import write_catalog
from fringeworks.io.files import sha256_of
from fringeworks.model.grids import Looks, MapGrid, Shape
from fringeworks.model.layers import layer_of
from fringeworks.model.results import Reference
from fringeworks.model.stack import Pair, PairNetwork, StackFacts
from fringeworks.products.publish import publish_layers
from fringeworks.products.standard import STANDARD_FOLDER, publish_interferogram, publish_standard
from fringeworks.products.validate import validate_run

GRID = MapGrid("EPSG:32614", 480_000, 2_160_000, 30, -30, Shape(20, 30))
DATES = (date(2018, 1, 6), date(2018, 1, 18), date(2018, 1, 30))
PAIRS = [Pair(DATES[0], DATES[1]), Pair(DATES[1], DATES[2]), Pair(DATES[0], DATES[2])]


def facts_of(**changes):
    known = {
        "identifier": "mexico-city-t005",
        "title": "Mexico City, track 5",
        "description": "Sinking of the lake bed.",
        "grid": GRID,
        "network": PairNetwork.of(PAIRS, np.array([12.5, -40.25, np.nan])),
        "wavelength": 0.0554658,
        "facts": StackFacts(
            source_format="gamma",
            sign_reason="reference conjugate secondary",
            platforms=("S1A",),
            pass_direction="descending",
            relative_orbit=5,
            heading=math.radians(-168.0),
            centre_time="12:43:01.250",
            looks=Looks(azimuth=4, range=20),
            licence="CC-BY-4.0",
        ),
        "reference": Reference(
            row=3,
            col=4,
            x=480_135.0,
            y=2_159_895.0,
            radius=2,
            n_pixels=25,
            when=DATES[0],
            how="automatic",
            reason="stable, coherent, on land",
            removed=np.zeros(3),
        ),
        "model_terms": ("linear",),
        "config_hash": "abc123",
        "incidence": math.radians(39.0),
        "polarisations": ("VV",),
        "lineage": "Small-baseline inversion.",
    }
    return CatalogFacts(**{**known, **changes})


def publish(out, **changes):
    shape = tuple(GRID.shape)
    zeros = np.zeros(shape, np.float32)
    standard = publish_standard(
        out,
        layers={
            "velocity": zeros,
            "velocity_std": zeros,
            "displacement": np.zeros((3, *shape), np.float32),
            "temporal_coherence": zeros,
            "quality_flags": zeros.astype(np.uint16),
            "los_enu": np.zeros((3, *shape), np.float32),
        },
        grid=GRID,
        dates=DATES,
    )
    pairs = {
        pair: publish_interferogram(
            out, pair=pair, layers={"unwrapped": zeros, "coherence": zeros}, grid=GRID, wavelength=0.0554658
        )
        for pair in PAIRS
    }
    (out / "report.html").write_text("<html></html>")
    return write_catalog(
        out,
        facts=facts_of(**changes),
        standard=standard,
        interferograms=pairs,
        documents={"report": out / "report.html"},
    )


@pytest.fixture
def catalog(tmp_path):
    return pystac.Catalog.from_file(str(publish(tmp_path)))


def documents(out):
    return sorted(path for path in out.rglob("*.json"))


def test_core_of_every_document_is_valid(tmp_path):
    """By the schemas that pystac carries; those of extensions would have to be fetched."""
    publish(tmp_path)
    validator = JsonSchemaSTACValidator()
    kinds = {
        "Catalog": pystac.STACObjectType.CATALOG,
        "Collection": pystac.STACObjectType.COLLECTION,
        "Feature": pystac.STACObjectType.ITEM,
    }
    found = documents(tmp_path)
    assert len(found) == 1 + 2 + 1 + 3
    for path in found:
        document = json.loads(path.read_text())
        validator.validate_core(document, kinds[document["type"]], "1.1.0")


def test_it_reads_back_with_its_families_and_items(catalog):
    assert [c.id for c in catalog.get_children()] == [
        "mexico-city-t005-standard",
        "mexico-city-t005-interferograms",
    ]
    assert sorted(item.id for item in catalog.get_items(recursive=True)) == [
        "mexico-city-t005-20180106_20180118",
        "mexico-city-t005-20180106_20180130",
        "mexico-city-t005-20180118_20180130",
        "mexico-city-t005-standard-series",
    ]


def test_links_and_assets_resolve_and_sums_agree(catalog):
    for item in catalog.get_items(recursive=True):
        assert item.get_root().id == catalog.id
        assert item.get_collection().get_parent().id == catalog.id
        for key, asset in item.assets.items():
            path = Path(asset.get_absolute_href())
            assert path.is_file()
            if key != "report":
                assert asset.extra_fields["file:size"] == path.stat().st_size
                assert asset.extra_fields["file:checksum"] == "1220" + sha256_of(path)


def test_every_link_is_relative_so_the_folder_can_move(tmp_path):
    publish(tmp_path)
    for path in documents(tmp_path):
        for link in json.loads(path.read_text())["links"]:
            wanted = ("https://",) if link["rel"] == "license" else ("./", "../")
            assert link["href"].startswith(wanted)
        assert str(tmp_path) not in path.read_text()


def test_assets_are_named_and_described_by_the_layer_table(catalog):
    item = next(i for i in catalog.get_items(recursive=True) if i.id.endswith("series"))
    velocity = item.assets["velocity"]
    assert velocity.extra_fields["unit"] == "m/year"
    assert velocity.extra_fields["fringeworks:positive"] == "positive = toward the satellite"
    assert velocity.description == layer_of("velocity").meaning
    assert velocity.media_type == pystac.MediaType.COG
    assert [b["name"] for b in item.assets["displacement"].to_dict()["bands"]] == [
        d.isoformat() for d in DATES
    ]
    assert [b["name"] for b in item.assets["los_enu"].to_dict()["bands"]] == ["east", "north", "up"]
    assert item.assets["recommended_mask"].extra_fields["nodata"] == 255
    assert item.assets["report"].media_type == "text/html"


def test_series_item_says_reference_sign_and_model(catalog):
    found = next(i for i in catalog.get_items(recursive=True) if i.id.endswith("series")).properties
    assert found["fringeworks:reference"]["row"] == 3
    assert found["fringeworks:reference"]["reason"] == "stable, coherent, on land"
    assert found["fringeworks:sign"] == "positive = toward the satellite"
    assert found["fringeworks:model_terms"] == ["linear"]
    assert found["fringeworks:n_dates"] == 3
    assert found["fringeworks:config_hash"] == "abc123"
    assert found["sat:orbit_state"] == "descending"
    assert found["sat:relative_orbit"] == 5
    assert found["sar:frequency_band"] == "C"
    assert found["sar:looks_range"] == 20
    assert found["view:incidence_angle"] == 39.0
    assert found["view:azimuth"] == 282.0
    assert found["proj:code"] == "EPSG:32614"
    assert found["platform"] == "sentinel-1a"


def test_interferogram_items_say_their_baselines_and_instants(catalog):
    items = {i.id[-17:]: i for i in catalog.get_items(recursive=True)}
    found = items["20180106_20180118"]
    assert found.properties["insar:temporal_baseline"] == 12
    assert found.properties["insar:perpendicular_baseline"] == 12.5
    assert found.properties["insar:reference_datetime"] == "2018-01-06T12:43:01.250Z"
    assert found.datetime == datetime(2018, 1, 18, 12, 43, 1, 250_000, tzinfo=UTC)
    by_pair = {i.id[-17:]: i.properties.get("insar:perpendicular_baseline") for i in items.values()}
    # baselines follow their pairs through sorting; unknown ones are left out
    assert by_pair["20180118_20180130"] == -40.25
    assert by_pair["20180106_20180130"] is None


def test_what_is_not_known_is_not_said(tmp_path):
    bare = StackFacts(source_format="made", sign_reason="", licence="see the provider's page")
    publish(tmp_path, facts=bare, reference=None, incidence=None, polarisations=())
    item = json.loads((tmp_path / "products" / "standard" / "item.json").read_text())
    assert not [k for k in item["properties"] if k.startswith(("sat:", "view:", "insar:"))]
    assert not any("/sat/" in url or "/view/" in url for url in item["stac_extensions"])
    assert "platform" not in item["properties"]
    assert item["properties"]["fringeworks:time_of_day"] == "unknown"
    assert item["properties"]["start_datetime"] == "2018-01-06T00:00:00Z"
    collection = json.loads((tmp_path / "products" / "standard" / "collection.json").read_text())
    assert collection["license"] == "other"


def test_extensions_are_named_exactly_where_their_fields_stand(catalog):
    for item in catalog.get_items(recursive=True):
        document = item.to_dict()
        keys = set(document["properties"]).union(*document["assets"].values())
        prefixes = {k.split(":")[0] for k in keys if ":" in k} - {"fringeworks"}
        named = {url.split("/")[3].replace("projection", "proj") for url in document["stac_extensions"]}
        assert prefixes == named


def test_the_same_run_gives_the_same_bytes(tmp_path):
    publish(tmp_path / "a")
    publish(tmp_path / "b")
    for path in documents(tmp_path / "a"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_a_catalogue_without_interferograms_has_one_family(tmp_path):
    publish(tmp_path)
    standard = publish_standard(
        tmp_path,
        layers={
            name: np.zeros(tuple(GRID.shape), np.uint16 if name == "quality_flags" else np.float32)
            for name in ("velocity", "velocity_std", "temporal_coherence", "quality_flags")
        }
        | {"displacement": np.zeros((3, *GRID.shape), np.float32)},
        grid=GRID,
        dates=DATES,
    )
    path = write_catalog(tmp_path, facts=facts_of(), standard=standard)
    links = [link for link in json.loads(path.read_text())["links"] if link["rel"] == "child"]
    assert [link["href"] for link in links] == ["./products/standard/collection.json"]


def publish_pair(out):
    """Publish what a run of a single pair leaves: one interferogram, and its geometry."""
    shape = tuple(GRID.shape)
    zeros = np.zeros(shape, np.float32)
    geometry = publish_layers(
        out / STANDARD_FOLDER,
        layers={"height": zeros, "incidence": zeros, "los_enu": np.zeros((3, *shape), np.float32)},
        grid=GRID,
        dates=DATES[:2],
    )
    layers = {"unwrapped": zeros, "coherence": zeros, "wrapped": zeros}
    files = publish_interferogram(out, pair=PAIRS[0], layers=layers, grid=GRID, wavelength=0.0554658)
    (out / "report.html").write_text("<html></html>")
    network = PairNetwork.of(PAIRS[:1], np.array([12.5]))
    return write_catalog(
        out,
        facts=facts_of(network=network, reference=None, model_terms=()),
        standard=geometry,
        interferograms={PAIRS[0]: files},
        documents={"report": out / "report.html"},
    )


def test_a_single_pair_is_a_valid_catalogue(tmp_path):
    root = publish_pair(tmp_path)
    validator = JsonSchemaSTACValidator()
    kinds = {
        "Catalog": pystac.STACObjectType.CATALOG,
        "Collection": pystac.STACObjectType.COLLECTION,
        "Feature": pystac.STACObjectType.ITEM,
    }
    found = documents(tmp_path)
    assert len(found) == 1 + 2 + 2
    for path in found:
        document = json.loads(path.read_text())
        validator.validate_core(document, kinds[document["type"]], "1.1.0")
    items = {i.id: i for i in pystac.Catalog.from_file(str(root)).get_items(recursive=True)}
    pair, geometry = items["mexico-city-t005-20180106_20180118"], items["mexico-city-t005-standard-geometry"]
    assert set(pair.assets) == {"coherence", "displacement", "report", "unwrapped", "wrapped"}
    assert Path(pair.assets["report"].get_absolute_href()).name == "report.html"
    assert Path(pair.assets["report"].get_absolute_href()).is_file()
    assert pair.properties["insar:perpendicular_baseline"] == 12.5
    assert set(geometry.assets) == {"height", "incidence", "los_enu"}
    assert not [k for k in geometry.properties if k in {"fringeworks:model_terms", "fringeworks:reference"}]
    assert geometry.properties["start_datetime"].startswith("2018-01-06")
    assert geometry.get_collection().title.endswith("heights and directions of view")
    assert [f.level for f in validate_run(tmp_path)] == ["ok", "ok", "ok"]
