"""Unit and sign as samples of the phase tell them."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from fringeworks.errors import MetadataMismatchError, UnitError
from fringeworks.io.importers.stack_checks import (
    SAMPLE_PIXELS,
    PairSample,
    check_closure,
    check_unit,
    sample_rows,
    triplets_of,
)
from fringeworks.model.grids import Shape
from fringeworks.model.stack import Pair

DAYS = [date(2020, 1, 1) + timedelta(days=12 * k) for k in range(6)]
PAIRS = tuple(Pair(DAYS[i], DAYS[j]) for i in range(6) for j in range(i + 1, min(i + 3, 6)))


@pytest.fixture
def samples(rng):
    """Closing phases of six dates with 0.2 rad of noise and a free constant each."""
    screens = np.cumsum(rng.normal(0, 1, (6, 30, 40)), axis=2) * 0.3
    out = []
    for pair in PAIRS:
        i, j = DAYS.index(pair.reference), DAYS.index(pair.secondary)
        phase = screens[j] - screens[i] + rng.normal(0, 0.2, (30, 40)) + rng.uniform(-20, 20)
        phase[rng.random((30, 40)) < 0.1] = np.nan
        coherence = np.full((30, 40), 0.6, np.float32)
        out.append(
            PairSample(pair=pair, name=f"{pair}_unw.tif", phase=phase.astype(np.float32), coherence=coherence)
        )
    return out


def turned(sample, factor):
    return PairSample(
        pair=sample.pair,
        name=sample.name,
        phase=(factor * sample.phase).astype(np.float32),
        coherence=sample.coherence,
    )


@pytest.mark.parametrize(
    "shape", [Shape(1, 1), Shape(60, 100), Shape(5000, 4000), Shape(3, 90_000), Shape(90_000, 3)]
)
def test_samples_stay_inside_and_are_few(shape):
    bands = sample_rows(shape)
    rows = [row for band in bands for row in band]
    assert rows == sorted(set(rows))
    assert 0 <= rows[0] <= rows[-1] < shape.rows
    assert len(rows) * shape.cols <= max(SAMPLE_PIXELS, 4 * shape.cols)


def test_all_triplets_are_found():
    found = triplets_of(PAIRS)
    assert len(found) == 4
    for t in found:
        assert PAIRS[t.first].reference == PAIRS[t.direct].reference
        assert PAIRS[t.first].secondary == PAIRS[t.second].reference
        assert PAIRS[t.second].secondary == PAIRS[t.direct].secondary


def test_closing_phases_pass(samples):
    (finding,) = check_closure(tuple(samples))
    assert finding.level == "ok"
    assert "4 triplets" in finding.text
    assert "0 of 9 pairs" in finding.text


@pytest.mark.parametrize("k", range(len(PAIRS)))
def test_each_flipped_pair_is_named(samples, k):
    samples[k] = turned(samples[k], -1)
    with pytest.raises(MetadataMismatchError, match=f"the sign of {samples[k].name} is opposite"):
        check_closure(tuple(samples))


def test_an_unwrapping_error_is_no_flip(samples):
    """Two thirds of a pair off by a cycle spoil closures, but no turn of a sign mends them."""
    phase = samples[3].phase.copy()
    phase[:20] += 2 * np.pi
    samples[3] = PairSample(pair=samples[3].pair, name="a", phase=phase, coherence=None)
    assert check_closure(tuple(samples))[0].level == "ok"


def test_a_sign_turned_everywhere_cannot_be_seen(samples):
    assert check_closure(tuple(turned(s, -1) for s in samples))[0].level == "ok"


def test_without_triplets_it_says_so(samples):
    (finding,) = check_closure(tuple(samples[:1]))
    assert (finding.level, finding.topic) == ("warning", "closure")


def test_radians_pass_and_the_noise_fits(samples):
    found = check_unit(tuple(samples), effective_looks=10.0, unit_is_said="not")
    assert [f.level for f in found] == ["ok", "ok"]


@pytest.mark.parametrize(("factor", "word"), [(0.0555 / 4 / np.pi / 10, "metres"), (180 / np.pi, "degrees")])
def test_other_units_are_refused(samples, factor, word):
    with pytest.raises(UnitError, match=f"look like {word}"):
        check_unit(tuple(turned(s, factor) for s in samples), effective_looks=None, unit_is_said="not")


def test_one_wrapped_pair_is_refused(samples):
    wrapped = np.angle(np.exp(1j * 2 * samples[2].phase)).astype(np.float32)
    samples[2] = PairSample(pair=samples[2].pair, name="w_unw.tif", phase=wrapped, coherence=None)
    with pytest.raises(UnitError, match=r"w_unw\.tif holds wrapped phase"):
        check_unit(tuple(samples), effective_looks=None, unit_is_said="everywhere")


def test_phases_without_noise_are_doubted(samples):
    smooth = np.broadcast_to(np.linspace(0, 3, 30)[:, None] ** 2, (30, 40)).astype(np.float32)
    quiet = [PairSample(pair=s.pair, name=s.name, phase=smooth, coherence=s.coherence) for s in samples]
    found = check_unit(tuple(quiet), effective_looks=10.0, unit_is_said="not")
    assert [f.level for f in found] == ["ok", "warning"]
