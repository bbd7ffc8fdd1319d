"""Words in a graph that stand for a value filled in later, by snap2stamps or by gpt's ``-Pname=value``."""

from __future__ import annotations

import re
from typing import Final

WORDS: Final = frozenset(
    {
        "INPUTFILE",
        "INPUTFILE1",
        "INPUTFILE2",
        "INPUTXML",
        "OUTPUTFILE",
        "OUTPUTNAME",
        "OUTPUTFOLDER",
        "OUTPUTCOREGFOLDER",
        "OUTPUTIFGFOLDER",
        "OUTPUTSUBSETFOLDER",
        "MASTER",
        "SLAVE",
        "SECONDARY",
        "COREGFILE",
        "IFGFILE",
        "IWs",
        "POLARISATION",
        "POLYGON",
        "EXTERNALDEM",
        "IBAND",
        "QBAND",
    }
)
"""What snap2stamps replaces in the graphs it ships."""

_VARIABLE: Final = re.compile(r"\$\{?[A-Za-z_]")
_PARTS: Final = re.compile(r"[/\\.]|_(?=IWs)")


def is_placeholder(value: str) -> bool:
    """Return whether a value of a graph is filled in later: ``POLYGON``, ``OUTPUTFOLDER/OUTPUTFILE.dim``, ``${file}``."""
    return bool(_VARIABLE.search(value)) or any(part in WORDS for part in _PARTS.split(value.strip()))
