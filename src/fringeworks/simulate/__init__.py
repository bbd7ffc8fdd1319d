"""Invented data with a known answer, beside the house: it shares no formula with the rooms that it judges."""
