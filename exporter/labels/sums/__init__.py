"""Sums of labelled predictions, which merge by addition: by score, by class, by list, by hour."""
