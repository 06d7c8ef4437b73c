"""Samples of the catalogue, from the spec, windows and counts."""
