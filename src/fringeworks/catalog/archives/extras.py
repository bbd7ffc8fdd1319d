"""Optional libraries, imported when they are needed and named when they are not there."""

from __future__ import annotations

import importlib
from typing import Any

from fringeworks.errors import MissingExtraError


def need(module: str) -> Any:
    """Import a library of the ``archives`` extra.

    Parameters
    ----------
    module : str
        Name of the module, such as ``requests``.

    Raises
    ------
    MissingExtraError
        It is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"the library {module.partition('.')[0]} is not installed",
            expected="the libraries that talk to remote archives",
            hint="pip install fringeworks[archives]",
        ) from error
