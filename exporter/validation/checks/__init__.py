"""One subject each: from a small sample to findings, without a disk."""
