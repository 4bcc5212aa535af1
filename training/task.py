"""A task: whom a model is asked about, what it predicts and from what; and its examples at given cutoffs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.declaration import Declaration
from features.engine.run import outcome
from features.frame import frame
from features.history import History
from features.library import chosen
from features.setting import Setting, setting
from features.tables import VIEWS
from models.contract import KEYS, TargetKind, eligible


@dataclass(frozen=True)
class Task:
    """What is predicted for whom. No target: customers are described (segments), nothing is predicted.

    The horizon begins `lead_days` after the cutoff: the time that acting on a score takes. `learn_days` is how long the
    outcomes are that are learned from; None: as long as the horizon. `group` is what fairness is looked at by, such as
    `customers.age`; it need not be a feature. `setting` says whether customers are under contract; empty: see what the
    history tells (`found_setting`).
    """

    history: History
    population: Declaration
    features: Sequence[Declaration]
    target: Declaration | None = None
    horizon_days: int = 0
    categories: Sequence[str] = ()
    lead_days: int = 0
    group: Declaration | None = None
    learn_days: int | None = None
    setting: Literal["", "contractual", "noncontractual"] = ""

    def __post_init__(self) -> None:
        """Refuse a probability that would be learned over another time than it is told of."""
        if self.carried and self.kind not in ("count", "amount"):
            raise ValueError(
                f"learn_days of {self.learn_days} for a horizon of {self.horizon_days} days: counts and amounts can be "
                f"carried from one length of time to another, a target that is {self.kind} cannot; leave learn_days out"
            )

    @property
    def kind(self) -> TargetKind:
        """What the target measures."""
        return "none" if self.target is None else self.target.kind

    @cached_property
    def found_setting(self) -> Setting:
        """Whether customers are under contract, as far as the history tells. No prediction depends on it."""
        return setting(self.history, self.population, until=self.history.end)

    @property
    def dated(self) -> bool:
        """Whether what is predicted comes at a time; a label of a table without dates is simply there."""
        return self.target is None or not VIEWS[self.target.of].timeless

    @property
    def closes_in(self) -> pd.Timedelta:
        """How long after a cutoff its outcome is known."""
        return pd.Timedelta(days=self.lead_days + self.horizon_days)

    @property
    def learned_days(self) -> int:
        """How long the outcomes are that are learned from."""
        return self.horizon_days if self.learn_days is None else self.learn_days

    @property
    def carried(self) -> bool:
        """Whether outcomes are learned from that are shorter than the horizon."""
        return self.learned_days != self.horizon_days

    @property
    def learned_in(self) -> pd.Timedelta:
        """How long after a cutoff the outcome is known that is learned from."""
        return pd.Timedelta(days=self.lead_days + self.learned_days)

    @property
    def elapsed(self) -> tuple[str, ...]:
        """Features that grow with the calendar, whatever a customer does."""
        return tuple(each.name for each in self.features if each.drift == "elapsed")

    @property
    def texts(self) -> list[str]:
        """Features that are text: only some models can use them."""
        return [each.name for each in self.features if each.text]

    @property
    def told_late(self) -> bool:
        """Whether rows that a target counts may become known after their time."""
        if self.target is None or not self.dated:
            return False
        tables = {VIEWS[each.view].table for each in self.target.aggregates}
        return any("known_time" in self.history.columns.get(table, ()) for table in tables)

    def examples(self, cutoffs: Iterable[pd.Timestamp], *, known_by: pd.Timestamp | None = None) -> "Examples":
        """Give the frame at some cutoffs and, where there is a target, its value for each row (see `outcome`)."""
        observed = self.observe(cutoffs)
        return self.told(observed, self.outcome(observed, known_by=known_by))

    def observe(self, cutoffs: Iterable[pd.Timestamp]) -> pd.DataFrame:
        """Give who is asked about at some cutoffs with all that is looked at; rows whose label is null are left out.

        Of an anchored population the rows from the first of the cutoffs to before the last are asked about.
        """
        beside = [each for each in (self.group, *self._label) if each is not None and each not in self.features]
        observed = frame(
            self.history,
            cutoffs,
            population=self.population,
            features=[*self.features, *dict.fromkeys(beside)],
            categories=self.categories,
        )
        labels = [each.name for each in self._label]
        return observed.dropna(subset=labels, ignore_index=True) if labels else observed

    def outcome(
        self, observed: pd.DataFrame, *, known_by: pd.Timestamp | None = None, learned: bool = False
    ) -> pd.Series:
        """Give the target's value for each observed row, over the horizon, or over the time that is `learned` from.

        `known_by` leaves out of that time what became known only then or later.
        """
        if self.target is None:
            return pd.Series(0.0, index=observed.index, name="target")
        if not self.dated:
            return observed[self.target.name]
        keys = [key for key in ("customer_id", "cutoff", self.target.by) if key]
        made = outcome(
            self.history,
            observed[keys],
            [self.target],
            horizon_days=self.learned_days if learned else self.horizon_days,
            lead_days=self.lead_days,
            known_by=known_by,
        )
        return made[self.target.name]

    def told(self, observed: pd.DataFrame, y: pd.Series) -> "Examples":
        """Put observed rows and their outcomes together."""
        keys = [key for key in KEYS if key in observed]
        groups = None if self.group is None else observed[self.group.name]
        return Examples(observed[[*keys, *(each.name for each in self.features)]], y, groups)

    @property
    def _label(self) -> list[Declaration]:
        """The label of a table without dates, and the column that it is a value of."""
        if self.target is None or self.dated:
            return []
        return [*chosen([self.target.name.partition("=")[0]], self.history), self.target]


@dataclass(frozen=True)
class Examples:
    """A frame, the target's value for each of its rows, and what fairness is looked at by, if anything."""

    X: pd.DataFrame
    y: pd.Series
    groups: pd.Series | None = None

    @property
    def asked(self) -> "Examples":
        """Take the rows that are asked about."""
        return self.where(eligible(self.X)) if "eligible" in self.X else self

    def where(self, kept: "NDArray[np.bool_] | pd.Series[bool]") -> "Examples":
        """Take some of the rows."""
        rows = np.flatnonzero(np.asarray(kept))
        groups = None if self.groups is None else self.groups.iloc[rows].reset_index(drop=True)
        return Examples(self.X.iloc[rows].reset_index(drop=True), self.y.iloc[rows].reset_index(drop=True), groups)

    def and_past_of(self, asked: "Examples") -> "Examples":
        """Put the rows of others behind, whose outcomes are not known: they are NaN, whatever they are here."""
        X = pd.concat([self.X, asked.X], ignore_index=True)
        y = pd.concat([self.y.astype(np.float64), asked.y.astype(np.float64) * np.nan], ignore_index=True)
        known = self.groups is not None and asked.groups is not None
        return Examples(X, y, pd.concat([self.groups, asked.groups], ignore_index=True) if known else None)
