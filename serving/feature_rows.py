"""Ready feature rows that come with a request: as JSON or as an Arrow table, the same columns."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from models.artifact import Artifact
from serving.messages import LONGEST, FeatureRow
from serving.store.layout import Matrix

KEYS: Final = ("customer_id", "cutoff", "category")


class NotFeatures(ValueError):
    """What came along are no feature rows; the message says why."""


def table_of(rows: Sequence[FeatureRow]) -> pa.Table:
    """Lay rows out as a table; a feature that a row leaves out is null. Raises `NotFeatures`."""
    names = dict.fromkeys(name for row in rows for name in row.features)
    taken = [name for name in names if name in KEYS]
    if taken:
        raise NotFeatures(f"{taken[0]!r} is no feature; keys stand beside the features")
    columns = {name: [row.features.get(name) for row in rows] for name in names}
    try:
        made = {name: pa.array(values) for name, values in columns.items()}
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        mixed = [name for name, values in columns.items() if len({type(v) is str for v in values if v is not None}) > 1]
        raise NotFeatures(f"the features {mixed} are numbers in some rows and texts in others") from None
    return pa.table({"customer_id": pa.array([row.customer_id for row in rows], pa.string()), **made})


def check_table(table: pa.Table) -> None:
    """Raise `NotFeatures` unless the table's keys and numbers are such."""
    if "customer_id" not in table.column_names:
        raise NotFeatures(f"there is no column customer_id; there are {table.column_names[:20]}")
    twice = {name for name in table.column_names if table.column_names.count(name) > 1}
    if twice:
        raise NotFeatures(f"the column {sorted(twice)[0]!r} comes twice")
    ids = table["customer_id"]
    if not (pa.types.is_string(ids.type) or pa.types.is_large_string(ids.type)):
        raise NotFeatures(f"customer_id is of type {ids.type}; send strings")
    if ids.null_count:
        raise NotFeatures(f"customer_id is null in {ids.null_count} rows")
    lengths = pc.utf8_length(ids)
    if len(ids) and not (pc.min(lengths).as_py() >= 1 and pc.max(lengths).as_py() <= LONGEST):
        raise NotFeatures(f"a customer_id has 1 to {LONGEST} characters")
    if "category" not in table.column_names and pc.count_distinct(ids).as_py() < len(ids):
        raise NotFeatures("a customer comes twice; send one row of each")
    for name in table.column_names:
        if pa.types.is_floating(table.schema.field(name).type):
            _check_finite(name, table[name])


def _check_finite(name: str, column: pa.ChunkedArray) -> None:
    wrong = pc.sum(pc.invert(pc.is_finite(column))).as_py()
    if wrong:
        raise NotFeatures(f"{name} is no finite number in {wrong} rows; send null for what is not known")


def lacks(artifact: Artifact, table: pa.Table) -> str | None:
    """Say what a table does not have that an artifact needs, or has as another type; None where all is there."""
    keys = ["category", "cutoff"] if artifact.categories else []
    missing = [name for name in (*keys, *artifact.features) if name not in table.column_names]
    if missing:
        return f"{artifact.name} needs the columns {missing[:20]}, which the rows do not have"
    for name in artifact.features:
        kind = table.schema.field(name).type
        textual = artifact.profile[name].levels is not None if name in artifact.profile else False
        if not pa.types.is_null(kind) and _is_text(kind) != textual:
            return f"{artifact.name} takes {name!r} as {'text' if textual else 'a number'}, and the rows have {kind}"
    return None


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind))


def matrix_of(table: pa.Table, features: Sequence[str]) -> Matrix:
    """Take columns as rows × features, nulls as NaN."""
    values = np.empty((table.num_rows, len(features)))
    for place, name in enumerate(features):
        column = table[name].cast(pa.float64()).combine_chunks()
        values[:, place] = column.to_numpy(zero_copy_only=False)
    return values


def frame_of(table: pa.Table, artifact: Artifact) -> pd.DataFrame:
    """Take the keys and the features of an artifact as a frame."""
    names = [name for name in (*KEYS, *artifact.features) if name in table.column_names]
    frame: pd.DataFrame = table.select(names).to_pandas()
    return frame
