"""Damaged and hostile products: an error of ours or a right answer; no hang, no leak, nothing read outside.

Real annotation, and zips around it, are mutated at random and read to the last sample.  Every reading has a time limit
and is watched for open files and for files opened outside the product.
"""

from __future__ import annotations

import gzip
import re
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import psutil
import pytest
from tests.io.safe.made_safe import Recipe, contents

from fringeworks.errors import InputRefusedError
from fringeworks.io.safe import open_safe
from fringeworks.model.identity import Polarisation, Swath

IW2, VV = Swath.IW2, Polarisation.VV
LIMIT = 10.0  # seconds for one product; a sound one takes 0.02 s


class Watch:
    """Notes every file opened by Python while it is active."""

    def __init__(self):
        self.active = False
        self.opened = set()
        sys.addaudithook(self.hook)

    def hook(self, event, arguments):
        if self.active and event in {"open", "os.open", "socket.connect", "subprocess.Popen", "os.system"}:
            self.opened.add(str(arguments[0]))


@pytest.fixture(scope="module")
def watch():
    return Watch()


def read_everything(path):
    """Read all there is; return what was read, to be compared."""
    product = open_safe(path)
    facts = [product.manifest.relative_orbits, product.manifest.key]
    for swath, polarisation in product.available:
        acquisition = product.acquisition(swath, polarisation)
        facts += [acquisition.key, acquisition.orbit.position.tobytes()]
        product.geolocation_grid(swath, polarisation)
        product.antenna_patterns(swath, polarisation)
        for kind, read in (
            ("calibration", product.calibration),
            ("noise", product.noise),
            ("rfi", product.rfi),
        ):
            if product.holds(kind, swath, polarisation):
                read(swath, polarisation)
        for burst in acquisition.bursts:
            assert (burst.first_valid < burst.grid.shape.cols).all()
            assert (
                burst.first_line + burst.grid.shape.rows
                <= acquisition.bursts[-1].first_line + burst.grid.shape.rows
            )
            facts.append((burst.id, burst.grid))
            if product.holds("measurement", swath, polarisation):
                samples = product.samples(burst)[:]
                assert samples.shape == tuple(burst.grid.shape)
                facts.append(samples.tobytes())
    return facts


def flip_bytes(data, rng):
    data = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        data[int(rng.integers(0, len(data)))] = int(rng.integers(0, 256))
    return bytes(data)


def truncate(data, rng):
    return data[: int(rng.integers(0, len(data)))]


def drop_piece(data, rng):
    start = int(rng.integers(0, len(data)))
    return data[:start] + data[start + int(rng.integers(1, 3000)) :]


def double_piece(data, rng):
    start = int(rng.integers(0, len(data)))
    end = start + int(rng.integers(1, 3000))
    return data[:end] + data[start:end] + data[end:]


def change_number(data, rng):
    places = [m.span() for m in re.finditer(rb">[-+0-9.eE]+<", data)]
    if not places:
        return truncate(data, rng)
    start, end = places[int(rng.integers(0, len(places)))]
    value = rng.choice(["nan", "inf", "-1", "0", "1e308", "999999999999", "", "x", "-0", "1 2 3"])
    return data[: start + 1] + str(value).encode() + data[end - 1 :]


def drop_element(data, rng):
    places = [m.span() for m in re.finditer(rb"<(\w+)>[^<]*</\1>", data)]
    if not places:
        return truncate(data, rng)
    start, end = places[int(rng.integers(0, len(places)))]
    return data[:start] + data[end:]


def expand_entities(data, rng):
    levels = "".join(f'<!ENTITY e{k} "{f"&e{k - 1};" * 10}">' for k in range(1, 9))
    head = f'<!DOCTYPE x [<!ENTITY e0 "0000000000">{levels}]>'.encode()
    body = re.sub(rb"<\?xml[^>]*\?>", b"", data, count=1)
    return head + body.replace(b"</", b"&e8;</", 1)


def reach_outside(data, rng):
    target = rng.choice(["file:///etc/passwd", "http://127.0.0.1:9/x", "../../../etc/passwd"])
    head = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{target}">]>'.encode()
    return head + re.sub(rb"<\?xml[^>]*\?>", b"", data, count=1).replace(b"</", b"&e;</", 1)


def wander(data, rng):
    target = rng.choice(["../../../../etc/passwd", "/etc/passwd", "..\\..\\x", "file:///etc/passwd"])
    return re.sub(rb'href="\./[^"]*"', f'href="{target}"'.encode().replace(b"\\", b"\\\\"), data, count=1)


def swell(data, rng):
    return data + b" " * (3 * 2**20)


XML = [
    flip_bytes,
    truncate,
    drop_piece,
    double_piece,
    change_number,
    change_number,
    drop_element,
    expand_entities,
    reach_outside,
    wander,
    swell,
]
RASTER = [flip_bytes, truncate, drop_piece, double_piece]
ZIP = [flip_bytes, truncate, drop_piece, double_piece]


def mutate(files, path, rng):
    """Write a product with one thing wrong in it, as a zip."""
    files = dict(files)
    if rng.random() < 0.75:
        name = str(rng.choice(sorted(files)))
        kinds = RASTER if name.endswith(".tiff") else XML
        files[name] = kinds[int(rng.integers(0, len(kinds)))](files[name], rng)
    method = zipfile.ZIP_DEFLATED if rng.random() < 0.5 else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method, compresslevel=1) as archive:
        for name, data in files.items():
            archive.writestr(f"P.SAFE/{name}", data)
        if rng.random() < 0.05:
            archive.writestr("P.SAFE/../../outside.xml", b"<product/>")
    if rng.random() < 0.4:
        path.write_bytes(ZIP[int(rng.integers(0, len(ZIP)))](path.read_bytes(), rng))


def attack(files, folder, watch, *, seed, n):
    """Read n mutated products; return how many were refused and how many were read."""
    rng = np.random.default_rng(seed)
    path = folder / "P.zip"
    refused = read = 0
    handles = psutil.Process().num_fds()
    for k in range(n):
        mutate(files, path, rng)
        watch.opened.clear()
        start = time.perf_counter()
        watch.active = True
        try:
            read_everything(path)
            read += 1
        except InputRefusedError:
            refused += 1
        finally:
            watch.active = False
        assert time.perf_counter() - start < LIMIT, f"product {k} of seed {seed} took too long"
        outside = {f for f in watch.opened if not f.startswith((str(folder), sys.prefix, sys.base_prefix))}
        assert outside <= {str(path)}, f"product {k} of seed {seed} opened {outside}"
        assert psutil.Process().num_fds() == handles, f"product {k} of seed {seed} left a file open"
    return refused, read


@pytest.fixture(scope="module")
def made_files():
    return contents(Recipe(rows_per_strip=5))


@pytest.fixture(scope="module")
def real_files(helper_data):
    """A real product, cut to three bursts' worth of text where it allows, with a small raster of its own."""
    folder = helper_data / "annotation-templates" / "sandiego_iw2_desc"
    manifest = gzip.decompress((folder / "manifest.safe.gz").read_bytes()).decode()
    files = {"manifest.safe": manifest.encode()}
    for kind, source in (
        ("", "annotation"),
        ("calibration/calibration-", "calibration"),
        ("rfi/rfi-", "rfi"),
    ):
        href = re.search(rf'"\./(annotation/{kind}s1a-iw2-slc-vv[^"]*\.xml)"', manifest)[1]
        files[href] = gzip.decompress((folder / f"{source}.xml.gz").read_bytes())
    return files


def test_the_sound_products_read(made_files, tmp_path):
    path = tmp_path / "P.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in made_files.items():
            archive.writestr(f"P.SAFE/{name}", data)
    assert len(read_everything(path)) == 4 + 2 * 3


@pytest.mark.parametrize("seed", range(5))
def test_mutated_made_products(made_files, tmp_path, watch, seed):
    refused, read = attack(made_files, tmp_path, watch, seed=seed, n=84)
    assert refused + read == 84
    assert refused > 20


@pytest.mark.data
@pytest.mark.parametrize("seed", range(5))
def test_mutated_real_products(real_files, tmp_path, watch, seed):
    refused, read = attack(real_files, tmp_path, watch, seed=100 + seed, n=16)
    assert refused + read == 16
    assert refused > 3


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(10))
def test_ten_thousand_mutated_products(made_files, tmp_path, watch, seed):
    refused, read = attack(made_files, tmp_path, watch, seed=1000 + seed, n=800)
    assert refused + read == 800


@pytest.mark.soak
@pytest.mark.data
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(10))
def test_two_thousand_mutated_real_products(real_files, tmp_path, watch, seed):
    refused, read = attack(real_files, tmp_path, watch, seed=2000 + seed, n=200)
    assert refused + read == 200


def test_a_raster_that_unpacks_without_end_is_refused_at_once(tmp_path, made_files):
    files = dict(made_files)
    name = next(n for n in files if n.endswith(".tiff"))
    files[name] = files[name] + bytes(100 * 2**20)
    path = tmp_path / "P.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for member, data in files.items():
            archive.writestr(f"P.SAFE/{member}", data)
    start, memory = time.perf_counter(), psutil.Process().memory_info().rss
    with pytest.raises(InputRefusedError, match="unpacks to"):
        read_everything(path)
    assert time.perf_counter() - start < LIMIT
    assert psutil.Process().memory_info().rss - memory < 80 * 2**20


def test_a_folder_is_read_with_the_same_care(made_files, tmp_path, watch):
    rng = np.random.default_rng(5)
    refused = 0
    for k in range(40):
        root = tmp_path / f"{k}.SAFE"
        name = str(rng.choice(sorted(made_files)))
        kinds = RASTER if name.endswith(".tiff") else XML
        for member, data in made_files.items():
            target = root / member
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(kinds[int(rng.integers(0, len(kinds)))](data, rng) if member == name else data)
        watch.opened.clear()
        watch.active = True
        try:
            read_everything(root)
        except InputRefusedError:
            refused += 1
        finally:
            watch.active = False
        outside = {f for f in watch.opened if not Path(f).is_relative_to(root)}
        assert all(f.startswith((sys.prefix, sys.base_prefix)) for f in outside), outside
    assert refused > 10
