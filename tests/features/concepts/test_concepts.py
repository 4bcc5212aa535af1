"""Every feature belongs to one concept; every concept says its features in sentences, whatever the values are."""

import math
import re
from collections.abc import Mapping

import pytest

from features.concepts import CONCEPTS, Concept, Value, concept_of, concepts_of
from features.concepts.concept import Told, concept
from features.library import FEATURES

ATTRIBUTES = ("customers.age", "customers.plan", "customers.plan=gold", "anchor.discount", "anchor.channel")
NUMBERS = (0.0, 0.003, 0.5, 1.0, 2.0, 41.3, 12345.678)


def said(feature: str, value: Value, /, *, typical: float | None = None, currency: str = "", **more: Value) -> str:
    known = {} if typical is None else {feature: typical}
    values = {feature: value, **more}
    return concept_of(feature).sentence(values, features=[feature], typical=known, currency=currency)


def test_every_registered_feature_has_a_concept_that_names_it() -> None:
    assert {name: each.name for name, each in concepts_of(FEATURES).items() if each.name not in CONCEPTS} == {}


def test_no_concept_names_what_there_is_not() -> None:
    families = {each.family for each in FEATURES.values()}
    stems = {re.sub(r"_\d+d$", "", name) for name in FEATURES}
    named = {claim for each in CONCEPTS.values() for claim in each.features if not claim.endswith(".")}
    assert named - set(FEATURES) - families - stems == set()


def test_concepts_by_feature() -> None:
    found: dict[str, list[str]] = {}
    for name, each in concepts_of(FEATURES).items():
        found.setdefault(each.name, []).append(name)
    assert {name: " ".join(sorted(members)) for name, members in found.items()} == {
        "silence": "days_since_last recency_share silence_ratio",
        "frequency": "frequency orders_ever purchase_days purchase_days_182d purchase_days_28d purchase_days_56d "
        "purchase_days_91d purchase_days_decayed_120d purchase_days_decayed_14d purchase_days_decayed_45d "
        "purchase_days_rate repeat_periods_28d repeat_periods_7d",
        "rhythm": "gap_cv gap_last gap_last_ratio gap_max gap_mean gap_std silence_ratio".removesuffix(
            " silence_ratio"
        ),
        "spend": "mean_day_spend monetary_value spend spend_182d spend_28d spend_91d spend_decayed_120d "
        "spend_decayed_14d spend_decayed_45d spend_rate",
        "basket": "day_spend_cv day_spend_std items items_91d items_per_line items_rate line_amount_max "
        "line_amount_mean line_amount_std lines_per_day lines_per_day_std median_line_amount",
        "trend": "day_spend_change purchase_days_change spend_change spend_trend",
        "variety": "categories_91d categories_ever category_entropy new_categories_91d new_category_share_91d "
        "product_repeat_share products_ever top_category top_category_share",
        "interest": "category_bought_182d category_days_since_last category_purchase_days category_spend",
        "price": "margin_share price_level price_level_change private_label_share",
        "discounts": "discount_share discounted_lines_share full_price_share",
        "coupons": "coupon_lines_91d coupon_redemptions_182d coupon_share days_since_redemption "
        "redemptions_per_touch_182d",
        "returns": "days_since_last_return returned_lines returned_share",
        "channel": "channels stores top_channel_share top_store_share web_share",
        "clock": "evening_share hour_mean morning_share weekday_entropy weekend_share",
        "visits": "days_since_visit visits_28d visits_91d visits_per_purchase_day_182d",
        "emails": "email_open_rate_182d emails_opened_91d",
        "contacts": "days_since_touch touch_cost_182d touches_received_91d",
        "contract": "contracts_ended days_to_renewal in_grace membership_days memberships_before plan_changes "
        "subscribed subscription_days subscription_price subscription_price_change subscription_term_days",
        "tenure": "recency_days tenure_days",
    }


def test_what_marketing_cannot_move() -> None:
    assert {each.name for each in CONCEPTS.values() if not each.movable} == {"tenure", "clock"}
    assert not concept_of("customers.age").movable


def test_attributes_have_a_concept_a_column() -> None:
    assert concept_of("customers.plan=gold") is concept_of("customers.plan=silver") is concept_of("customers.plan")
    assert concept_of("customers.plan") is not concept_of("customers.age")
    assert [concept_of(f"customers.{each}").title for each in ("MonthlyCharges", "household_size", "AGE")] == [
        "Monthly charges",
        "Household size",
        "AGE",
    ]


def test_a_prefix_and_features_of_no_concept() -> None:
    assert concept_of("anchor.discount").name == "occasion"
    own = concept_of("my_own_91d")
    assert (own.name, own.title, own.movable) == ("my_own_91d", "My own 91d", False)
    assert own.sentence({"my_own_91d": 2.0}, features=["my_own_91d"]) == "my own 91d: 2"


def test_windows_that_there_are_not_yet_belong_to_their_stem() -> None:
    assert concept_of("spend_365d").name == "spend"
    assert said("spend_365d", 10.0) == "spent 10.00 in the last 365 days"


@pytest.mark.parametrize("feature", [*FEATURES, *ATTRIBUTES])
@pytest.mark.parametrize("typical", [None, 2.0])
def test_every_feature_is_said_whatever_its_value(feature: str, typical: float | None) -> None:
    values: list[Value] = [*NUMBERS, None, math.nan, math.inf, "gold"]
    for value in values:
        sentence = said(feature, value, typical=typical)
        assert sentence == sentence.strip() != ""
        assert not re.search(r"\b(nan|inf|none|null|True|False)\b|[_`^]|\.\d{4}|  |\(\)", sentence)
        assert not re.search(
            r"\b1 [a-z-]+s\b(?! of)|\b(?:0|[2-9]|\d\d+) (day|visit|order|item|line|coupon)\b", sentence
        )
        assert sentence[0].islower() or feature.startswith(("customers.", "anchor.")) or sentence[0].isdigit()


@pytest.mark.parametrize("feature", [*FEATURES, *ATTRIBUTES])
def test_numbers_say_something_else_than_nothing_does(feature: str) -> None:
    assert said(feature, 41.3) != said(feature, None) == said(feature, math.nan)


SILENT: list[tuple[Mapping[str, Value], str]] = [
    ({"days_since_last": 41.0, "gap_mean": 9.0}, "no purchase for 41 days, usually every 9"),
    ({"days_since_last": 41.0, "gap_mean": 8.7}, "no purchase for 41 days, usually every 9"),
    ({"days_since_last": 41.0, "gap_mean": 1.0}, "no purchase for 41 days, usually every day"),
    ({"days_since_last": 41.0, "silence_ratio": 4.1}, "no purchase for 41 days, usually every 10"),
    ({"days_since_last": 41.0, "gap_mean": None}, "no purchase for 41 days"),
    ({"days_since_last": 41.0, "gap_mean": math.nan}, "no purchase for 41 days"),
    ({"days_since_last": 41.0}, "no purchase for 41 days"),
    ({"days_since_last": 1461.0, "gap_mean": 30.0}, "no purchase for 4 years, usually every 30 days"),
    ({"days_since_last": 3.0, "gap_mean": 9.0}, "last purchase 3 days ago, usually every 9 days"),
    ({"days_since_last": 9.0, "gap_mean": 9.0}, "last purchase 9 days ago, usually every 9 days"),
    ({"days_since_last": 1.0}, "last purchase yesterday"),
    ({"days_since_last": 0.0, "gap_mean": 9.0}, "last purchase today, usually every 9 days"),
    ({"days_since_last": 0.0, "silence_ratio": 0.0}, "last purchase today"),
    ({"days_since_last": None}, "no purchase so far"),
    ({"silence_ratio": 4.6}, "no purchase for 4.6 times the usual time between purchases"),
    ({"recency_share": 0.4}, "no purchase in the last 40% of the time as a customer"),
    ({"recency_share": None}, "silence: not known"),
]


@pytest.mark.parametrize(("values", "sentence"), SILENT)
def test_silence(values: Mapping[str, Value], sentence: str) -> None:
    features = [name for name in ("days_since_last", "silence_ratio", "recency_share") if name in values]
    assert CONCEPTS["silence"].sentence(values, features=features) == sentence


EXAMPLES: list[tuple[str, Value, str]] = [
    ("purchase_days_28d", 0.0, "no purchase in the last 28 days"),
    ("purchase_days_28d", 1.0, "1 purchase day in the last 28 days"),
    ("frequency", 3.0, "bought again on 3 days so far"),
    ("purchase_days_rate", 2.34, "about 2.3 purchase days a month"),
    ("gap_mean", None, "no repeat purchase so far"),
    ("gap_cv", 0.2, "buys at regular intervals"),
    ("gap_cv", 1.0, "buys at varying intervals"),
    ("gap_cv", 2.0, "buys in bursts with long breaks"),
    ("spend_91d", 12.5, "spent 12.50 in the last 91 days"),
    ("spend", 0.0, "spent nothing so far"),
    ("monetary_value", 0.0, "nothing spent on repeat purchases so far"),
    ("day_spend_cv", 0.1, "baskets are worth much the same each time"),
    ("day_spend_cv", 1.5, "a few baskets are worth far more than the others"),
    ("spend_trend", 0.62, "62% of the last 91 days' spend fell in the last 28 (31% would be steady)"),
    ("spend_change", 0.4, "in the last 28 days, spent 60% less than in the 63 days before, day for day"),
    ("purchase_days_change", 0.0, "nothing bought in the last 28 days, after purchases in the 63 days before"),
    ("purchase_days_change", 3.0, "in the last 28 days, bought 3 times as often as in the 63 days before"),
    ("top_category", "bread", "buys bread the most"),
    ("category_entropy", math.log(5), "spreads over about 5 categories"),
    ("category_bought_182d", 0.0, "category not bought in the last 182 days"),
    ("price_level_change", 1.0, "in the last 91 days, paid as much as before for an item"),
    ("discounted_lines_share", 0.45, "45% of basket lines are on discount"),
    ("coupon_redemptions_182d", 0.0, "redeemed no coupons in the last 182 days"),
    ("returned_lines", 0.0, "nothing returned so far"),
    ("days_since_last_return", 1.0, "last return yesterday"),
    ("hour_mean", 13.6, "buys at about 14:00 on average"),
    ("weekday_entropy", 0.0, "spreads purchases over about 1 day of the week"),
    ("visits_28d", 0.0, "no visits in the last 28 days"),
    ("days_since_visit", None, "no visit so far"),
    ("email_open_rate_182d", None, "nothing sent in the last 182 days"),
    ("touches_received_91d", 2.0, "received 2 messages in the last 91 days"),
    ("subscription_price", None, "no contract runs"),
    ("subscription_price_change", -2.0, "pays 2.00 less than for the first contract"),
    ("membership_days", 400.0, "a member for 400 days"),
    ("tenure_days", 1000.0, "a customer for 2.7 years"),
    ("recency_days", 0.0, "all purchases on a single day so far"),
    ("anchor.discount", 10.0, "Discount: 10"),
    ("anchor.channel", "letter", "Channel: letter"),
    ("anchor.channel=letter", 1.0, "Channel: letter"),
    ("anchor.channel=letter", 0.0, "Channel: not letter"),
    ("anchor.plan", None, "Plan: not known"),
    ("customers.Contract", "Month-to-month", "Contract: Month-to-month"),
    ("customers.Contract", None, "Contract: not known"),
    ("customers.MonthlyCharges", 70.35, "Monthly charges: 70"),
    ("customers.Contract=One year", 1.0, "Contract: One year"),
    ("customers.Contract=One year", 0.0, "Contract: not One year"),
]


@pytest.mark.parametrize(("feature", "value", "sentence"), EXAMPLES)
def test_sentences(feature: str, value: Value, sentence: str) -> None:
    assert said(feature, value) == sentence


def test_values_of_a_column_that_features_compare_with() -> None:
    values = {"customers.plan=gold": 0.0, "customers.plan=silver": 1.0, "customers.planet=mars": 1.0}
    assert concept_of("customers.plan").sentence(values, features=["customers.plan=gold"]) == "Plan: silver"


def test_against_what_is_typical() -> None:
    assert said("spend_91d", 12.5, typical=8.0) == "spent 12.50 in the last 91 days, more than usual (8.00)"
    assert said("spend_91d", 7.0, typical=8.0) == "spent 7.00 in the last 91 days, less than usual (8.00)"
    assert said("spend_91d", 8.001, typical=8.0) == "spent 8.00 in the last 91 days, as usual"
    assert said("spend_91d", 8.0, typical=math.nan) == "spent 8.00 in the last 91 days"
    assert said("spend_91d", 12.5, typical=8.0, currency="€").endswith(
        "€12.50 in the last 91 days, more than usual (€8.00)"
    )
    assert said("customers.plan=gold", 1.0, typical=0.0) == "Plan: gold"


def test_the_first_feature_is_told_of_and_the_next_where_it_has_nothing_to_tell() -> None:
    spend = CONCEPTS["spend"]
    features = ["spend_28d", "mean_day_spend"]
    assert spend.sentence({"spend_28d": 1.0, "mean_day_spend": 2.0}, features=features).startswith("spent 1.00")
    assert spend.sentence({"spend_28d": None, "mean_day_spend": 2.0}, features=features).startswith("spends 2.00")
    assert spend.sentence({}, features=["spend_28d"]) == "spend: not known"
    with pytest.raises(ValueError, match="concept 'spend': name at least one feature"):
        spend.sentence({}, features=[])


@pytest.mark.parametrize(
    ("feature", "value", "sentence"),
    [
        ("spend_91d", 12.5, "amount of the purchases within the last 91 days: 12.50, more than usual (8.00)"),
        ("spend_rate", 12.5, "amount of the purchases per 30 days of tenure: 12.50, more than usual (8.00)"),
        ("gap_mean", 12.0, "mean time between purchase days: 12 days, more than usual (8 days)"),
        ("web_share", 0.25, "share of lines bought in the channel web: 25%, less than usual (800%)"),
        ("subscribed", 1.0, "a contract runs: yes"),
        ("subscribed", 0.0, "a contract runs: no"),
        ("top_category", "bread", "category of most lines so far: bread"),
        ("customers.age", 41.0, "age of the customer: 41, more than usual (8)"),
    ],
)
def test_without_a_sentence_of_its_own_a_feature_is_said_by_its_meaning(
    feature: str, value: Value, sentence: str
) -> None:
    wordless = Concept("wordless", "Wordless", (feature,), True, "", lambda _: None)
    assert wordless.sentence({feature: value}, features=[feature], typical={feature: 8.0}) == sentence


def test_two_concepts_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match="two concepts are called 'silence'"):

        @concept(title="Quiet", features=(), movable=True)
        def silence(told: Told) -> str | None:
            """Tell nothing."""


def test_concepts_have_meanings_and_titles_of_their_own() -> None:
    assert all(each.meaning.endswith(".") for each in CONCEPTS.values())
    assert len({each.title for each in CONCEPTS.values()}) == len(CONCEPTS)
