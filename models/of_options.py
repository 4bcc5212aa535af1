"""What a class of models says, and a model whose options change it says of itself."""

from collections.abc import Callable
from typing import Any


class OfOptions:
    """An attribute told by a function of a model; of the class, where there is no model, it is given None."""

    def __init__(self, told: Callable[[Any], tuple[str, ...]]) -> None:
        self.told = told

    def __get__(self, model: object | None, owner: type) -> tuple[str, ...]:
        """Tell it."""
        return self.told(model)
