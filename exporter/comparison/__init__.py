"""Comparison of one group's rows in a window with its reference: features, score, classes, confidence, segments."""
