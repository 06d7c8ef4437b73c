"""The service, and the vocabulary from which everything else derives."""

from exporter.processor import prefer_quick_sort

prefer_quick_sort()
