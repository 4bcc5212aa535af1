"""A Spark session on this machine, one for all tests."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SKIPS_MIDNIGHT = "America/Santiago"
"""A zone in which 2024-09-08 begins at 01:00: naive times must not be taken for its instants."""
_LOG = """
rootLogger.level = error
rootLogger.appenderRef.file.ref = file
appender.file.type = File
appender.file.name = file
appender.file.fileName = {}
appender.file.layout.type = PatternLayout
"""


def _settings(folder: Path) -> dict[str, str]:
    """Stay on this machine, without a page, leave the console alone, and compile little: the tables are small."""
    quiet = folder / "log4j2.properties"
    quiet.write_text(_LOG.format(folder / "spark.log"), encoding="utf-8")
    options = f"-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dlog4j2.configurationFile={quiet}"
    return {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": options,
        "spark.driver.memory": "2g",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.session.timeZone": SKIPS_MIDNIGHT,
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    """Run Spark on two cores until the tests end; its Python workers run by this interpreter."""
    missing = "NO SPARK HERE: install it with make extras"
    sql = pytest.importorskip("pyspark.sql", reason=missing)
    java = Path(os.environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in os.environ else shutil.which("java")
    if java is None or not Path(java).is_file():
        pytest.skip(
            "NO JAVA HERE: Spark needs Java 17 or later on PATH or in JAVA_HOME; install openjdk-17-jre-headless"
        )
    builder = sql.SparkSession.builder.master("local[2]").appName("tests")
    for key, value in _settings(tmp_path_factory.mktemp("spark")).items():
        builder = builder.config(key, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", os.environ.get("PYSPARK_PYTHON", sys.executable))
        session = builder.getOrCreate()
        yield session
        session.stop()
