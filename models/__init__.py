"""Floor 2: estimators, metrics, the artifact and the registry. They know tables, not where tables come from."""
