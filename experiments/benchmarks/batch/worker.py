"""One way through all rows in this process, measured."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from experiments.benchmarks.batch.data import TREES
from experiments.benchmarks.measure import measured
from experiments.benchmarks.serving.shop import NAMES
from models.artifact import Artifact
from models.booster import from_bytes
from models.registry import Registered
from serving.batch.blocks import SIZE
from serving.batch.destinations import Folders
from serving.batch.groups import of_rows
from serving.batch.place import Place
from serving.batch.question import Asked
from serving.batch.run import run

Told = dict[str, Any]


def augury(told: Told) -> Callable[[], None]:
    """Score as `augury score --rows ROWS --to FOLDER/` does, with the fast trees or with XGBoost's own."""
    models = [Registered(Artifact.load(Path(told["models"]) / name), "1") for name in TREES]
    one = np.zeros((1, len(NAMES)))
    for each in models:
        model: Any = each.artifact.model
        if told["system"] == "Augury by XGBoost":
            model.ensemble_.__dict__["_walk"] = None  # who would answer where the fast trees do not say the same
        model.predict_rows(one)
    to = Path(told["to"])

    def work() -> None:
        groups = of_rows(Place.read(told["rows"]), models, folder=to / ".copied", keeps_frame=False)
        run(groups, Asked(), to=Folders(lambda name: to / name), clock=lambda: datetime.now(UTC))

    return work


def bare(told: Told) -> Callable[[], None]:
    """Loop over batches, ask each booster, write: one file of ids and four columns, nothing checked, nothing kept."""
    boosters = {name: from_bytes((Path(told["models"]) / f"{name}.ubj").read_bytes(), threads=1) for name in TREES}
    schema = pa.schema(
        [("customer_id", pa.string()), ("cutoff", pa.timestamp("us")), *((n, pa.float32()) for n in TREES)]
    )
    to = Path(told["to"])

    def work() -> None:
        to.mkdir(parents=True)
        with pq.ParquetWriter(to / "scores.parquet", schema, use_dictionary=["cutoff"]) as writer:
            for batch in pq.ParquetFile(told["rows"], pre_buffer=False).iter_batches(SIZE):
                values = np.column_stack([batch.column(name).to_numpy(zero_copy_only=False) for name in NAMES])
                scores = [pa.array(each.inplace_predict(values)) for each in boosters.values()]
                writer.write_table(pa.Table.from_arrays([batch.column(0), batch.column(1), *scores], schema=schema))

    return work


WAYS: Final = {"bare loop": bare, "Augury": augury, "Augury by XGBoost": augury}


def apart(theirs: Path, ours: Path) -> float:
    """Give the greatest difference between both ways' scores, over their size, and check that they are of the same ids.

    Raises `ValueError` where they are not.
    """
    found, worst = pq.read_table(theirs / "scores.parquet"), 0.0
    for name in TREES:
        scores = pa.concat_tables(pq.read_table(each) for each in sorted((ours / name / "scores.parquet").iterdir()))
        if not scores["customer_id"].equals(found["customer_id"]):
            raise ValueError(f"the scores of {name} are of other customers, or in another order")
        bare_ones = found[name].cast(pa.float64())
        worst = max(worst, pc.max(pc.abs(pc.divide(pc.subtract(scores["score"], bare_ones), bare_ones))).as_py())
    return worst


def main(told: Told) -> Told:
    """Go one way; or compare two."""
    if told["system"] == "compare":
        return {"apart": apart(Path(told["theirs"]), Path(told["ours"]))}
    return measured(WAYS[told["system"]](told))[1]


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
