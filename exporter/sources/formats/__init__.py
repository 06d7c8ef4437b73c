"""How rows are written: the readers of one file, for each format."""
