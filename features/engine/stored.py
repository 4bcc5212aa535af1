"""Frames as Parquet: a folder a cutoff, a file a bucket of customers, written whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from configs.whole import whole_folder
from features.engine.render import text
from features.engine.session import fetch, session


@dataclass
class Writer:
    """Writes a frame part by part: `cutoff=2017-12-03T00:00:00/part-0000.parquet`."""

    folder: Path
    parts: int = 0

    @classmethod
    @contextmanager
    def at(cls, to: Path) -> Iterator["Writer"]:
        """Open a folder that is there once all parts are written."""
        with whole_folder(to) as folder:
            yield cls(folder)

    def write(self, frame: pd.DataFrame) -> None:
        """Write the rows of some customers, each cutoff to its folder."""
        for cutoff, rows in frame.groupby("cutoff", sort=True):
            part = self.folder / f"cutoff={pd.Timestamp(str(cutoff)).isoformat()}"
            part.mkdir(exist_ok=True)
            rows.drop(columns="cutoff").to_parquet(part / f"part-{self.parts:04d}.parquet", index=False)
        self.parts += 1


def stored(folder: Path) -> pd.DataFrame:
    """Read a frame back: by cutoff, bucket and the spine's order."""
    with session() as opened:
        files = text(str(folder / "*" / "*.parquet"))
        read = f"read_parquet({files}, hive_partitioning = true, hive_types = {{'cutoff': TIMESTAMP}})"
        return fetch(opened, f"SELECT customer_id, cutoff, * EXCLUDE (customer_id, cutoff) FROM {read}")
