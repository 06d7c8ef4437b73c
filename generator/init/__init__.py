"""`leeway init`: a first spec, guessed from a log file."""
