"""Transactions by the day on which they arrive: most on their own, some late."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.benchmarks.features.data import END, GROUP, Size, pieces

LATE, LATE_DAYS, SEED = 0.02, 20, 1
"""The share of rows that arrive late, how late, and the seed that chooses them."""
LAST: Final = int(END.astype("datetime64[D]").astype(np.int64))
"""The last cutoff's day, since 1970."""


@dataclass(frozen=True)
class Arrivals:
    """A folder of Parquet: the rows that had arrived before the first of some days, and those of each day.

    File names are in the order of arrival.
    """

    folder: Path
    rows: list[int]
    late: list[int]

    @property
    def before(self) -> Path:
        """The folder of what had arrived before."""
        return self.folder / "before"

    def day(self, number: int) -> Path:
        """Give the file of a day's arrivals."""
        return self.folder / "days" / str(number) / f"part-{9000 + number}.parquet"


def draw(size: Size, days: int, folder: Path) -> Arrivals:
    """Draw transactions, and write them by the day of their arrival; what arrives after the last day is left out."""
    rng, first = np.random.default_rng(SEED), LAST - days
    arrived: list[list[pa.Table]] = [[] for _ in range(days)]
    arrivals = Arrivals(folder, [0] * days, [0] * days)
    arrivals.before.mkdir(parents=True)
    for number, piece in enumerate(pieces(size)):
        late = rng.random(piece.num_rows) < LATE
        on = _days(piece) + np.where(late, LATE_DAYS, 0)
        _write(piece.filter(pa.array(on < first)), arrivals.before / f"part-{number:04d}.parquet")
        for day in range(days):
            here = on == first + day
            arrived[day].append(piece.filter(pa.array(here)))
            arrivals.rows[day] += int(here.sum())
            arrivals.late[day] += int((here & late).sum())
    for day, tables in enumerate(arrived):
        arrivals.day(day).parent.mkdir(parents=True)
        _write(pa.concat_tables(tables), arrivals.day(day))
    return arrivals


def _days(piece: pa.Table) -> npt.NDArray[np.int64]:
    days: npt.NDArray[np.int64] = piece["time"].to_numpy().astype("datetime64[D]").astype(np.int64)
    return days


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, row_group_size=GROUP, store_schema=False)
