"""A history's events, sorted and kept in a folder: each day's rows are added, and frames are made without the rest."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from configs.whole import whole_folder
from features.declaration import Declaration
from features.engine import views
from features.engine.asked import checked_spine
from features.engine.kept import disk
from features.engine.kept.extra import extended
from features.engine.kernel.answer import answered, by_view
from features.engine.kernel.keyed import Keyed
from features.engine.kernel.load import Rows, fetched, load
from features.engine.kernel.source import Source
from features.engine.session import connect
from features.history import History

MANIFEST, CUSTOMERS, BASE, ADDED = "kept.json", "customers.parquet", "base", "added"


class KeptError(ValueError):
    """What is kept cannot give what is asked, or cannot take what is added."""


@dataclass(frozen=True)
class Kept:
    """A folder of sorted events (`base`) and of the rows `added` since.

    A row added late, for a day long past, concerns its own customer only, as any other. Frames equal those made from
    the whole history exactly. Features of pairs and features said in SQL are not kept.
    """

    folder: Path
    features: tuple[Declaration, ...]

    @classmethod
    def build(cls, folder: Path, history: History, features: Sequence[Declaration]) -> "Kept":
        """Sort a history's events and keep what features need of them, whole or not at all."""
        _check_keepable(features)
        with connect(history) as session, whole_folder(folder) as draft:
            customers = _customers(session, features)
            pq.write_table(pa.table({"customer_id": customers}), draft / CUSTOMERS)
            sources, rows = {}, {}
            for view, aggregates in by_view(features).items():
                rows[view] = Rows(view, "TRUE", None, "known_time" in views.columns(history, view), clock=True)
                sources[view] = load(session, rows[view], aggregates, keys=[customers])
            _make(features, sources, customers)
            for view, source in sources.items():
                disk.save(source.columns, draft / BASE / view)
            _write(draft / MANIFEST, _manifest(history, features, rows, sources))
            (draft / ADDED).mkdir()
        return cls(folder, tuple(features))

    @classmethod
    def open(cls, folder: Path, features: Sequence[Declaration]) -> "Kept":
        """Open what was kept for these features or more. Raises `KeptError` where it was kept for others."""
        told = _read(folder / MANIFEST)
        if told["duckdb"] != duckdb.__version__:
            raise KeptError(
                f"{folder} was kept with DuckDB {told['duckdb']}, here is {duckdb.__version__}; build it anew"
            )
        other = [each.name for each in features if told["features"].get(each.name) != each.fingerprint]
        if other:
            raise KeptError(f"{folder} was not kept for {other}, or for other definitions of them; build it anew")
        return cls(folder, tuple(features))

    @property
    def end(self) -> pd.Timestamp:
        """The first instant of which nothing is known."""
        return max(pd.Timestamp(_read(folder / MANIFEST)["end"]) for folder in (self.folder, *self._added()))

    def add(self, history: History) -> None:
        """Add new rows: a history of them alone, whose end becomes the end of all. Whole or not at all."""
        number = len(self._added()) + 1
        told = _read(self.folder / MANIFEST)
        lacking = [f"{each.name} {why}" for each in self.features if (why := views.lacks(history, each))]
        if lacking:
            raise KeptError(f"these rows cannot be added: {lacking[0]}")
        with connect(history) as session, whole_folder(self.folder / ADDED / f"{number:05d}") as draft:
            for view, aggregates in by_view(self.features).items():
                rows = Rows(view, "TRUE", None, told["views"][view]["known"], clock=True)
                pq.write_table(fetched(session, rows, aggregates), draft / f"{view}.parquet")
            _write(draft / MANIFEST, {"end": history.end.isoformat(), "name": history.name})

    def observe(self, spine: pd.DataFrame) -> pd.DataFrame:
        """Compute the features for a spine, as `features.engine.run.observe` does."""
        asked = checked_spine(spine, self.features, zone=_read(self.folder / MANIFEST)["zone"])
        late = asked["cutoff"].max()
        if late > self.end:
            raise KeptError(f"cutoff {late} lies after what is kept, which ends at {self.end}; add the rows until then")
        customers, sources = self._sources()
        frame = answered(self.features, sources, Keyed.among(asked, customers))
        return spine.reset_index(drop=True).join(frame)

    def _sources(self) -> tuple[pa.Array, dict[str, Source]]:
        told = _read(self.folder / MANIFEST)
        customers = pq.read_table(self.folder / CUSTOMERS)["customer_id"].combine_chunks()
        added = {view: self._rows_added(view) for view in told["views"]}
        ids = [table["customer_id"] for table in added.values() if table is not None]
        if ids:
            new = pc.unique(pa.chunked_array([chunk for column in ids for chunk in column.chunks]))
            unknown = pc.invert(pc.is_in(new, value_set=customers))
            customers = pa.concat_arrays([customers, new.filter(unknown)])
        sources: dict[str, Source] = {}
        for view, about in told["views"].items():
            source = Source(disk.load(self.folder / BASE / view), about["texts"])
            rows, table = Rows(view, "TRUE", None, about["known"], clock=True), added[view]
            sources[view] = source if table is None else extended(source, rows, table, customers)
        return customers, sources

    def _added(self) -> list[Path]:
        return sorted(path for path in (self.folder / ADDED).iterdir() if (path / MANIFEST).is_file())

    def _rows_added(self, view: str) -> pa.Table | None:
        tables = [pq.read_table(folder / f"{view}.parquet") for folder in self._added()]
        return pa.concat_tables(tables) if tables else None


def _check_keepable(features: Sequence[Declaration]) -> None:
    other = [each.name for each in features if each.by or each.sql_only]
    if other:
        raise KeptError(f"features of pairs and features in SQL are not kept, leave out {other}")


def _customers(session: duckdb.DuckDBPyConnection, features: Sequence[Declaration]) -> pa.Array:
    queries = " UNION ".join(f"SELECT customer_id FROM {view}" for view in by_view(features))
    found: pa.Array = session.sql(f"{queries} ORDER BY customer_id").to_arrow_table()["customer_id"].combine_chunks()
    return found


def _make(features: Sequence[Declaration], sources: Mapping[str, Source], customers: pa.Array) -> None:
    """Ask once, at a midnight, so that what all askers share is made and kept too."""
    spine = pd.DataFrame({"customer_id": customers[:1].to_pylist(), "cutoff": pd.Timestamp("2000-01-01")})
    answered(features, sources, Keyed.among(spine.astype({"cutoff": "datetime64[us]"}), customers))


def _manifest(
    history: History, features: Sequence[Declaration], rows: Mapping[str, Rows], sources: Mapping[str, Source]
) -> dict[str, Any]:
    return {
        "name": history.name,
        "zone": history.zone,
        "end": history.end.isoformat(),
        "duckdb": duckdb.__version__,
        "features": {each.name: each.fingerprint for each in features},
        "views": {view: {"known": each.known, "texts": sources[view].texts} for view, each in rows.items()},
    }


def _write(path: Path, told: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise KeptError(f"there is nothing kept at {path.parent}; build it first")
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told
