"""Models that are a few named parameters: what they have learned, as plain data."""

from typing import Any, Self

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from models.contract import State


class Parametric(BaseEstimator):
    """A model whose `params_`, once fitted, are all that it knows."""

    params_: dict[str, float]

    def state(self) -> dict[str, Any]:
        """Give the parameters."""
        check_is_fitted(self)
        return {"params": dict(self.params_)}

    def restore(self, state: State) -> Self:
        """Take the parameters back."""
        self.params_ = dict(state["params"])
        return self
