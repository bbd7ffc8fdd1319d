"""Fading in simulated scenes: the phase bias of fields by the length of pairs, and what a chain of short pairs adds up to."""

from __future__ import annotations

import math
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from fringeworks.simulate.scene.scenario import LandCover, Pass, SceneScenario
from fringeworks.simulate.scene.scene import simulate_scene
from validation._scene_forming import independent_share
from validation._scene_measures import read_bursts

FOREST = LandCover(name="forest", share=1.0, sigma0=-8.0, initial=0.4, floor=0.05, decay_days=8.0)
"""That of the demonstration: a coherence of 0.13 after twelve days."""
DAYS = (0, 6, 12, 18, 24, 48, 96, 192)
FIELD = LandCover(name="field", share=1.0, sigma0=-6.0, initial=0.8, floor=0.2, decay_days=20.0, fading=0.02)
"""Loses what it shares with another date but for a fifth; the part that is lost turns by 0.02 rad a day."""


def pairs_of(
    folder: Path, cover: LandCover, days: tuple[int, ...], *, samples: int, coarseness: int
) -> list[dict[str, float]]:
    """Return phase bias and coherence of every pair of dates of a land cover that is alone, against the model.

    The model is that of the scenario, written out here: of the coherence c(t) = floor + (initial - floor) exp(-t / decay) the
    decaying part is turned by the fading times t; long pairs have only the lasting part, which is not turned.  All dates
    fly one path, without air, movement or noise: any phase is the ground's.
    """
    first = date(2023, 1, 8)
    wanted = SceneScenario(
        title=f"{cover.name} alone",
        centre=(15.0, 41.0),
        samples=samples,
        bursts=1,
        passes=tuple(Pass(day=first + timedelta(days=day)) for day in days),
        land=(cover,),
        noise=None,
        coarseness=coarseness,
        arc_seconds=4.0,
        orbit_hours=0.2,
        deflated=False,
    )
    scene = simulate_scene(wanted, folder, rng=np.random.default_rng(12))
    reads = [read_bursts(products[0])[0] for products in scene.products]
    images = [read.samples[read.burst.valid.slices] for read in reads]
    looks = images[0].size * independent_share(reads[0])
    power = [float(np.sum(np.abs(image) ** 2, dtype=float)) for image in images]
    pairs = []
    for i, j in combinations(range(len(days)), 2):
        length = days[j] - days[i]
        moment = complex(np.sum(images[i] * np.conj(images[j]), dtype=complex))
        moment /= math.sqrt(power[i] * power[j])
        decaying = (cover.initial - cover.floor) * math.exp(-length / cover.decay_days)
        model = cover.floor + decaying * np.exp(-1j * cover.fading * length)
        size = float(abs(model))
        pairs.append(
            {
                "first": i,
                "second": j,
                "days": length,
                "bias_rad": round(float(np.angle(moment)), 4),
                "model_rad": round(float(np.angle(model)), 4),
                "sigma_rad": round(math.sqrt((1.0 - size**2) / (2.0 * looks)) / size, 4),
                "coherence": round(abs(moment), 4),
                "coherence_model": round(size, 4),
            }
        )
    return pairs


def faint(folder: Path) -> dict[str, float]:
    """Return phase bias and coherence of a forest that is alone, from the three pairs of neighbouring dates of four.

    Full lines and six million samples: the mean phase of three pairs that share dates by two is known to 0.0023 rad.
    """
    pairs = [
        p for p in pairs_of(folder, FOREST, (0, 12, 24, 36), samples=4_000, coarseness=1) if p["days"] == 12
    ]
    return {
        "coherence": round(float(np.mean([p["coherence"] for p in pairs])), 4),
        "model": pairs[0]["coherence_model"],
        "phase_bias_rad": round(float(np.mean([p["bias_rad"] for p in pairs])), 4),
        "phase_sigma_rad": round(pairs[0]["sigma_rad"] / math.sqrt(len(pairs)), 4),
    }


def fading(folder: Path, *, samples: int = 700) -> dict[str, Any]:
    """Return the phase bias of every pair of dates of fields that fade against the model, and of a chain of short pairs."""
    pairs = pairs_of(folder, FIELD, DAYS, samples=samples, coarseness=4)
    chain = [p["bias_rad"] for p in pairs if p["second"] == p["first"] + 1 and p["days"] == 6]
    errors = [(pair["bias_rad"] - pair["model_rad"]) / pair["sigma_rad"] for pair in pairs]
    by_length = {
        str(length): round(float(np.mean([p["bias_rad"] for p in pairs if p["days"] == length])), 4)
        for length in sorted({pair["days"] for pair in pairs})
    }
    return {
        "pairs": pairs,
        "bias_by_days": by_length,
        # four pairs of six days against the one of 24 days: a loop that does not close
        "chain_of_6_days_rad": round(sum(chain), 4),
        "standardised_rms": round(float(np.sqrt(np.mean(np.square(errors)))), 3),
        "coherence_off": round(max(abs(p["coherence"] - p["coherence_model"]) for p in pairs), 4),
    }
