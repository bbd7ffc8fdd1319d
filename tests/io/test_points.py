"""Scatterers on disk: what is written is read back, by ours and by a program that is not ours."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest

from fringeworks.errors import MetadataMismatchError, MissingInputError, OutOfRangeError, ShapeMismatchError
from fringeworks.io.points import read_points, write_points
from fringeworks.model.scatterers import COLUMNS, Scatterers

DATES = tuple(date(2023, 1, 8) + timedelta(days=12 * k) for k in range(5))


def some_points(n=7):
    rng = np.random.default_rng(3)
    columns = {}
    for column in COLUMNS:
        if column.dtype == "str":
            columns[column.name] = np.array([f"{column.name}{k}" for k in range(n)], dtype=object)
        else:
            columns[column.name] = rng.normal(size=n).astype(column.dtype)
    series = rng.normal(size=(n, len(DATES))).astype(np.float32)
    if n > 1:
        series[1, 2] = np.nan
    return Scatterers(columns=columns, displacement=series, dates=DATES, facts={"wavelength_m": 0.0555})


@pytest.mark.parametrize("n", [0, 1, 7])
def test_what_is_written_is_read_back(tmp_path, n):
    points = some_points(n)
    back = read_points(write_points(tmp_path / "deep" / "points.parquet", points))
    for column in COLUMNS:
        assert (back.columns[column.name] == points.columns[column.name]).all()
        assert len(back.columns[column.name]) == n
    np.testing.assert_array_equal(back.displacement, points.displacement)
    assert back.dates == DATES
    assert back.facts == {"wavelength_m": 0.0555}


def test_another_program_reads_places_and_series(tmp_path):
    geopandas = pytest.importorskip("geopandas")
    points = some_points()
    frame = geopandas.read_parquet(write_points(tmp_path / "points.parquet", points))
    assert frame.crs.to_epsg() == 4326 or "CRS84" in str(frame.crs)
    np.testing.assert_array_equal(frame.geometry.x, points.columns["longitude"])
    np.testing.assert_array_equal(frame["displacement"].iloc[0], points.displacement[0])


def test_contract_of_the_file(tmp_path):
    """Column names and the key of the dates are read by other people's scripts."""
    path = write_points(tmp_path / "points.parquet", some_points())
    schema = pq.read_schema(path)
    promised = [
        "id",
        "longitude",
        "latitude",
        "height",
        "height_error",
        "line",
        "sample",
        "kind",
        "velocity",
        "velocity_std",
        "temporal_coherence",
        "amplitude_dispersion",
        "rmse",
        "incidence",
        "los_east",
        "los_north",
        "los_up",
        "displacement",
    ]
    assert set(promised) <= set(schema.names)
    assert json.loads(schema.metadata[b"dates"])[0] == "2023-01-08"
    assert str(schema.field("displacement").type) == "list<element: float>"


def test_wrong_files_and_tables_are_refused(tmp_path):
    with pytest.raises(MissingInputError):
        read_points(tmp_path / "nothing.parquet")
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(MissingInputError):
        read_points(path)
    import pyarrow as pa

    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(MetadataMismatchError):
        read_points(path)
    points = some_points()
    with pytest.raises(OutOfRangeError):
        Scatterers(columns={}, displacement=points.displacement, dates=DATES, facts={})
    with pytest.raises(ShapeMismatchError):
        Scatterers(columns=points.columns, displacement=points.displacement[:, :2], dates=DATES, facts={})
