"""Scores on Spark by a registered artifact: what `Artifact.score` gives, bit for bit, wherever the rows lie."""

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Final

import pandas as pd
import pyarrow as pa

from models.artifact import Artifact
from models.registry import Registered
from serving.spark.columns import Need, check_columns
from serving.spark.executor import Job, files_of, score_batches

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_NAMES: Final = {
    pa.string(): "STRING",
    pa.float64(): "DOUBLE",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us"): "TIMESTAMP_NTZ",
}


def score_on_spark(
    frame: "DataFrame",
    registered: Registered,
    *,
    suppressed: Collection[str] = (),
    suppressed_by: str | None = None,
) -> "DataFrame":
    """Score a frame with customer_id, cutoff and a column a feature, such as `observe_on_spark` gives.

    Gives the columns of `Artifact.score`, in no order. Features are taken to be what they are called: of
    `observe_on_spark` ask those that `serving.definitions.features_of` names. Customers with an id in `suppressed`, or
    with a row in which the column `suppressed_by` is true, are left out. Executors need `configs`, `models`, `serving`
    and what models need; they get the artifact as plain bytes. Where pairs are scored, all rows of a customer must be
    in the frame: they are brought together.

    Raises, before a job starts, `ValueError` for columns that are missing or of other types, and `TypeError` for ids
    that are no text. A row without an id, a cutoff or a mark raises as the result is computed.
    """
    if not hasattr(frame, "mapInArrow"):
        raise TypeError(f"the frame is a {type(frame).__name__}; make it a frame of the Spark session")
    artifact = registered.artifact
    read = check_columns(frame, artifact, mark=suppressed_by)
    whole = bool(artifact.categories) or suppressed_by is not None
    rows = frame.selectExpr(*(each.read() for each in read))
    if whole:
        rows = rows.repartition("customer_id").sortWithinPartitions("customer_id")
    told = schema_of(registered, read)
    context = frame.sparkSession.sparkContext
    job = Job(
        id=artifact.id,
        version=registered.version,
        files=context.broadcast(files_of(artifact)),
        suppressed=context.broadcast(_ids(suppressed)) if suppressed else None,
        mark=suppressed_by,
        whole=whole,
        schema=told,
    )
    return rows.mapInArrow(partial(score_batches, job), _spark_schema(told))


def schema_of(registered: Registered, read: Collection[Need]) -> pa.Schema:
    """Tell which columns scores have, of which types, by scoring an example."""
    example = _example(registered.artifact, read)
    told = pa.Schema.from_pandas(registered.artifact.score(example, version=registered.version), preserve_index=False)
    return pa.schema([(field.name, _plain(field.type)) for field in told])


def _example(artifact: Artifact, read: Collection[Need]) -> pd.DataFrame:
    """Make a row of what is usual: the medians of numbers, the first level of texts."""
    levels = {name: cells.levels for name, cells in artifact.profile.items()}
    row: dict[str, object] = {}
    for each in read:
        known = levels.get(each.name)
        row[each.name] = artifact.typical.get(each.name) if each.kind == "number" else (known[0] if known else "")
    row |= {"customer_id": "example", "cutoff": artifact.trained_to, "eligible": True}
    if artifact.categories:
        row["category"] = artifact.categories[0]
    texts = {each.name: "str" for each in read if each.kind == "text"}
    numbers = {each.name: "float64" for each in read if each.kind == "number"}
    names = [each.name for each in read]
    return pd.DataFrame([row])[names].astype({**texts, **numbers, "cutoff": "datetime64[us]"})


def _plain(kind: pa.DataType) -> pa.DataType:
    """Name the type of a column as Spark has it."""
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return pa.string()
    return pa.timestamp("us") if pa.types.is_timestamp(kind) else kind


def _spark_schema(schema: pa.Schema) -> str:
    return ", ".join(f"`{field.name}` {_NAMES[field.type]}" for field in schema)


def _ids(suppressed: Collection[str]) -> frozenset[str]:
    if isinstance(suppressed, str):
        raise TypeError("suppressed is one text; give a list of ids")
    wrong = sum(not isinstance(each, str) for each in suppressed)
    if wrong:
        raise TypeError(
            f"{wrong} of the suppressed ids are no text, so that they could not be found; give them as text"
        )
    return frozenset(suppressed)
