"""Pure functions of counts. Noise levels and thresholds are in `thresholds`, apart from the statistics."""
