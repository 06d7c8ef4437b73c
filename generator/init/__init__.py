"""The first spec that `leeway init` guesses from a log file."""
