"""The statement: to the cent what is reckoned by hand."""

from datetime import date
from decimal import Decimal
from typing import Any, Literal

import pandas as pd
import pytest

from configs.costs import Acquisition, Administration, CostSheet, Rates
from features.engine.door import admit
from features.ledger import Statement, statement
from features.ledger.lines import LINES, STATEMENT, TITLES
from features.ledger.reconcile import NotReconciled, check_reconciled
from features.tables import HistoryError
from tests.features.ledger.by_hand import SHEET, by_line, shop, tables


@pytest.fixture(scope="module")
def made() -> Statement:
    return statement(shop(), SHEET)


def test_twelve_lines_by_hand(made: Statement) -> None:
    told = made.customers[list(TITLES)].T.assign(nobody=pd.Series(made.nobody), company=pd.Series(made.company))
    assert {name: row.to_dict() for name, row in told.iterrows()} == by_line()


def test_what_customers_did_by_hand(made: Statement) -> None:
    counted = made.customers[["lines", "orders", "returned_orders", "contacts", "active"]]
    assert counted.to_dict("index") == {
        "anna": {"lines": 3, "orders": 2, "returned_orders": 1, "contacts": 2, "active": 1},
        "ben": {"lines": 3, "orders": 2, "returned_orders": 0, "contacts": 0, "active": 1},
        "cleo": {"lines": 2, "orders": 2, "returned_orders": 1, "contacts": 0, "active": 1},
        "dora": {"lines": 0, "orders": 0, "returned_orders": 0, "contacts": 2, "active": 0},
    }
    assert made.customers["first_channel"].dropna().to_dict() == {"anna": "store", "ben": "store", "cleo": "web"}
    assert made.customers.loc["anna", "first_time"] == pd.Timestamp("2024-12-31 12:00")


def test_it_reconciles_and_says_what_is_assumed(made: Statement) -> None:
    told = made.reconciliation()
    assert list(told.index) == list(TITLES)
    assert (told["difference"] == 0).all()
    assert (told["customers"] + told["not_attributed"] == told["company"]).all()
    assert made.assumed == 2000 + 1 + 3333
    assert made.notes == (
        "product cost is an assumption for 53.34 of 466.83 that was bought: lines without a cost of their own cost "
        "0.55 of their net amount",
        "acquisition by 'kiosk': it brought nobody's first purchase",
    )


def test_lines_and_subtotals_are_all_there_is() -> None:
    assert set(LINES) | set(STATEMENT) == set(TITLES)
    assert [name for parts in STATEMENT.values() for name in parts if name in LINES] == list(LINES)


def test_other_periods_take_their_part_by_days() -> None:
    half = statement(shop(), SHEET, until=pd.Timestamp("2025-07-02"))
    assert half.company["administration"] == -round(10_000 * 182 / 365)
    assert half.company["other_cost"] == -round(1234 * 182 / 365)
    assert half.company["acquisition_cost"] == -(2000 + round(999 * 182 / 365) + round(500 * 182 / 365))
    assert half.company["service_cost"] == -(3 * 182 + 600)
    assert half.customers.loc["ben", "net_revenue"] == 10_000
    later = statement(shop(), SHEET, since=pd.Timestamp("2025-07-02"))
    assert later.company["acquisition_cost"] == -(0 + 501 + 251)  # nothing of what was spent before
    halves = half.reconciliation()["company"] + later.reconciliation()["company"]
    posted = ["gross_revenue", "discounts", "coupons", "returns", "net_revenue", "order_cost", "return_cost"]
    assert halves[posted].to_dict() == {name: statement(shop(), SHEET).company[name] for name in posted}


def test_the_period_is_the_sheets_or_all_that_is_known() -> None:
    open_ended = SHEET.model_copy(
        update={"since": None, "until": None, "administration": None, "not_attributed": {}, "acquisition": []}
    )
    whole = statement(shop(), open_ended)
    assert (whole.period.since, whole.period.until) == (pd.Timestamp("2024-12-31"), pd.Timestamp("2026-02-01"))
    assert whole.company["net_revenue"] == 19683 + 6000 + 50_000


def test_coupons_that_are_paid_back_were_never_ours_to_give(made: Statement) -> None:
    paid = statement(shop(), SHEET.model_copy(update={"coupons": "reimbursed"}))
    assert paid.company["coupons"] == 0
    assert paid.company["discounts"] == made.company["discounts"]
    assert paid.company["gross_revenue"] == made.company["gross_revenue"] - 5200
    assert paid.company["net_revenue"] == made.company["net_revenue"]


def test_a_share_of_the_gross_amount_does_not_fall_with_the_price() -> None:
    """Ben's 33.33 was 36.66 before: 0.55 of that is 20.163, and of 0.01 it is 0.0055. Anna's tea had no discount."""
    product = SHEET.product.model_copy(update={"of": "gross"})
    gross = statement(shop(), SHEET.model_copy(update={"product": product}))
    assert gross.customers["product_cost"].to_dict() == {"anna": -3350, "ben": -9017, "cleo": -600, "dora": 0}


@pytest.mark.parametrize(
    ("by", "shares"),
    [
        ("orders", {"anna": -4000, "ben": -4000, "cleo": -2000, "dora": 0}),
        ("customers", {"anna": -3334, "ben": -3333, "cleo": -3333, "dora": 0}),
    ],
)
def test_administration_by_what_the_sheet_says(by: Literal["orders", "customers"], shares: dict[str, int]) -> None:
    """Without W3 cleo has one order, anna and ben two; of 33.333 each, the cent that is left goes to the first."""
    lines = tables()["transactions"]
    told = SHEET.model_copy(update={"administration": Administration(amount=Decimal(100), by=by)})
    found = statement(shop(transactions=lines[lines["order_id"] != "W3"]), told)
    assert found.customers["administration"].to_dict() == shares


def test_administration_that_nothing_carries_is_nobodys() -> None:
    lines = tables()["transactions"]
    back = statement(shop(transactions=lines[lines["is_return"] | (lines["order_id"] == "S0")]), SHEET)
    assert (back.nobody["administration"], back.company["administration"]) == (-10_000, -10_000)
    assert "administration: nobody has net revenue to spread it by" in back.notes
    assert back.customers["active"].to_dict() == {"anna": 1, "ben": 0, "cleo": 1, "dora": 0}
    assert back.customers.loc["anna", "service_cost"] == -365
    assert (back.reconciliation()["difference"] == 0).all()


def test_columns_that_lines_may_lack() -> None:
    """Two lines of a day are an order; all of it goes through no channel, and nothing is taken off."""
    lines = tables()["transactions"][["customer_id", "time", "amount", "is_return"]]
    bare = statement(admit("bare", {"transactions": lines}, end=pd.Timestamp("2026-02-01")), SHEET)
    assert (bare.company["discounts"], bare.company["coupons"]) == (0, 0)
    assert bare.customers["orders"].to_dict() == {"anna": 2, "ben": 2, "cleo": 2}
    assert bare.company["order_cost"] == -6 * 40
    assert bare.customers.loc["anna", "payment_cost"] in (-75, -76)
    assert (bare.assumed, bare.company["net_revenue"]) == (46_683, 19_683)


def test_lines_of_one_order_id_are_an_order_of_each_customer() -> None:
    """anna's began in 2024, and cost then."""
    lines = tables()["transactions"].assign(order_id="1")
    assert statement(shop(transactions=lines), SHEET).customers["orders"].to_dict() == {
        "anna": 0,
        "ben": 1,
        "cleo": 1,
        "dora": 0,
    }


def test_a_positive_return_is_told() -> None:
    lines = tables()["transactions"]
    lines.loc[lines["order_id"] == "R1", "amount"] = 20.0
    odd = statement(shop(transactions=lines), SHEET)
    assert "1 returns have an amount above 0 and raise revenue: a return's amount is negative" in odd.notes
    assert odd.company["returns"] == 2000 - 25_000
    lines = tables()["transactions"].assign(cost=None)
    lines.loc[lines["order_id"] == "R1", "cost"] = 4.0
    told = "1 returns have a cost above 0 and raise product cost: a return's cost is negative"
    assert told in statement(shop(transactions=lines), SHEET).notes


def bought_and_returned(discount: float | None, coupon: float | None = None) -> pd.DataFrame:
    """10 less a discount of 2, all of it sent back; the till gives the return's discount some sign, or none."""
    rows = [("a", "2025-03-01", 8.0, 2.0, coupon, False), ("a", "2025-03-09", -8.0, discount, coupon, True)]
    return pd.DataFrame(rows, columns=["customer_id", "time", "amount", "discount", "coupon", "is_return"])


def statement_of(lines: pd.DataFrame, **sheet: Any) -> Statement:
    history = admit("small", {"transactions": lines}, end=pd.Timestamp("2026-01-01"))
    return statement(history, CostSheet.model_validate({"title": "t", **sheet}))


def test_what_was_taken_off_goes_back_whatever_its_sign() -> None:
    """Half of 10 was the product's cost; 2 of discount are given back with it: nothing is left."""
    for discount in (2.0, -2.0):
        made = statement_of(bought_and_returned(discount), product={"share": 0.5, "of": "gross"})
        assert made.company["product_cost"] == 0
    unsaid = statement_of(bought_and_returned(None), product={"share": 0.5, "of": "gross"})
    assert unsaid.company["product_cost"] == -100  # of the 2 nobody knows


def test_a_coupon_above_the_discount_is_all_of_it() -> None:
    sold = bought_and_returned(0.0, 3.0).iloc[:1]
    made = statement_of(sold, product={"share": 0}, coupons="ours")
    assert (made.company["discounts"], made.company["coupons"], made.company["gross_revenue"]) == (0, -300, 1100)


def test_an_order_costs_once_however_long_it_takes() -> None:
    lines = pd.DataFrame(
        {"customer_id": "a", "time": ["2024-12-31", "2025-01-02"], "amount": [5.0, 5.0], "order_id": ["1", "1"]}
    )
    history = admit("long", {"transactions": lines}, end=pd.Timestamp("2026-01-01"))
    sheet = CostSheet.model_validate({"title": "t", "product": {"share": 0}, "order": {"default": 5}})
    cut, costs = pd.Timestamp("2025-01-01"), []
    for since, until in ((None, None), (None, cut), (cut, None)):
        costs.append(statement(history, sheet, since=since, until=until).company["order_cost"])
    assert costs == [-500, -500, 0]


def test_large_money_is_no_overflow_or_says_so() -> None:
    """A line of thirty billion, as of rupiah; and one customer's hundred billion, which 64 bits do not hold."""
    line = pd.DataFrame({"customer_id": ["a"], "time": ["2025-03-01"], "amount": [3e10]})
    assert statement_of(line, product={"share": 0.5}).company["product_cost"] == -1_500_000_000_000
    with pytest.raises(HistoryError, match="the money of one customer lies beyond 92,233,720,368"):
        statement_of(
            pd.concat([line] * 4).assign(time=[f"2025-03-0{day}" for day in range(1, 5)]), product={"share": 0}
        )


def test_contacts_before_the_period_need_a_rate_too() -> None:
    """They are a cost of winning who was won in it."""
    touches = pd.DataFrame({"customer_id": ["ben"], "time": ["2024-06-01"], "campaign": ["a"], "channel": ["pigeon"]})
    by_post = SHEET.model_copy(update={"contact": Rates(channels={"post": Decimal(1)})})
    with pytest.raises(HistoryError, match=r"contact says nothing of the channel 'pigeon' \(1 rows\)"):
        statement(shop(touches=touches), by_post)


def test_merged_ids_are_one_customer() -> None:
    same = pd.DataFrame({"customer_id": ["dora"], "into": ["ben"], "time": [pd.Timestamp("2025-06-01")]})
    told = statement(shop(identities=same), SHEET)
    assert list(told.customers.index) == ["anna", "ben", "cleo"]
    assert told.customers.loc["ben", "contact_cost"] == -75
    assert told.company["net_revenue"] == 19683


def test_decimals_of_the_currency() -> None:
    whole = statement(shop(), SHEET.model_copy(update={"decimals": 0}))
    assert (whole.company["net_revenue"], whole.company["payment_cost"]) == (197, -11)
    assert (whole.reconciliation()["difference"] == 0).all()
    fine = statement(shop(), SHEET.model_copy(update={"decimals": 4}))
    assert (fine.customers.loc["ben", "payment_cost"], fine.company["payment_cost"]) == (-13333, -107_103)


def test_known_since_says_who_was_there_already() -> None:
    """Ben first bought in February: nobody is won by the till from March on."""
    economics = SHEET.economics.model_copy(update={"known_since": date(2025, 3, 1)})
    late = statement(shop(), SHEET.model_copy(update={"economics": economics}))
    assert late.customers["acquisition_cost"].to_dict() == {"anna": 0, "ben": 0, "cleo": -2000, "dora": 0}
    assert late.nobody["acquisition_cost"] == -999 - 500
    economics = SHEET.economics.model_copy(update={"known_since": date(2024, 1, 1)})
    early = statement(shop(), SHEET.model_copy(update={"economics": economics}))
    assert early.customers["acquisition_cost"].to_dict() == {"anna": 0, "ben": -999, "cleo": -2000, "dora": 0}


def test_what_the_sheet_does_not_cover_is_refused() -> None:
    bare = CostSheet.model_validate(
        {"title": "bare", "since": "2025-01-01", "until": "2026-01-01"}
        | {name: {"channels": {"web": "0.01"}} for name in ("order", "payment", "returned", "contact")}
    )
    with pytest.raises(HistoryError) as refused:
        statement(shop(), bare)
    assert str(refused.value).splitlines() == [
        "the cost sheet 'bare' does not cover by_hand:",
        "- 4 lines of 33.34 have no cost of their own: say product.share",
        "- order says nothing of the channel 'store' (3 rows): name it, or say order.default",
        "- payment says nothing of the channel 'store' (4 rows): name it, or say payment.default",
        "- contact says nothing of the channel 'email' (1 rows): name it, or say contact.default",
        "- contact says nothing of the channel 'post' (1 rows): name it, or say contact.default",
    ]


@pytest.mark.parametrize(
    ("since", "until", "what"),
    [
        ("2025-05-01", "2025-05-01", "the period ends .* before it begins"),
        ("2025-01-01", "2026-02-02", "nothing is known of by_hand from 2026-02-01 00:00:00 on: say an earlier end"),
    ],
)
def test_periods_that_are_none(since: str, until: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        statement(shop(), SHEET, since=pd.Timestamp(since), until=pd.Timestamp(until))


def test_what_does_not_add_up_says_where(made: Statement) -> None:
    told = made.reconciliation()
    check_reconciled(told, amount=19683)
    told.loc["payment_cost", "difference"] = 1
    with pytest.raises(NotReconciled, match=r"payment_cost by 1 cents; net_revenue is 19683 .* add up to 19684"):
        check_reconciled(told, amount=19684)


def test_what_is_spent_later_won_nobody_earlier() -> None:
    """cleo came by the web on June 15th: the spend of the second half of the year is not hers."""
    later = [Acquisition(channel="web", since=date(2025, 6, 16), until=date(2025, 12, 31), amount=Decimal(20))]
    told = statement(shop(), SHEET.model_copy(update={"acquisition": later}))
    assert (told.customers["acquisition_cost"] == 0).all()
    assert told.nobody["acquisition_cost"] == told.company["acquisition_cost"] == -2000
