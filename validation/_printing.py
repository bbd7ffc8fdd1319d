"""How a validation is called and what it prints."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any


def print_figures(description: str | None, measure: Callable[[], dict[str, Any]]) -> None:
    """Measure, and print the figures: indented, or with ``--json`` as one object on one line."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one line, one JSON object")
    arguments = parser.parse_args()
    found = measure()
    print(json.dumps(found) if arguments.json else json.dumps(found, indent=2))
