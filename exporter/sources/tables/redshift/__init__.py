"""Tables of Redshift: statements through its Data API, and its dialect of SQL."""
