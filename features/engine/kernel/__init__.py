"""The fast embedded engine: DuckDB reads and evaluates rows, compiled loops aggregate them customer by customer."""

from features.engine.kernel.answer import answer
from features.engine.kernel.census import census

__all__ = ["answer", "census"]
