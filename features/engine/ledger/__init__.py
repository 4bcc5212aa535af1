"""What customers bring and cost, as SQL over the lines of a history: exact, in DECIMAL."""
