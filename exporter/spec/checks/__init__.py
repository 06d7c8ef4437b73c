"""The checks that need more than one key of a spec: whether its sections are consistent with each other."""
