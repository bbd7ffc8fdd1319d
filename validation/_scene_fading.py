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

DAYS = (0, 6, 12, 18, 24, 48, 96, 192)
FIELD = LandCover(name="field", share=1.0, sigma0=-6.0, initial=0.8, floor=0.2, decay_days=20.0, fading=0.02)
"""Loses what it shares with another date but for a fifth; the part that is lost turns by 0.02 rad a day."""


def fading(folder: Path, *, samples: int = 700) -> dict[str, Any]:
    """Return the phase bias and coherence of every pair of dates against the model.

    The model is that of the scenario, written out here: of the coherence c(t) = floor + (initial - floor) exp(-t / decay) the
    decaying part is turned by the fading times t; long pairs have only the lasting part, which is not turned.  All dates
    fly one path, without air or movement: any phase is the field's.
    """
    first = date(2023, 1, 8)
    wanted = SceneScenario(
        title="fields that fade",
        centre=(15.0, 41.0),
        samples=samples,
        bursts=1,
        passes=tuple(Pass(day=first + timedelta(days=day)) for day in DAYS),
        land=(FIELD,),
        noise=None,
        coarseness=4,
        arc_seconds=4.0,
        orbit_hours=0.2,
        deflated=False,
    )
    scene = simulate_scene(wanted, folder, rng=np.random.default_rng(12))
    reads = [read_bursts(products[0])[0] for products in scene.products]
    images = [read.samples[read.burst.valid.slices] for read in reads]
    looks = images[0].size * independent_share(reads[0])
    power = [float(np.sum(np.abs(image) ** 2, dtype=float)) for image in images]
    pairs, phase = [], {}
    for i, j in combinations(range(len(DAYS)), 2):
        length = DAYS[j] - DAYS[i]
        moment = complex(np.vdot(images[j], images[i])) / math.sqrt(power[i] * power[j])
        decaying = (FIELD.initial - FIELD.floor) * math.exp(-length / FIELD.decay_days)
        model = FIELD.floor + decaying * np.exp(-1j * FIELD.fading * length)
        size = float(abs(model))
        phase[i, j] = float(np.angle(moment))
        pairs.append(
            {
                "days": length,
                "bias_rad": round(phase[i, j], 4),
                "model_rad": round(float(np.angle(model)), 4),
                "sigma_rad": round(math.sqrt((1.0 - size**2) / (2.0 * looks)) / size, 4),
                "coherence": round(abs(moment), 4),
                "coherence_model": round(size, 4),
            }
        )
    errors = [(pair["bias_rad"] - pair["model_rad"]) / pair["sigma_rad"] for pair in pairs]
    by_length = {
        str(length): round(float(np.mean([p["bias_rad"] for p in pairs if p["days"] == length])), 4)
        for length in sorted({pair["days"] for pair in pairs})
    }
    return {
        "pairs": pairs,
        "bias_by_days": by_length,
        # four pairs of six days against the one of 24 days: a loop that does not close
        "chain_of_6_days_rad": round(sum(phase[k, k + 1] for k in range(4)), 4),
        "standardised_rms": round(float(np.sqrt(np.mean(np.square(errors)))), 3),
        "coherence_off": round(max(abs(p["coherence"] - p["coherence_model"]) for p in pairs), 4),
    }
