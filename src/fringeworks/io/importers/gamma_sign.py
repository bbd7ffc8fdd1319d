"""The sign of all phases together, from what refined baselines left behind.

GAMMA takes the phase of a flat Earth off with each pair's refined baseline.  Refined one by one, baselines of a triplet
do not close by a metre or so, and what does not close stays in the phases as a ramp:

    closure = s 4 pi / lambda (Bpar(1,2) + Bpar(2,3) - Bpar(1,3)),   Bpar = C sin(look) + N cos(look) = -(R2 - R1),

since the true ranges close.  Here s = +1 where positive phase is away from the satellite and -1 where it is toward.
The closures of the phases against those of the baselines thus tell the one sign that closures alone cannot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import MetadataMismatchError
from fringeworks.io.importers.gamma_headers import BaselineHeader
from fringeworks.io.importers.gamma_look import LookGeometry
from fringeworks.io.importers.protocol import PhaseSign
from fringeworks.io.importers.stack_checks import PairSample, robust_spread, sample_rows, triplets_of
from fringeworks.model.tally import Finding

_LEAST_RAMP = 0.2
"""Spread of a predicted ramp that stands out of the noise of closures [rad]."""
_LEAST_TRIPLETS = 3
_DECISIVE = 0.6


@dataclass(frozen=True, slots=True)
class SignEvidence:
    """Closures of phases against those of baselines, root mean square over triplets.

    Attributes
    ----------
    n_triplets : int
        With a predicted ramp that stands out.
    left, left_away, left_toward : float
        Spread of the closures [rad]: as they are, and after the ramp is taken off with either sign.
    """

    n_triplets: int
    left: float
    left_away: float
    left_toward: float

    @property
    def verdict(self) -> str:
        """``away``, ``toward``, or empty where it cannot be told."""
        if self.n_triplets < _LEAST_TRIPLETS:
            return ""
        if self.left_away < _DECISIVE * min(self.left, self.left_toward):
            return "away"
        return "toward" if self.left_toward < _DECISIVE * min(self.left, self.left_away) else ""

    @property
    def text(self) -> str:
        """One sentence with the figures."""
        if self.n_triplets < _LEAST_TRIPLETS:
            return (
                "the sign of all pairs together cannot be told from the baselines: they close too well to leave ramps "
                f"({self.n_triplets} triplets)"
            )
        return (
            f"what refined baselines leave unclosed is a ramp in {self.n_triplets} triplets of phases: closures spread by "
            f"{self.left:.2f} rad, by {self.left_away:.2f} rad without the ramp if positive phase is away, by "
            f"{self.left_toward:.2f} rad if it is toward"
        )


def sign_evidence(
    samples: tuple[PairSample, ...],
    baselines: list[BaselineHeader | None],
    *,
    geometry: LookGeometry,
    wavelength: float,
) -> SignEvidence:
    """Compare closures of phases and of parallel baselines on the sampled rows.

    Parameters
    ----------
    samples : tuple of PairSample
        Rows of :func:`sample_rows` of each pair.
    baselines : list of BaselineHeader or None
        As the pairs' own files say.
    geometry : LookGeometry
        Of the map.
    wavelength : float
        [m].
    """
    cosine, sine, time = _angles(geometry)
    rows = []
    for triplet in triplets_of(tuple(sample.pair for sample in samples)):
        closure, across, down = np.zeros_like(time), np.zeros_like(time), np.zeros_like(time)
        known = [
            (sign, samples[k].phase, baseline) for k, sign in triplet.signed if (baseline := baselines[k])
        ]
        for sign, phase, baseline in known:
            closure += sign * phase
            across += sign * (baseline.cross + baseline.cross_rate * time)
            down += sign * (baseline.normal + baseline.normal_rate * time)
        if len(known) < 3:
            continue
        ramp = 4 * math.pi / wavelength * (across * sine + down * cosine)
        valid = np.isfinite(closure) & np.isfinite(ramp)
        if robust_spread(ramp[valid]) > _LEAST_RAMP:
            parted = (closure[valid], (closure - ramp)[valid], (closure + ramp)[valid])
            rows.append([robust_spread(values) for values in parted])
    left = np.sqrt(np.mean(np.square(rows), axis=0)) if rows else np.zeros(3)
    return SignEvidence(len(rows), float(left[0]), float(left[1]), float(left[2]))


def _angles(geometry: LookGeometry) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return cosine and sine of the look angle and time [s] of the sampled rows, each (row, x)."""
    cols = range(geometry.grid.shape.cols)
    looks = [geometry.window(band, cols) for band in sample_rows(geometry.grid.shape)]
    angle = np.concatenate([look.look for look in looks])
    return np.cos(angle), np.sin(angle), np.concatenate([look.time for look in looks])


def check_sign(evidence: SignEvidence, *, phase_sign: PhaseSign) -> Finding:
    """Compare the evidence with what the format defines or the user says.

    Raises
    ------
    MetadataMismatchError
        The evidence is decisive and against what the format defines, and the user has not said anything.
    """
    believed = "toward" if phase_sign == "toward" else "away"
    if not evidence.verdict:
        return Finding("note", "sign", evidence.text)
    if evidence.verdict == believed:
        return Finding("ok", "sign", evidence.text)
    if phase_sign == "format":
        raise MetadataMismatchError(
            f"all phases seem to be turned: {evidence.text}",
            expected="GAMMA's definition, positive = away from the satellite",
            hint="say phase_sign: toward if they were turned on export, or phase_sign: away to insist",
        )
    return Finding("warning", "sign", f"the configuration says {believed}, against it: {evidence.text}")
