"""The service, and the vocabulary from which everything else derives."""
