"""The fast embedded engine: DuckDB reads and evaluates rows, compiled loops aggregate them customer by customer."""

from features.engine.kernel.answer import answer

__all__ = ["answer"]
