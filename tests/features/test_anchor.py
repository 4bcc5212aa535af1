"""Features of the row that asks: read off it, texts as they are and numbers as numbers; and offers of its campaign."""

from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest

from features.declaration import Declaration
from features.engine.door import admit
from features.engine.run import Engine, observe, outcome
from features.engine.stored import stored
from features.explain import explained
from features.frame import frame
from features.history import History
from features.library import FEATURES, POPULATIONS, TARGETS, chosen, named
from features.snapshot import Asked, snapshot

SALES = pd.DataFrame(
    [("a", "2024-01-01", 5.0), ("a", "2024-03-05", 7.0), ("b", "2024-02-20", 9.0)],
    columns=["customer_id", "time", "amount"],
)
TOUCHES = pd.DataFrame(
    [
        ("a", "2024-03-01 09:00", "spring", "mail", True, 0.85, 3, "red"),
        ("a", "2024-03-10", "summer", None, False, None, 4, None),
        ("b", "2024-03-01 09:00", "spring", "web", None, 0.02, None, "blue"),
    ],
    columns=["customer_id", "time", "campaign", "channel", "treatment", "cost", "pages", "colour"],
)
KEYS = ["customer_id", "cutoff"]
CUTOFFS = pd.DatetimeIndex(["2024-03-01", "2024-03-11"])
TOUCHED = POPULATIONS["touched"]
DAY = pd.Timestamp


@pytest.fixture(scope="module", params=get_args(Engine))
def engine(request: pytest.FixtureRequest) -> Engine:
    """Give each engine that `outcome` knows."""
    given: Engine = request.param
    return given


@pytest.fixture(scope="module")
def shop() -> History:
    return admit("shop", {"transactions": SALES, "touches": TOUCHES}, end=DAY("2025-01-01"))


def _frame(shop: History, *names: str, **options: Any) -> pd.DataFrame:
    return frame(shop, CUTOFFS, population=TOUCHED, features=chosen(names), **options)


def test_a_row_s_columns_are_features(shop: History, engine: Engine) -> None:
    names = ["anchor.channel", "spend", "anchor.cost", "anchor.treatment", "anchor.pages", "anchor.campaign"]
    made = _frame(shop, *names, engine=engine)
    told = [None if pd.isna(value) else value for value in made[names].to_numpy(object).ravel()]
    assert list(made.columns[-6:]) == names
    assert made["customer_id"].tolist() == ["a", "a", "b"]
    assert told == [
        *("mail", 5.0, 0.85, 1.0, 3.0, "spring"),
        *(None, 12.0, None, 0.0, 4.0, "summer"),
        *("web", 9.0, 0.02, 1.0, None, "spring"),
    ]
    assert made[names].dtypes.astype(str).tolist() == ["str", *["float64"] * 4, "str"]


def test_other_features_are_what_they_are_without(shop: History) -> None:
    with_ = _frame(shop, "spend", "anchor.channel", "frequency")
    without = _frame(shop, "spend", "frequency")
    pd.testing.assert_frame_equal(with_.drop(columns="anchor.channel"), without)


def test_a_value_of_a_row_s_text(shop: History) -> None:
    made = _frame(shop, "anchor.channel=web", "anchor.colour=red")
    assert made["anchor.channel=web"].tolist() == [0, 0, 1]
    assert made["anchor.colour=red"].tolist() == [1, 0, 0]


def test_a_frame_goes_to_parquet_with_them(shop: History, tmp_path: Path) -> None:
    who = _frame(shop, "anchor.cost", "spend", to=tmp_path / "frame")
    assert list(who.columns) == ["customer_id", "cutoff", *TOUCHES.columns[2:]]
    read = stored(tmp_path / "frame")
    made = _frame(shop, "anchor.cost", "spend")
    pd.testing.assert_frame_equal(read, made.sort_values(KEYS[::-1], ignore_index=True)[list(read)], check_exact=True)


def test_they_are_looked_up_by_name() -> None:
    assert named("anchor.cost") is named("anchor.cost")
    assert [each.name for each in chosen(["anchor.cost", "spend", "anchor.cost"])] == ["anchor.cost", "spend"]
    told = {name: named(name) for name in ("anchor.channel", "anchor.cost", "anchor.channel=web")}
    assert [each.text for each in told.values()] == [True, False, False]
    assert [each.unit for each in told.values()] == ["text", "its own", "0 or 1"]
    assert len({each.fingerprint for each in told.values()}) == 3


def test_a_snapshot_tells_of_them(shop: History) -> None:
    taken = snapshot(shop, Asked(TOUCHED, [named("anchor.cost")], [*CUTOFFS]))
    assert taken.definitions == {"anchor.cost": named("anchor.cost").fingerprint}


@pytest.mark.parametrize("name", ["anchor.", "anchor.time", "anchor.known_time", "anchor.customer_id", "anchor.=x"])
def test_what_is_no_column_of_a_question(name: str) -> None:
    with pytest.raises(ValueError, match=r"is no column of a question; write anchor\.COLUMN or anchor\.COLUMN=VALUE"):
        named(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "anchor.reach",
            "anchor.reach: a row of 'touched' has no column 'reach'; it has campaign, channel, treatment, cost, pages",
        ),
        ("anchor.colour", "colour of 'touched' is string, not a number; ask for a value of it, as anchor.colour=VALUE"),
        ("anchor.cost=1", "anchor.cost=1: cost of 'touched' is decimal, not text; ask for cost"),
    ],
)
def test_what_the_rows_do_not_have_is_told(shop: History, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _frame(shop, name)


def test_times_of_a_row_are_no_features() -> None:
    touches = TOUCHES.assign(seen=pd.to_datetime("2024-03-01"))
    shop = admit("shop", {"transactions": SALES, "touches": touches}, end=DAY("2025-01-01"))
    with pytest.raises(ValueError, match=r"seen of 'touched' is datetime64, not a number; leave it out"):
        _frame(shop, "anchor.seen")


@pytest.mark.parametrize("population", ["known", "new_category_91d"])
def test_a_population_of_customers_has_no_rows_that_ask(shop: History, population: str) -> None:
    declared: Declaration = POPULATIONS[population]
    with pytest.raises(ValueError, match=f"anchor.channel: rows of '{population}' are customers.*such as 'touched'"):
        frame(shop, CUTOFFS, population=declared, features=[FEATURES["spend"], named("anchor.channel")])


def test_no_engine_observes_them(shop: History, engine: Engine) -> None:
    asked = pd.DataFrame({"customer_id": ["a"], "cutoff": DAY("2024-03-01")})
    with pytest.raises(ValueError, match=r"anchor\.cost is a column of the row that asks: `features\.frame\.frame`"):
        observe(shop, asked, [named("anchor.cost")], engine=engine)
    with pytest.raises(ValueError, match=r"anchor\.cost is a column of the row that asks"):
        explained(shop, "a", DAY("2024-03-02"), [named("anchor.cost")])


# Whether an offer is taken.

REDEMPTIONS = pd.DataFrame(
    [
        ("a", "2024-03-01 08:59:59", "coupon_redemption", "spring"),
        ("a", "2024-03-12", "coupon_redemption", "summer"),
        ("b", "2024-03-01 09:00", "coupon_redemption", "spring"),
        ("b", "2024-03-03", "visit", "summer"),
    ],
    columns=["customer_id", "time", "kind", "campaign"],
)


@pytest.mark.parametrize("ids", [{}, {"spring": "8", "summer": "13"}])
def test_an_offer_is_taken_by_a_coupon_of_its_campaign_within_the_horizon(engine: Engine, ids: dict[str, str]) -> None:
    """Not before the touch, not of another campaign; campaigns of numbers are texts, as those of touches are."""
    tables = {
        "touches": TOUCHES.replace({"campaign": ids}),
        "events": REDEMPTIONS.replace({"campaign": ids}).astype({"campaign": "int64" if ids else "str"}),
    }
    shop = admit("shop", {"transactions": SALES, **tables}, end=DAY("2025-01-01"))
    asked = frame(shop, CUTOFFS, population=TOUCHED, features=[])
    for days, taken in ((3, [0, 1, 1]), (2, [0, 0, 1])):
        made = outcome(shop, asked, [TARGETS["redeemed_offer"]], horizon_days=days, engine=engine)
        assert made["redeemed_offer"].tolist() == taken


def test_offers_are_asked_about_with_their_campaign(engine: Engine) -> None:
    shop = admit("shop", {"transactions": SALES, "events": REDEMPTIONS}, end=DAY("2025-01-01"))
    asked = pd.DataFrame({"customer_id": ["a"], "cutoff": DAY("2024-03-01")})
    with pytest.raises(ValueError, match="redeemed_offer is per campaign: the spine needs a column 'campaign'"):
        outcome(shop, asked, [TARGETS["redeemed_offer"]], horizon_days=3, engine=engine)
