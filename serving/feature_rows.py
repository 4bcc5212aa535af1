"""Ready feature rows that come with a request: as JSON or as an Arrow table, the same columns."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from models.artifact import Artifact
from models.contract import Detailed
from serving.messages import LARGEST, LONGEST, FeatureRow
from serving.store.layout import Matrix

KEYS: Final = ("customer_id", "cutoff", "category", "eligible")
MOST_COLUMNS: Final = 2_000
MOST_CELLS: Final = 4_000_000
"""Rows of JSON need not have the same features: a few large ones must not make all of them wide."""
YEARS: Final = (1900, 2200)
"""A cutoff lies in these years, the last one out: what is predicted to come after it must have a date too."""
_SECONDS: Final = tuple(int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in YEARS)
Kind = Literal["number", "text", "null", "other"]


class NotFeatures(ValueError):
    """What came along are no feature rows; the message says why."""


def table_of(rows: Sequence[FeatureRow]) -> pa.Table:
    """Lay rows out as a table; a feature that a row leaves out is null. Raises `NotFeatures`."""
    columns = _columns(rows)
    _check_count(len(columns))
    taken = [name for name in columns if name in KEYS]
    if taken:
        raise NotFeatures(f"{taken[0]!r} is no feature; keys stand beside the features")
    try:
        made = {name: pa.array(values) for name, values in columns.items()}
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        mixed = [name for name, values in columns.items() if len({type(v) is str for v in values if v is not None}) > 1]
        raise NotFeatures(f"the features {mixed[:20]} are numbers in some rows and texts in others") from None
    return pa.table({"customer_id": pa.array([row.customer_id for row in rows], pa.string()), **made})


def _columns(rows: Sequence[FeatureRow]) -> dict[str, Sequence[Any]]:
    """Give the values of each feature that any row has, one a row; rows that are alike are turned at once."""
    first = list(rows[0].features) if rows else []
    if all(list(row.features) == first for row in rows):
        return dict(zip(first, zip(*[row.features.values() for row in rows], strict=True), strict=True))
    names: dict[str, None] = {}
    for row in rows:
        names |= dict.fromkeys(row.features)
        if len(names) * len(rows) > MOST_CELLS:
            told = f"there are over {MOST_CELLS // len(rows)} features, too many for {len(rows)} rows"
            raise NotFeatures(f"{told}; send those that the models read")
    return {name: [row.features.get(name) for row in rows] for name in names}


def check_table(table: pa.Table) -> None:
    """Raise `NotFeatures` unless the table has keys that name each row, and numbers and texts within bounds."""
    names = _names(table)
    twice = {name for name, former in zip(sorted(names)[1:], sorted(names), strict=False) if name == former}
    if twice:
        raise NotFeatures(f"the column {min(twice)!r} comes twice")
    if "customer_id" not in names:
        raise NotFeatures(f"there is no column customer_id; there are {names[:20]}")
    _check_key("customer_id", table["customer_id"])
    if "category" in names:
        _check_key("category", table["category"])
    _check_cutoff(table)
    _check_eligible(table)
    _check_once(table)
    for name in names:
        _CHECKS[kind_of(table.schema.field(name).type)](name, table[name])


def kind_of(kind: pa.DataType) -> Kind:
    """Tell whether a column of a type may hold a feature's numbers, or its texts."""
    if pa.types.is_null(kind):
        return "null"
    if pa.types.is_dictionary(kind):
        return "text" if _is_text(kind.value_type) else "other"
    if _is_text(kind):
        return "text"
    numeric = (pa.types.is_integer, pa.types.is_float32, pa.types.is_float64, pa.types.is_boolean)
    return "number" if any(is_one(kind) for is_one in numeric) else "other"


def lacks(artifact: Artifact, table: pa.Table) -> str | None:
    """Say what a table does not have that an artifact needs, or has otherwise; None where all is as it should be."""
    names = table.column_names
    of_pairs = {"category": "a category", "eligible": "marks of what is eligible"}
    for key, told in of_pairs.items():
        if key in names and not artifact.categories:
            return f"{artifact.name} is asked about customers, and the rows have {told}"
    missing = [name for name in (*_keys(artifact), *artifact.features) if name not in names]
    if missing:
        return f"{artifact.name} needs the columns {missing[:20]}, which the rows do not have"
    return _other_categories(artifact, table) or _other_type(artifact, table)


def _keys(artifact: Artifact) -> list[str]:
    """Name the keys that a model reads beside the customer."""
    if artifact.categories:
        return ["category", "cutoff"]
    return ["cutoff"] if isinstance(artifact.model, Detailed) else []


def _other_categories(artifact: Artifact, table: pa.Table) -> str | None:
    """Say that a customer has not all pairs: what a model of pairs says of one is also made of the others."""
    if not artifact.categories:
        return None
    known = pc.all(pc.is_in(table["category"], pa.array(artifact.categories))).as_py()
    customers = pc.count_distinct(table["customer_id"]).as_py()
    if known and table.num_rows == customers * len(artifact.categories):
        return None
    return (
        f"{artifact.name} needs of each customer a row of each of its categories {list(artifact.categories)}; "
        "a column eligible says which are asked about"
    )


def _other_type(artifact: Artifact, table: pa.Table) -> str | None:
    for name in artifact.features:
        kind = table.schema.field(name).type
        wanted = "text" if name in artifact.texts else "number"
        if kind_of(kind) not in (wanted, "null"):
            told = "text" if wanted == "text" else "a number"
            return f"{artifact.name} takes {name!r} as {told}, and the rows have {kind}"
    return None


def matrix_of(table: pa.Table, features: Sequence[str]) -> Matrix:
    """Take columns as rows × features, nulls as NaN."""
    values = np.empty((table.num_rows, len(features)))
    for place, name in enumerate(features):
        column = table[name].cast(pa.float64(), safe=False).combine_chunks()
        values[:, place] = column.to_numpy(zero_copy_only=False)
    return values


def frame_of(table: pa.Table, artifact: Artifact) -> pd.DataFrame:
    """Take the keys and the features of an artifact as a frame: numbers as floats, texts as such."""
    keys = {name: table[name] for name in KEYS if name in table.column_names}
    features = {name: _plain(table[name]) for name in artifact.features}
    frame: pd.DataFrame = pa.table(keys | features).to_pandas()
    return frame


def with_cutoff(table: pa.Table, cutoff: datetime | None) -> pa.Table:
    """Add a cutoff that is the same for all rows, in the local time of a model's data, if one is said."""
    if cutoff is None:
        return table
    column = pa.repeat(pa.scalar(cutoff, pa.timestamp("us")), table.num_rows)
    return table.append_column("cutoff", column)


def _names(table: pa.Table) -> list[str]:
    _check_count(table.num_columns)
    try:
        names: list[str] = table.column_names
    except UnicodeDecodeError:
        raise NotFeatures("a column's name is not UTF-8") from None
    return names


def _check_count(columns: int) -> None:
    if columns > MOST_COLUMNS:
        raise NotFeatures(f"there are over {MOST_COLUMNS} columns; send those that the models read")


def _check_key(name: str, column: pa.ChunkedArray) -> None:
    if not _is_text(column.type):
        raise NotFeatures(f"{name} is of type {column.type}; send strings")
    if column.null_count:
        raise NotFeatures(f"{name} is null in {column.null_count} rows")
    lengths = pc.utf8_length(column)
    if len(column) and not (pc.min(lengths).as_py() >= 1 and pc.max(lengths).as_py() <= LONGEST):
        raise NotFeatures(f"a {name} has 1 to {LONGEST} characters")


def _check_cutoff(table: pa.Table) -> None:
    if "cutoff" not in table.column_names:
        return
    column = table["cutoff"]
    if not pa.types.is_timestamp(column.type) or column.type.tz is not None:
        raise NotFeatures(f"cutoff is of type {column.type}; send timestamps without a zone")
    if column.null_count:
        raise NotFeatures(f"cutoff is null in {column.null_count} rows")
    seconds = column.cast(pa.timestamp("s"), safe=False)
    if len(column) and not (_SECONDS[0] <= pc.min(seconds).value and pc.max(seconds).value < _SECONDS[1]):
        raise NotFeatures(f"a cutoff lies outside the years {YEARS[0]} to {YEARS[1] - 1}")


def _check_eligible(table: pa.Table) -> None:
    if "eligible" not in table.column_names:
        return
    column = table["eligible"]
    if not pa.types.is_boolean(column.type) or column.null_count:
        raise NotFeatures(f"eligible is of type {column.type} with {column.null_count} nulls; send true or false")


def _check_once(table: pa.Table) -> None:
    if "category" not in table.column_names:
        if pc.count_distinct(table["customer_id"]).as_py() < table.num_rows:
            raise NotFeatures("a customer comes twice; send one row of each")
        return
    keys = ["customer_id", "category"]
    if table.select(keys).group_by(keys).aggregate([]).num_rows < table.num_rows:
        raise NotFeatures("a pair of customer and category comes twice; send one row of each")


def _check_numbers(name: str, column: pa.ChunkedArray) -> None:
    if pa.types.is_boolean(column.type):
        return
    if pa.types.is_floating(column.type) and not math.isfinite(pc.sum(column).as_py() or 0.0):
        wrong = pc.sum(pc.invert(pc.is_finite(column))).as_py()
        if wrong:
            raise NotFeatures(f"{name} is no finite number in {wrong} rows; send null for what is not known")
    ends = pc.min_max(column).as_py()
    if ends["min"] is not None and max(-ends["min"], ends["max"]) > LARGEST:
        raise NotFeatures(f"{name} has numbers beyond {LARGEST:g}; send null for what is not known")


def _check_texts(name: str, column: pa.ChunkedArray) -> None:
    chunks = [each.dictionary for each in column.chunks] if pa.types.is_dictionary(column.type) else column.chunks
    for texts in chunks:
        if (pc.max(pc.utf8_length(texts)).as_py() or 0) > LONGEST:
            raise NotFeatures(f"{name} has texts of over {LONGEST} characters")


def _check_nothing(name: str, column: pa.ChunkedArray) -> None:
    """Of what no model reads, nothing is asked."""


_CHECKS: Final = {"number": _check_numbers, "text": _check_texts, "null": _check_nothing, "other": _check_nothing}


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = kind_of(column.type)
    return column.cast(pa.string()) if kind == "text" else column.cast(pa.float64(), safe=False)
