"""Rows to counts, once: binning, columns, groups, the kernel, merging and packing."""
