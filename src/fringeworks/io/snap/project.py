"""The project.conf of snap2stamps: plain ``KEY=value`` lines (version 1) or sections with keys (version 2).

Keys are found by their whole name, in any case.  The scripts of version 1 look for a key anywhere in a line, so a path
that holds ``IW1`` or ``MASTER`` can take another key's place there; what they would have read is compared with what the
file says, and every difference is reported.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fringeworks.errors import DamagedFileError, MetadataMismatchError, MissingInputError, UnsafeInputError
from fringeworks.model.tally import Finding

MAX_BYTES: Final = 2**20
"""Largest file that is read; real ones stay under 4 KiB."""

KEYS_1: Final = (
    "PROJECTFOLDER",
    "GRAPHSFOLDER",
    "IW1",
    "MASTER",
    "POLARISATION",
    "LONMIN",
    "LATMIN",
    "LONMAX",
    "LATMAX",
    "GPTBIN_PATH",
    "CPU",
    "CACHE",
)
"""Keys of version 1; POLARISATION is read by its script for several sub-swaths only."""

SECTIONS_2: Final = {
    "PROJECT_DEFINITION": ("PROJECTFOLDER", "GRAPHSFOLDER"),
    "PROC_OPTIONS": ("OVERWRITE", "SMARTHDD", "PLOTTING"),
    "PROC_PARAMETERS": ("SENSOR", "POLARISATION", "MASTER", "MASTERFOLDER", "MASTERSEL", "EXTDEM"),
    "AOI_DEFINITION": ("AOI_MODE", "LONMIN", "LATMIN", "LONMAX", "LATMAX", "WKT", "AOI_FILE"),
    "SEARCH_PARAMS": ("AUTODOWNLOAD", "TRACK", "BEAMMODE", "START", "END", "SAT", "ASF_USER", "ASF_PASS"),
    "SEARCH_PDOWNLOADS": ("NPD",),
    "SNAP_GPT": ("SNAP_INSTALLATION_FOLDER", "SNAP_HOME_DIR"),
    "COMPUTING_RESOURCES": ("CPU", "CACHE"),
}
"""Sections and keys of version 2; MASTERFOLDER is what two of its scripts call MASTER."""

_SECTION: Final = re.compile(r"\[(?P<name>[^\]]*)\]")
_INLINE: Final = re.compile(r"\s+[#;].*$")
_SECRET: Final = re.compile(r"PASS|PWD|SECRET|TOKEN|USER", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key of the file.

    Attributes
    ----------
    key : str
        In capitals.
    value : str
        Without comment and quotes; always empty where ``secret``.
    section : str
        In capitals; empty in version 1.
    line : int
        Number of its line, from 1.
    secret : bool
        Whether it holds a name or password: its value is not kept anywhere.
    """

    key: str
    value: str
    section: str
    line: int
    secret: bool = False

    def __str__(self) -> str:
        """Return ``KEY = value`` as it may be shown."""
        return f"{self.key} = {'(not shown)' if self.secret else self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapProject:
    """What a project.conf says.

    Attributes
    ----------
    path : Path
        The file.
    version : int
        1 or 2: which snap2stamps it is written for.
    entries : mapping of str to Entry
        Known keys by name.
    unknown : tuple of Entry
        Keys that this version of snap2stamps does not read.
    findings : tuple of Finding
        What a person should know of the file itself.
    """

    path: Path
    version: int
    entries: Mapping[str, Entry]
    unknown: tuple[Entry, ...]
    findings: tuple[Finding, ...]

    def text(self, key: str) -> str:
        """Return the value of a key; empty where it is absent or empty."""
        return self.entries[key].value if key in self.entries else ""


def read_project(path: Path) -> SnapProject:
    """Read a project.conf of either version.

    Raises
    ------
    MissingInputError
        It is not there.
    UnsafeInputError
        It is too large to be one.
    DamagedFileError
        A line is neither a key with a value, nor a section, nor a comment; or no known key is in it.
    MetadataMismatchError
        A key stands twice with different values.
    """
    text, findings = _text_of(path)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    version = 2 if any(_section(line) in SECTIONS_2 for line in lines) else 1
    entries: dict[str, Entry] = {}
    unknown: list[Entry] = []
    known = _known(version)
    for entry, more in _entries(lines, path, version):
        findings += more
        before = entries.get(entry.key)
        if before is not None and before.value != entry.value:
            raise MetadataMismatchError(
                f"{path}: {entry.key} is {before.value!r} in line {before.line} and {entry.value!r} in line {entry.line}",
                expected="each key once",
                hint="delete the line that does not hold",
            )
        if entry.key in known:
            entries[entry.key] = entry
            findings += _misplaced(entry, version)
        else:
            unknown.append(entry)
            findings.append(_unknown(entry, known))
    if not entries:
        raise DamagedFileError(
            f"{path}: no key of snap2stamps",
            expected="PROJECTFOLDER and the like",
            hint="is this the right file?",
        )
    if version == 1:
        findings += _what_scripts_read(lines, entries)
    return SnapProject(
        path=path, version=version, entries=entries, unknown=tuple(unknown), findings=tuple(findings)
    )


def _text_of(path: Path) -> tuple[str, list[Finding]]:
    if not path.is_file():
        raise MissingInputError(f"{path} is not there", expected="a project.conf of snap2stamps")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise UnsafeInputError(f"{path}: {size} bytes", expected=f"a project.conf of at most {MAX_BYTES}")
    data = path.read_bytes()
    if b"\0" in data:
        raise DamagedFileError(f"{path} is not a text file", expected="a project.conf of snap2stamps")
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        text = "it is not UTF-8 and was read as Latin-1: check the paths with letters beyond English"
        return data.decode("latin-1"), [Finding("warning", "encoding", text)]


def _section(line: str) -> str:
    found = _SECTION.match(line.strip())
    return found["name"].strip().upper() if found else ""


def _known(version: int) -> frozenset[str]:
    return frozenset(KEYS_1 if version == 1 else [k for keys in SECTIONS_2.values() for k in keys])


def _entries(lines: list[str], path: Path, version: int) -> Iterator[tuple[Entry, list[Finding]]]:
    section, last = "", None
    for number, line in enumerate(lines, start=1):
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        if _SECTION.match(bare):
            section = _section(line)
        elif "=" in bare:
            if last is not None:
                yield last
            last = _entry(bare, section=section, number=number)
        elif last is not None and version == 2 and line[0].isspace():
            entry, findings = last
            joined = "" if entry.secret else f"{entry.value} {_INLINE.sub('', bare)}".strip()
            last = (
                Entry(
                    key=entry.key, value=joined, section=entry.section, line=entry.line, secret=entry.secret
                ),
                findings,
            )
        else:
            raise DamagedFileError(
                f"{path}: line {number} is {bare[:60]!r}",
                expected="KEY = value, a section, or a comment after #",
            )
    if last is not None:
        yield last


def _entry(bare: str, *, section: str, number: int) -> tuple[Entry, list[Finding]]:
    name, _, raw = bare.partition("=")
    key, value, findings = name.strip().upper(), raw.strip(), []
    secret = _SECRET.search(key) is not None
    plain = _INLINE.sub("", f" {value}").strip()
    if plain != value and not secret:
        text = f"line {number}: {key} has a comment behind its value; snap2stamps itself takes it for part of the value"
        findings.append(Finding("note", "comment", text))
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "\"'":
        plain = plain[1:-1].strip()
    entry = Entry(key=key, value="" if secret else plain, section=section, line=number, secret=secret)
    return entry, findings


def _unknown(entry: Entry, known: frozenset[str]) -> Finding:
    near = difflib.get_close_matches(entry.key, known, n=1, cutoff=0.7)
    text = f"line {entry.line}: {entry.key} is no key of snap2stamps and is left out"
    return Finding("warning", "unknown key", text + (f": did you mean {near[0]}?" if near else ""))


def _misplaced(entry: Entry, version: int) -> list[Finding]:
    if version == 1 or entry.key in SECTIONS_2.get(entry.section, ()):
        return []
    home = next(name for name, keys in SECTIONS_2.items() if entry.key in keys)
    text = f"line {entry.line}: {entry.key} stands in section {entry.section or 'none'!s} and belongs in {home}; it is read all the same"
    return [Finding("warning", "section", text)]


def _what_scripts_read(lines: list[str], entries: Mapping[str, Entry]) -> list[Finding]:
    """Find keys for which the scripts of version 1, which take the last line that holds the word, read something else."""
    findings = []
    for key, entry in entries.items():
        holders = [(number, line) for number, line in enumerate(lines, start=1) if key in line]
        number, line = holders[-1] if holders else (entry.line, "")
        if number == entry.line and "=" not in entry.value:
            continue
        taken = line.partition("=")[2].partition("=")[0].strip()
        text = (
            f"snap2stamps takes {taken!r} of line {number} for {key}, for it looks for the word anywhere in a line and "
            f"cuts at the next '='; here {key} is what its own line {entry.line} says: {entry.value!r}"
        )
        findings.append(Finding("warning", "key inside a value", text))
    return findings
