"""Pure functions of labelled predictions: performance, calibration, estimates, and how much days vary."""
