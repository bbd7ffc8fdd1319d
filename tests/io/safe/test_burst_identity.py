import csv
import re
import zipfile
from datetime import timedelta

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from tests.io.safe.made_safe import (
    EARTH_RATE,
    J2,
    MU,
    RADIUS,
    T_ORBIT,
    Recipe,
    annotation,
    contents,
    write_folder,
)

from fringeworks.errors import DamagedFileError, MetadataMismatchError
from fringeworks.io.safe import open_safe
from fringeworks.model.burst_cycle import burst_id
from fringeworks.model.identity import BurstId, Polarisation, Swath

IW2, VV = Swath.IW2, Polarisation.VV


def test_a_made_product_gets_the_numbers_it_was_made_with(tmp_path):
    recipe = Recipe(swaths=("IW1", "IW2", "IW3"), annotate_ids=False)
    bursts = open_safe(write_folder(tmp_path, recipe)).bursts()
    assert [str(b.id) for b in bursts] == [
        f"T071-{150_500 + k}-{s}" for s in ("IW1", "IW2", "IW3") for k in range(3)
    ]


def test_extra_wide_swath_is_numbered_by_its_own_clock(tmp_path):
    recipe = Recipe(mode="EW", swaths=("EW3",), number=136_650, annotate_ids=False)
    ids = [b.id for b in open_safe(write_folder(tmp_path, recipe)).bursts()]
    assert [str(i) for i in ids] == ["T071-136650-EW3", "T071-136651-EW3", "T071-136652-EW3"]


def test_a_wrong_annotated_number_is_an_error_naming_both(tmp_path):
    recipe = Recipe()
    files = contents(recipe)
    name = recipe.file("annotation", "IW2", "vv")
    files[name] = files[name].replace(b">150501</burstId>", b">150502</burstId>")
    product = open_safe(write_folder(tmp_path, recipe, files=files))
    with pytest.raises(MetadataMismatchError, match=r"T071-150501-IW2 by ESA's formula.*T071-150502-IW2"):
        product.acquisition(IW2, VV)


def test_a_wrong_node_is_found_by_the_orbit_and_both_are_named(tmp_path):
    # two seconds late: the formula alone would give the burst before
    recipe = Recipe(node_error=2.0, annotate_ids=False)
    product = open_safe(write_folder(tmp_path, recipe))
    with pytest.raises(
        MetadataMismatchError, match=r"T071-150499-IW2 by the annotated.*T071-150500-IW2 by the orbit"
    ):
        product.acquisition(IW2, VV)


def test_a_slightly_wrong_node_is_said_but_harmless(tmp_path):
    recipe = Recipe(node_error=0.4)
    acquisition = open_safe(write_folder(tmp_path, recipe)).acquisition(IW2, VV)
    levels = {f.level: f.text for f in acquisition.findings if f.topic == "burst identity"}
    assert "-0.400 s" in levels["warning"]
    assert acquisition.bursts[0].id == BurstId(71, 150_500, IW2)


def test_a_node_of_the_orbit_before_is_understood(tmp_path):
    # some products state the node one lap back, with the track of the current one
    recipe = Recipe()
    files = contents(recipe)
    early = recipe.node - timedelta(seconds=T_ORBIT)
    name = recipe.file("annotation", "IW2", "vv")
    text = annotation(recipe, "IW2", "vv")
    text = re.sub("<ascendingNodeTime>.*?</", f"<ascendingNodeTime>{early:%Y-%m-%dT%H:%M:%S.%f}</", text)
    files[name] = text.encode()
    bursts = open_safe(write_folder(tmp_path, recipe, files=files)).bursts()
    assert [b.id.number for b in bursts] == [150_500, 150_501, 150_502]


def test_an_orbit_that_leads_nowhere_is_damage(tmp_path):
    recipe = Recipe()
    files = contents(recipe)
    name = recipe.file("annotation", "IW2", "vv")
    # state vectors an hour late
    files[name] = re.sub(rb"<orbit><time>2023-01-08T13:", b"<orbit><time>2023-01-08T14:", files[name])
    with pytest.raises(DamagedFileError, match="s away from the acquisition"):
        open_safe(write_folder(tmp_path, recipe, files=files)).acquisition(IW2, VV)


@pytest.mark.data
def test_ids_equal_those_the_processor_writes_and_those_of_esas_table(helper_data):
    with (helper_data / "safe-annotations-ipf" / "esa_burst_db_sample.csv").open() as stream:
        table = {r["burst_id_jpl"] for r in csv.DictReader(stream)}
    matched = set()
    for path in sorted((helper_data / "safe-annotations-ipf").glob("*.zip")):
        product = open_safe(path)
        with zipfile.ZipFile(path) as archive:
            for swath, polarisation in product.available:
                bursts = product.acquisition(swath, polarisation).bursts
                ids = {b.id.jpl for b in bursts}
                # the table holds the whole slice, for each of the three dates
                assert ids <= table, path.name
                matched |= ids
                member = next(
                    n
                    for n in archive.namelist()
                    if f"annotation/s1a-{swath.lower()}" in n and n.endswith(".xml")
                )
                written = re.findall(r"<burstId[^>]*>(\d+)<", archive.read(member).decode())
                assert not written or [int(n) for n in written] == [b.id.number for b in bursts]
    assert len(matched) == 27 + 30 + 30


def _orbit_of_track_2(path):
    """Inertial motion over one orbit from the node of a real product's track 2, integrated by SciPy (J2 only)."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(next(n for n in archive.namelist() if "annotation/s1a-iw2" in n)).decode()
    node = np.datetime64(re.search("<ascendingNodeTime>(.*?)<", text)[1])
    first = re.search(r"<orbit>(.*?)</orbit>", text, re.DOTALL)[1]
    since = (np.datetime64(re.search("<time>(.*?)<", first)[1]) - node) / np.timedelta64(1, "s")
    x = np.array([float(v) for v in re.findall(r"<[xyz]>(.*?)</", first)])
    x[3] -= EARTH_RATE * x[1]
    x[4] += EARTH_RATE * x[0]
    turn = EARTH_RATE * since  # into the inertial frame of the node
    c, s = np.cos(turn), np.sin(turn)
    for b in (0, 3):
        x[b], x[b + 1] = c * x[b] - s * x[b + 1], s * x[b] + c * x[b + 1]

    def rate(_, y):
        r = np.linalg.norm(y[:3])
        k = 1.5 * J2 * MU * RADIUS**2 / r**4
        q = 5 * (y[2] / r) ** 2
        pull = np.array([(q - 1) * y[0], (q - 1) * y[1], (q - 3) * y[2]]) / r
        return np.concatenate([y[3:], -MU / r**3 * y[:3] + k * pull])

    span = (since, -30.0), (since, T_ORBIT + 100)
    return [solve_ivp(rate, s, x, dense_output=True, rtol=1e-9, atol=1e-3).sol for s in span], since


def _zero_doppler_time(solutions, split, point, track):
    """Seconds since its node at which a satellite on a track sees an Earth-fixed point at zero Doppler."""
    shift = (
        -2 * np.pi * 12 / 175 * (track - 2)
    )  # the node moves west by 12/175 of a turn from one track to the next

    def off(t):
        y = solutions[0](t) if t < split else solutions[1](t)
        angle = EARTH_RATE * t - shift
        c, s = np.cos(angle), np.sin(angle)
        p = np.array([c * point[0] - s * point[1], s * point[0] + c * point[1], point[2]])
        drift = EARTH_RATE * np.array([-p[1], p[0], 0.0])
        return (p - y[:3]) @ (y[3:] - drift)

    times = np.arange(-20.0, T_ORBIT + 60, 60.0)
    values = np.array([off(t) for t in times])
    ups = np.flatnonzero((values[:-1] > 0) & (values[1:] <= 0))
    roots = [brentq(off, times[k], times[k + 1], xtol=1e-4) for k in ups]

    def distance(t):
        y = solutions[0](t) if t < split else solutions[1](t)
        angle = EARTH_RATE * t - shift
        c, s = np.cos(angle), np.sin(angle)
        p = np.array([c * point[0] - s * point[1], s * point[0] + c * point[1], point[2]])
        return np.linalg.norm(p - y[:3])

    return min(roots, key=distance)


@pytest.mark.data
def test_all_195_footprints_of_esas_table_give_their_number_by_geometry(helper_data):
    """The formula needs a time; here it comes from the table's footprints alone, seen from a repeating orbit.

    Tolerance: bursts of synchronised dates lie in the middle of their beam cycle to 0.03 of it (every product here
    shows it); the orbit used here, with J2 only and one date's state for all tracks, is good to 0.2 s of 2.76 s, the
    middle of a footprint to as much.
    """
    folder = helper_data / "safe-annotations-ipf"
    solutions, split = _orbit_of_track_2(next(folder.glob("*20220929*.zip")))
    to_middle_of_iw2 = {"IW1": 0.955, "IW2": 0.0, "IW3": -0.963}
    phases = []
    with (folder / "esa_burst_db_sample.csv").open() as stream:
        for row in csv.DictReader(stream):
            expected = BurstId.parse(row["burst_id_jpl"])
            corners = np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", row["geometry"]), float)[:-1]
            lon, lat = np.radians(corners.mean(axis=0))
            n = 6378137.0 / np.sqrt(1 - 0.00669437999 * np.sin(lat) ** 2)
            point = np.array(
                [n * np.cos(lat) * np.cos(lon), n * np.cos(lat) * np.sin(lon), 0.99330562 * n * np.sin(lat)]
            )
            seen = _zero_doppler_time(solutions, split, point, expected.relative_orbit)
            middle = seen + to_middle_of_iw2[expected.swath]
            start_of_iw2 = middle - 0.5390185
            found = burst_id(relative_orbit=expected.relative_orbit, since_node=start_of_iw2, swath=Swath.IW2)
            assert found.number == expected.number, row["burst_id_jpl"]
            phase = (middle + (expected.relative_orbit - 1) * T_ORBIT - 2.299849) / 2.758273
            phases.append(phase - (expected.number - 0.5))
    assert len(phases) == 195
    assert np.abs(phases).max() < 0.25
