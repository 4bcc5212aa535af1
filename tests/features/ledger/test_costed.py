"""Lines that carry what they cost: by hand, and margin is then contribution."""

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from configs.costs import CostSheet, Product, Rates
from features.datasets.own import from_file
from features.engine.customer import purchases_of
from features.engine.door import admit
from features.engine.ledger.costed import costed
from features.engine.run import outcome
from features.engine.session import connect
from features.history import History, Scan
from features.ledger import statement
from features.library import TARGETS
from features.tables import HistoryError
from tests.features.ledger.by_hand import LINES, SHEET, shop, table

COSTS = {
    ("S0", "60.0000"): "31.0000",  # 30.00 + 0.60 + 0.40
    ("W1", "40.0000"): "24.9100",  # 22.00 + 1.16 + half of 3.50
    ("W1", "20.0000"): "13.3300",  # 0.55 · 20.00 + 0.58 + half of 3.50
    ("R1", "-20.0000"): "-4.5500",  # 4.25 − 0.44 · 20.00
    ("S2", "99.9900"): "71.1999",  # 70.00 + 0.9999 + half of 0.40
    ("S2", "0.0100"): "0.2056",
    ("S1", "15.5000"): "9.8550",
    ("W2", "250.0000"): "190.7500",  # 180.00 + 7.25 + 3.50
    ("R2", "-250.0000"): "-175.7500",  # 4.25 − 180.00
    ("W3", "8.0000"): "9.7320",
    ("S3", "33.3300"): "19.0648",  # 0.55 · 33.33 + 0.3333 + 0.40
    ("S4", "500.0000"): "6.4000",
}


def _costs(history: History) -> dict[tuple[str, str], str]:
    with connect(history) as opened:
        rows = opened.execute("SELECT order_id, amount, cost FROM transactions").fetchall()
    return {(order, str(amount)): str(cost) for order, amount, cost in rows}


def test_costs_of_lines_by_hand() -> None:
    made = costed(shop(), SHEET)
    assert _costs(made) == COSTS
    assert made.columns["transactions"][-2:] == ("cost", "own_cost")
    assert sorted(made.columns["transactions"]) == sorted([*shop().columns["transactions"], "own_cost"])
    with connect(made) as opened:
        own = opened.execute("SELECT own_cost, count(*) FROM transactions GROUP BY 1 ORDER BY 2 DESC").fetchall()
    assert own[0] == (None, 4)


def test_it_is_the_same_every_time_and_another_history() -> None:
    made = costed(shop(), SHEET)
    assert made.fingerprint == costed(shop(), SHEET).fingerprint != shop().fingerprint
    assert (made.name, made.end, made.tables.keys()) == (shop().name, shop().end, shop().tables.keys())


def test_the_sum_is_contribution_2() -> None:
    """Of ben: 133.33 − 88.337 − 0.80 − 1.3333 = 42.8597."""
    who = pd.DataFrame({"customer_id": ["anna", "ben", "cleo", "dora"], "cutoff": pd.Timestamp("2025-01-01")})
    found = outcome(costed(shop(), SHEET), who, [TARGETS["future_contribution"]], horizon_days=365)[
        "future_contribution"
    ]
    assert found.tolist() == pytest.approx([11.955, 42.8597, -16.732, 0.0], abs=1e-9)
    made = statement(shop(), SHEET).customers["contribution_2"]
    assert (found * 100 - made.to_numpy()).abs().max() < 1


def test_margin_is_of_purchases_alone() -> None:
    who = pd.DataFrame({"customer_id": ["cleo"], "cutoff": pd.Timestamp("2025-01-01")})
    found = outcome(costed(shop(), SHEET), who, [TARGETS["future_margin"]], horizon_days=365)
    assert found["future_margin"].tolist() == pytest.approx([250 - 190.75 + 8 - 9.732])


def test_the_cost_of_an_order_is_shared_to_the_last_ten_thousandth() -> None:
    rows = pd.DataFrame({"customer_id": "a", "time": "2025-03-01", "amount": [1.0, 2.0, 3.0, 4.0]})
    lines = rows.assign(order_id=list("xxxy"))
    history = admit("shared", {"transactions": lines}, end=pd.Timestamp("2026-01-01"))
    sheet = CostSheet(title="tills", product=Product(share=Decimal(0)), order=Rates(default=Decimal("0.1")))
    assert sorted(purchases_of(costed(history, sheet), "a")["cost"]) == [0.0333, 0.0333, 0.0334, 0.1]
    turned = admit("turned", {"transactions": lines.iloc[::-1]}, end=pd.Timestamp("2026-01-01"))
    assert costed(turned, sheet).fingerprint == costed(history, sheet).fingerprint


def test_an_order_of_two_channels_goes_by_the_first_name() -> None:
    lines = table(LINES)
    lines.loc[(lines["order_id"] == "W1") & (lines["amount"] == 20), "channel"] = "store"
    made = costed(shop(transactions=lines), SHEET)
    assert _costs(made)["W1", "20.0000"] == "11.4000"  # 11.00 + 0.01 · 20.00 + half of 0.40
    assert statement(shop(transactions=lines), SHEET).customers["order_cost"].to_dict()["anna"] == -80


def test_what_is_costed_is_not_costed_again() -> None:
    made = costed(shop(), SHEET)
    with pytest.raises(HistoryError, match="carry the costs of a sheet already"):
        costed(made, SHEET)
    with pytest.raises(HistoryError, match="carry the costs of a sheet already"):
        statement(made, SHEET)


def test_what_the_sheet_does_not_cover_is_refused() -> None:
    with pytest.raises(HistoryError, match=r"4 lines of 33\.34 have no cost of their own: say product.share"):
        costed(shop(), SHEET.model_copy(update={"product": Product()}))


def test_a_dataset_file_names_its_sheet(tmp_path: Path) -> None:
    """Lines that lie in Parquet stay there."""
    table(LINES).astype({"time": "datetime64[us]"}).to_parquet(tmp_path / "lines.parquet")
    (tmp_path / "sheet.toml").write_text(
        'title = "short"\n[product]\nshare = 0.55\nresold = 0.80\n[order]\ndefault = 0.40\nchannels.web = 3.50\n'
        "[payment]\ndefault = 0.01\nchannels.web = 0.029\n[returned]\ndefault = 4.25\n"
    )
    path = tmp_path / "shop.toml"
    path.write_text('costs = "sheet.toml"\nend = 2026-02-01\n[tables.transactions]\nparquet = "lines.parquet"\n')
    made = from_file(str(path))
    assert isinstance(made.tables["transactions"], Scan)
    assert _costs(made) == COSTS
