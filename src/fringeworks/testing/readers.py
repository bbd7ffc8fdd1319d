"""What every reader of interferogram stacks has to do, as tests to inherit.

A package that offers a reader writes a small stack in its format, with known motion, and inherits::

    class TestMyReader(StackReaderSuite):
        @pytest.fixture(scope="class")
        @classmethod
        def known(cls, tmp_path_factory):
            folder = write_my_small_stack(tmp_path_factory.mktemp("stack"))
            return KnownStack(reader=MyReader(), path=folder, approach=0.010)
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from fringeworks.io.importers.protocol import ReaderOptions, StackReader
from fringeworks.model.arrays import ArraySource
from fringeworks.model.grids import MapGrid
from fringeworks.model.stack import InterferogramStack, Pair

_MAPS = ("height", "incidence", "los_enu", "slant_range")
_CUBES = ("phase", "coherence", "components", "perpendicular_baseline")
_PHASE_TOLERANCE = 1e-4
"""A ten-thousandth of a radian is half a micrometre: float32 at a few radians holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownStack:
    """A stack whose content is known.

    Attributes
    ----------
    reader : StackReader
        The reader under test.
    path : Path
        Folder of the stack.
    options : ReaderOptions
        How to read it.
    approach : float, optional
        By how much the ground came nearer to the satellite from the reference to the secondary of every pair, at
        every valid pixel [m]; without it the sign is not tested.
    grid : MapGrid, optional
        Where it lies.
    pairs : tuple of Pair
        Pairs it holds, sorted; empty where that is not tested.
    """

    reader: StackReader
    path: Path
    options: ReaderOptions = field(default_factory=ReaderOptions)
    approach: float | None = None
    grid: MapGrid | None = None
    pairs: tuple[Pair, ...] = ()

    def read(self) -> InterferogramStack:
        """Read the stack."""
        return self.reader.read(self.path, options=self.options)


def sources_of(stack: InterferogramStack) -> Iterator[tuple[str, ArraySource]]:
    """Iterate names and arrays of a stack, those that are there."""
    for name in (*_CUBES, *_MAPS):
        source = getattr(stack, name)
        if source is not None:
            yield name, source


def _keys(shape: tuple[int, ...]) -> list[Any]:
    """Return slices of many kinds that fit a shape."""
    rows, cols = shape[-2:]
    middle = (slice(rows // 3, rows // 3 + 2), slice(cols // 4, max(cols // 4 + 1, cols - 1)))
    keys: list[Any] = [
        ...,
        (..., slice(0, 1), slice(None)),
        (..., rows - 1, cols - 1),
        (..., -1, slice(None)),
        (..., *middle),
        (..., slice(0, 0), slice(None)),
        (..., slice(rows - 1, rows + 5), slice(None)),
    ]
    if len(shape) == 3:
        keys += [0, -1, slice(1, 3), (0, *middle), (slice(0, 2), 0), (shape[0] - 1, 0, 0), (slice(1, 1),)]
    return keys


class StackReaderSuite:
    """Tests that every reader passes; inherit it and give the fixture ``known``."""

    @pytest.fixture(scope="class")
    @classmethod
    def known(cls) -> KnownStack:
        """Give the stack under test; to be overridden."""
        pytest.fail("the class that inherits StackReaderSuite gives the fixture `known`")

    @pytest.fixture(scope="class")
    @classmethod
    def stack(cls, known: KnownStack) -> InterferogramStack:
        """Give the stack, read once."""
        return known.read()

    def test_keeps_the_protocol(self, known: KnownStack) -> None:
        """The reader has a name, a description, and the two methods."""
        assert isinstance(known.reader, StackReader)
        assert known.reader.format == known.reader.format.lower() != ""
        assert known.reader.description
        assert known.read().facts.source_format == known.reader.format

    def test_finds_its_own_and_nothing_else(self, known: KnownStack, tmp_path: Path) -> None:
        """It knows its folder, and does not claim an empty or absent one."""
        assert known.reader.find(known.path)
        assert not known.reader.find(tmp_path)
        assert not known.reader.find(tmp_path / "absent")

    def test_shapes_and_types(self, stack: InterferogramStack) -> None:
        """Axes are (pair, y, x), (y, x) or (3, y, x); values are float32, components uint16."""
        rows, cols = stack.grid.shape
        for name, source in sources_of(stack):
            assert isinstance(source, ArraySource), name
            leading = {"los_enu": (3,), **dict.fromkeys(_CUBES, (len(stack.network.pairs),))}.get(name, ())
            assert source.shape == (*leading, rows, cols), name
            assert source.dtype == (np.uint16 if name == "components" else np.float32), name
            assert source[...].shape == source.shape, name
            assert source[...].dtype == source.dtype, name

    def test_missing_is_nan(self, stack: InterferogramStack) -> None:
        """Nothing is infinite, phases of no data are no zeros, and every pair holds something."""
        for name, source in sources_of(stack):
            assert not np.isinf(source[...]).any(), name
        phase = stack.phase[...]
        assert not (phase == 0).all(axis=0).any()
        assert np.isfinite(phase).any(axis=(1, 2)).all()

    def test_coherence_is_a_coherence(self, stack: InterferogramStack) -> None:
        """It lies between 0 and 1."""
        if stack.coherence is None:
            pytest.skip("this stack has no coherence")
        values = stack.coherence[...]
        valid = values[np.isfinite(values)]
        assert valid.size
        assert valid.min() >= 0
        assert valid.max() <= 1

    def test_windows_equal_the_whole(self, stack: InterferogramStack) -> None:
        """A slice of the source is the slice of the whole array, bit by bit."""
        for name, source in sources_of(stack):
            whole = source[...]
            for key in _keys(source.shape):
                part = source[key]
                expected = whole[key]
                assert part.shape == expected.shape, (name, key)
                np.testing.assert_array_equal(part, expected, err_msg=f"{name} {key}")

    def test_what_is_given_can_be_changed(self, stack: InterferogramStack) -> None:
        """Writing into an array that was read changes nothing that is read later."""
        for name, source in sources_of(stack):
            first = source[...]
            kept = first.copy()
            first[...] = 7
            np.testing.assert_array_equal(source[...], kept, err_msg=name)

    def test_threads_read_the_same(self, stack: InterferogramStack) -> None:
        """Eight threads that read windows at the same time get what one gets."""
        n_rows = stack.grid.shape.rows
        tasks = [
            (name, source, row) for name, source in sources_of(stack) for row in range(min(n_rows, 12))
        ] * 2
        alone = [source[..., row, :] for _, source, row in tasks]
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda task: task[1][..., task[2], :], tasks))
        for (name, _, row), one, other in zip(tasks, alone, together, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=f"{name} row {row}")

    def test_reading_again_gives_the_same(self, known: KnownStack, stack: InterferogramStack) -> None:
        """Two reads agree in everything that is said and in every value."""
        again = known.read()
        assert again.grid == stack.grid
        assert again.network.pairs == stack.network.pairs
        assert (again.wavelength, again.facts, again.findings, again.files, again.excluded) == (
            stack.wavelength,
            stack.facts,
            stack.findings,
            stack.files,
            stack.excluded,
        )
        for (name, one), (_, other) in zip(sources_of(stack), sources_of(again), strict=True):
            np.testing.assert_array_equal(one[...], other[...], err_msg=name)

    def test_crosses_process_borders(self, stack: InterferogramStack) -> None:
        """Sources can be pickled, so that other processes read their own windows."""
        for name, source in sources_of(stack):
            copy = pickle.loads(pickle.dumps(source))
            np.testing.assert_array_equal(copy[..., :2, :3], source[..., :2, :3], err_msg=name)

    def test_leaves_no_file_open(self, known: KnownStack) -> None:
        """After reading everything, none of the stack's files is open: a thousand pairs need no thousand handles."""
        stack = known.read()
        for _, source in sources_of(stack):
            source[..., :1, :]
        root = str(known.path.resolve())
        held = [file.path for file in psutil.Process().open_files() if file.path.startswith(root)]
        assert not held

    def test_changes_nothing_on_disk(self, known: KnownStack) -> None:
        """Reading leaves the folder as it was."""

        def state() -> list[tuple[str, int, int]]:
            paths = sorted(path for path in known.path.rglob("*") if path.is_file())
            return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]

        before = state()
        stack = known.read()
        for _, source in sources_of(stack):
            source[...]
        assert state() == before

    def test_files_are_listed_and_exist(self, known: KnownStack, stack: InterferogramStack) -> None:
        """Every file is there, is listed once, and lies in the folder; at least one for each pair."""
        assert len(set(stack.files)) == len(stack.files) >= len(stack.network.pairs)
        for name in stack.files:
            assert Path(name).is_file()
            assert Path(name).resolve().is_relative_to(known.path.resolve())

    def test_network_is_in_order(self, known: KnownStack, stack: InterferogramStack) -> None:
        """Dates and pairs are sorted, without repeats, and those that are known to be there."""
        network = stack.network
        assert list(network.dates) == sorted(set(network.dates))
        assert list(network.pairs) == sorted(set(network.pairs))
        assert {day for pair in network.pairs for day in (pair.reference, pair.secondary)} == set(
            network.dates
        )
        if known.pairs:
            assert network.pairs == known.pairs
        if network.perpendicular_baseline is not None:
            assert network.perpendicular_baseline.shape == (len(network.pairs),)

    def test_grid_is_where_it_should_be(self, known: KnownStack, stack: InterferogramStack) -> None:
        """The grid has a CRS and steps, and is the known one."""
        assert stack.grid.crs
        assert stack.grid.x_step != 0 != stack.grid.y_step
        if known.grid is not None:
            assert stack.grid.agrees_with(known.grid)

    def test_look_is_toward_the_satellite(self, stack: InterferogramStack) -> None:
        """The look vector has length one, points up, and its upward part is the cosine of the incidence."""
        if stack.los_enu is None:
            pytest.skip("this stack has no look vectors")
        los = stack.los_enu[...].astype(float)
        valid = np.isfinite(los).all(axis=0)
        assert valid.any()
        np.testing.assert_allclose(np.linalg.norm(los, axis=0)[valid], 1, atol=1e-6)
        assert (los[2][valid] > 0).all()
        if stack.incidence is not None:
            # float32 angles: 1e-6 rad is a metre at the satellite's distance
            np.testing.assert_allclose(
                np.cos(stack.incidence[...].astype(float))[valid], los[2][valid], atol=1e-6
            )

    def test_approach_is_negative_phase(self, known: KnownStack, stack: InterferogramStack) -> None:
        """Ground that came nearer by d has the phase -4 pi d / wavelength, at every valid pixel of every pair."""
        if known.approach is None:
            pytest.skip("the motion of this stack is not known")
        expected = -4 * np.pi / stack.wavelength * known.approach
        phase = stack.phase[...]
        np.testing.assert_allclose(phase[np.isfinite(phase)], expected, atol=_PHASE_TOLERANCE)

    def test_the_user_can_turn_the_sign(self, known: KnownStack, stack: InterferogramStack) -> None:
        """With phase_sign `toward` the phase is turned against `away`, and nothing else changes."""
        away = known.reader.read(known.path, options=replace(known.options, phase_sign="away"))
        toward = known.reader.read(known.path, options=replace(known.options, phase_sign="toward"))
        np.testing.assert_array_equal(toward.phase[...], -away.phase[...])
        if stack.los_enu is not None and toward.los_enu is not None:
            np.testing.assert_array_equal(toward.los_enu[...], stack.los_enu[...])

    def test_says_what_it_checked(self, stack: InterferogramStack) -> None:
        """The reason for the sign is written down, and findings have levels, topics and texts."""
        assert stack.facts.sign_reason
        assert 0.01 < stack.wavelength < 1.5
        assert stack.findings
        for finding in stack.findings:
            assert finding.level in {"ok", "note", "warning", "error"}
            assert finding.topic
            assert finding.text
