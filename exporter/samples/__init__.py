"""Spec, windows and counts to samples of the catalogue's metrics."""
