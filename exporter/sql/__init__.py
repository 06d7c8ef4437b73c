"""The counts of a profile, computed by an SQL engine."""
