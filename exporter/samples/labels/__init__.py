"""Samples of labels, of performance, and of what is expected of both."""
