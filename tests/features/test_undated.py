"""Customers alone, without dates: admitted, listed and observed as the columns of one table."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.cutoffs import spine
from features.datasets import load
from features.engine.candidates import top_categories
from features.engine.door import admit
from features.engine.kept import Kept
from features.engine.run import Engine, observe, outcome
from features.engine.stored import stored
from features.explain import explained
from features.frame import frame
from features.history import UNDATED, History, Source
from features.library import POPULATIONS, TARGETS, available, chosen
from features.nobody import NobodyAsked
from features.policy import Currency, Policy
from features.tables import HistoryError

LISTED = POPULATIONS["listed"]
ENGINES = get_args(Engine)
CSV = """customerID,gender,senior,tenure,contract,monthly,total,churn
7590,Female,0,1,Month-to-month,29.85,29.85,No
5575,Male,0,34,One year,56.95, ,No
3668,Male,1,2,Month-to-month,53.85,108.15,Yes
9237,Female,0,0,,70.70,,Yes
"""
TOML = """[table]
csv = "telco.csv"
columns.customer_id = "customerID"
formats.senior = "number"
formats.tenure = "number"
formats.monthly = "number"
formats.total = "number"
"""
Table = Callable[..., History]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "telco.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "telco.toml").write_text(TOML, encoding="utf-8")
    return tmp_path / "telco.toml"


@pytest.fixture
def telco(file: Path) -> History:
    return load(str(file))


def _people(**columns: Any) -> History:
    count = len(next(iter(columns.values())))
    return admit("people", {"customers": pa.table({"customer_id": list("abcdefgh")[:count], **columns})})


def _listed(history: History, *names: str, engine: Engine = "kernel") -> pd.DataFrame:
    asked = chosen(names or ["customers.*"], history)
    return frame(history, [history.end], population=LISTED, features=asked, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_table_of_customers_is_a_frame_of_its_columns(telco: History, engine: Engine) -> None:
    assert not telco.dated
    assert telco.end == UNDATED == pd.Timestamp("2000-01-01")
    made = _listed(telco, "customers.*", "-customers.churn", "customers.churn=Yes", engine=engine)
    expected = pd.DataFrame(
        {
            "customer_id": ["3668", "5575", "7590", "9237"],
            "cutoff": pd.Series([UNDATED] * 4, dtype="datetime64[us]"),
            "customers.gender": ["Male", "Male", "Female", "Female"],
            "customers.senior": [1.0, 0.0, 0.0, 0.0],
            "customers.tenure": [2.0, 34.0, 1.0, 0.0],
            "customers.contract": ["Month-to-month", "One year", "Month-to-month", None],
            "customers.monthly": [53.85, 56.95, 29.85, 70.70],
            "customers.total": [108.15, np.nan, 29.85, np.nan],
            "customers.churn=Yes": [1.0, 0.0, 0.0, 1.0],
        }
    )
    pd.testing.assert_frame_equal(made, expected, check_exact=True)


@pytest.mark.parametrize("lay", ["parquet", "duckdb"])
def test_the_table_may_lie_elsewhere(lay: str, telco: History, tmp_path: Path) -> None:
    read = f"(SELECT * FROM read_csv('{tmp_path}/telco.csv', all_varchar = true))"
    with duckdb.connect(str(tmp_path / "own.db")) as opened:
        opened.execute(f"CREATE TABLE people AS FROM {read}")
        opened.execute(f"COPY people TO '{tmp_path}/people.parquet'")
    source = {"parquet": 'parquet = "people.parquet"', "duckdb": 'duckdb = "own.db"\ntable = "people"'}[lay]
    (tmp_path / "other.toml").write_text(TOML.replace('csv = "telco.csv"', source), encoding="utf-8")
    other = load(str(tmp_path / "other.toml"))
    pd.testing.assert_frame_equal(_listed(other), _listed(telco), check_exact=True)
    assert (other.end, other.fingerprint) == (telco.end, telco.fingerprint)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_enumeration_of_a_database_is_text(engine: Engine, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "own.db")) as opened:
        opened.execute(
            "CREATE TABLE people (customer_id VARCHAR, plan ENUM ('basic', 'pro'), vip BOOLEAN, paid HUGEINT)"
        )
        opened.execute(
            "INSERT INTO people VALUES ('b', 'pro', true, 7), ('a', NULL, NULL, NULL), ('c', 'basic', false, 0)"
        )
    (tmp_path / "own.toml").write_text('[table]\nduckdb = "own.db"\ntable = "people"\n', encoding="utf-8")
    names = ["customers.*", "customers.plan=pro", "customers.plan=gone"]
    made = _listed(load(str(tmp_path / "own.toml")), *names, engine=engine)
    assert made["customers.plan"].fillna("").tolist() == ["", "pro", "basic"]
    assert made["customers.vip"].tolist() == pytest.approx([np.nan, 1, 0], nan_ok=True)
    assert made["customers.paid"].tolist() == pytest.approx([np.nan, 7, 0], nan_ok=True)
    assert made["customers.plan=pro"].tolist() == [0, 1, 0]
    assert made["customers.plan=gone"].tolist() == [0, 0, 0]


@pytest.mark.parametrize("engine", ENGINES)
def test_many_customers_are_taken_in_buckets(
    engine: Engine, telco: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, features = _listed(telco, engine=engine), chosen(["customers.*"], telco)
    monkeypatch.setattr("features.engine.buckets.ROWS", 2)
    pd.testing.assert_frame_equal(_listed(telco, engine=engine), whole, check_exact=True)
    frame(telco, [telco.end], population=LISTED, features=features, engine=engine, to=tmp_path / "frame")
    assert len(list((tmp_path / "frame").glob("*/part-*.parquet"))) == 2


def test_blanks_are_no_number_but_words_are_refused(file: Path) -> None:
    (file.parent / "telco.csv").write_text(CSV.replace("56.95, ,", '56.95,"\t \u00a0",'), encoding="utf-8")
    assert _listed(load(str(file)), "customers.total")["customers.total"].isna().sum() == 2
    (file.parent / "telco.csv").write_text(CSV.replace("56.95, ,", "56.95,none,"), encoding="utf-8")
    with pytest.raises(HistoryError, match=r"customers.total is not a number: 1 rows, such as .*'total': 'none'"):
        load(str(file))


def test_an_end_that_is_said_is_kept(file: Path) -> None:
    file.write_text("end = 2025-03-01\n" + TOML, encoding="utf-8")
    history = load(str(file))
    assert history.end == pd.Timestamp("2025-03-01")
    made = frame(history, [pd.Timestamp("2025-02-01"), history.end], population=LISTED, features=[])
    assert made["cutoff"].tolist() == [pd.Timestamp("2025-02-01")] * 4 + [history.end] * 4
    assert made["customer_id"].tolist() == ["3668", "5575", "7590", "9237"] * 2


def test_ids_and_tables_are_checked_as_ever() -> None:
    people = pd.DataFrame({"customer_id": ["a", "b", "a"], "age": [1, 2, 3]})
    with pytest.raises(HistoryError, match=r"customers.customer_id is there more than once: 2 rows, such as 'a'"):
        admit("people", {"customers": people})
    with pytest.raises(HistoryError, match=r"customers.customer_id is empty: 1 rows"):
        admit("people", {"customers": people.assign(customer_id=pd.Series(["a", None, "b"]))})
    with pytest.raises(HistoryError, match=r"lacks the columns \['customer_id'\]; .*, or \[table.columns\] where they"):
        admit("people", {"customers": people.rename(columns={"customer_id": "id"})})
    with pytest.raises(HistoryError, match=r"no table of what happens; give one of .*, or customers alone"):
        admit("people", {"customers": people, "products": pd.DataFrame({"product_id": ["p"]})})


def test_unusable_rows_may_be_kept_beside(tmp_path: Path) -> None:
    people = pd.DataFrame({"customer_id": ["a", None, "b"], "age": [1, 2, 3]})
    history = admit("people", {"customers": people}, policy=Policy(rejects="keep"), rejected=tmp_path / "beside")
    assert [(each.check, each.rows) for each in history.findings] == [("rejects", 1)]
    assert pd.read_parquet(tmp_path / "beside" / "customers.parquet")["age"].tolist() == [2]
    assert _listed(history)["customers.age"].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        (Policy(returns="net"), "returns"),
        (Policy(discounts="out", duplicates="drop"), "discounts, duplicates"),
        (Policy(currency=Currency("EUR", pd.DataFrame({"currency": ["USD"], "rate": [0.9]}))), "currency"),
    ],
)
def test_policies_of_transactions_are_refused(policy: Policy, word: str) -> None:
    with pytest.raises(HistoryError, match=f"people: the policy {word} is about transactions, of which there are none"):
        admit("people", {"customers": pd.DataFrame({"customer_id": ["a"]})}, policy=policy)


def test_the_fingerprint_is_that_of_the_values() -> None:
    def made(*ages: float | None) -> str:
        return _people(age=pa.array(ages, pa.float64())).fingerprint

    assert made(1, 2) == made(1, 2)
    assert len({made(1, 2), made(1, 3), made(1, None), made(2, 1)}) == 4


NUMBERS: dict[str, tuple[Any, list[float]]] = {
    "truth": (pa.array([True, None, False]), [1, np.nan, 0]),
    "whole numbers": (pa.array([3, None, -2], pa.int8()), [3, np.nan, -2]),
    "large ones": (pa.array([2**53, None, 0], pa.uint64()), [2**53, np.nan, 0]),
    "decimals": (pa.array([Decimal("0.10"), None, Decimal("2.25")]), [0.1, np.nan, 2.25]),
    "wide decimals": (pa.array([Decimal("1" * 20 + ".5"), None, Decimal(1)]), [float("1" * 20), np.nan, 1]),
    "doubles": (pa.array([0.1, None, float("nan")]), [0.1, np.nan, np.nan]),
    "a category of numbers": (pa.array([7, None, 7]).dictionary_encode(), [7, np.nan, 7]),
    "nothing at all": (pa.nulls(3), [np.nan] * 3),
    "pandas' Int64": (pa.Array.from_pandas(pd.Series([1, None, 2], dtype="Int64")), [1, np.nan, 2]),
    "pandas' boolean": (pa.Array.from_pandas(pd.Series([True, None, False], dtype="boolean")), [1, np.nan, 0]),
}
TEXTS: dict[str, tuple[Any, list[str | None]]] = {
    "text": (pa.array(["x", None, "O'Fallon"]), ["x", None, "O'Fallon"]),
    "an empty one": (pa.array(["", None, " "]), ["", None, " "]),
    "digits": (pa.array(["04109", None, "1"]), ["04109", None, "1"]),
    "large text": (pa.array(["x", None, "y"], pa.large_string()), ["x", None, "y"]),
    "a category": (pa.array(["x", None, "y"]).dictionary_encode(), ["x", None, "y"]),
    "no value of text": (pa.nulls(3, pa.string()), [None] * 3),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("values", "given"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_and_truth_values_are_floats(values: Any, given: list[float], engine: Engine) -> None:
    made = _listed(_people(it=values), engine=engine)["customers.it"]
    assert made.dtype == np.float64
    assert made.tolist() == pytest.approx(given, nan_ok=True)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("values", "given"), TEXTS.values(), ids=TEXTS)
def test_texts_are_texts(values: Any, given: list[str | None], engine: Engine) -> None:
    made = _listed(_people(it=values), engine=engine)["customers.it"]
    assert made.dtype == "str"
    assert [None if pd.isna(each) else each for each in made] == given


def test_frames_of_pandas_come_with_their_own_types() -> None:
    people = pd.DataFrame(
        {
            "customer_id": [3, 1, 2],
            "category": pd.Categorical(["x", None, "y"], categories=["y", "x", "never"]),
            "ordered": pd.Categorical([2, 1, None], categories=[1, 2], ordered=True),
            "mixed": np.array(["x", None, np.nan], dtype=object),
        }
    )
    made = _listed(admit("people", {"customers": people}))
    assert made["customer_id"].tolist() == ["1", "2", "3"]
    assert made["customers.category"].fillna("").tolist() == ["", "y", "x"]
    assert made["customers.ordered"].tolist() == pytest.approx([1, np.nan, 2], nan_ok=True)
    assert made["customers.mixed"].fillna("").tolist() == ["", "", "x"]


def test_very_many_texts_are_each_their_own() -> None:
    count = 20_000
    names = [f"street {number * 7919 % count}" for number in range(count)]
    table = pa.table({"customer_id": [f"c{number:05}" for number in range(count)], "street": names})
    assert _listed(admit("people", {"customers": table}))["customers.street"].tolist() == names


NO_FEATURES = {
    "a day": (pa.array([date(2020, 1, 1)] * 2), "a time"),
    "a time": (pa.array([0, 1], pa.timestamp("us")), "a time"),
    "an instant": (pa.array([0, 1], pa.timestamp("us", "UTC")), "a time"),
    "a list": (pa.array([[1], [2]]), "list<"),
    "a structure": (pa.array([{"a": 1}, {"a": 2}]), "struct<"),
    "bytes": (pa.array([b"x", b"y"]), "binary"),
}


@pytest.mark.parametrize(("values", "called"), NO_FEATURES.values(), ids=NO_FEATURES)
def test_what_is_neither_number_nor_text_is_told_and_may_be_left_out(values: Any, called: str) -> None:
    history = _people(age=[1, 2], since=values)
    for names in (["customers.*"], ["customers.since"]):
        with pytest.raises(HistoryError) as refused:
            chosen(names, history)
        assert f"no features can be made of customers.since ({called}" in str(refused.value)
        assert "leave them out, as '-customers.since' does after 'customers.*'" in str(refused.value)
    assert list(_listed(history, "customers.*", "-customers.since"))[2:] == ["customers.age"]
    assert [each.name for each in available(history)] == ["customers.age"]


def test_names_that_mean_something_else_are_told() -> None:
    history = _people(hour=[1, 2], time=[3, 4], **{"a=b": [5, 6]})
    with pytest.raises(HistoryError) as refused:
        chosen(["customers.*"], history)
    for name in ("customers.hour", "customers.time", "customers.a=b"):
        assert f"{name} (a name that means something else: map the column under another)" in str(refused.value)
    assert available(history) == []


def test_what_is_available_of_customers_alone_are_their_attributes(telco: History) -> None:
    assert available(telco) == chosen(["customers.*"], telco)


def test_what_happens_cannot_be_asked_of_it(telco: History) -> None:
    asked = spine(telco, LISTED, [telco.end])
    lacking = "needs the table 'transactions'; telco has customers"
    for name in ("known", "active_91d"):
        with pytest.raises(HistoryError, match=lacking):
            spine(telco, POPULATIONS[name], [telco.end])
    with pytest.raises(HistoryError, match=lacking):
        spine(telco, POPULATIONS["new_category_91d"], [telco.end], categories=["tea"])
    with pytest.raises(HistoryError, match=lacking):
        observe(telco, asked, chosen(["spend"]))
    with pytest.raises(HistoryError, match=lacking):
        outcome(telco, asked, [TARGETS["churned"]], horizon_days=28)
    with pytest.raises(HistoryError, match=lacking):
        top_categories(telco, before=telco.end, count=3)
    with pytest.raises(ValueError, match="which end at 2000-01-01; its customers have no dates: say a later `end`"):
        spine(telco, LISTED, [pd.Timestamp("2025-01-01")])


def test_an_empty_table_lists_nobody() -> None:
    history = admit("people", {"customers": pd.DataFrame({"customer_id": pd.Series([], dtype="str"), "age": []})})
    with pytest.raises(NobodyAsked, match="nobody in people is 'listed' at"):
        _listed(history)


def test_it_is_stored_explained_and_kept(telco: History, tmp_path: Path) -> None:
    features, whole = chosen(["customers.*"], telco), _listed(telco)
    frame(telco, [telco.end], population=LISTED, features=features, to=tmp_path / "frame")
    pd.testing.assert_frame_equal(stored(tmp_path / "frame"), whole)
    told = explained(telco, "9237", telco.end, features)
    assert [each.value for each in told.features] == ["Female", 0.0, 0.0, None, 70.7, None, "Yes"]
    kept = Kept.build(tmp_path / "kept", telco, features, population=LISTED)
    pd.testing.assert_frame_equal(kept.frame([telco.end]), whole, check_exact=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_those_listed_of_a_dated_history_need_not_buy(engine: Engine) -> None:
    sales: dict[str, Source] = {
        "transactions": pd.DataFrame({"customer_id": ["a", "z"], "time": "2024-01-05", "amount": [5.0, 7.0]}),
        "customers": pd.DataFrame({"customer_id": ["b", "a"], "city": ["Ulm", None], "age": [1.5, 2.5]}),
    }
    history = admit("shop", sales)
    cutoffs = [pd.Timestamp("2024-01-05"), history.end]
    features = chosen(["spend", "customers.*", "customers.city=Ulm"], history)
    made = frame(history, cutoffs, population=LISTED, features=features, engine=engine)
    assert made["customer_id"].tolist() == ["a", "b"] * 2
    assert made["cutoff"].tolist() == [cutoffs[0]] * 2 + [cutoffs[1]] * 2
    assert made["spend"].tolist() == [0, 0, 5, 0]
    assert made["customers.city"].fillna("").tolist() == ["", "Ulm"] * 2
    assert made["customers.city=Ulm"].tolist() == [0, 1] * 2
    known = frame(history, [history.end], population=POPULATIONS["known"], features=features, engine=engine)
    assert known["customer_id"].tolist() == ["a", "z"]
    assert known["customers.city"].isna().all()
    assert known["customers.age"].tolist() == pytest.approx([2.5, np.nan], nan_ok=True)
