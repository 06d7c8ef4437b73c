"""Sections of the dashboards, one file for each subject."""
