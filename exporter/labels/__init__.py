"""Predictions and the labels that come later: how they are reduced, joined and judged."""
