"""Distributed scatterers: similar samples, covariance, linked phases, in batch and date by date."""
