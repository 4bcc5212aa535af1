"""What the service answers from now: models and batches, held together and exchanged as one."""
