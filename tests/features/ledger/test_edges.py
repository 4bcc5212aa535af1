"""Where a statement has its edges: orders across them, returns of any sign, coupons too large, who is no segment."""

from collections.abc import Mapping

import pandas as pd
import pytest

from configs.costs import CostSheet
from features.engine.door import admit
from features.history import History
from features.ledger import Statement, statement
from features.ledger.cohorts import Won, cohorts
from features.ledger.segments import segments
from features.tables import HistoryError
from tests.features.ledger.by_hand import SHEET, shop

END = pd.Timestamp("2026-01-01")
FEBRUARY = pd.Timestamp("2025-02-01")


def _history(*rows: Mapping[str, object], **others: pd.DataFrame) -> History:
    lines = pd.DataFrame([{"customer_id": "anna", "time": "2025-01-10", "is_return": False, **row} for row in rows])
    return admit("edges", {"transactions": lines, **others}, end=END)


def _sheet(**said: object) -> CostSheet:
    return CostSheet.model_validate({"title": "edges", "product": {"share": "0.5"}, **said})


def _made(*rows: Mapping[str, object], **said: object) -> Statement:
    return statement(_history(*rows), _sheet(**said))


@pytest.mark.parametrize(("discount", "coupon"), [(2.0, 0.0), (-2.0, 0.0), (2.0, 1.0), (-2.0, -1.0), (-2.0, -2.0)])
@pytest.mark.parametrize("coupons", ["ours", "reimbursed"])
def test_a_return_takes_the_product_cost_back_whatever_sign_its_discount_has(
    discount: float, coupon: float, coupons: str
) -> None:
    """Sold for 8 of 10, half of which the goods cost, and all sent back: nothing is left of their cost."""
    sold = {"amount": 8.0, "discount": 2.0, "coupon": abs(coupon)}
    back = {"amount": -8.0, "discount": discount, "coupon": coupon, "is_return": True, "time": "2025-01-20"}
    made = _made(sold, back, product={"share": "0.5", "of": "gross"}, coupons=coupons)
    assert made.company["product_cost"] == 0
    assert made.company["net_revenue"] == 0


def test_a_surcharge_stays_one() -> None:
    """Ten of which one is a surcharge is nine before it; goods cost half of that."""
    made = _made({"amount": 10.0, "discount": -1.0, "coupon": 0.0}, product={"share": "0.5", "of": "gross"})
    assert (made.company["gross_revenue"], made.company["discounts"]) == (900, 100)
    assert made.company["product_cost"] == -450


def test_a_coupon_above_the_discount_is_all_of_it_and_told() -> None:
    made = _made({"amount": 8.0, "discount": 1.0, "coupon": 2.0}, {"amount": 5.0, "discount": 1.0, "coupon": 1.0})
    lines = ("gross_revenue", "discounts", "coupons", "net_revenue")
    assert [made.company[line] for line in lines] == [1600, 0, -300, 1300]
    assert any(note.startswith("1 lines have a coupon above their discount") for note in made.notes)


def test_an_order_across_the_edge_is_charged_where_it_began() -> None:
    """Its second line is of February: what it brings is of February, the order is of January, and who it is is active
    in both.
    """
    rows = [{"amount": 5.0, "order_id": "A", "time": f"2025-0{month}-01"} for month in (1, 2)]
    back = [{"amount": -1.0, "order_id": "B", "time": f"2025-0{month}-02", "is_return": True} for month in (1, 2)]
    sheet = _sheet(order={"default": 3}, returned={"default": 2}, service={"customer_year": 365})
    history = _history(*rows, *back)
    early = statement(history, sheet, since=pd.Timestamp("2025-01-01"), until=FEBRUARY)
    late = statement(history, sheet, since=FEBRUARY, until=pd.Timestamp("2025-03-01"))
    assert [each.company["order_cost"] for each in (early, late)] == [-300, 0]
    assert [each.company["return_cost"] for each in (early, late)] == [-200, 0]
    assert [each.company["net_revenue"] for each in (early, late)] == [400, 400]
    assert [each.customers["active"].tolist() for each in (early, late)] == [[1], [1]]
    assert [each.company["service_cost"] for each in (early, late)] == [-3100, -2800]


def _won(sheet: CostSheet) -> dict[str, Won]:
    made = statement(shop(), sheet)
    found = segments(made, shop(), "first_channel")
    return {each.segment: each.won for each in cohorts(made, shop(), found)}


def test_what_winning_costs_is_not_known_where_nothing_was_spent_on_their_channel() -> None:
    web = [entry for entry in SHEET.acquisition if entry.channel == "web"]
    told = _won(SHEET.model_copy(update={"acquisition": web}))
    assert (told["web"].cost, told["store"].cost) == (20.0, None)
    assert {each.cost for each in _won(SHEET.model_copy(update={"acquisition": []})).values()} == {None}


def test_customers_are_no_segments() -> None:
    ids = [f"c{number}" for number in range(201)]
    people = pd.DataFrame({"customer_id": ids, "name": ids})
    lines = [{"customer_id": each, "amount": 1.0} for each in ids]
    for last, refused in ((200, False), (201, True)):
        history = _history(*lines[:last], customers=people)
        made = statement(history, _sheet())
        if refused:
            with pytest.raises(HistoryError, match="201 segments"):
                segments(made, history, "name")
        else:
            assert segments(made, history, "name").nunique() == 200
        with pytest.raises(HistoryError, match="customer_id"):
            segments(made, history, "customers.customer_id")
    with pytest.raises(HistoryError) as unknown:
        segments(made, history, "nam")
    assert "did you mean 'name'" in str(unknown.value)
    assert "study" not in str(unknown.value)
