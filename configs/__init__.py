"""Floor 0: what a study, a dataset file and a deployment may say. Imports nothing of ours."""
