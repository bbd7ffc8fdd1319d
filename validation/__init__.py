"""Accuracy of Fringeworks on data with a known answer: ``python -m validation.NAME --json``."""
