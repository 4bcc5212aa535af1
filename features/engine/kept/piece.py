"""A piece of what is kept: some customers, all their events, and the numbers of theirs that stand."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.declaration import Declaration
from features.engine.kept import disk
from features.engine.kept.growth import Growth
from features.engine.kept.standing import settled, stands
from features.engine.kernel.answer import answered
from features.engine.kernel.asked import Asked
from features.engine.kernel.keyed import Keyed
from features.engine.kernel.loops import Array, Floats, Ints
from features.engine.kernel.source import Source
from features.engine.kernel.store import MICROSECONDS
from features.tables import VIEWS

TOLD, CUSTOMERS = "piece.json", "customers.arrow"
AFTER_ALL, LONG_AGO = 2**62 // MICROSECONDS * MICROSECONDS, 0
"""Midnights."""
_COLUMNS = ("entities", "first", "settled")


@dataclass(frozen=True)
class Piece:
    """Customers by their `entities`, ascending numbers among all customers, and what is known of them until `end`.

    `customers` are the ids that come with this piece, sorted, and numbered after those of the pieces before; a `base`
    begins anew. `added` names the rows that were added. `standing` is by fingerprint, and holds at cutoffs after
    `settled`; `first` is when each was first known by a row of the population's view.
    """

    end: pd.Timestamp
    added: Sequence[str]
    base: bool
    customers: pa.Array
    entities: Ints
    sources: Mapping[str, Source]
    first: Ints
    settled: Ints
    standing: Mapping[str, Floats]

    @classmethod
    def of(
        cls,
        growth: Growth,
        declarations: Sequence[Declaration],
        *,
        view: str,
        end: pd.Timestamp,
        added: Sequence[str],
        base: bool,
    ) -> "Piece":
        """Compute what stands, and have made what all askers share."""
        fixed, sources, count = [each for each in declarations if stands(each)], growth.sources, len(growth.touched)
        numbers = answered(fixed, sources, _asked(count, AFTER_ALL))
        answered(declarations, sources, _asked(min(1, count), LONG_AGO))
        timed = [source.columns.store for name, source in sources.items() if not VIEWS[name].timeless]
        return cls(
            end=end,
            added=added,
            base=base,
            customers=growth.customers,
            entities=growth.touched,
            sources=sources,
            first=sources[view].columns.store.first_seen,
            settled=settled(timed, count),
            standing={each.fingerprint: numbers[each.name].to_numpy() for each in fixed},
        )

    @property
    def events(self) -> int:
        """How many events there are, of all views."""
        return sum(source.columns.store.size for source in self.sources.values())

    def write(self, folder: Path) -> None:
        """Write all of it into a folder that is there."""
        arrays: dict[tuple[str, ...], Array] = {(name,): getattr(self, name) for name in _COLUMNS}
        arrays.update({("standing", fingerprint): numbers for fingerprint, numbers in self.standing.items()})
        for view, source in self.sources.items():
            arrays.update({("views", view, *name): array for name, array in disk.named(source.columns)})
        disk.write(folder, arrays)
        table = pa.table({"customer_id": self.customers})
        with pa.OSFile(str(folder / CUSTOMERS), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        texts = {view: source.texts for view, source in self.sources.items()}
        told = {"end": self.end.isoformat(), "added": list(self.added), "base": self.base, "texts": texts}
        (folder / TOLD).write_text(json.dumps(told) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Piece":
        """Map a piece into memory: what is not looked at is not read."""
        told, arrays = told_of(folder), disk.read(folder)
        sources = {
            view: Source(disk.columns_of(disk.under(disk.under(arrays, "views"), view)), texts)
            for view, texts in told["texts"].items()
        }
        found = pa.ipc.open_file(pa.memory_map(str(folder / CUSTOMERS))).read_all()["customer_id"].combine_chunks()
        fixed = {fingerprint: numbers for (fingerprint,), numbers in disk.under(arrays, "standing").items()}
        entities, first, last = (arrays[(name,)] for name in _COLUMNS)
        return cls(pd.Timestamp(told["end"]), told["added"], told["base"], found, entities, sources, first, last, fixed)


def told_of(folder: Path) -> dict[str, Any]:
    """Read what a piece says of itself."""
    told: dict[str, Any] = json.loads((folder / TOLD).read_text(encoding="utf-8"))
    return told


def _asked(customers: int, cutoff: int) -> Keyed:
    """Ask about the first customers of a piece at a cutoff."""
    every = np.arange(customers)
    return Keyed([], Asked(every, np.full(customers, cutoff)), every, every)
