"""Pure functions of objectives: slices, error budget, burn rate, and what chance does to them."""
