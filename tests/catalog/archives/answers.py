"""Answers in the forms that archives publish, written out here with values of our own."""

from __future__ import annotations

SLC = "S1A_IW_SLC__1SDV_20230108T170557_20230108T170624_046695_0598F1_A1B2"
SLC_TWO = "S1A_IW_SLC__1SDV_20230120T170556_20230120T170623_046870_059CC2_C3D4"
BURST = "S1_249434_IW1_20230108T170559_VV_A1B2-BURST"
RING = [[12.0, 41.0], [14.0, 41.3], [13.7, 43.0], [11.6, 42.6], [12.0, 41.0]]


def attribute(name, value):
    return {"Name": name, "Values": [str(value)]}


def umm_scene(
    name=SLC,
    *,
    url="https://datapool.asf.alaska.edu/SLC/SA/x.zip",
    md5="0" * 32,
    track=117,
    size=4_700_000_000,
):
    """A whole scene in the UMM-G form of the Common Metadata Repository."""
    day = f"{name[17:21]}-{name[21:23]}-{name[23:25]}"
    return {
        "meta": {"concept-id": "G1-ASF", "provider-id": "ASF", "native-id": f"{name}-SLC"},
        "umm": {
            "GranuleUR": f"{name}-SLC",
            "CollectionReference": {"ShortName": "SENTINEL-1A_SLC", "Version": "1"},
            "TemporalExtent": {
                "RangeDateTime": {
                    "BeginningDateTime": f"{day}T17:05:57.123456Z",
                    "EndingDateTime": f"{day}T17:06:24.100000Z",
                }
            },
            "OrbitCalculatedSpatialDomains": [{"OrbitNumber": 46695}],
            "SpatialExtent": polygon(),
            "Platforms": [{"ShortName": "SENTINEL-1A", "Instruments": [{"ShortName": "SENTINEL-1 C-SAR"}]}],
            "RelatedUrls": [{"URL": url, "Type": "GET DATA"}],
            "DataGranule": {
                "ProductionDateTime": f"{day}T20:00:00Z",
                "Identifiers": [{"Identifier": name, "IdentifierType": "ProducerGranuleId"}],
                "ArchiveAndDistributionInformation": [
                    {
                        "Name": f"{name}.zip",
                        "SizeInBytes": size,
                        "Format": "zip",
                        "Checksum": {"Value": md5, "Algorithm": "MD5"},
                    }
                ],
            },
            "AdditionalAttributes": [
                attribute("ASF_PLATFORM", "Sentinel-1A"),
                attribute("ASCENDING_DESCENDING", "ASCENDING"),
                attribute("BEAM_MODE", "IW"),
                attribute("BEAM_MODE_TYPE", "IW"),
                attribute("PATH_NUMBER", track),
                attribute("POLARIZATION", "VV+VH"),
                attribute("PROCESSING_TYPE", "SLC"),
                attribute("BYTES", size),
                attribute("MD5SUM", md5),
                attribute("GROUP_ID", "S1A_IWDV_0137_0143_046695_117"),
            ],
            "PGEVersionClass": {"PGEVersion": "003.52", "PGEName": "Sentinel-1 IPF"},
        },
    }


def polygon():
    points = [{"Longitude": x, "Latitude": y} for x, y in RING]
    return {"HorizontalSpatialDomain": {"Geometry": {"GPolygons": [{"Boundary": {"Points": points}}]}}}


def umm_burst(name=BURST, *, base="https://sentinel1-burst.asf.alaska.edu", polarisation="VV"):
    """A single burst in the UMM-G form."""
    scene = umm_scene()
    umm = scene["umm"]
    umm["GranuleUR"] = name
    umm["CollectionReference"] = {"ShortName": "SENTINEL-1_BURSTS", "Version": "1"}
    umm["RelatedUrls"] = [
        {"URL": f"{base}/{SLC}/IW1/{polarisation}/0.tiff", "Type": "USE SERVICE API"},
        {"URL": f"{base}/{SLC}/IW1/{polarisation}/0.xml", "Type": "USE SERVICE API"},
    ]
    umm["DataGranule"] = {
        "ProductionDateTime": "2023-01-08T20:00:00Z",
        "Identifiers": [{"Identifier": name, "IdentifierType": "ProducerGranuleId"}],
    }
    umm["AdditionalAttributes"] = [
        attribute("ASF_PLATFORM", "SENTINEL-1A"),
        attribute("ASCENDING_DESCENDING", "ASCENDING"),
        attribute("BEAM_MODE", "IW"),
        attribute("PATH_NUMBER", 117),
        attribute("POLARIZATION", polarisation),
        attribute("PROCESSING_TYPE", "BURST"),
        attribute("BYTE_LENGTH", 152_943_336),
        attribute("BURST_ID_ABSOLUTE", 100_128_800),
        attribute("BURST_ID_RELATIVE", 249_434),
        attribute("BURST_ID_FULL", "117_249434_IW1"),
        attribute("BURST_INDEX", 0),
        attribute("SAMPLES_PER_BURST", 21_632),
        attribute("SUBSWATH_NAME", "IW1"),
        attribute("AZIMUTH_TIME", "2023-01-08T17:05:59.000000"),
        attribute("AZIMUTH_ANX_TIME", "750.1"),
        attribute("GROUP_ID", "S1A_IWDV_0137_0143_046695_117"),
    ]
    return scene


def stac_item(
    name=SLC, *, href="https://download.dataspace.copernicus.eu/odata/v1/Products(abc-1)/$value", md5="1" * 32
):
    """A scene as the Copernicus Data Space's STAC has it: the product as one asset, its checksum a multihash."""
    day = f"{name[17:21]}-{name[21:23]}-{name[23:25]}"
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "collection": "sentinel-1-slc",
        "geometry": {"type": "Polygon", "coordinates": [RING]},
        "bbox": [11.6, 41.0, 14.0, 43.0],
        "properties": {
            "datetime": f"{day}T17:05:57.123456Z",
            "start_datetime": f"{day}T17:05:57.123456Z",
            "end_datetime": f"{day}T17:06:24.100000Z",
            "platform": "sentinel-1a",
            "sat:relative_orbit": 117,
            "sat:orbit_state": "ascending",
            "sar:polarizations": ["VV", "VH"],
            "sar:instrument_mode": "IW",
        },
        "links": [],
        "assets": {
            "vv": {"href": "s3://eodata/Sentinel-1/x.tiff", "type": "image/tiff"},
            "Product": {
                "href": href,
                "type": "application/zip",
                "file:size": 4_700_000_001,
                "file:checksum": "d50110" + md5,
                "auth:refs": ["oidc"],
            },
        },
    }


def stac_root(url):
    return {
        "type": "Catalog",
        "id": "dataspace",
        "stac_version": "1.1.0",
        "description": "replay",
        "conformsTo": [
            "https://api.stacspec.org/v1.0.0/core",
            "https://api.stacspec.org/v1.0.0/item-search",
            "https://api.stacspec.org/v1.0.0/item-search#filter",
            "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
            "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
        ],
        "links": [
            {"rel": "self", "href": url, "type": "application/json"},
            {"rel": "root", "href": url, "type": "application/json"},
            {"rel": "search", "href": f"{url}/search", "type": "application/geo+json", "method": "POST"},
        ],
    }


def resto_feature(
    name=SLC, *, url="https://peps.cnes.fr/resto/collections/S1/1-2-3/download", md5="ABCD" * 8
):
    """A scene as resto (the software of PEPS) has it."""
    return {
        "type": "Feature",
        "id": "1-2-3",
        "geometry": {"type": "MultiPolygon", "coordinates": [[RING]]},
        "properties": {
            "collection": "S1",
            "productIdentifier": name,
            "title": name,
            "startDate": "2023-01-08T17:05:57.123Z",
            "completionDate": "2023-01-08T17:06:24.100Z",
            "productType": "SLC",
            "platform": "S1A",
            "sensorMode": "IW",
            "polarisation": "VV VH",
            "orbitDirection": "ascending",
            "relativeOrbitNumber": 117,
            "resourceSize": 4_700_000_002,
            "resourceChecksum": md5,
            "services": {
                "download": {
                    "url": url,
                    "mimeType": "application/zip",
                    "size": 4_700_000_002,
                    "checksum": md5,
                }
            },
            "storage": {"mode": "disk"},
        },
    }


ATOM = f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:georss="http://www.georss.org/georss"
 xmlns:eop="http://www.opengis.net/eop/2.1" xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:sar="http://www.opengis.net/sar/2.1">
<title>results</title><link rel="self" href="/atom"/>NEXT
<entry><title>{SLC}</title><dc:identifier>{SLC}.SAFE</dc:identifier>
<dc:date>2023-01-08T17:05:57.123Z/2023-01-08T17:06:24.100Z</dc:date>
<georss:polygon>41.0 12.0 41.3 14.0 43.0 13.7 42.6 11.6 41.0 12.0</georss:polygon>
<eop:orbitDirection>ASCENDING</eop:orbitDirection><eop:relativeOrbitNumber>117</eop:relativeOrbitNumber>
<sar:polarisationChannels>VV VH</sar:polarisationChannels>
<link rel="enclosure" type="application/zip" length="4700000003" href="https://peps.cnes.fr/x/download"/></entry></feed>"""
