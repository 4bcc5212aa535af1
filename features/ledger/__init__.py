"""Profit and loss of customers: a statement whose parts add up to the company's, to the cent."""

from features.ledger.statement import Statement, statement

__all__ = ["Statement", "statement"]
