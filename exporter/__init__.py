"""The exporter, and the catalogue that all names come from."""

from exporter.processor import prefer_quick_sort

prefer_quick_sort()
