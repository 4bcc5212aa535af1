"""`augury pnl` as its users call it, and what its files and page say."""

import io
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest
from rich.console import Console

from configs.costs import Economics
from experiments.pnl.command import show
from experiments.pnl.economics import TITLES, economics
from experiments.pnl.page import statement_page
from experiments.pnl.report import Report, report
from experiments.pnl.write import write
from features.ledger.cohorts import Cohort, Kept, Won
from features.ledger.lines import TITLES as LINES
from tests.features.ledger.by_hand import SHEET, by_line, shop, tables

Answer = subprocess.CompletedProcess[str]
Augury = Callable[..., Answer]


@pytest.fixture(scope="module")
def made() -> Report:
    return report(shop(), SHEET, by="first_channel")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Write the shop of twelve lines as files, and its sheet."""
    parts = ["end = 2026-02-01"]
    for name, told in tables().items():
        told.to_csv(tmp_path / f"{name}.csv", index=False)
        parts.append(f'[tables.{name}]\ncsv = "{name}.csv"')
    (tmp_path / "shop.toml").write_text("\n".join(parts))
    sheet = 'title = "by hand"\nsince = 2025-01-01\nuntil = 2026-01-01\n[product]\nshare = 0.55\nresold = 0.80\n'
    (tmp_path / "sheet.toml").write_text(sheet + "[order]\ndefault = 0.40\nchannels.web = 3.50\n")
    return tmp_path


def test_the_command_prints_and_writes(augury: Augury, files: Path) -> None:
    said = augury("pnl", files / "shop.toml", "--costs", files / "sheet.toml", "--to", files / "out")
    assert said.returncode == 0, said.stderr
    assert re.search(r"Net revenue +196\.83 +0\.00 +196\.83 +100\.0 %", said.stdout)
    assert re.search(r"Product cost +-127\.84 +0\.00 +-127\.84 +-64\.9 %", said.stdout)
    told = "1 of 4 customers (25.0 %) lose money, 5.00 together; without what they lose profit would be 61.44\n"
    assert told in said.stdout
    assert "note: product cost is an assumption for 53.34 of 466.83" in said.stdout
    assert sorted(path.name for path in (files / "out").iterdir()) == [
        *("customers.csv", "customers.parquet", "economics.csv", "economics.parquet", "pnl.html", "pnl.json"),
        *("segments.csv", "segments.parquet", "statement.csv", "statement.parquet"),
    ]


def test_json_for_machines_is_what_is_written(augury: Augury, files: Path) -> None:
    asked = ("pnl", files / "shop.toml", "--costs", files / "sheet.toml", "--to", files / "out", "--json")
    said = augury(*asked, "--since", "2025-06-01", "--until", "2025-12-01")
    told = json.loads(said.stdout)
    assert told == json.loads((files / "out" / "pnl.json").read_text())
    assert (told["since"], told["until"]) == ("2025-06-01T00:00:00", "2025-12-01T00:00:00")
    assert told["statement"]["net_revenue"] == {
        "customers": 8.0,
        "not_attributed": 0.0,
        "company": 8.0,
        "difference": 0.0,
    }


def test_its_folder_is_that_of_the_dataset(augury: Augury, files: Path, var: Path) -> None:
    assert augury("pnl", files / "shop.toml", "--costs", files / "sheet.toml").returncode == 0
    assert (var / "pnl" / "shop" / "pnl.html").is_file()


def test_what_is_wrong_is_one_message(augury: Augury, files: Path) -> None:
    unknown = augury("pnl", files / "shop.toml", "--costs", "simulate")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (1, 1)
    assert "unknown cost sheet 'simulate'; did you mean 'simulated'" in unknown.stderr
    (files / "bare.toml").write_text('title = "bare"\n')
    bare = augury("pnl", files / "shop.toml", "--costs", files / "bare.toml", "--to", files / "out")
    assert bare.returncode == 40
    assert "have no cost of their own: say product.share" in bare.stderr
    assert not (files / "out").exists()


def test_every_table_is_exact(augury: Augury, files: Path) -> None:
    augury("pnl", files / "shop.toml", "--costs", files / "sheet.toml", "--to", files / "out")
    customers = pyarrow.parquet.read_table(files / "out" / "customers.parquet")
    assert {str(customers.schema.field(name).type) for name in LINES} == {"decimal128(18, 2)"}
    company = pyarrow.parquet.read_table(files / "out" / "statement.parquet").to_pylist()
    sums = {name: sum(customers.column(name).to_pylist()) for name in LINES}
    assert {row["line"]: row["company"] for row in company} == sums
    assert sums["profit"] == Decimal("56.44")
    texts = pd.read_csv(files / "out" / "customers.csv", dtype=str)
    assert texts["product_cost"].tolist() == ["-33.50", "-88.34", "-6.00", "0.00"]


def test_plain_data_by_hand(made: Report) -> None:
    told = made.plain()
    company = {line: round(100 * row["company"]) for line, row in told["statement"].items()}
    assert company == {line: row["company"] for line, row in by_line().items()}
    assert told["whale"] == {
        "customers": 4,
        "losing": 4,
        "losing_share": 1.0,
        "lost": -110.46,
        "peak": 0.0,
        "peak_at": 0.0,
        "total": -110.46,
        "without_losing": -17.34,
    }
    assert told["segments"]["rows"]["web"]["profit"] == -50.44
    assert told["segments"]["rows"]["(not attributed)"]["other_cost"] == -12.34
    json.dumps(told, allow_nan=False)


def test_the_page_says_it_and_needs_nothing(made: Report) -> None:
    text = statement_page(made)
    for said in ("Profit and loss of customers: by_hand", "-127.80", "Whale curve", "Payback", "nobody&#39;s first"):
        assert said in text
    assert not any(name in text for name in ("anna", "cleo", "dora"))
    assert "Model cards" not in text
    assert not re.search(r'(src|href)="(?!data:|#)', text)
    assert text == statement_page(made)


def test_economics_by_hand() -> None:
    """CAC 30; 12, 8 and 14 in three months: paid back after the third. At 21 % a year a half-year's rate is 10 %.

    Of 40 a half-year at a retention of .80: 40 · .80 / .30 = 106.67 still to come, 40 · (.81 / .29 − .80 / .30) = 5.06
    a point; 10 less than the first half-year brings was spent, so no retention is needed.
    """
    said = Economics(discount=Decimal("0.21"), period_months=6, horizon_months=2)
    cohort = Cohort("web", Won(10, 30.0, 5.0, (12.0, 8.0, 14.0)), Kept(4, 0.80, 40.0, 25))
    (told,) = economics([cohort], said)
    ltv = 12 + 8 / 1.21 ** (1 / 12)
    assert told == pytest.approx(
        {
            "segment": "web",
            "acquired": 10,
            "cac": 30.0,
            "first_order": 5.0,
            "payback_months": 3,
            "known_months": 3,
            "ltv": ltv,
            "ltv_to_cac": ltv / 30,
            "retention": 0.80,
            "retention_of": 25,
            "margin": 40.0,
            "margin_multiple": 0.80 / 0.30,
            "still_to_come": 40 * 0.80 / 0.30,
            "value_of_point": 40 * (0.81 / 0.29 - 0.80 / 0.30),
            "break_even_spend": 40 + 40 * 0.80 / 0.30,
            "break_even_retention": 0.0,
        }
    )
    assert list(told) == list(TITLES)


def test_winning_them_dearly_needs_retention() -> None:
    """Of 100 spent 40 come in the first half-year: 60 · 1.1 / (40 + 60) = .66, at which 40 · .66 / .44 = 60 follow."""
    said = Economics(discount=Decimal("0.21"), period_months=6)
    (told,) = economics([Cohort("web", Won(1, 100.0, 0.0, (12.0,)), Kept(4, 0.80, 40.0, 9))], said)
    assert told["break_even_retention"] == pytest.approx(0.66)
    assert told["payback_months"] is None


def test_what_cannot_be_told_is_left_open() -> None:
    (told,) = economics([Cohort("old", Won(0, 0.0, 0.0, ()), Kept(1, None, 3.0, 0))], Economics())
    assert {name for name, value in told.items() if value is not None} == {
        "segment",
        "acquired",
        "known_months",
        "margin",
        "retention_of",
    }


def test_what_winning_them_cost_is_not_known_where_no_sheet_tells() -> None:
    won = Won(10, None, 5.0, (12.0, 8.0))
    (told,) = economics([Cohort("tv", won, Kept(4, 1.0, 40.0, 3))], Economics())
    unknown = ("cac", "payback_months", "ltv_to_cac", "break_even_retention", "value_of_point")
    assert {name for name, value in told.items() if value is None} == set(unknown)


def test_no_folder_of_others_is_replaced(augury: Augury, files: Path) -> None:
    """A file, and a folder with other things, stay as they are; an older statement is replaced."""
    (files / "notes").mkdir()
    (files / "notes" / "mine.txt").write_text("mine")
    for place in ("notes", "sheet.toml"):
        told = augury("pnl", str(files / "shop.toml"), "--costs", str(files / "sheet.toml"), "--to", str(files / place))
        assert told.returncode == 1
        assert "is there and holds no statement, which would take its place: name a new folder" in told.stderr
    assert (files / "notes" / "mine.txt").read_text() == "mine"
    for _ in range(2):
        write(report(shop(), SHEET, by="first_channel"), files / "again")
    assert (files / "again" / "pnl.json").is_file()


def test_without_what_is_lost_profit_is_less_than_the_others_make(made: Report) -> None:
    """All four lose, so nobody makes anything: what is nobody's (12.34 and 5.00) is left of the loss."""
    text = "without what they lose profit would be -17.34, before others bear their administration"
    console = Console(width=200, file=io.StringIO(), record=True)
    show(made, console)
    assert text in console.export_text()
    assert text.partition(" be ")[2] in statement_page(made)


def test_a_file_of_others_customers_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "told.csv"
    path.write_text("customer_id,segment\nanna,best\nzoe,best\nyve,\n")
    said = f"2 of 3 customers in {path} are none of this statement's; 3 of its 4 are not in the file"
    told = report(shop(), SHEET, by=str(path))
    assert any(note.startswith(said) for note in told.plain()["notes"])
    path.write_text("customer_id,segment\nanna,best\n")
    assert not any("none of this" in note for note in report(shop(), SHEET, by=str(path)).notes)


def test_what_winning_cost_is_a_dash_and_no_line_where_nothing_was_spent() -> None:
    bare = report(shop(), SHEET.model_copy(update={"acquisition": []}), by="first_channel")
    assert [each["cac"] for each in bare.economics] == [None, None]
    text = statement_page(bare)
    assert "Payback" not in text
    assert "where the sheet tells of no spending" in text


def test_a_narrow_terminal_cuts_no_number(made: Report) -> None:
    console = Console(width=60, file=io.StringIO(), record=True)
    big = replace(made, segments=made.segments * 10**9)
    show(big, console)
    text = console.export_text()
    assert "…" not in text
    assert big.shown(int(big.segments["profit"].iloc[-1])) in text


def test_a_period_in_which_nothing_happens_has_its_page(tmp_path: Path) -> None:
    quiet = {"since": pd.Timestamp("2025-09-01"), "until": pd.Timestamp("2025-10-01")}
    told = report(shop(), SHEET, by="first_channel", **quiet)
    write(told, tmp_path / "out")
    assert pyarrow.parquet.read_table(tmp_path / "out" / "customers.parquet").num_rows == 0
    assert (told.made.company["administration"], told.made.nobody["administration"]) == (-822, -822)
    assert "nobody has net revenue to spread it by" in (tmp_path / "out" / "pnl.html").read_text()
