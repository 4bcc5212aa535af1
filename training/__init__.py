"""Floor 3: fit, evaluate, track."""
