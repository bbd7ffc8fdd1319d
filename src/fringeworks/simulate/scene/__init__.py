"""Lawful simulated scenes: SAFE products, orbit files and a DEM with their truth beside them."""
