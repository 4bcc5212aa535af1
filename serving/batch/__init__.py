"""Batches: everyone of a population at once, block by block, each block once, whole or not at all."""

from serving.batch.manifest import FRAME, MANIFEST, REASONS, SCORES
from serving.batch.observed import asked, batch_frame

__all__ = ["FRAME", "MANIFEST", "REASONS", "SCORES", "asked", "batch_frame"]
