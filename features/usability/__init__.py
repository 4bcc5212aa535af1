"""Whether raw tables can be used, and what is wrong with them: where, how many rows, an example, what to do."""

from features.usability.examine import examine
from features.usability.question import Question
from features.usability.report import Report

__all__ = ["Question", "Report", "examine"]
