"""Frames of a Spark session, and its settings."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pytest

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@pytest.fixture(scope="session")
def setting(spark: "SparkSession") -> Callable[[str, str], AbstractContextManager[None]]:
    """Set something of the session for a while."""

    @contextmanager
    def set_(key: str, value: str) -> Iterator[None]:
        before = spark.conf.get(key)
        spark.conf.set(key, value)
        try:
            yield
        finally:
            spark.conf.set(key, str(before))

    return set_


@pytest.fixture(scope="session")
def asked(spark: "SparkSession") -> Callable[[pd.DataFrame], "DataFrame"]:
    """Make a spine a frame of the session."""

    def lent(spine: pd.DataFrame) -> "DataFrame":
        types = {"cutoff": "TIMESTAMP_NTZ", "number": "BIGINT"}
        schema = ", ".join(f"{column} {types.get(column, 'STRING')}" for column in map(str, spine))
        return spark.createDataFrame(pa.Table.from_pandas(spine, preserve_index=False), schema)

    return lent


@pytest.fixture(scope="session")
def rows(spark: "SparkSession") -> Callable[..., "DataFrame"]:
    """Make a frame of rows in SQL, such as ('a', TIMESTAMP_NTZ '2024-01-01', 3.0000BD)."""

    def made(columns: str, *values: str) -> "DataFrame":
        return spark.sql(f"SELECT * FROM VALUES {', '.join(values)} AS made({columns})")

    return made
