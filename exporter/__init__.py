"""The exporter, and the catalogue that all names come from."""

from exporter.processor import set_up_numpy

set_up_numpy()
