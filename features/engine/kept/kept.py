"""A history's events, sorted and kept in a folder: each day's rows are added, and frames are made without the rest."""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from configs.whole import whole_folder
from features.declaration import Declaration
from features.engine import views
from features.engine.asked import checked_spine
from features.engine.kept.grow import folded, grown
from features.engine.kept.growth import Growth
from features.engine.kept.piece import Piece, told_of
from features.engine.kept.pieces import Pieces
from features.engine.kernel.answer import by_view
from features.engine.kernel.keyed import Keyed
from features.engine.kernel.load import Rows, load
from features.engine.session import connect
from features.expression import Aggregate
from features.history import History
from features.nobody import NobodyAsked

MANIFEST, PIECES = "kept.json", "pieces"
MOVING = ("renewals", "memberships")
"""Views whose rows come and go: with where the history ends, or with other rows."""


class KeptError(ValueError):
    """What is kept cannot give what is asked, or cannot take what is added."""


@dataclass(frozen=True)
class Kept:
    """A folder of sorted events, and of what stands of each customer until a row of theirs is added.

    Pieces follow a base: each has all events of those customers to whom rows were added that day. Where they outgrow
    the base, all become a new base. A row added late, for a day long past, concerns its own customer only, as any
    other. Frames equal those made from the whole history exactly, where rows of one customer and time are added in the
    order in which the history has them. Features of pairs and features said in SQL are not kept. One process adds at a
    time. Rows are never changed: a contract's end that is told after its row was added needs a new base.
    """

    folder: Path
    population: Declaration
    features: tuple[Declaration, ...]

    @classmethod
    def build(
        cls, folder: Path, history: History, features: Sequence[Declaration], *, population: Declaration
    ) -> "Kept":
        """Sort a history's events and keep what a population and features need of them, whole or not at all."""
        _check_keepable([population, *features])
        kept = cls(folder, population, tuple(features))
        rows = {view: Rows(view, "TRUE", None, _known(history, view), clock=True) for view in kept._aggregates}
        with connect(history) as session, whole_folder(folder) as draft:
            customers = _customers(session, rows)
            sources = {
                view: load(session, each, kept._aggregates[view], keys=[customers]) for view, each in rows.items()
            }
            first = draft / PIECES / "00000"
            first.mkdir(parents=True)
            growth = Growth(customers, np.arange(len(customers)), sources)
            kept._piece(growth, history.end, base=True).write(first)
            _write(draft / MANIFEST, kept._manifest(history, rows))
        return kept

    @classmethod
    def open(cls, folder: Path, features: Sequence[Declaration], *, population: Declaration) -> "Kept":
        """Open what was kept for these features or more. Raises `KeptError` where it was kept for others."""
        told = kept_at(folder)
        if told["duckdb"] != duckdb.__version__:
            raise KeptError(
                f"{folder} was kept with DuckDB {told['duckdb']}, here is {duckdb.__version__}; build it anew"
            )
        there = {**told["features"], **told["population"]}
        other = [each.name for each in (population, *features) if there.get(each.name) != each.fingerprint]
        if other:
            raise KeptError(f"{folder} was not kept for {other}, or for other definitions of them; build it anew")
        return cls(folder, population, tuple(features))

    @property
    def end(self) -> pd.Timestamp:
        """The first instant of which nothing is known."""
        return pd.Timestamp(told_of(self._folders()[-1])["end"])

    def add(self, history: History) -> None:
        """Add new rows: a history of them alone; the later end becomes the end of all. Whole or not at all.

        Raises `KeptError` for rows that lack what is kept, and for the same rows until the same end once more.
        """
        pieces, told = self._pieces(), kept_at(self.folder)
        self._check_addable(history, told)
        added = f"{history.fingerprint} until {history.end.isoformat()}"
        if any(added in each.added for each in pieces.pieces):
            raise KeptError(f"these rows of {history.name} until {history.end} were added already; nothing is changed")
        with connect(history) as session:
            growth = grown(session, pieces, self._aggregates, told["known"])
        piece = self._piece(growth, max(self.end, history.end), added=[added])
        self._append(piece)
        if sum(each.events for each in (*pieces.pieces[1:], piece)) > pieces.pieces[0].events:
            self.fold()

    def fold(self) -> None:
        """Make all pieces a new base, as `add` does by itself where they have outgrown the base."""
        pieces = self._pieces()
        added = [name for each in pieces.pieces for name in each.added]
        self._append(self._piece(folded(pieces), self.end, added=added, base=True))

    def observe(self, spine: pd.DataFrame) -> pd.DataFrame:
        """Compute the features for a spine, as `features.engine.run.observe` does."""
        asked = checked_spine(spine, self.features, zone=kept_at(self.folder)["zone"])
        self._check_cutoff(asked["cutoff"].max())
        pieces = self._pieces()
        frame = pieces.answers(self.features, Keyed.among(asked, pieces.customers))
        return spine.reset_index(drop=True).join(frame)

    def frame(self, cutoffs: Iterable[pd.Timestamp]) -> pd.DataFrame:
        """List the population at some cutoffs with its features, as `features.frame.frame` does.

        Raises `KeptError` for a cutoff after the end of what is kept, `NobodyAsked` for an empty population.
        """
        told = kept_at(self.folder)
        local = pd.DatetimeIndex([_local(pd.Timestamp(each), told["zone"]) for each in cutoffs])
        self._check_cutoff(local.max())
        pieces = self._pieces()
        keyed = pieces.everyone(np.unique(local.to_numpy().astype("datetime64[us]").astype(np.int64)))
        held = pieces.answers([self.population], keyed)[self.population.name] == 1
        if not held.any():
            raise NobodyAsked.at(local, self.population, of=told["name"])
        keyed = keyed.some(held.to_numpy())
        return keyed.spine().join(pieces.answers(self.features, keyed))

    @cached_property
    def _aggregates(self) -> dict[str, list[Aggregate]]:
        return {self.population.of: [], **by_view([self.population, *self.features])}

    def _piece(self, growth: Growth, end: pd.Timestamp, *, added: Sequence[str] = (), base: bool = False) -> Piece:
        declarations = [self.population, *self.features]
        return Piece.of(growth, declarations, view=self.population.of, end=end, added=added, base=base)

    def _folders(self) -> list[Path]:
        """List the pieces' folders from the last base on."""
        every = sorted(path for path in (self.folder / PIECES).iterdir() if not path.name.startswith("."))
        return every[max(number for number, path in enumerate(every) if told_of(path)["base"]) :]

    def _pieces(self) -> Pieces:
        return Pieces([Piece.read(folder) for folder in self._folders()])

    def _append(self, piece: Piece) -> None:
        """Write a piece after all others; a base replaces them."""
        before = self._folders()
        with whole_folder(self.folder / PIECES / f"{int(before[-1].name) + 1:05d}") as draft:
            piece.write(draft)
        for folder in before if piece.base else []:
            shutil.rmtree(folder)

    def _manifest(self, history: History, rows: Mapping[str, Rows]) -> dict[str, Any]:
        return {
            "name": history.name,
            "zone": history.zone,
            "duckdb": duckdb.__version__,
            "population": {self.population.name: self.population.fingerprint},
            "features": {each.name: each.fingerprint for each in self.features},
            "known": {view: each.known for view, each in rows.items()},
        }

    def _check_cutoff(self, late: pd.Timestamp) -> None:
        if late > self.end:
            raise KeptError(f"cutoff {late} lies after what is kept, which ends at {self.end}; add the rows until then")

    def _check_addable(self, history: History, told: Mapping[str, Any]) -> None:
        """Refuse rows that lack what is kept, or whose times mean something else."""
        lacking = [f"{each.name} {why}" for each in self.features if (why := views.lacks(history, each))]
        lacking += [f"they are in the zone {history.zone}, not {told['zone']}"] if history.zone != told["zone"] else []
        for view, known in told["known"].items():
            if _known(history, view) != known:
                lacking.append(
                    f"{view} {'lack' if known else 'have'} a known_time, which was {'' if known else 'not '}kept"
                )
        fewer = sorted(set(told["features"]) - {each.name for each in self.features})
        lacking += [f"it was kept for {fewer} too; open it with all features to add to it"] if fewer else []
        if lacking:
            raise KeptError(f"these rows cannot be added: {lacking[0]}")


def kept_at(folder: Path) -> dict[str, Any]:
    """Say what is kept in a folder: of which history, for which population and features."""
    if not ((folder / MANIFEST).is_file() and (folder / PIECES).is_dir()):
        raise KeptError(f"there is nothing kept at {folder}; build it first")
    told: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return told


def _known(history: History, view: str) -> bool:
    return "known_time" in views.columns(history, view)


def _local(time: pd.Timestamp, zone: str) -> pd.Timestamp:
    return time if time.tz is None else time.tz_convert(zone).tz_localize(None)


def keepable(declared: Declaration) -> bool:
    """Whether a population or feature can be kept: it is of customers, not said in SQL, and of rows that stay."""
    return not (_is_other(declared) or _is_moving(declared))


def _is_other(declared: Declaration) -> bool:
    return bool(declared.by or declared.sql_only or declared.anchored)


def _is_moving(declared: Declaration) -> bool:
    return bool({*MOVING} & {declared.of, *(every.view for every in declared.aggregates)})


def _check_keepable(declarations: Sequence[Declaration]) -> None:
    other = [each.name for each in declarations if _is_other(each)]
    if other:
        raise KeptError(f"what is about pairs or single rows, or said in SQL, is not kept, leave out {other}")
    moving = [each.name for each in declarations if _is_moving(each)]
    if moving:
        said = " and ".join(MOVING)
        raise KeptError(f"rows of {said} come and go with the end of a history and with other rows, leave out {moving}")


def _customers(session: duckdb.DuckDBPyConnection, views_: Iterable[str]) -> pa.Array:
    rows = " UNION ALL ".join(f"SELECT customer_id FROM {view}" for view in views_)
    found = session.sql(f"SELECT DISTINCT customer_id FROM ({rows}) ORDER BY customer_id").to_arrow_table()[
        "customer_id"
    ]
    customers: pa.Array = found.combine_chunks().cast(pa.string())
    return customers


def _write(path: Path, told: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
