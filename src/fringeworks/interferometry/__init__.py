"""Pairs of images: which to form, and whether they agree with one another."""
