"""Filters of wrapped phase."""

from dataclasses import dataclass

from fringeworks.model.options import option


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """How interferograms are filtered."""

    method: str = option("none", meaning="none")
    keep: bool = option(default=False, meaning="keep the filtered phase")


def filter_phase(phasor, coherence, *, options):
    return phasor
