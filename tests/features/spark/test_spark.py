"""Spark gives what DuckDB gives: everything of the library and of the vocabulary, whatever the session's settings."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from features.datasets import DATASETS
from features.declaration import Declaration
from features.engine import views
from features.engine.run import observe, outcome
from features.engine.spark.history import tables_on_spark
from features.engine.spark.run import observe_on_spark, outcome_on_spark
from features.history import History
from features.library import FEATURES, POPULATIONS, TARGETS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
Setting = Callable[[str, str], AbstractContextManager[None]]
Asked = Callable[[pd.DataFrame], "DataFrame"]
Tables = dict[str, "DataFrame"]
PAST = [*FEATURES.values(), *POPULATIONS.values()]
KEYS = ["customer_id", "cutoff", "category"]
HORIZON = 45


def _taken(frame: "DataFrame") -> pd.DataFrame:
    """Take a result's rows, in the order of their keys."""
    return pd.DataFrame(frame.toArrow().to_pandas()).sort_values(KEYS, ignore_index=True)


def _there(history: History, declared: list[Declaration]) -> list[Declaration]:
    return [each for each in declared if views.lacks(history, each) is None]


def _check(actual: pd.DataFrame, expected: pd.DataFrame, name: str) -> None:
    """Compare a column to 1e-9; each of up to a hundred decayed terms is rounded to 1e-9."""
    ordered = expected.sort_values(KEYS, ignore_index=True)
    assert actual[KEYS].to_numpy().tolist() == ordered[KEYS].to_numpy().tolist()
    if not pd.api.types.is_numeric_dtype(actual[name]):
        assert actual[name].fillna("nothing").tolist() == ordered[name].fillna("nothing").tolist()
        return
    slack = 1e-7 if "decayed" in name else 1e-9
    np.testing.assert_allclose(actual[name].to_numpy(), ordered[name].to_numpy(float), rtol=1e-9, atol=slack)


class Both:
    """What Spark and DuckDB give for the same history."""

    def __init__(self, history: History, spine: pd.DataFrame, tables: Tables, asked: "DataFrame") -> None:
        past, future = _there(history, PAST), _there(history, list(TARGETS.values()))
        session, end = asked.sparkSession, history.end
        grace = history.grace_days
        seen = observe_on_spark(session, tables, asked, past, end=end, grace_days=grace)
        paid = outcome_on_spark(session, tables, asked, future, end=end, horizon_days=HORIZON, grace_days=grace)
        self.actual = {"past": _taken(seen), "future": _taken(paid)}
        self.expected = {
            "past": observe(history, spine, past, engine="duckdb"),
            "future": outcome(history, spine, future, horizon_days=HORIZON, engine="duckdb"),
        }
        self.names = {each.name: part for part, all_ in (("past", past), ("future", future)) for each in all_}

    def check(self, name: str) -> None:
        part = self.names[name]
        _check(self.actual[part], self.expected[part], name)

    def check_all(self) -> None:
        wrong = []
        for name in self.names:
            try:
                self.check(name)
            except AssertionError as error:
                wrong.append(f"{name}: {error}")
        assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def drawn_tables(spark: "SparkSession", history: History, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return tables_on_spark(spark, history, tmp_path_factory.mktemp("drawn") / "tables")


@pytest.fixture(scope="module", params=["ANSI", "lenient"])
def drawn_both(
    request: pytest.FixtureRequest,
    setting: Setting,
    history: History,
    drawn_tables: Tables,
    everyone: Callable[[pd.DatetimeIndex], pd.DataFrame],
    midnights: pd.DatetimeIndex,
    odd_hours: pd.DatetimeIndex,
    asked: Asked,
) -> Iterator[Both]:
    """Ask at midnights and other hours, with ANSI's errors in a zone that skips a midnight, and without in another."""
    spine = everyone(pd.DatetimeIndex([*midnights, *odd_hours]))
    spine = spine[spine["category"].isin(["bread", "wine"])]
    ansi, zone = ("true", "America/Santiago") if request.param == "ANSI" else ("false", "Asia/Kolkata")
    with setting("spark.sql.ansi.enabled", ansi), setting("spark.sql.session.timeZone", zone):
        yield Both(history, spine, drawn_tables, asked(spine))


@pytest.mark.parametrize("name", [*FEATURES, *POPULATIONS, *TARGETS])
def test_on_the_drawn_history_it_equals_duckdb(drawn_both: Both, name: str) -> None:
    drawn_both.check(name)


def test_the_drawn_history_has_what_everything_is_made_of(history: History) -> None:
    assert _there(history, [*PAST, *TARGETS.values()]) == [*PAST, *TARGETS.values()]


def _customers(history: History) -> list[str]:
    table = history.tables["transactions"]
    assert isinstance(table, pa.Table)
    return sorted(set(table["customer_id"].to_pylist()))


def _of(table: pa.Table, customers: list[str]) -> pa.Table:
    """Keep the rows of some customers."""
    if "customer_id" not in table.column_names:
        return table
    return table.filter(pc.is_in(table["customer_id"], pa.array(customers)))


@pytest.fixture(scope="module")
def simulated_both(
    spark: "SparkSession", simulated: History, asked: Asked, tmp_path_factory: pytest.TempPathFactory
) -> Both:
    rng = np.random.default_rng(11)
    customers = _customers(simulated)
    cutoffs = pd.DatetimeIndex(["2024-04-01", "2024-06-30 17:45:10", "2024-09-08", "2024-12-31 23:59:59.999999"])
    spine = pd.DataFrame({"customer_id": customers}).merge(cutoffs.to_frame(name="cutoff"), how="cross")
    spine["category"] = rng.choice(["vegetables", "drinks", "nothing of the kind"], len(spine))
    tables = tables_on_spark(spark, simulated, tmp_path_factory.mktemp("simulated") / "tables")
    return Both(simulated, spine, tables, asked(spine))


def test_on_the_simulator_it_equals_duckdb(simulated_both: Both) -> None:
    assert len(simulated_both.names) > 90
    simulated_both.check_all()


@pytest.fixture(scope="module")
def journey_both(
    spark: "SparkSession", setting: Setting, asked: Asked, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    """Ask about 60 households of Complete Journey, with the settings that Spark has by itself."""
    whole = DATASETS["complete_journey"]()
    chosen = _customers(whole)[::41]
    history = replace(whole, tables={name: _of(table, chosen) for name, table in whole.tables.items()})
    cutoffs = pd.DatetimeIndex(["2017-04-01", "2017-07-04 12:30", "2017-10-15 00:30", "2017-11-16"])
    spine = pd.DataFrame({"customer_id": [*chosen, "nobody"]}).merge(cutoffs.to_frame(name="cutoff"), how="cross")
    rng = np.random.default_rng(12)
    spine["category"] = rng.choice(["BEEF", "SOFT DRINKS", "no such thing"], len(spine))
    spine["campaign"] = rng.choice(["8", "13", "18"], len(spine))
    tables = tables_on_spark(spark, history, tmp_path_factory.mktemp("journey") / "tables")
    with (
        setting("spark.sql.session.timeZone", "America/Sao_Paulo"),
        setting("spark.sql.adaptive.enabled", "true"),
        setting("spark.sql.codegen.wholeStage", "true"),
    ):
        yield Both(history, spine, tables, asked(spine))


def test_on_complete_journey_it_equals_duckdb(journey_both: Both) -> None:
    assert len(journey_both.names) > 90
    journey_both.check_all()
