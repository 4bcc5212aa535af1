"""`observe` and `outcome` on Spark: DataFrames in, a DataFrame out; nothing is collected.

The tables are those of `features.tables`, as DataFrames of one session: text as STRING, money as DECIMAL(18, 4), times
as TIMESTAMP_NTZ, the customers' local time. Decisions about odd rows (`features.policy`) are to be made before; a row
that cannot be used raises as the result is computed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from features.declaration import Declaration
from features.engine import views
from features.engine.asked import check_past
from features.engine.compared import Compared, told
from features.engine.period import Period, check_length
from features.engine.spark.compared import put_together
from features.engine.spark.spine import check_spine, spine_query
from features.engine.spark.tables import described
from features.engine.spark.whole import whole
from features.tables import HistoryError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def observe_on_spark(
    spark: "SparkSession",
    tables: Mapping[str, "DataFrame"],
    spine: "DataFrame",
    features: Sequence[Declaration],
    *,
    end: pd.Timestamp,
    grace_days: int = 0,
) -> "DataFrame":
    """Compute features from what was known before each row's cutoff.

    Gives the spine's columns and one a feature, in no order. `end` is the first instant of which the tables know
    nothing; a cutoff after it raises as the result is computed. `grace_days` is how long a membership runs on after its
    contracts (`features.policy`).

    Raises `HistoryError` for tables and columns that there are not, or of other types; `ValueError` for a spine that
    is none; `ImportError` where Spark is not installed.
    """
    check_past(features)
    return _run(spark, tables, spine, features, period=Period(), end=end, grace_days=grace_days)


def outcome_on_spark(
    spark: "SparkSession",
    tables: Mapping[str, "DataFrame"],
    spine: "DataFrame",
    targets: Sequence[Declaration],
    *,
    end: pd.Timestamp,
    horizon_days: int,
    lead_days: int = 0,
    known_by: pd.Timestamp | None = None,
    grace_days: int = 0,
) -> "DataFrame":
    """Compute targets from the events in [cutoff + lead_days, cutoff + lead_days + horizon_days).

    Else as `observe_on_spark` does, and as `features.engine.run.outcome` says. A cutoff whose horizon ends after `end`
    raises as the result is computed.
    """
    check_length(horizon_days, lead_days)
    period = Period(horizon_days, known_by, lead_days)
    known = [told(each, horizon_days) for each in targets]
    compared = Compared([each for each in known if each.of_horizon])
    if not compared.targets:
        return _run(spark, tables, spine, known, period=period, end=end, grace_days=grace_days)
    plain = [each for each in known if not each.of_horizon]
    before = _run(spark, tables, spine, compared.past, period=Period(), end=end, grace_days=grace_days)
    asked = [*plain, *compared.horizon]
    answers = _run(spark, tables, before, asked, period=period, end=end, grace_days=grace_days)
    return spark.sql(put_together(known, compared, carried=spine.columns), None, answers=answers)


def _run(
    spark: "SparkSession",
    tables: Mapping[str, "DataFrame"],
    spine: "DataFrame",
    declarations: Sequence[Declaration],
    *,
    period: Period,
    end: pd.Timestamp,
    grace_days: int,
) -> "DataFrame":
    _check_frames({**tables, "spine": spine})
    history = replace(described(tables, end), grace_days=grace_days)
    for each in declarations:
        lacking = views.lacks(history, each)
        if lacking is not None:
            raise HistoryError(f"{each.name} {lacking}. Give a frame that has them, or leave {each.name} out")
    check_spine(spine, declarations)
    asked = spine_query(spine, history, period=period)
    text = whole(history, declarations, period=period, spine=asked, carried=spine.columns)
    return _from_cutoffs(_result(spark, text, {**tables, "spine": spine}, declarations), period)


def _from_cutoffs(made: "DataFrame", period: Period) -> "DataFrame":
    """Give the cutoffs themselves where it was asked from where a horizon begins."""
    if not period.lead_days:
        return made
    from pyspark.sql.functions import expr

    return made.withColumn("cutoff", expr(f"`cutoff` - INTERVAL '{period.lead_days}' DAY"))


def _check_frames(frames: Mapping[str, object]) -> None:
    try:
        from pyspark.sql import DataFrame
    except ImportError as error:
        repair = "install it with pip install 'augury[spark]', and Java 17 or later beside it"
        raise ImportError(f"Spark is not installed; {repair}") from error
    for key, frame in frames.items():
        if not isinstance(frame, DataFrame):
            what = f"{type(frame).__name__} of {type(frame).__module__.partition('.')[0]}"
            raise TypeError(f"{key} is a {what}; make it a frame of the Spark session")


def _result(
    spark: "SparkSession", text: str, frames: Mapping[str, "DataFrame"], declarations: Sequence[Declaration]
) -> "DataFrame":
    """Ask the session. What Spark does not know can only be in the SQL that declarations brought along."""
    from pyspark.errors import AnalysisException

    try:
        return spark.sql(text, None, **frames)
    except AnalysisException as error:
        said = [each.name for each in declarations if each.sql_only]
        if not said:
            raise
        told = str(error).partition("\n")[0]
        raise ValueError(f"of {said}, which are said in SQL, Spark does not understand all: {told}") from error
