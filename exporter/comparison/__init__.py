"""One window of one group of rows beside its reference: features, score, classes, confidence, segments."""
