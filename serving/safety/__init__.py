"""Who may ask for what and how often, what is kept of it, and what never gets into a log."""
