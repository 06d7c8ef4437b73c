"""Labels that an SQL engine joins and counts: the statement, and its result."""
