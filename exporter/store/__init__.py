"""Storage in a folder or S3: profiles, references, predictions, labels, sums; a file is written whole or not at all."""
