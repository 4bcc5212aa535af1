"""What a customer is worth to keep and to win: formulas of acquisition and retention."""
