"""Models that are a few named parameters: what they have learned, as plain data."""

from typing import Any, Self

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from models.buy_till_you_die.fit import Fit
from models.contract import State


class Parametric(BaseEstimator):
    """A model whose `fit_`, once fitted, is all that it knows: parameters, and how sure they are."""

    fit_: Fit

    @property
    def params_(self) -> dict[str, float]:
        """The fitted parameters by name."""
        check_is_fitted(self, "fit_")
        return dict(self.fit_.params)

    def state(self) -> dict[str, Any]:
        """Give the parameters."""
        check_is_fitted(self, "fit_")
        return self.fit_.state()

    def restore(self, state: State) -> Self:
        """Take the parameters back."""
        self.fit_ = Fit.restore(state)
        return self
