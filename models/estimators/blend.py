"""The mean of several models' log-odds: what they err in apart is averaged out."""

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any, ClassVar, Literal, Protocol, Self, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator

from models.contract import Explained, Model, OfRows, State, TargetKind
from models.encoding import numbers
from models.estimators import MODELS, create, register
from models.link import link


class Additive(Model, Explained, Protocol):
    """A model whose score is a sum."""


@register
class Blend(BaseEstimator):
    """Weighted mean of the `members`' log-odds; `weights` are taken by their sum, None weighs all alike.

    A member is the name of a model of binary targets that learns from outcomes and whose score is a sum
    (`models.contract.Explained`). `params` says by name the parameters of those that differ from their defaults.
    `seed` is every member's.
    """

    learns: ClassVar[Literal["outcome", "past"]] = "outcome"
    requires: ClassVar[tuple[str, ...]] = ()
    kinds: ClassVar[tuple[TargetKind, ...]] = ("binary",)
    labels: ClassVar[tuple[str, ...]] = ()
    takes_text: ClassVar[bool] = True

    def __init__(
        self,
        members: Sequence[str] = ("boosted", "engineered_logistic"),
        *,
        weights: Sequence[float] | None = None,
        params: Mapping[str, Mapping[str, Any]] | None = None,
        seed: int = 0,
    ) -> None:
        self.members = members
        self.weights = weights
        self.params = params
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        """Fit each member. Raises `ValueError` for members, weights or parameters that make no blend."""
        return self._take({name: member.fit(X, y) for name, member in self._unfitted().items()})

    @property
    def takes_rows(self) -> bool:
        """Whether all members do."""
        return len(self.by_rows_) == len(self.fitted_)

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give the probability of a 1."""
        if self.takes_rows:
            return self.predict_rows(numbers(X, self.features_))
        return self._mean_odds(len(X), lambda name: self.fitted_[name].predict(X))

    def predict_rows(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the same for rows."""
        return self._mean_odds(len(values), lambda name: self.by_rows_[name].predict_rows(self._own(name, values)))

    def contributions(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Give each row's terms: the weighted mean of the members', one that a member does not know being 0 there."""
        if self.takes_rows:
            return self.explained_rows(numbers(X, self.features_))[1]
        return self._mean_terms(len(X), lambda name: self.fitted_[name].contributions(X))

    def explained_rows(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give both for rows."""
        found = {name: self.by_rows_[name].explained_rows(self._own(name, values)) for name in self.shares_}
        predicted = self._mean_odds(len(values), lambda name: found[name][0])
        return predicted, self._mean_terms(len(values), lambda name: found[name][1])

    def state(self) -> dict[str, Any]:
        """Give the members' states; what is bytes stands beside them, as `member.key`."""
        plain: dict[str, dict[str, Any]] = {name: {} for name in self.fitted_}
        blobs: dict[str, bytes] = {}
        for name, member in self.fitted_.items():
            for key, value in member.state().items():
                if isinstance(value, bytes):
                    blobs[f"{name}.{key}"] = value
                else:
                    plain[name][key] = value
        return {"members": plain, **blobs}

    def restore(self, state: State) -> Self:
        """Take the members' states back."""
        members = self._unfitted()
        for name, member in members.items():
            start = f"{name}."
            blobs = {key.removeprefix(start): value for key, value in state.items() if key.startswith(start)}
            member.restore({**state["members"][name], **blobs})
        return self._take(members)

    def _mean_odds(self, rows: int, predicted: Callable[[str], NDArray[np.float64]]) -> NDArray[np.float64]:
        """Give the probability whose log-odds are the mean of those that each member, by name, has predicted."""
        log_odds = np.zeros(rows)
        for name, share in self.shares_.items():
            log_odds += share * link(predicted(name), "binary")
        return np.asarray(expit(log_odds), dtype=np.float64)

    def _mean_terms(self, rows: int, terms: Callable[[str], NDArray[np.float64]]) -> NDArray[np.float64]:
        """Give the mean of the terms that each member, by name, gives."""
        mean = np.zeros((rows, len(self.features_) + 1))
        for name, share in self.shares_.items():
            mean[:, [*self.places_[name], -1]] += share * terms(name)
        return mean

    def _own(self, name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take a member's features out of the rows."""
        return np.ascontiguousarray(values[:, self.places_[name]])

    def _take(self, members: Mapping[str, Additive]) -> Self:
        """Keep fitted members."""
        self.fitted_ = dict(members)
        weights = [1.0] * len(members) if self.weights is None else self.weights
        self.shares_ = {name: weight / sum(weights) for name, weight in zip(members, weights, strict=True)}
        self.features_ = list(dict.fromkeys(name for member in members.values() for name in member.features_))
        self.places_ = {name: [self.features_.index(each) for each in own.features_] for name, own in members.items()}
        self.by_rows_ = {name: own for name, own in members.items() if isinstance(own, OfRows) and own.takes_rows}
        return self

    def _unfitted(self) -> dict[str, Additive]:
        """Make the members."""
        params = self.params or {}
        _check(self.members, weights=self.weights, params=params)
        setting = {"kind": "binary", "seed": self.seed}
        return {name: cast(Additive, create(name, setting=setting, **params.get(name, {}))) for name in self.members}


def _check(members: Sequence[str], *, weights: Sequence[float] | None, params: Mapping[str, Any]) -> None:
    """Refuse what makes no blend."""
    if not all(isinstance(name, str) for name in members):
        raise ValueError(f"a blend's members are names of models, not {list(members)}")
    if not all(isinstance(own, Mapping) for own in params.values()):
        raise ValueError(
            f"a blend's params are a table for each member, such as params.boosted.rounds, not {dict(params)}"
        )
    if weights is not None and not all(isinstance(weight, Real) for weight in weights):
        raise ValueError(f"a blend's weights are numbers, not {list(weights)}")
    wrong = [name for name in members if not _is_additive(MODELS[name])]
    if wrong:
        raise ValueError(
            f"a blend cannot take {wrong}: a member predicts a binary target, learns from outcomes and tells what "
            f"its score is made of; these do: {sorted(name for name, model in MODELS.items() if _is_additive(model))}"
        )
    if not members or len(set(members)) < len(members):
        raise ValueError(f"a blend's members are {list(members)}; name at least one, and none twice")
    if weights is not None and (len(weights) != len(members) or not all(0 < weight < np.inf for weight in weights)):
        raise ValueError(f"a blend of {list(members)} has the weights {list(weights)}; give each a number above 0")
    if set(params) - set(members):
        raise ValueError(f"params are of {sorted(params)}, and the blend's members are {list(members)}; name members")


def _is_additive(model: type[Model]) -> bool:
    return "binary" in model.kinds and model.learns == "outcome" and hasattr(model, "contributions")
