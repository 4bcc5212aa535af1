"""What there is by name. Registries fill by importing folders: this list shows when something drops out, or in."""

from configs.study import study_names
from features.datasets import known
from features.expression import COMPUTED
from features.library import FEATURES, POPULATIONS, TARGETS
from features.tables import TABLES, VIEWS
from models.contract import KEYS
from models.estimators import MODELS
from models.metrics import METRICS
from models.registry import ALIASES


def test_features() -> None:
    families: dict[str, list[str]] = {}
    for each in FEATURES.values():
        families.setdefault(each.family, []).append(each.name)
    assert {family: " ".join(names) for family, names in families.items()} == {
        "affinity": "category_purchase_days category_bought_182d category_spend category_days_since_last",
        "basket": "lines_per_day_std items_per_line day_spend_std day_spend_cv line_amount_mean line_amount_std "
        "line_amount_max",
        "breadth": "categories_91d categories_ever lines_per_day",
        "channel": "web_share channels top_channel_share",
        "clock": "weekend_share morning_share evening_share hour_mean weekday_entropy",
        "coupons": "coupon_share coupon_redemptions_182d coupon_lines_91d days_since_redemption "
        "redemptions_per_touch_182d",
        "decay": "purchase_days_decayed_14d purchase_days_decayed_45d purchase_days_decayed_120d "
        "spend_decayed_14d spend_decayed_45d spend_decayed_120d",
        "discount": "discount_share discounted_lines_share",
        "emails": "emails_opened_91d email_open_rate_182d",
        "favourites": "top_category",
        "gaps": "gap_mean gap_std gap_max silence_ratio",
        "margin": "margin_share",
        "membership": "membership_days memberships_before in_grace",
        "opportunities": "repeat_periods_7d repeat_periods_28d",
        "price": "price_level price_level_change full_price_share",
        "private_label": "private_label_share",
        "quantiles": "median_line_amount",
        "rates": "purchase_days_rate spend_rate items_rate",
        "regularity": "gap_cv gap_last gap_last_ratio",
        "returns": "returned_lines returned_share days_since_last_return",
        "rfm": "frequency recency_days tenure_days monetary_value mean_day_spend purchase_days spend "
        "days_since_last recency_share",
        "store": "stores top_store_share",
        "subscription": "subscribed subscription_days subscription_price subscription_price_change plan_changes "
        "contracts_ended days_to_renewal subscription_term_days",
        "touches": "touches_received_91d days_since_touch touch_cost_182d",
        "trend": "purchase_days_change spend_change day_spend_change",
        "variety": "category_entropy top_category_share new_categories_91d new_category_share_91d products_ever "
        "product_repeat_share",
        "visits": "visits_28d visits_91d days_since_visit visits_per_purchase_day_182d",
        "volume": "orders_ever items items_91d",
        "windows": "purchase_days_28d purchase_days_56d purchase_days_91d purchase_days_182d spend_28d spend_91d "
        "spend_182d spend_trend",
    }


def test_targets() -> None:
    assert {each.name: each.kind for each in TARGETS.values()} == {
        "churned": "binary",
        "orders": "count",
        "future_spend": "amount",
        "future_margin": "amount",
        "future_contribution": "amount",
        "bought_category": "binary",
        "returned": "binary",
        "redeemed": "binary",
        "subscription_ended": "binary",
        "redeemed_offer": "binary",
        "lapsed": "binary",
        "spend_fell_50": "binary",
        "spent_more_25": "binary",
        "price_tier_up": "binary",
    }


def test_populations() -> None:
    assert list(POPULATIONS) == [
        "known",
        *(f"active_{days}d" for days in (28, 84, 91, 182, 365)),
        *(f"new_category_{days}d" for days in (91, 182)),
        "subscribers",
        "members",
        "visitors_91d",
        "listed",
        "touched",
        "renewing",
    ]


def test_models() -> None:
    assert sorted(MODELS) == [
        "base_rate",
        "beta_discrete_weibull",
        "bgbb",
        "bgnbd",
        "blend",
        "boosted",
        "clv",
        "clv_blend",
        "cross_sell",
        "engineered_logistic",
        "gamma_gamma",
        "mbgnbd",
        "no_purchase",
        "pareto_nbd",
        "popularity",
        "rfm_logistic",
        "segments",
        "shifted_beta_geometric",
    ]


def test_metrics() -> None:
    assert {each.name: (" ".join(each.kinds), each.better, each.grouped) for each in METRICS.values()} == {
        "aggregate_bias": ("count amount", "zero", False),
        "brier": ("binary", "lower", False),
        "ece": ("binary", "lower", False),
        "empc": ("binary", "higher", False),
        "lift_at_10": ("binary", "higher", False),
        "log_loss": ("binary", "lower", False),
        "mae": ("count amount", "lower", False),
        "map_at_5": ("binary", "higher", True),
        "normalised_gini": ("count amount", "higher", False),
        "pr_auc": ("binary", "higher", False),
        "rmse": ("count amount", "lower", False),
        "roc_auc": ("binary", "higher", False),
    }


def test_datasets_and_studies() -> None:
    assert known() == ["cdnow", "cdnow_sample", "complete_journey", "complete_journey_costed", "simulated", "telco"]
    assert study_names() == [
        "cdnow_churn",
        "cdnow_churn_half_year",
        "cdnow_clv",
        "cdnow_clv_half_year",
        "complete_journey_campaign",
        "complete_journey_churn",
        "complete_journey_clv",
        "complete_journey_clv_half_year",
        "complete_journey_contribution",
        "complete_journey_cross_sell",
        "complete_journey_price_tier",
        "complete_journey_segments",
        "complete_journey_spend_fall",
        "complete_journey_upsell",
        "simulated_lapse",
        "telco_churn",
    ]


def test_words_of_the_tables() -> None:
    assert " ".join(TABLES) == "transactions events touches subscriptions customers identities products"
    assert list(VIEWS) == [
        *("purchases", "returns", "transactions", "events", "touches"),
        *("subscriptions", "renewals", "memberships", "customers"),
    ]
    assert KEYS == ("customer_id", "cutoff", "category", "eligible")
    assert sorted(COMPUTED) == ["age_days", "gap_days", "hour", "lines", "weekday"]
    assert ALIASES == ("champion", "challenger")


def test_no_feature_is_called_like_a_key() -> None:
    names = {*FEATURES, *TARGETS, *POPULATIONS}
    assert names & {*KEYS, "score", "label", "model", "version", "actual"} == set()
    assert len(names) == len(FEATURES) + len(TARGETS) + len(POPULATIONS)
