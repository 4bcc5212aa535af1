"""Floor 3: score in batch and online, and watch for drift."""
