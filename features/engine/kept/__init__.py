"""Events kept sorted on disk, so that tomorrow's frame needs tomorrow's rows and not the history."""

from features.engine.kept.kept import Kept, KeptError, keepable, kept_at

__all__ = ["Kept", "KeptError", "keepable", "kept_at"]
