"""A small run with everything in it, and one with next to nothing; both made up here."""

from datetime import date, timedelta

import numpy as np
import pytest

from fringeworks.model.grids import Looks, MapGrid, Shape
from fringeworks.model.results import Reference
from fringeworks.model.stack import Pair, PairNetwork, StackFacts
from fringeworks.model.tally import Finding, Tally
from fringeworks.products.report import (
    AccuracyFigure,
    CorrectionSummary,
    Exclusion,
    PairSummary,
    ReportData,
    TripletSummary,
)

SHAPE = Shape(30, 44)


def full_data(**changes):
    rng = np.random.default_rng(7)
    shape = tuple(SHAPE)
    dates = tuple(date(2018, 1, 6) + timedelta(days=12 * k) for k in range(7))
    years = np.array([(d - dates[0]).days for d in dates]) / 365.25
    x = np.arange(SHAPE.cols) / SHAPE.cols
    velocity = (np.broadcast_to(0.02 - 0.1 * x, shape) + rng.normal(scale=0.002, size=shape)).astype(
        np.float32
    )
    velocity[4:8, 10:20] = np.nan
    flags = np.where(np.isnan(velocity), 1, rng.choice([0, 0, 0, 8], size=shape)).astype(np.uint16)
    pairs = [Pair(dates[i], dates[j]) for i in range(7) for j in range(i + 1, min(i + 3, 7))]
    network = PairNetwork.of(pairs, rng.normal(scale=50, size=len(pairs)))
    verdicts = {
        1: ("excluded", "closes on whole cycles"),
        4: ("down-weighted", "residual 2.4 times the median"),
    }
    known = {
        "title": "Made-up valley",
        "grid": MapGrid("EPSG:4326", -99.2, 19.5, 0.001, -0.001, SHAPE),
        "dates": dates,
        "layers": {
            "velocity": velocity,
            "velocity_std": rng.uniform(0.001, 0.004, size=shape).astype(np.float32),
            "displacement": (velocity * years[:, None, None]).astype(np.float32),
            "temporal_coherence": rng.uniform(0.4, 1, size=shape).astype(np.float32),
            "quality_flags": flags,
            "recommended_mask": (flags == 0).astype(np.uint8),
            "closure_rms": rng.uniform(0.2, 1, size=shape).astype(np.float32),
        },
        "network": network,
        "pairs": tuple(
            PairSummary(
                pair=p,
                verdict=verdicts.get(k, ("used", ""))[0],
                reason=verdicts.get(k, ("used", ""))[1],
                coherence=float(rng.uniform(0.3, 0.9)),
                residual_rms=float(rng.uniform(0.2, 0.6)),
            )
            for k, p in enumerate(network.pairs)
        ),
        "facts": StackFacts(
            source_format="gamma",
            sign_reason="positive phase is motion away",
            platforms=("S1A",),
            pass_direction="descending",
            relative_orbit=5,
            looks=Looks(4, 20),
            licence="CC-BY-4.0",
        ),
        "wavelength": 0.0554658,
        "reference": Reference(
            row=2,
            col=30,
            x=-99.1695,
            y=19.4975,
            radius=2,
            n_pixels=24,
            when=dates[0],
            how="automatic",
            reason="lowest scatter of 12 candidates",
            removed=np.zeros(7),
        ),
        "date_residuals": rng.uniform(0.2, 0.5, size=7),
        "triplets": tuple(
            TripletSummary(
                dates=dates[k : k + 3],
                n_pixels=1000,
                mean=0.01 * k,
                std=0.3,
                cycle_fraction=0.2 if k == 1 else 0.0,
            )
            for k in range(5)
        ),
        "excluded": (Exclusion(kind="file", name="a.unw.tif", reason="truncated <half>"),),
        "corrections": (CorrectionSummary(name="tides", state="not applied", text="below 1 mm here"),),
        "findings": (
            Finding("ok", "wavelength", "as in all headers"),
            Finding("warning", "looks", "contradict"),
        ),
        "tallies": (Tally("pixels", 1320, 1280, {"no data": 40}),),
        "accuracy": (
            AccuracyFigure(name="velocity rms", value=1.25, unit="mm/yr", expected="", passed=None),
        ),
        "truth_velocity": (velocity + 0.001).astype(np.float32),
        "configuration": "inputs:\n  slc: []\n",
        "config_hash": "abc123",
        "versions": {"fringeworks": "0.1.0"},
    }
    return ReportData(**{**known, **changes})


def bare_data(**changes):
    dates = (date(2018, 1, 6), date(2018, 1, 18))
    pair = Pair(*dates)
    shape = tuple(SHAPE)
    known = {
        "title": "Nothing <b>here</b>",
        "grid": MapGrid("EPSG:32614", 480_000, 2_160_000, 30, -30, SHAPE),
        "dates": dates,
        "layers": {
            "velocity": np.full(shape, np.nan, np.float32),
            "displacement": np.full((2, *shape), np.nan, np.float32),
        },
        "network": PairNetwork.of([pair]),
        "pairs": (PairSummary(pair=pair),),
        "facts": StackFacts(source_format="made", sign_reason=""),
        "wavelength": 0.0554658,
    }
    return ReportData(**{**known, **changes})


@pytest.fixture
def full():
    return full_data()


@pytest.fixture(scope="session")
def full_once():
    """Give the same data to all tests that read one page; nobody changes them."""
    return full_data()


@pytest.fixture
def bare():
    return bare_data()
