"""Other servers of the same models, each as its users write it."""
