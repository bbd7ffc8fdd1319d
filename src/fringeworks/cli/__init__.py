"""The command line: parses words, calls one function, prints."""

from fringeworks.cli.app import main

__all__ = ["main"]
