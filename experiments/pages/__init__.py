"""The pages of a model: its report and its card, made from the record of its back-test alone."""

from experiments.pages.write import write_pages

__all__ = ["write_pages"]
