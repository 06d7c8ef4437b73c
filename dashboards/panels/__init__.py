"""Panels: a builder for each kind, plots that grafanalib lacks, and the style of all."""
