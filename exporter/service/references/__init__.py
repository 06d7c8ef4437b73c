"""The reference in a refresh: where it is, how it is read, and accepted changes."""
