"""Storage on disk: profiles, references, predictions, labels and sums; a file is written whole or not at all."""
