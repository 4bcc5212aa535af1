"""Why a score is what it is: a model's terms by concept, in sentences; and what weighs most in all.

The concepts come along (`features.concepts` has them), so that reasons can be given without the feature engine.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Value = float | str | None
Direction = Literal["raises", "lowers"]
Terms = NDArray[np.float64]
"""A model's contributions: rows × (features + 1), the last column the base that is everyone's."""

_TINY: Final = float(np.finfo(np.float64).tiny)
FEW: Final = 5
"""Of fewer cutoffs than these the range is from the least to the greatest, else from the 10 % to the 90 % quantile."""


class Concept(Protocol):
    """What several features mean to people."""

    @property
    def name(self) -> str:
        """Its name: features with equal ones are of one concept."""

    @property
    def title(self) -> str:
        """Its name for people."""

    @property
    def movable(self) -> bool:
        """Whether marketing could move a customer on it."""

    def sentence(
        self,
        values: Mapping[str, Value],
        *,
        features: Sequence[str],
        typical: Mapping[str, float] | None = None,
        currency: str = "",
    ) -> str:
        """Say what it is with a customer, of the first of the concept's features of which there is something to say."""


class Reason(NamedTuple):
    """One reason of a row's score.

    `row` counts the rows from 0, `rank` the row's reasons from 1. `points` are what the concept adds to the score on
    the link's scale (log-odds of a probability), `share` their size over the sizes of all of the row's concepts.
    `features` are the concept's, those first that pull most in the reason's direction.
    """

    row: int
    rank: int
    concept: str
    title: str
    direction: Direction
    points: float
    share: float
    sentence: str
    movable: bool
    features: tuple[str, ...]


class _Seen(NamedTuple):
    """A row as plain numbers: its terms, and its concepts' points."""

    row: int
    terms: list[float]
    points: list[float]


@dataclass(frozen=True, eq=False)
class Reasoner:
    """What gives reasons of a model's terms: made once of its features' concepts, then asked of one row or many.

    `members` are the places of each concept's features; `places` the same as concepts × as many as the largest has,
    where `there` marks those that are members.
    """

    features: Sequence[str]
    concepts: Sequence[Concept]
    members: Sequence[Sequence[int]]
    places: NDArray[np.intp]
    there: NDArray[np.bool_]

    @classmethod
    def of(cls, features: Sequence[str], *, concepts: Mapping[str, Concept]) -> Self:
        """Group features by the name of their concept. Raises `ValueError` where one has none."""
        lacking = [name for name in features if name not in concepts]
        if lacking:
            known = "`features.concepts.concepts_of` knows those of all"
            raise ValueError(f"the features {lacking} have no concept; {known}")
        found: dict[str, list[int]] = {}
        for place, name in enumerate(features):
            found.setdefault(concepts[name].name, []).append(place)
        members = [mine for _, mine in sorted(found.items())]
        there = np.arange(max(map(len, members), default=0)) < np.array([len(mine) for mine in members])[:, None]
        places = np.zeros(there.shape, dtype=np.intp)
        places[there] = list(itertools.chain.from_iterable(members))
        return cls(list(features), [concepts[features[mine[0]]] for mine in members], members, places, there)

    def terms(self, contributions: Terms) -> Terms:
        """Check that there is a term a feature and the base. Raises `ValueError`."""
        terms = np.asarray(contributions, dtype=np.float64)
        if terms.ndim != 2 or terms.shape[1] != len(self.features) + 1:
            raise ValueError(
                f"contributions have the shape {terms.shape}; {len(self.features)} features need rows × "
                f"{len(self.features) + 1}, the base in the last column"
            )
        return terms

    def points(self, terms: Terms) -> Terms:
        """Add terms up, rows × concepts: one after the other, so that a row alone gives the same as among many."""
        if not self.concepts:
            return np.zeros((len(terms), 0))
        summed = np.add.accumulate(np.where(self.there, terms[:, self.places], 0.0), axis=2)
        return np.ascontiguousarray(summed[:, :, -1])

    def reasons(
        self,
        contributions: Terms,
        values: pd.DataFrame | Mapping[str, Sequence[Value]],
        *,
        top: int = 3,
        typical: Mapping[str, float] | None = None,
        currency: str = "",
    ) -> list[list[Reason]]:
        """Give each row's weightiest reasons, as `reasons` does."""
        terms, columns = self.terms(contributions), _columns(values)
        if not {len(terms)}.issuperset(map(len, columns.values())):
            wrong = {name: len(column) for name, column in columns.items() if len(column) != len(terms)}
            raise ValueError(
                f"contributions have {len(terms)} rows and values have {wrong}; give the same rows of both"
            )

        def told(row: int, concept: Concept, features: Sequence[str]) -> str:
            return concept.sentence(_Row(columns, row), features=features, typical=typical, currency=currency)

        rows = zip(itertools.count(), terms.tolist(), self.points(terms).tolist(), strict=False)
        return [self._of_row(_Seen(*each), top, told) for each in rows]

    def _of_row(self, seen: _Seen, top: int, told: Callable[[int, Concept, Sequence[str]], str]) -> list[Reason]:
        """Give a row's reasons: of the weightiest concepts those that have points."""
        found, sizes = [], [abs(each) if each == each else 0.0 for each in seen.points]  # NaN is no reason
        whole = sum(sizes)
        order = sorted(range(len(sizes)), key=sizes.__getitem__, reverse=True)
        for rank, place in enumerate(order[:top], 1):
            point, concept = seen.points[place], self.concepts[place]
            if sizes[place] == 0:
                break
            pulling = sorted(self.members[place], key=seen.terms.__getitem__, reverse=point > 0)
            names = tuple([self.features[each] for each in pulling])
            way: Direction = "raises" if point > 0 else "lowers"
            said, share = told(seen.row, concept, names), sizes[place] / whole
            facts = concept.name, concept.title, way, point, share, said, concept.movable, names
            found.append(Reason(seen.row, rank, *facts))
        return found


def reasons(
    contributions: Terms,
    features: Sequence[str],
    values: pd.DataFrame | Mapping[str, Sequence[Value]],
    *,
    concepts: Mapping[str, Concept],
    top: int = 3,
    typical: Mapping[str, float] | None = None,
    currency: str = "",
) -> list[list[Reason]]:
    """Give each row's weightiest reasons, by the size of their points; of equal ones by the concept's name.

    `contributions` are a model's (`models.contract.Explained`). `values` holds the columns of the same rows: the
    features and any other that a sentence may tell of. `typical` is what is usual of the features, such as medians.
    A concept of no points is no reason, so that a row may have fewer than `top`. All reasons in one table:
    `pd.DataFrame(itertools.chain.from_iterable(found), columns=Reason._fields)`.

    Raises `ValueError` where the shapes do not agree or a feature has no concept.
    """
    reasoner = Reasoner.of(features, concepts=concepts)
    return reasoner.reasons(contributions, values, top=top, typical=typical, currency=currency)


def importance(contributions: Terms, features: Sequence[str], *, concepts: Mapping[str, Concept]) -> pd.DataFrame:
    """Give what concepts and features weigh over the rows, those of one cutoff: their mean size of points as a share.

    Columns: level (`concept` or `feature`), name, concept (its name), title, movable, share; the shares of a level add
    up to 1 (to 0 where the model uses nothing), the greatest first. What features of a concept take from one another
    cancels in the concept and not among them.
    """
    reasoner = Reasoner.of(features, concepts=concepts)
    terms = reasoner.terms(contributions)
    by_concept = [(each.name, each) for each in reasoner.concepts]
    by_feature = [(name, concepts[name]) for name in features]
    return pd.concat(
        [
            _shares("concept", by_concept, reasoner.points(terms)),
            _shares("feature", by_feature, terms[:, :-1]),
        ],
        ignore_index=True,
    )


def over_cutoffs(importances: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Bring together what `importance` gave at several cutoffs: mean, low and high of each share, and how many cutoffs.

    Low and high are the least and the greatest below five cutoffs, else the 10 % and 90 % quantiles (linear between
    values). What is not there at a cutoff weighs 0 there. Raises `ValueError` where there is none.
    """
    if not importances:
        raise ValueError("no importances; give what `importance` gave of at least one cutoff")
    what = ["level", "name", "concept", "title", "movable"]
    shares = pd.concat([each.set_index(what)["share"] for each in importances], axis=1).fillna(0.0)
    edges = (0.0, 1.0) if len(importances) < FEW else (0.1, 0.9)
    low, high = np.quantile(shares.to_numpy(), edges, axis=1)
    table = pd.DataFrame({"mean": shares.mean(axis=1), "low": low, "high": high, "cutoffs": len(importances)})
    return table.reset_index().sort_values(["level", "mean", "name"], ascending=[True, False, True], ignore_index=True)


def _shares(level: str, named: Sequence[tuple[str, Concept]], points: Terms) -> pd.DataFrame:
    sizes = np.abs(points).mean(axis=0)
    table = pd.DataFrame(
        [(level, name, concept.name, concept.title, concept.movable) for name, concept in named],
        columns=["level", "name", "concept", "title", "movable"],
    )
    table["share"] = sizes / max(sizes.sum(), _TINY)
    return table.sort_values(["share", "name"], ascending=[False, True])


def _columns(values: pd.DataFrame | Mapping[str, Sequence[Value]]) -> Mapping[str, Sequence[Value]]:
    """Give the columns as plain lists, which are read by the value many times faster."""
    if not isinstance(values, pd.DataFrame):
        return values
    return {str(name): _plain(values[name]) for name in values}


def _plain(column: "pd.Series[Any]") -> list[Value]:
    if pd.api.types.is_numeric_dtype(column):
        plain: list[Value] = column.to_numpy(dtype=np.float64, na_value=np.nan).tolist()
        return plain
    return [each if isinstance(each, str) else None for each in column.tolist()]


class _Row(Mapping[str, Value]):
    """One row of the columns, taken out of them only where it is looked at."""

    __slots__ = ("columns", "row")

    def __init__(self, columns: Mapping[str, Sequence[Value]], row: int) -> None:
        self.columns = columns
        self.row = row

    def __getitem__(self, name: str) -> Value:
        return self.columns[name][self.row]

    def get(self, name: str, default: Any = None) -> Any:  # sooner than the mixin's, which catches an error
        return self.columns[name][self.row] if name in self.columns else default

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)
