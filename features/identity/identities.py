"""The map of ids at cutoffs."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.identity.steps import Steps, steps

Ints = npt.NDArray[np.int64]
_SHOWN: Final = 5
"""So many ids are named in a message."""


@dataclass(frozen=True)
class Identities:
    """To whom ids belong at a cutoff, by the steps seen before it.

    Groups of ids have nothing to do with each other: a map in which each is in any one of its states is right for
    whoever is asked about in that state. So a few maps, as many as the most changed group has states, answer for all
    cutoffs.
    """

    steps: Steps

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "Identities":
        """Make the map of rows: customer_id, into, time and, if any, known_time. Raises `HistoryError`."""
        return cls(steps(rows))

    def at(self, cutoff: pd.Timestamp) -> pd.DataFrame:
        """Give the ids that are another's at a cutoff: customer_id, its `owner`, and the `time` of its own merge."""
        every = np.arange(len(self.steps.names))
        return self._merged(self._states(every, np.full(len(every), cutoff, "datetime64[us]")))

    def in_state(self, state: int) -> pd.DataFrame:
        """Give the ids that are another's with every group in a state, or in its last."""
        return self._merged(np.full(len(self.steps.names), state))

    def epochs(self, cutoffs: pd.DatetimeIndex) -> Ints:
        """Count the changes of the map before each cutoff."""
        return np.searchsorted(self._changes[0], cutoffs.to_numpy("datetime64[us]"))

    def states(self, asked: pd.DataFrame) -> Ints:
        """Number the state that each group is in for rows of customer_id and cutoff; 0 where there is no group.

        Raises `ValueError` for ids that belong to another at their cutoff: no events of theirs would be told.
        """
        who, state = self._asked(asked)
        away = np.flatnonzero(self._owners(who, state) != who)
        if len(away):
            raise ValueError(self._told(who[away], state[away], len(asked)))
        return state

    def owners(self, asked: pd.DataFrame) -> pd.Series:
        """Give the customer that each id belongs to, for rows of customer_id and cutoff."""
        who, state = self._asked(asked)
        owner = self._owners(who, state)
        moved = np.flatnonzero(owner != who)
        owners = asked["customer_id"].copy()
        owners.iloc[moved] = self.steps.names[owner[moved]]
        return owners

    def _asked(self, asked: pd.DataFrame) -> tuple[Ints, Ints]:
        """Number ids, −1 without a step, and their groups' states."""
        who = self.steps.names.get_indexer(pd.Index(asked["customer_id"])).astype(np.int64)
        return who, self._states(who, asked["cutoff"].to_numpy("datetime64[us]"))

    def _told(self, who: Ints, state: Ints, rows: int) -> str:
        """Say which ids are whose, and since when."""
        names, step = self.steps.names, self._step(who, state)
        told = pd.DataFrame({"who": who, "owner": self._owners(who, state), "step": step}).drop_duplicates()
        table = self.steps.table.loc[told["step"]]
        named = [
            f"{names[who]!r} (into {names[into]!r} at {time}" + (f", now {names[owner]!r})" if owner != into else ")")
            for who, owner, into, time in zip(told["who"], told["owner"], table["into"], table["time"], strict=True)
        ]
        more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
        return (
            f"{len(who)} of {rows} rows ask about ids that are merged away at their cutoff: "
            f"{', '.join(named[:_SHOWN])}{more}; ask about the customers they are merged into"
        )

    def _merged(self, state: Ints) -> pd.DataFrame:
        every = np.arange(len(self.steps.names))
        owner = self._owners(every, state)
        away = np.flatnonzero(owner != every)
        time = self.steps.table["time"].to_numpy()[self._step(away, state[away])]
        ids, owners = self.steps.names[away], self.steps.names[owner[away]]
        return pd.DataFrame({"customer_id": ids, "owner": owners, "time": time}).astype(
            {"customer_id": "str", "owner": "str"}
        )

    def _states(self, who: Ints, cutoffs: npt.NDArray[np.datetime64]) -> Ints:
        """Count the instants before each cutoff at which a group changed; those without a step have the last group."""
        instants, changes = self._changes
        first = np.append(self.steps.groups, len(self.steps.names))[who] * (len(instants) + 1)
        before = first + np.searchsorted(instants, cutoffs)
        return np.searchsorted(changes, before) - np.searchsorted(changes, first)

    @cached_property
    def _changes(self) -> tuple[npt.NDArray[np.datetime64], Ints]:
        """Give all instants of change, and for each change of a group its place among groups and instants."""
        table = self.steps.table
        instants, place = np.unique(table["seen"].to_numpy(), return_inverse=True)
        return instants, np.unique(table["group"].to_numpy() * (len(instants) + 1) + place)

    def _owners(self, who: Ints, state: Ints) -> Ints:
        """Follow chains to their ends."""
        into = self.steps.table["into"].to_numpy()
        while True:
            step = self._step(who, state)
            found = step >= 0
            owner = who.copy()
            owner[found] = into[step[found]]
            if (owner == who).all():
                return owner
            who = owner

    def _step(self, who: Ints, state: Ints) -> Ints:
        """Find the last step of each id up to a state; −1 where there is none."""
        table = self.steps.table
        span = int(table["state"].max() if len(table) else 0) + 1
        keys = table["who"].to_numpy() * span + table["state"].to_numpy()
        step = np.searchsorted(keys, who * span + np.minimum(state, span - 1), side="right") - 1
        found = step >= 0
        found[found] = table["who"].to_numpy()[step[found]] == who[found]
        return np.where(found, step, -1)
