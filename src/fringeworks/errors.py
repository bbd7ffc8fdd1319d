"""Every error of the house, numbered, on one page.

::

    FringeworksError
    ├── RequestError            1xxx  what was asked cannot be done as asked            exit 2
    ├── InputRefusedError       2xxx  an input is damaged, missing or contradicts       exit 3
    ├── RunError                3xxx  something failed while running (resumable)        exit 4
    └── CalculationError        4xxx  a function was given arrays or values that
                                      cannot be right (a caller's mistake)              exit 4

A message says what was found, what was expected and what to do.  Each leaf is also the built-in
exception a caller would catch.  ``docs/reference/errors.md`` is made from this page.
"""

from __future__ import annotations

from typing import ClassVar


class FringeworksError(Exception):
    """Root of all errors that Fringeworks raises on purpose.

    Parameters
    ----------
    found : str
        What was found, with the offending value or file.
    expected : str
        What would have been right.
    hint : str
        What to do about it.
    """

    code: ClassVar[int] = 0
    exit_status: ClassVar[int] = 4
    summary: ClassVar[str] = "unspecified failure"

    def __init__(self, found: str, *, expected: str = "", hint: str = "") -> None:
        self.found = found
        self.expected = expected
        self.hint = hint
        super().__init__(self.message())

    def message(self) -> str:
        """Return the whole message as one text: found, expected, hint."""
        parts = [f"[FW{self.code:04d}] {self.found}"]
        if self.expected:
            parts.append(f"expected: {self.expected}")
        if self.hint:
            parts.append(f"what to do: {self.hint}")
        return "; ".join(parts)

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the three parts when an error crosses a process border."""
        return _rebuild, (type(self), self.found, self.expected, self.hint)


def _rebuild(kind: type[FringeworksError], found: str, expected: str, hint: str) -> FringeworksError:
    return kind(found, expected=expected, hint=hint)


# ---------------------------------------------------------------- 1xxx: the request


class RequestError(FringeworksError, ValueError):
    """The configuration or the arguments cannot be carried out."""

    code = 1000
    exit_status = 2
    summary = "the request cannot be carried out as written"


class ConfigurationError(RequestError):
    """The YAML does not parse, or a value has the wrong type or range."""

    code = 1001
    summary = "the configuration is not valid"


class UnknownKeyError(RequestError):
    """The configuration holds a key that no section knows."""

    code = 1002
    summary = "the configuration holds an unknown key"


class OutputFolderError(RequestError):
    """The output folder belongs to another run, or is not ours."""

    code = 1003
    summary = "the output folder cannot be used for this run"


class ReferenceUnusableError(RequestError):
    """The reference is outside the area, or holds no valid pixel."""

    code = 1004
    summary = "the reference cannot be used"


class UnknownStepError(RequestError):
    """A step was named that the plan does not hold."""

    code = 1005
    summary = "no such step"


class MemoryLimitError(RequestError):
    """The memory limit is too small for even one block."""

    code = 1006
    summary = "compute.max_memory is too small"


class UnknownNameError(RequestError):
    """A reader, correction, model or family was named that nobody offers."""

    code = 1007
    summary = "no such plug-in"


class MissingExtraError(RequestError, ImportError):
    """An optional library is needed and not installed."""

    code = 1008
    summary = "an optional library is not installed"


# ---------------------------------------------------------------- 2xxx: the inputs


class InputRefusedError(FringeworksError, ValueError):
    """An input cannot be used."""

    code = 2000
    exit_status = 3
    summary = "an input is refused"


class MissingInputError(InputRefusedError, FileNotFoundError):
    """A file or folder that is needed is not there."""

    code = 2001
    summary = "an input is missing"


class DamagedFileError(InputRefusedError, OSError):
    """A file is truncated or cannot be decoded."""

    code = 2002
    summary = "a file is damaged"


class GridMismatchError(InputRefusedError):
    """Two inputs lie on different grids."""

    code = 2003
    summary = "inputs lie on different grids"


class EmptyPairError(InputRefusedError):
    """An interferogram holds no valid pixel."""

    code = 2004
    summary = "an interferogram holds no valid pixel"


class DuplicatePairError(InputRefusedError):
    """The same pair of dates was given twice."""

    code = 2005
    summary = "a pair of dates is given twice"


class DateOrderError(InputRefusedError):
    """A pair's reference is not earlier than its secondary."""

    code = 2006
    summary = "the dates of a pair are in the wrong order"


class MetadataMismatchError(InputRefusedError):
    """Headers contradict each other or the data (wavelength, looks, geometry, sign)."""

    code = 2007
    summary = "metadata contradict each other"


class DisconnectedNetworkError(InputRefusedError):
    """The pairs fall into subsets without a common date, and bridging was not asked for."""

    code = 2008
    summary = "the interferogram network is not connected"


class TooFewDataError(InputRefusedError):
    """Fewer dates, pairs or pixels than the operation needs."""

    code = 2009
    summary = "too few data"


class UnitError(InputRefusedError):
    """Values cannot be in the unit they are said to be in."""

    code = 2010
    summary = "values do not fit their unit"


class UnsafeInputError(InputRefusedError):
    """An archive or XML file is built to harm: it grows out of measure, or points outside itself."""

    code = 2020
    summary = "an input is not safe to open"


class UnsupportedInputError(InputRefusedError):
    """An input is sound, but of a kind that is not read."""

    code = 2021
    summary = "an input is of a kind that is not read"


class MixedStackError(InputRefusedError):
    """Products of different tracks, modes or polarisations are given as one stack."""

    code = 2022
    summary = "products do not belong to one stack"


# ---------------------------------------------------------------- 3xxx: the run


class RunError(FringeworksError, RuntimeError):
    """A step failed while running; what was finished is kept."""

    code = 3000
    exit_status = 4
    summary = "a step failed"


class StoreVersionError(RunError):
    """The working store was written by a newer version."""

    code = 3001
    summary = "the working store is newer than this program"


class DiskFullError(RunError, OSError):
    """The disk is full, or too small for the plan."""

    code = 3002
    summary = "not enough disk space"


class SeamError(RunError):
    """Burst overlaps of some dates do not agree, and the configuration says to stop there."""

    code = 3021
    summary = "burst overlaps do not agree"


class CancelledError(RunError):
    """The run was cancelled by the user; it can be resumed."""

    code = 3003
    summary = "the run was cancelled"


class ProductInvalidError(RunError):
    """A written product does not keep its contract."""

    code = 3004
    summary = "a product does not keep its contract"


class OutputBusyError(RunError):
    """Another process is running in the same output folder."""

    code = 3005
    summary = "the output folder is in use by another run"


class ArchiveError(RunError, OSError):
    """A remote archive did not deliver."""

    code = 3010
    summary = "a remote archive did not deliver"


class ArchiveAccessError(ArchiveError):
    """An archive refuses access: no credentials, expired ones, or a licence not accepted."""

    code = 3011
    summary = "a remote archive refuses access"


class ArchiveBusyError(ArchiveError):
    """An archive is busy, down or silent."""

    code = 3012
    summary = "a remote archive is busy, down or silent"


class NotInArchiveError(ArchiveError):
    """An archive does not hold what was asked for."""

    code = 3013
    summary = "not in the archive"


class ChecksumError(ArchiveError):
    """A download does not match the checksum or size its archive states."""

    code = 3014
    summary = "a download does not match its checksum"


class TruncatedDownloadError(ArchiveError):
    """A download ended early, again and again."""

    code = 3015
    summary = "a download ended early"


class SolverError(RunError):
    """A solver stopped, crashed, or gave an answer that cannot be right."""

    code = 3020
    summary = "a solver failed"


# ---------------------------------------------------------------- 4xxx: the calculation


class CalculationError(FringeworksError, ValueError):
    """A function was given values that cannot be right."""

    code = 4000
    summary = "values that cannot be right were given to a function"


class ShapeMismatchError(CalculationError):
    """Arrays differ in shape where they must agree."""

    code = 4001
    summary = "array shapes differ"


class OutOfRangeError(CalculationError):
    """A value lies outside its physical or documented range."""

    code = 4002
    summary = "a value is out of range"
