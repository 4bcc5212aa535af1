"""Cutoffs, and the spine: who is asked about, and when."""

from collections.abc import Iterable, Sequence

import pandas as pd

from features.declaration import Declaration
from features.engine.candidates import anchors, candidates
from features.engine.run import at_once, census, observe
from features.history import History
from features.nobody import NobodyAsked


def every(first: pd.Timestamp, last: pd.Timestamp, *, step_days: int) -> pd.DatetimeIndex:
    """List cutoffs `step_days` apart that end at `last`, none before `first`."""
    if step_days < 1:
        raise ValueError(f"step_days must be at least 1, not {step_days}")
    return pd.date_range(last, first, freq=f"-{step_days}D")[::-1]


def spine(
    history: History,
    population: Declaration,
    cutoffs: Iterable[pd.Timestamp],
    *,
    categories: Sequence[str] | None = None,
) -> pd.DataFrame:
    """List who is asked about at each cutoff: customer_id and cutoff, ordered by cutoff and customer.

    A population of pairs gives a row for each of the `categories` too, with the columns category and `eligible`: only
    pairs for which the population holds are asked about, the others are what is known of the customer beside them.
    An anchored population gives a row for each of its events from the first of the cutoffs to before the last, at the
    event's time, with the event's other columns beside it.
    Raises `ValueError` for a cutoff after the history's end, `NobodyAsked` for an empty population.
    """
    cutoffs = asked_cutoffs(history, cutoffs)
    if population.anchored:
        return _anchored(history, population, cutoffs)
    if population.by and categories is None:
        raise ValueError(f"population {population.name!r} is per {population.by}: say which categories it is about")
    if at_once(history, cutoffs, population, []):
        return census(history, cutoffs, population, [])
    asked = candidates(history, cutoffs, view=population.of, categories=categories if population.by else None)
    held = (observe(history, asked, [population])[population.name] == 1).to_numpy()
    if not held.any():
        raise NobodyAsked.at(cutoffs, population, of=history.name)
    return asked.assign(eligible=held) if population.by else asked[held].reset_index(drop=True)


def asked_cutoffs(history: History, cutoffs: Iterable[pd.Timestamp]) -> pd.DatetimeIndex:
    """Give cutoffs in the history's local time. Raises `ValueError` for one after its end."""
    local = pd.DatetimeIndex([history.local(pd.Timestamp(cutoff)) for cutoff in cutoffs])
    check_cutoffs(history, local)
    return local


def _anchored(history: History, population: Declaration, cutoffs: pd.DatetimeIndex) -> pd.DataFrame:
    first, last = cutoffs.min(), cutoffs.max()
    if first == last:
        raise ValueError(f"population {population.name!r} asks at its events' times: give two cutoffs, from and until")
    asked = anchors(history, population, since=first, until=last)
    if asked.empty:
        raise NobodyAsked(f"nothing in {history.name} is {population.name!r} from {first} until {last}")
    return asked


def check_cutoffs(history: History, cutoffs: pd.DatetimeIndex) -> None:
    """Raise `ValueError` for the latest cutoff if it lies after the history's end."""
    if cutoffs.max() > history.end:
        mend = "use a cutoff up to then" if history.dated else "its customers have no dates: say a later `end` of it"
        raise ValueError(
            f"cutoff {cutoffs.max():%Y-%m-%d} lies beyond the data of {history.name}, which end at "
            f"{history.end:%Y-%m-%d}; {mend}"
        )
