"""The stages of the chains: each reads named layers, calls one room, writes named layers, returns a tally."""

from __future__ import annotations

from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.stage import Stage
from fringeworks.workflow.stages import (
    catalogue,
    correcting,
    fitting,
    importing,
    inverting,
    pairing,
    publishing,
    referencing,
    reporting,
)


def stages_for(config: RunConfig) -> tuple[Stage, ...]:
    """Return the stages of a configuration, in the order they run."""
    chain = [importing.STAGE, pairing.STAGE, inverting.STAGE]
    if config.corrections.names:
        chain.append(correcting.STAGE)
    after = chain[-1].name
    return (
        *chain,
        referencing.stage(after),
        fitting.stage(after),
        publishing.STAGE,
        catalogue.STAGE,
        reporting.STAGE,
    )
