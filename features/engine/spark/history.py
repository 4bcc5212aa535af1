"""A history's tables on Spark."""

from pathlib import Path
from typing import TYPE_CHECKING

from configs.whole import whole_folder
from features.engine import views
from features.engine.render import text
from features.engine.session import connect
from features.history import History

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def tables_on_spark(spark: "SparkSession", history: History, to: Path) -> dict[str, "DataFrame"]:
    """Write a history's tables as Parquet under a folder that every executor sees, and read them there."""
    with whole_folder(to) as folder, connect(history) as session:
        for table in history.tables:
            path = text(str(folder / f"{table}.parquet"))
            session.execute(f"COPY (FROM {views.TABLE}{table}) TO {path} (FORMAT parquet)")
    return {table: spark.read.parquet(str(to / f"{table}.parquet")) for table in history.tables}
