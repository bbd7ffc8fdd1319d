"""Images and one interferogram made up here."""

from datetime import date, timedelta

import numpy as np

from fringeworks.model.grids import Looks, MapGrid, Shape
from fringeworks.model.stack import Pair, StackFacts
from fringeworks.model.tally import Finding, Tally
from fringeworks.products.report import Exclusion
from fringeworks.products.report.images import (
    EMPTY,
    MISSING,
    OUTSIDE,
    USED,
    Constant,
    ImageDate,
    Images,
    Seam,
    Shift,
)
from fringeworks.products.report.pair_data import PairReportData, UnwrappingSummary

SHAPE = Shape(90, 140)


def images(*, n_dates=3, n_bursts=2, **changes):
    """Return images with one seam that fails, one in doubt, one date without data, a burst missing."""
    days = [date(2023, 1, 8) + timedelta(days=12 * k) for k in range(n_dates)]
    swaths = [s for s in ("IW1", "IW2") for _ in range(n_bursts)]
    names = [f"T107-{228513 + b:06d}-{s}" for s in ("IW1", "IW2") for b in range(n_bursts)]
    states = np.full((n_dates, len(names)), USED, np.int8)
    states[-1, 0], states[0, 1], states[0, -1] = MISSING, OUTSIDE, EMPTY
    seams = [
        Seam(
            overlap=f"{s} {b}-{b + 1}", day=day, before=0.4 * (k - 1), after=0.02, sigma=0.01, verdict="pass"
        )
        for s in ("IW1", "IW2")
        for b in range(n_bursts - 1)
        for k, day in enumerate(days)
    ]
    seams[0] = Seam(overlap="IW1 0-1", day=days[0], before=1.2, after=0.31, sigma=0.02, verdict="fail")
    seams[1] = Seam(overlap="IW1 0-1", day=days[1], before=-1.0, after=-0.09, sigma=0.01, verdict="warn")
    seams[-1] = Seam(overlap="IW2 0-1", day=days[-1], before=np.nan, after=np.nan, sigma=np.nan)
    known = {
        "dates": tuple(
            ImageDate(
                day=day,
                platform="S1A" if k else "S1C",
                products=(f"S1A_<{day:%Y%m%d}>",),
                orbit="precise" if k else "annotation",
                baseline=10.0 * k,
                doppler=12.0,
                n_bursts=len(names),
            )
            for k, day in enumerate(days)
        ),
        "reference": 0,
        "reference_reason": "in the middle",
        "polarisation": "VV",
        "looks": (2, 8),
        "bursts": tuple(names),
        "swaths": tuple(swaths),
        "states": states,
        "shifts": tuple(
            Shift(
                day=day,
                swath=s,
                lines=0.01 * k,
                lines_sigma=2e-4 if k else 0.0,
                samples=0.02,
                samples_sigma=0.004,
            )
            for s in ("IW1", "IW2")
            for k, day in enumerate(days)
        ),
        "seams": tuple(seams),
        "limits": (0.05, 0.15),
        "joins": tuple((day, s, 0.125) for s in ("IW1", "IW2") for day in days),
        "boundaries": tuple(
            Seam(
                overlap=f"{names[0]} / {names[-1]}",
                day=day,
                before=0.2,
                after=0.001,
                sigma=0.01,
                verdict="pass",
            )
            for day in days
        ),
        "constants": (
            Constant(
                what="azimuth shift",
                platform="S1C",
                where="IW1",
                value=0.0123,
                sigma=0.0004,
                unit="lines",
                is_significant=True,
                n_dates=1,
            ),
        ),
    }
    return Images(**{**known, **changes})


def pair_data(**changes):
    """Return one interferogram with a bowl, a hole, two regions and speckle."""
    rng = np.random.default_rng(5)
    shape = tuple(SHAPE)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    phase = 8.0 * np.exp(-((y - 45) ** 2 + (x - 60) ** 2) / 400.0) + rng.normal(scale=0.2, size=shape)
    labels = np.where(x < 100, 1, 2).astype(np.uint16)
    labels[20:30, 20:40] = 0
    displacement = (-0.0554658 / (4 * np.pi) * phase).astype(np.float32)
    displacement[labels == 0] = np.nan
    wrapped = np.angle(np.exp(1j * phase)).astype(np.float32)
    coherence = np.clip(rng.normal(0.6, 0.1, size=shape), 0, 1).astype(np.float32)
    wrapped[:10], coherence[:10] = np.nan, np.nan
    known = {
        "title": "Track 107 <b>",
        "pair": Pair(date(2023, 1, 8), date(2023, 1, 20)),
        "grid": MapGrid("EPSG:32633", 490_000.0, 4_570_000.0, 30.0, -30.0, SHAPE),
        "layers": {
            "wrapped": wrapped,
            "filtered": wrapped,
            "coherence": coherence,
            "displacement": displacement,
            "amplitude": rng.exponential(100.0, size=shape).astype(np.float32),
            "connected_components": labels,
            "unwrapped": phase.astype(np.float32),
        },
        "facts": StackFacts(
            source_format="sentinel-1 slc",
            sign_reason="reference times conjugate of secondary",
            platforms=("S1A", "S1C"),
            pass_direction="descending",
            relative_orbit=107,
            looks=Looks(2, 8),
            licence="free and open",
        ),
        "wavelength": 0.0554658,
        "baseline": -40.0,
        "slant_range": 850_000.0,
        "incidence": np.radians(39.0),
        "coherence_window": (6, 24),
        "effective_looks": 48.0,
        "images": images(n_dates=2),
        "unwrapping": UnwrappingSummary(
            method="whirlwind", licence="BSD-3-Clause", n_components=2, n_bridges=1, n_bridges_considered=3
        ),
        "excluded": (Exclusion(kind="file", name="broken.zip", reason="no <zip>"),),
        "findings": (Finding("warning", "orbit", "annotated orbit"),),
        "tallies": (Tally("pixels", 10, 9, {"no data": 1}),),
        "configuration": "method: pair\n",
        "config_hash": "abc",
        "versions": {"fringeworks": "0.1.0"},
    }
    return PairReportData(**{**known, **changes})
