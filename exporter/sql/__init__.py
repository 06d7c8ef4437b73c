"""The same counts as a profile's, asked of an SQL engine."""
