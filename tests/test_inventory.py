"""What there is by name. Registries fill by importing folders: this list shows when something drops out, or in."""

from configs.study import study_names
from features.datasets import known
from features.declaration import COMPUTED
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
        "breadth": "categories_91d categories_ever lines_per_day",
        "decay": "purchase_days_decayed_14d purchase_days_decayed_45d purchase_days_decayed_120d "
        "spend_decayed_14d spend_decayed_45d spend_decayed_120d",
        "discount": "discount_share discounted_lines_share",
        "gaps": "gap_mean gap_std gap_max silence_ratio",
        "rfm": "frequency recency_days tenure_days monetary_value mean_day_spend purchase_days spend days_since_last "
        "recency_share",
        "windows": "purchase_days_28d purchase_days_56d purchase_days_91d purchase_days_182d spend_28d spend_91d "
        "spend_182d spend_trend",
    }


def test_targets() -> None:
    assert {each.name: each.kind for each in TARGETS.values()} == {
        "churned": "binary",
        "orders": "count",
        "future_spend": "amount",
        "bought_category": "binary",
    }


def test_populations() -> None:
    assert list(POPULATIONS) == [
        "known",
        *(f"active_{days}d" for days in (28, 84, 91, 182, 365)),
        *(f"new_category_{days}d" for days in (91, 182)),
    ]


def test_models() -> None:
    assert sorted(MODELS) == [
        "base_rate",
        "bgnbd",
        "boosted",
        "clv",
        "cross_sell",
        "gamma_gamma",
        "popularity",
        "rfm_logistic",
        "segments",
    ]


def test_metrics() -> None:
    assert {each.name: (" ".join(each.kinds), each.better, each.grouped) for each in METRICS.values()} == {
        "aggregate_bias": ("count amount", "zero", False),
        "brier": ("binary", "lower", False),
        "ece": ("binary", "lower", False),
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
    assert known() == ["cdnow", "cdnow_sample", "complete_journey", "simulated"]
    assert study_names() == [
        "cdnow_churn",
        "cdnow_clv",
        "complete_journey_churn",
        "complete_journey_clv",
        "complete_journey_cross_sell",
        "complete_journey_segments",
    ]


def test_words_of_the_tables() -> None:
    assert list(TABLES) == ["transactions", "events", "touches", "subscriptions", "customers", "products"]
    assert list(VIEWS) == ["purchases", "returns", "events", "touches"]
    assert KEYS == ("customer_id", "cutoff", "category", "eligible")
    assert sorted(COMPUTED) == ["age_days", "gap_days"]
    assert ALIASES == ("champion", "challenger")


def test_no_feature_is_called_like_a_key() -> None:
    names = {*FEATURES, *TARGETS, *POPULATIONS}
    assert names & {*KEYS, "score", "label", "model", "version", "actual"} == set()
    assert len(names) == len(FEATURES) + len(TARGETS) + len(POPULATIONS)
