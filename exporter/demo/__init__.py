"""A simulated fraud model to try everything on: its population, its log, and the servers that watch it."""
