"""What is kept on disk: profiles, predictions, labels and sums, each written whole or not at all."""
