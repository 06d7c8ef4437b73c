"""Predictions and their late labels: how they are reduced, joined and evaluated."""
