"""Persistent and distributed scatterers as one set of points, and the network of arcs between them."""
