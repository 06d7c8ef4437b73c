"""Pure functions of profiles: no thresholds inside a statistic, no verdicts anywhere but in `thresholds`."""
