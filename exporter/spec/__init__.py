"""The model spec: its schema, its checks, how it is read from YAML, and the calendar and windows that it defines."""
