"""Baselines that do not close leave ramps in the phases; the ramps tell what positive phase means."""

from __future__ import annotations

import numpy as np
import pytest
from tests.io.importers.gamma_folder import WAVELENGTH, SmallStack, write_pair, write_small_stack

from fringeworks.errors import MetadataMismatchError
from fringeworks.io.importers import ReaderOptions
from fringeworks.io.importers.gamma import GammaReader

SPREAD = SmallStack(spans=(1, 2, 3), holes=())


def write_flattened(folder, *, sign, error, rng):
    """Write phases from which the flat Earth of wrong baselines was taken, and those baselines.

    The true ranges close; the baseline told is off by some metres a pair.
    """
    write_small_stack(folder, SPREAD)
    points = SPREAD.points()
    _, place, _ = SPREAD.view(0, points)
    down = -place / np.linalg.norm(place, axis=-1, keepdims=True)
    sight = points - place
    sight /= np.linalg.norm(sight, axis=-1, keepdims=True)
    cosine = np.einsum("yxi,yxi->yx", sight, down)
    sine = np.sqrt(1 - cosine**2)
    screens = rng.normal(0, 0.3, (len(SPREAD.dates), *cosine.shape))
    for pair in SPREAD.pairs:
        one, two = (SPREAD.dates.index(day) for day in (pair.reference, pair.secondary))
        cross, normal = rng.normal(0, error, 2)
        left = 4 * np.pi / WAVELENGTH * (cross * sine + normal * cosine) + screens[two] - screens[one]
        phase = left + rng.normal(0, 0.05, left.shape) - left.mean() + 1.0
        write_pair(folder, SPREAD, pair, phase=(sign * phase).astype(np.float32))
        path = folder / f"pars/{pair.reference:%Y%m%d}-{pair.secondary:%Y%m%d}_base.par"
        truth = np.subtract(SPREAD.baselines[two], SPREAD.baselines[one])
        told = truth + np.array([cross, normal])
        path.write_text(
            f"precision_baseline(TCN): 0 {told[0]} {told[1]} m\nprecision_baseline_rate: 0 0 0 m/s\n"
        )


def read(folder, **options):
    stack = GammaReader().read(folder, options=ReaderOptions(**options))
    return [f for f in stack.findings if f.topic == "sign"], stack


ERROR = 2.0
"""Error of a baseline [m]: over the tenth of a degree of look angles of this small scene a ramp of about a radian."""


def test_away_is_seen(tmp_path, rng):
    write_flattened(tmp_path, sign=1, error=ERROR, rng=rng)
    findings, stack = read(tmp_path)
    assert findings[0].level == "ok"
    assert "if positive phase is away" in findings[0].text
    assert "would not be seen" not in stack.facts.sign_reason


def test_phases_turned_all_together_are_refused(tmp_path, rng):
    write_flattened(tmp_path, sign=-1, error=ERROR, rng=rng)
    with pytest.raises(MetadataMismatchError, match=r"all phases seem to be turned.*say phase_sign: toward"):
        read(tmp_path)
    findings, _ = read(tmp_path, phase_sign="toward")
    assert findings[0].level == "ok"
    findings, _ = read(tmp_path, phase_sign="away")
    assert findings[0].level == "warning"
    assert "the configuration says away, against it" in findings[0].text


def test_baselines_that_close_tell_nothing_and_it_says_so(tmp_path, rng):
    write_flattened(tmp_path, sign=1, error=0.0, rng=rng)
    findings, stack = read(tmp_path)
    assert findings[0].level == "note"
    assert "cannot be told from the baselines" in findings[0].text
    assert "would not be seen" in stack.facts.sign_reason
