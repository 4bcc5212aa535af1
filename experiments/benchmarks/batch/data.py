"""What is measured on: rows of features as Parquet, and four models of trees, also as XGBoost's own files."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.benchmarks.serving.deployment import CUTOFF, LEARNED, artifact_of
from experiments.benchmarks.serving.shop import NAMES, customer_ids, features, outcomes
from models.booster import to_bytes

TREES: Final[dict[str, tuple[int, int]]] = {
    "churn": (300, 6),
    "upsell": (160, 3),
    "orders": (200, 4),
    "value": (240, 5),
}
"""How many trees each model has, and how deep they are."""
TARGETS: Final = {"churn": "churned", "upsell": "spent_more_25", "orders": "orders", "value": "future_spend"}
_DRAWN: Final = 250_000
_GROUP: Final = 131_072


def write_rows(path: Path, rows: int) -> None:
    """Write customers' features: drawn once, and then again and again with every customer's level moved at random."""
    rng, drawn = np.random.default_rng(5), features(min(rows, _DRAWN)).to_numpy()
    schema = pa.schema(
        [("customer_id", pa.string()), ("cutoff", pa.timestamp("us")), *((n, pa.float64()) for n in NAMES)]
    )
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, len(drawn)):
            some = drawn[: rows - start] * rng.uniform(0.8, 1.25, (min(len(drawn), rows - start), 1))
            ids = [f"C{number:08d}" for number in range(start, start + len(some))]
            cutoff = pa.repeat(pa.scalar(CUTOFF.to_pydatetime(), pa.timestamp("us")), len(some))
            table = pa.Table.from_arrays([pa.array(ids), cutoff, *map(pa.array, some.T)], schema=schema)
            writer.write_table(table, row_group_size=_GROUP)


def write_models(folder: Path) -> None:
    """Fit the models on simulated outcomes: an artifact's folder each, and its trees beside."""
    drawn = features(LEARNED)
    frame, seen = drawn.assign(customer_id=customer_ids(LEARNED), cutoff=CUTOFF), outcomes(drawn)
    for name, (rounds, depth) in TREES.items():
        trees: dict[str, Any] = {"rounds": rounds, "depth": depth, "learning_rate": 0.05, "min_child_weight": 2.0}
        artifact = artifact_of(name, frame, seen[TARGETS[name]], trees={**trees, "column_share": 1.0})
        artifact.save(folder / name)
        (folder / f"{name}.ubj").write_bytes(to_bytes(artifact.model.booster_))  # type: ignore[attr-defined]  # boosted's
