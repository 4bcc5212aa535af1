"""Why a customer's numbers are what they are: their own rows, and each feature taken apart into its aggregates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from configs.registry import UnknownName
from features.cutoffs import check_cutoffs
from features.declaration import Declaration
from features.engine import views
from features.engine.asked import check_past
from features.engine.own_rows import OwnRows, own_rows
from features.engine.run import observe
from features.expression import Aggregate
from features.history import History
from features.readable import readable, readable_aggregate
from features.tables import VIEWS

LAST: Final = 10
"""So many of a view's rows are shown unless said otherwise."""
Value = float | str | None


@dataclass(frozen=True)
class Part:
    """An aggregate's share in a feature: what it is, its value (None: nothing), and the rows that it is over.

    Of those `rows` that pass its condition in [since, until), in the history's local time. Without a `since` they are
    from the beginning on; both are None where rows have no time.
    """

    text: str
    value: Value
    since: pd.Timestamp | None
    until: pd.Timestamp | None
    rows: int


@dataclass(frozen=True)
class Derived:
    """A feature's value (None: nothing), how it is computed, and from which parts.

    `empty` says that the value is the one the declaration has where there is nothing.
    """

    declared: Declaration
    value: Value
    empty: bool
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The declaration in words."""
        return readable(self.declared)


@dataclass(frozen=True)
class Explanation:
    """A customer at a cutoff: their rows of the views that the features read, and the features."""

    customer_id: str
    cutoff: pd.Timestamp
    zone: str
    views: tuple[OwnRows, ...]
    features: tuple[Derived, ...]

    def frame(self) -> pd.DataFrame:
        """Give a row for each part of each feature."""
        return pd.DataFrame(
            [
                {
                    "feature": each.declared.name,
                    "value": each.value,
                    "empty": each.empty,
                    "unit": each.declared.unit,
                    "part": part.text,
                    "part_value": part.value,
                    "since": part.since,
                    "until": part.until,
                    "rows": part.rows,
                }
                for each in self.features
                for part in each.parts
            ]
        ).astype({"since": "datetime64[us]", "until": "datetime64[us]"})


def explained(
    history: History,
    customer_id: str,
    cutoff: pd.Timestamp,
    features: Sequence[Declaration],
    *,
    category: str | None = None,
    last: int = LAST,
) -> Explanation:
    """Explain a customer's features at a cutoff; those of pairs for one `category`.

    Of each view the `last` known rows are given. A cutoff with a zone becomes the history's local time.

    Raises `UnknownName` for a customer of whom there is no row at all, `ValueError` for a cutoff after the history's
    end and for features of pairs without a category.
    """
    if cutoff.tzinfo is not None:
        cutoff = cutoff.tz_convert(history.zone).tz_localize(None)
    check_cutoffs(history, pd.DatetimeIndex([cutoff]))
    check_past(features)
    pairs = [each.name for each in features if each.by]
    if pairs and category is None:
        raise ValueError(f"{', '.join(pairs)}: features of a customer and a category; say which category")
    asked = pd.DataFrame({"customer_id": pd.Series([customer_id], dtype="str"), "cutoff": cutoff})
    asked = asked.assign(category=pd.Series([category], dtype="str")) if pairs else asked
    answers = observe(history, asked, list(_asked(features))).iloc[0]
    seen = _seen(history, customer_id, cutoff, features, last)
    derived = tuple(_derived(number, each, cutoff, answers) for number, each in enumerate(features))
    return Explanation(customer_id, cutoff, history.zone, seen, derived)


def _seen(
    history: History, customer_id: str, cutoff: pd.Timestamp, features: Sequence[Declaration], last: int
) -> tuple[OwnRows, ...]:
    """Give the rows of the views that are read. Raises `UnknownName` where there are none of any view."""
    read = {view for each in features for view in each.reads}
    seen = own_rows(history, customer_id, cutoff, [view for view in VIEWS if view in read], last=last)
    others = [view for view in VIEWS if view not in read and views.has(history, view)]
    if not any(each.size for each in seen) and not any(
        each.size for each in own_rows(history, customer_id, cutoff, others, last=0)
    ):
        raise UnknownName(f"{history.name} has no row of a customer {customer_id!r}")
    return tuple(seen)


def _asked(features: Sequence[Declaration]) -> Iterator[Declaration]:
    """Declare all that is to be known of the features: they and their aggregates, by number.

    A feature is asked with another `empty`, too: where that is what comes back, there was nothing.
    """
    for number, each in enumerate(features):
        yield replace(each, name=_name("value", number))
        if each.empty is not None:
            yield replace(each, name=_name("other", number), empty=each.empty + 1)
        for place, aggregate in enumerate(each.aggregates):
            rows = replace(aggregate, kind="count", value=None, source="rows", half_life_days=None)
            alone = replace(each, empty=None, node=aggregate, text=aggregate.kind == "top")
            yield replace(alone, name=_name("part", number, place))
            yield replace(alone, name=_name("rows", number, place), node=rows, text=False)


def _derived(number: int, declared: Declaration, cutoff: pd.Timestamp, answers: "pd.Series[Any]") -> Derived:
    value = answers[_name("value", number)]
    empty = declared.empty is not None and value != answers[_name("other", number)]
    parts = (
        Part(
            readable_aggregate(each, declared.by),
            _value(answers[_name("part", number, place)]),
            *_window(each, cutoff),
            int(answers[_name("rows", number, place)]),
        )
        for place, each in enumerate(declared.aggregates)
    )
    return Derived(declared, _value(value), empty, tuple(parts))


def _window(aggregate: Aggregate, cutoff: pd.Timestamp) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    if VIEWS[aggregate.view].timeless:
        return None, None
    days = aggregate.window_days
    since = None if days is None else cutoff - pd.Timedelta(days=days)
    return since, cutoff - pd.Timedelta(days=aggregate.until_days)


def _value(found: Any) -> Value:
    """Give a number, a text, or nothing."""
    if pd.isna(found):
        return None
    return found if isinstance(found, str) else float(found)


def _name(sort: str, *numbers: int) -> str:
    return " ".join([sort, *map(str, numbers)])
