"""The record of a back-test, as plain data: all that a report and a model card are made of."""

from training.record.record import record
from training.record.worth import Worth

__all__ = ["Worth", "record"]
