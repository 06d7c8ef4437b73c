"""The sections of a spec, one file for each key."""
