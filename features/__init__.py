"""Floor 1: tables, time, declarations, the engine and datasets."""
