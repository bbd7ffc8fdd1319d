import pickle
import threading
import zipfile

import numpy as np
import psutil
import pytest
from tests.io.safe.made_safe import Recipe, write_folder, write_zip

from fringeworks.errors import OutOfRangeError
from fringeworks.io.safe import open_safe
from fringeworks.model.arrays import ArraySource


@pytest.fixture
def whole(made, recipe):
    burst = made.bursts()[1]
    pixels = recipe.pixels("IW2")[24:48]
    return made, burst, pixels, (pixels[..., 0] + 1j * pixels[..., 1]).astype(np.complex64)


def test_samples_are_an_array_source(whole):
    made, burst, *_ = whole
    for kind, shape in (("complex64", (24, 40)), ("int16", (24, 40, 2))):
        source = made.samples(burst, kind=kind)
        assert isinstance(source, ArraySource)
        assert source.shape == shape == source[:].shape
        assert source.dtype == np.dtype(kind) == source[:].dtype


KEYS = [
    np.s_[:],
    np.s_[...],
    np.s_[3],
    np.s_[-1],
    np.s_[3:9],
    np.s_[-5:],
    np.s_[:, 7],
    np.s_[3:9, -8:-2],
    np.s_[2, 3],
    np.s_[..., 1],
    np.s_[5:5, :],
    np.s_[9:3],
    np.s_[100:],
    np.s_[np.int64(4), :],
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_slices_are_those_of_numpy(whole, key):
    made, burst, pixels, values = whole
    np.testing.assert_array_equal(made.samples(burst)[key], values[key])
    assert made.samples(burst)[key].shape == values[key].shape
    np.testing.assert_array_equal(made.samples(burst, kind="int16")[key], pixels[key])
    assert made.samples(burst, kind="int16")[key].shape == pixels[key].shape


@pytest.mark.parametrize("key", [np.s_[:, :, 0], np.s_[3, 4, 1], np.s_[2:4, :, -1:], np.s_[..., 1]], ids=str)
def test_parts_of_integers(whole, key):
    made, burst, pixels, _ = whole
    np.testing.assert_array_equal(made.samples(burst, kind="int16")[key], pixels[key])


@pytest.mark.parametrize(
    ("key", "match"),
    [
        (np.s_[::2], "step 2"),
        (np.s_[::-1], "step -1"),
        (99, "index 99"),
        (np.s_[0, 0, 0], "3 indices for 2 axes"),
    ],
    ids=str,
)
def test_other_indices_are_refused(whole, key, match):
    made, burst, *_ = whole
    with pytest.raises(IndexError, match=match):
        made.samples(burst)[key]


def test_invalid_samples_become_nan_if_asked_for(whole):
    made, burst, _, values = whole
    valid = burst.valid_samples()
    got = made.samples(burst, invalid="nan")
    expected = np.where(valid, values, np.complex64(complex(np.nan, np.nan)))
    np.testing.assert_array_equal(got[:], expected)
    assert np.isnan(got[:].imag[~valid]).all()
    np.testing.assert_array_equal(got[3:7, 1:9], expected[3:7, 1:9])
    with pytest.raises(OutOfRangeError, match="NaN in 16-bit integers"):
        made.samples(burst, kind="int16", invalid="nan")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_threads_share_one_product_and_leave_no_file_open(tmp_path, method):
    recipe = Recipe(swaths=("IW1", "IW2"), lines=60, samples=500)
    product = open_safe(write_zip(tmp_path, recipe, method=method))
    expected = {s: recipe.pixels(s) for s in recipe.swaths}
    before = psutil.Process().num_fds()
    wrong = []

    def work(seed):
        own = np.random.default_rng(seed)
        for _ in range(15):
            burst = product.bursts()[int(own.integers(0, 6))]
            row = int(own.integers(0, 50))
            got = product.samples(burst, kind="int16")[row : row + 9]
            start = burst.first_line + row
            if (got != expected[burst.swath.value][start : start + 9]).any():
                wrong.append(burst.id)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []
    assert psutil.Process().num_fds() == before


def test_a_product_crosses_a_process_border(tmp_path, recipe):
    product = open_safe(write_folder(tmp_path, recipe))
    again = pickle.loads(pickle.dumps(product))
    assert again.name == product.name
    burst = again.bursts()[0]
    np.testing.assert_array_equal(again.samples(burst)[:], product.samples(product.bursts()[0])[:])


def test_a_thousand_open_products_cost_no_file_handle(tmp_path, recipe):
    path = write_zip(tmp_path, recipe)
    before = psutil.Process().num_fds()
    sources = []
    for _ in range(50):
        product = open_safe(path)
        source = product.samples(product.bursts()[0])
        source[:2]
        sources.append(source)
    assert psutil.Process().num_fds() == before
