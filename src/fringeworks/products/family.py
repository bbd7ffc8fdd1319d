"""What a product family promises: files of its own beside the standard ones, made from the same layers.

Others add one by naming a class in the entry-point group ``fringeworks.products``; ``products.families`` in the
configuration then takes its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol, runtime_checkable

from fringeworks.io.rasters import ProductFile
from fringeworks.model.arrays import ArraySource
from fringeworks.model.grids import MapGrid
from fringeworks.model.results import Reference
from fringeworks.model.stack import PairNetwork, StackFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyInput:
    """What a family is made from.

    Attributes
    ----------
    layers : mapping of str to ArraySource
        By layer-table names, in metres, years and **radians**, positive toward the satellite; read window by window.
    grid : MapGrid
        Grid of all layers.
    dates : tuple of date
        One for each entry of a date axis.
    network : PairNetwork
        Interferograms the series rests on.
    wavelength : float
        Radar wavelength [m].
    facts : StackFacts
        What is known of the acquisitions.
    reference : Reference
        Where and when displacement is zero.
    config_hash : str
        Digest of the resolved configuration.
    """

    layers: Mapping[str, ArraySource]
    grid: MapGrid
    dates: tuple[date, ...]
    network: PairNetwork
    wavelength: float
    facts: StackFacts
    reference: Reference
    config_hash: str


@runtime_checkable
class Family(Protocol):
    """Writes the files of one product family."""

    @property
    def name(self) -> str:
        """Name in the configuration, and of the folder under ``products``."""
        ...

    def write(self, folder: Path, data: FamilyInput, /) -> list[ProductFile]:
        """Write the family's files into its folder, ``out/products/<name>``, which is there and empty.

        The same input has to give the same bytes: no time of writing inside.
        """
        ...
