"""Sections of the dashboard of all models: a row for each model, and what they did over time."""
