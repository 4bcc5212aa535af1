"""What a model answers to a block of rows, as Arrow."""

from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from models.artifact import Artifact
from models.contract import KEYS, Detailed, PredictsRows
from models.registry import Registered
from serving.batch.blocks import Block
from serving.reasons import explained, terms_of

_CONSTANT: Final = pa.dictionary(pa.int8(), pa.string())


def columns_of(artifact: Artifact) -> list[str]:
    """Name the columns that an artifact's frame has: keys, as far as there are any, and features."""
    return [*KEYS, *artifact.features]


def scores(registered: Registered, block: Block) -> pa.Table:
    """Score the rows of a block that are asked about: the columns, and to the bit the values, of `Artifact.score`.

    Models that take rows of floats get them without a frame.
    """
    artifact, model = registered.artifact, registered.artifact.model
    if not isinstance(model, PredictsRows) or not model.takes_rows or model.labels or isinstance(model, Detailed):
        return _table(artifact.score(frame_of(artifact, block), version=registered.version))
    score = artifact.calibration.apply(model.predict_rows(block.matrix(model.features_)))
    keys = [name for name in KEYS if name in block.table.schema.names and name != "eligible"]
    made = block.table.select(keys).append_column("score", pa.array(score))
    for name, value in (("model", artifact.name), ("version", registered.version)):
        made = made.append_column(name, _constant(value, len(made)))
    return made.filter(pa.array(_asked(block)))


def reasons(registered: Registered, block: Block, *, top: int) -> tuple[pa.Table, pa.Table]:
    """Give the `top` reasons of each row that is asked about, and its terms, as `serving.reasons` tells them."""
    artifact, frame = registered.artifact, frame_of(registered.artifact, block)
    terms = terms_of(artifact, frame)
    return _table(explained(artifact, frame, terms, top=top)), _table(terms)


def frame_of(artifact: Artifact, block: Block) -> pd.DataFrame:
    """Give a block's rows as an artifact's frame."""
    return block.frame[[name for name in columns_of(artifact) if name in block.frame]]


def _asked(block: Block) -> NDArray[np.bool_]:
    if "eligible" not in block.table.schema.names:
        return np.ones(len(block.table), dtype=bool)
    return np.asarray(block.table["eligible"], dtype=bool)


def _constant(value: str, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(np.zeros(rows, np.int8), pa.array([value], pa.string()))


def _table(frame: pd.DataFrame) -> pa.Table:
    """Take a frame as it is; texts that are null in all rows are texts still, times are in microseconds."""
    made = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    return made.cast(pa.schema([(each.name, _typed(each)) for each in made.schema]))


def _typed(field: pa.Field) -> pa.DataType:
    if pa.types.is_null(field.type) or pa.types.is_large_string(field.type):
        return pa.string()
    if pa.types.is_timestamp(field.type):
        return pa.timestamp("us")
    return pa.list_(pa.string()) if pa.types.is_list(field.type) else field.type
