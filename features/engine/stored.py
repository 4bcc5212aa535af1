"""Frames as Parquet: a folder a cutoff, a file a bucket of customers, written whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from configs.whole import whole_folder


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
    """Read a frame back: by cutoff, bucket and the spine's order. Raises `ValueError` where no rows are stored."""
    files = sorted(folder.glob("cutoff=*/part-*.parquet"))
    if not files:
        raise ValueError(f"no rows of a frame are stored in {folder}")
    keys = pa.schema([("cutoff", pa.timestamp("us"))])
    schemas = [pq.read_schema(file).remove_metadata() for file in files]
    found = ds.dataset(
        [str(file) for file in files],
        schema=pa.unify_schemas([*schemas, keys], promote_options="permissive"),
        format="parquet",
        partitioning=ds.partitioning(keys, flavor="hive"),
        partition_base_dir=str(folder),
    )
    frame: pd.DataFrame = found.to_table().to_pandas()
    return frame[["customer_id", "cutoff", *frame.columns.drop(["customer_id", "cutoff"])]]
