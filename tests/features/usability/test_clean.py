"""Sound data: no error, and of warnings those alone that such data deserve."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from features.datasets import cdnow, complete_journey
from features.datasets.simulator import simulate
from features.usability import Report, examine

Handed = tuple[str, dict[str, Any], dict[str, Any]]


def _handed_in(module: ModuleType, load: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> Handed:
    """Give what a dataset hands to the door, as it is."""
    handed: list[Handed] = []
    monkeypatch.setattr(module, "admit", lambda name, tables, **options: handed.append((name, tables, options)))
    load()
    return handed[0]


def _warnings(report: Report) -> list[tuple[str, str, str, int]]:
    return [(each.check, each.table, each.column, each.rows) for each in report.of("warning")]


@pytest.mark.parametrize(
    ("load", "equal", "zero"), [(cdnow.cdnow, 255, 80), (cdnow.cdnow_sample, 21, 8)], ids=["whole", "sample"]
)
def test_cdnow_is_fine(load: Callable[[], Any], equal: int, zero: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The 255 equal rows are in the published file (`duplicated` of pandas counts them); they are told, and stay."""
    name, tables, options = _handed_in(cdnow, load, monkeypatch)
    table = tables["transactions"]
    assert (table.duplicated().sum(), (table["amount"] == 0).sum()) == (equal, zero)
    report = examine(name, tables, **options)
    assert report.ok
    assert _warnings(report) == []
    assert {(each.check, each.rows) for each in report.of("note")} == {
        ("equal_rows_without_order", equal),
        ("zero_amount", zero),
        ("only_midnights", 0),
    }


def test_complete_journey_lacks_the_demographics_of_most_households(monkeypatch: pytest.MonkeyPatch) -> None:
    """801 of 2,469 households told theirs; 17 products are in no list. Shops were closed on Christmas Day."""
    name, tables, options = _handed_in(complete_journey, complete_journey.complete_journey, monkeypatch)
    wanted = {key: options[key] for key in ("end", "zone") if key in options}
    report = examine(name, tables, **wanted)
    assert report.ok
    orphans = {
        table: int((~tables[table]["customer_id"].isin(tables["customers"]["customer_id"])).sum())
        for table in ("transactions", "events", "touches")
    }
    products = int((~tables["transactions"]["product_id"].isin(tables["products"]["product_id"])).sum())
    assert sorted(_warnings(report)) == sorted(
        [
            ("orphan", "transactions", "product_id", products),
            *(("orphan", table, "customer_id", rows) for table, rows in orphans.items()),
        ]
    )
    missing = next(each for each in report.findings if each.check == "missing_days")
    assert (missing.severity, missing.example) == ("note", "2017-12-25")


@pytest.mark.parametrize(("customers", "days"), [(20, 60), (60, 200), (300, 420), (1000, 365)])
@pytest.mark.parametrize("seed", range(4))
def test_the_simulated_shop_is_fine_at_any_size(customers: int, days: int, seed: int) -> None:
    tables = simulate(customers, days=days, seed=seed).tables
    report = examine("simulated", tables, now=pd.Timestamp("2026-01-01"))
    assert [each for each in report.findings if each.severity != "note"] == []
    assert {each.check for each in report.of("note")} <= {"extra_column", "constant"}


def test_a_large_simulated_shop_is_fine() -> None:
    report = examine("simulated", simulate(6000, days=730, seed=11).tables)
    assert {each.check for each in report.findings} == {"extra_column"}
