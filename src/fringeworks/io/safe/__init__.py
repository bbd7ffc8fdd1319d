"""Sentinel-1 SLC products in SAFE format: folders and zips, every mode with bursts or strip map, every processor."""

from fringeworks.io.safe.bursts import BurstSamples
from fringeworks.io.safe.product import SafeProduct, open_safe

__all__ = ["BurstSamples", "SafeProduct", "open_safe"]
