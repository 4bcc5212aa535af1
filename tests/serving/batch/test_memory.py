"""Memory is that of a block, whatever the number of rows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from models.registry import Registered

ROOT = Path(__file__).resolve().parents[3]
FEW, SOME, MANY = 20_000, 150_000, 600_000


def _write(path: Path, frame: pd.DataFrame, rows: int) -> None:
    """Write the frame's rows again and again under new ids."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with pq.ParquetWriter(path, table.schema) as writer:
        for start in range(0, rows, len(table)):
            ids = pa.array([f"C{number:09d}" for number in range(start, start + len(table))], table.schema[0].type)
            writer.write_table(table.set_column(0, table.schema[0], ids))


def test_four_times_the_rows_take_no_more_memory(
    champions: dict[str, Registered], frames: dict[str, pd.DataFrame], ready: Path, tmp_path: Path
) -> None:
    """The boosted model by rows of floats, the segments by frames."""
    names = ["shop_churn", "shop_segments"]
    for name in names:
        champions[name].artifact.save(tmp_path / name)
    frame = pd.concat([pd.read_parquet(ready)] * 100, ignore_index=True)
    files = {}
    for name, rows in {"few": FEW, "some": SOME, "many": MANY}.items():
        files[name] = str(tmp_path / f"{name}.parquet")
        _write(Path(files[name]), frame, rows)
    asked = {**files, "artifacts": [str(tmp_path / each) for each in names], "to": str(tmp_path / "out"), "work": "x"}
    command = [sys.executable, "-m", "tests.serving.batch.memory", json.dumps(asked)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    some, many = json.loads(done.stdout)
    size = 8 * (MANY - SOME) * len(champions["shop_churn"].artifact.features) / 2**20
    assert size > 80, "what more rows there are would show"
    assert many - some < 40, f"{some} MB became {many} MB"
    assert many < 2000
    scored = [pq.read_metadata(part).num_rows for part in (tmp_path / "out/many").glob("*/scores.parquet/*.parquet")]
    assert sum(scored) == 2 * MANY
