"""Suites of tests that every implementation of one of our protocols has to pass; for authors of plug-ins too."""
