"""Storage on disk or in S3: profiles, references, predictions, labels and sums; a file is written whole or not at all."""
