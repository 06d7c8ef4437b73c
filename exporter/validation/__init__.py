"""Whether a spec fits its data: what would go wrong, found in a small sample of each source."""
