import threading

import numba
import numpy as np
import pytest

from fringeworks.numerics.compiled import _ForgivingIndex, in_threads, kernel, parallel_kernel


@kernel
def _total(values):
    total = 0.0
    for value in values:
        total += value
    return total


@parallel_kernel
def _double(values):
    for k in numba.prange(values.size):
        values[k] *= 2.0


def test_kernels_keep_nan_and_name():
    assert _total.__name__ == "_total"
    assert np.isnan(_total(np.array([1.0, np.nan])))
    values = np.arange(5.0)
    _double(values)
    np.testing.assert_array_equal(values, 2 * np.arange(5.0))


@pytest.mark.parametrize("gone", [AttributeError, ImportError])
def test_results_kept_by_an_older_version_are_forgotten(gone):
    """An update may take a module away that a kept result names; it must not stop the next run."""

    def load():
        raise gone("no class of that name")

    assert _ForgivingIndex(load)() == {}
    assert _ForgivingIndex(lambda: {"key": "file"})() == {"key": "file"}
    with pytest.raises(OSError, match="disk"):
        _ForgivingIndex(_fail)()
    assert isinstance(_total._cache._cache_file._load_index, _ForgivingIndex)


def _fail():
    raise OSError("disk")


@pytest.mark.parametrize("n_pieces", [0, 1, 7, 1000])
@pytest.mark.parametrize("threads", [1, 2])
def test_every_piece_is_done_once(n_pieces, threads):
    done, lock = [], threading.Lock()

    def work(first, last):
        with lock:
            done.extend(range(first, last))

    before = numba.get_num_threads()
    numba.set_num_threads(min(threads, before))
    try:
        in_threads(work, n_pieces)
    finally:
        numba.set_num_threads(before)
    assert sorted(done) == list(range(n_pieces))


def test_an_error_in_a_thread_is_raised():
    def work(first, last):
        raise ValueError(f"piece {first}")

    with pytest.raises(ValueError, match="piece"):
        in_threads(work, 10)
