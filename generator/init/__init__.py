"""The first spec that `leeway init` guesses from a log, its labels and its training data."""
