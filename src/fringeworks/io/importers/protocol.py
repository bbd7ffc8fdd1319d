"""What a reader of other programs' interferogram stacks has to offer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args, runtime_checkable

from fringeworks.errors import ConfigurationError
from fringeworks.model.options import option
from fringeworks.model.stack import InterferogramStack

PhaseSign = Literal["format", "away", "toward"]
HeightDatum = Literal["", "ellipsoid", "egm96", "egm2008"]
Unreadable = Literal["refuse", "exclude"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderOptions:
    """What a user knows better than the files, and what to do with a pair that cannot be read."""

    phase_sign: PhaseSign = option(
        "format",
        meaning="What positive phase means: as the format defines it, or said here: a longer range (away) or a shorter "
        "one (toward) at the later date",
    )
    dem_datum: HeightDatum = option(
        "", meaning="What heights are measured from, where the user knows it; wins over what the file says"
    )
    unreadable: Unreadable = option(
        "refuse",
        meaning="A pair that is damaged, empty, or lacks coherence or a header: refuse the stack, or exclude the pair "
        "and say so. Contradictions between files are refused in both cases",
    )

    def __post_init__(self) -> None:
        choices = {"phase_sign": PhaseSign, "dem_datum": HeightDatum, "unreadable": Unreadable}
        for name, kind in choices.items():
            value = getattr(self, name)
            if value not in get_args(kind):
                raise ConfigurationError(
                    f"{name} is {value!r}", expected="one of " + ", ".join(repr(v) for v in get_args(kind))
                )


@runtime_checkable
class StackReader(Protocol):
    """Reads the stack of one program, lazily and without changing anything on disk.

    Attributes
    ----------
    format : str
        Name in the configuration, lower case.
    description : str
        One line for people.
    """

    format: str
    description: str

    def find(self, path: Path, /) -> bool:
        """Return whether a folder looks like a stack of this format; never raises, reads no pixels."""
        ...

    def read(self, path: Path, /, *, options: ReaderOptions) -> InterferogramStack:
        """Read headers, check them against each other and against samples of the data, and open the rasters lazily.

        Parameters
        ----------
        path : Path
            Folder of the stack, in any layout below it.
        options : ReaderOptions
            What the user knows better.

        Returns
        -------
        InterferogramStack
            In the house's units and signs: phase in radians, positive = away from the satellite.

        Raises
        ------
        InputRefusedError
            Files are missing, damaged, or contradict each other.
        """
        ...
