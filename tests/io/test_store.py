"""The working store: whole or not at all, and never someone else's."""

from __future__ import annotations

import errno
import json

import numpy as np
import pytest

from fringeworks.errors import DamagedFileError, DiskFullError, OutputFolderError, StoreVersionError
from fringeworks.io import store as store_module
from fringeworks.io.store import StepFolder, WorkingStore, read_json, write_json

INGREDIENTS = {"digest": "abc", "stage": "x"}


def test_finished_blocks_are_kept_when_the_ingredients_are_the_same(tmp_path):
    step = StepFolder(tmp_path / "invert")
    assert step.begin(INGREDIENTS) is False
    step.finish_block(0, {"n": 3})
    assert StepFolder(tmp_path / "invert").begin(INGREDIENTS) is True
    assert step.block(0) == {"n": 3}
    assert step.n_blocks_done() == 1


def test_finished_blocks_are_dropped_when_the_ingredients_differ(tmp_path):
    step = StepFolder(tmp_path / "invert")
    step.begin(INGREDIENTS)
    step.finish_block(0, {"n": 3})
    assert step.begin({"digest": "other"}) is False
    assert step.block(0) is None


def test_values_go_round(tmp_path, rng):
    step = StepFolder(tmp_path / "s")
    step.begin(INGREDIENTS)
    values = rng.normal(size=(4, 300, 70)).astype(np.float32)
    values[0, 0, 0] = np.nan
    sink = step.create("a", values.shape, dtype="float32", dims=("pair", "y", "x"))
    sink[...] = values
    np.testing.assert_array_equal(step.array("a")[...], values)
    np.testing.assert_array_equal(step.array("a")[1, 5:9, 3:4], values[1, 5:9, 3:4])


def test_chunks_never_span_two_blocks(tmp_path):
    step = StepFolder(tmp_path / "s")
    step.begin(INGREDIENTS)
    array = step.create("a", (2, 100, 50), dtype="float32", dims=("d", "y", "x"), block_rows=7)
    assert array.chunks[1] == 7


def test_xarray_reads_the_store(tmp_path):
    import xarray

    step = StepFolder(tmp_path / "s")
    step.begin(INGREDIENTS)
    step.create("a", (2, 3, 4), dtype="float32", dims=("date", "y", "x"))[...] = np.float32(1)
    import zarr

    opened = zarr.open_array(str(tmp_path / "s" / "data.zarr" / "a"))
    assert opened.metadata.dimension_names == ("date", "y", "x")
    assert xarray.DataArray(opened[...], dims=opened.metadata.dimension_names).sum() == 24


def test_missing_array_says_what_to_do(tmp_path):
    with pytest.raises(DamagedFileError, match="run again with --from s"):
        StepFolder(tmp_path / "s").array("a")


def test_damaged_json_is_named(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(DamagedFileError, match=r"a\.json does not parse"):
        read_json(tmp_path / "a.json")


def test_full_disk_is_named_and_leaves_no_draft(tmp_path, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store_module.json, "dump", full)
    with pytest.raises(DiskFullError, match="no space left while writing"):
        write_json(tmp_path / "a.json", {})
    assert list(tmp_path.iterdir()) == []


def test_store_of_other_inputs_is_refused(tmp_path):
    store = WorkingStore(tmp_path / "out" / "work")
    store.claim({"path": "/a"})
    store.claim({"path": "/a"})
    with pytest.raises(OutputFolderError, match="another configuration: path was '/a'"):
        store.claim({"path": "/b"})


def test_foreign_folder_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(OutputFolderError, match=r"holds thesis\.tex"):
        WorkingStore(tmp_path / "work").claim({})


def test_newer_store_is_refused(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "store.json").write_text(json.dumps({"store_version": 99, "identity": {}}))
    with pytest.raises(StoreVersionError, match="store_version 99"):
        WorkingStore(tmp_path / "work").claim({})
