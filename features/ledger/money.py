"""Whole cents as money: decimals, exact, for files and notebooks."""

from collections.abc import Iterable
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def exact(frame: pd.DataFrame, money: Iterable[str], *, decimals: int) -> pa.Table:
    """Give a frame as an Arrow table, its index first, those columns that are cents as DECIMAL(18, decimals)."""
    table = pa.Table.from_pandas(frame.reset_index(), preserve_index=False)
    for name in money:
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, _decimal(table.column(name), decimals))
    return table.replace_schema_metadata(None)


def _decimal(cents: pa.ChunkedArray, decimals: int) -> pa.ChunkedArray:
    whole = cents.cast(pa.decimal128(19, 0))
    unit = pa.scalar(Decimal(1).scaleb(-decimals), pa.decimal128(decimals + 1, decimals))
    return pc.multiply(whole, unit).cast(pa.decimal128(18, decimals))
