"""Whole cycles: from wrapped to unwrapped phase."""
