"""Stacks of interferograms that other programs made."""

from fringeworks.io.importers.protocol import ReaderOptions, StackReader
from fringeworks.io.importers.registry import reader_named, reader_names, readers

__all__ = ["ReaderOptions", "StackReader", "reader_named", "reader_names", "readers"]
