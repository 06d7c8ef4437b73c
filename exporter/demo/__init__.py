"""The demo: a simulated fraud model with its customers and its log, and the servers that monitor it."""
