"""A log to replay where there is none, and the past through the same code."""
