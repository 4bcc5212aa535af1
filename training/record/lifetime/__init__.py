"""What the record says of lifetime value: whether purchases come as expected, who brings it, how sure totals are."""

from training.record.lifetime.lifetime import lifetime

__all__ = ["lifetime"]
