"""The model spec: its shape, how it is read from YAML, and the time windows that it asks for."""
