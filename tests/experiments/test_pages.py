"""Report and model card: what they say."""

import re
from pathlib import Path

import pytest

from experiments.pages.measured import NAMES
from models.contract import TargetKind
from models.metrics import METRICS
from tests.experiments.pages import FILES, KINDS, RUN, Page, rows, written
from tests.records import Record, churn, folds, segments
from training.grade import EVENTS, FALL, PARTS, RANKED, TRUE


def test_every_kind_has_its_three_pages(pages: dict[str, dict[str, str]]) -> None:
    assert all(list(found) == FILES for found in pages.values())


HEADINGS = ["Question", "Data", "How it was judged", "Metrics", "Calibration", "Lifetime value", "Grade", "Profit"]
HEADINGS += ["Reasons", "Fairness"]
ENDS = ["Limits", "Alarms overridden", "Provenance"]


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("churn", {"Lifetime value"}),
        ("folds", {"Lifetime value"}),
        ("amount", {"Lifetime value", "Profit", "Fairness"}),
        ("value", {"Profit", "Fairness"}),
        ("segments", {"Calibration", "Lifetime value", "Profit", "Fairness"}),
    ],
)
def test_a_card_has_its_sections_and_a_report_more(
    pages: dict[str, dict[str, str]], kind: str, missing: set[str]
) -> None:
    there = [heading for heading in HEADINGS if heading not in missing] + ENDS
    behind = ["Every metric", *(["Gains by tenths"] if kind in ("churn", "folds") else []), "Features", "Models"]
    assert Page(pages[kind]["card.html"]).headings == [KINDS[kind]()["title"], *there]
    assert Page(pages[kind]["report.html"]).headings == [KINDS[kind]()["title"], *there, *behind]
    assert re.findall(r"^## (.+)$", pages[kind]["card.md"], re.MULTILINE) == there


CHURN_SAYS = {
    "the question": "Customers with a purchase within the window.",
    "the target": "churned: 1 if there is no purchase within the horizon, else 0.",
    "horizon and lead": "the 28 days that begin 7 days after the score is made",
    "the data": "f1ngerpr1nt",
    "warnings": "12 rows of transactions have no category",
    "what it is held against": "The champion is boosted, held against rfm_logistic.",
    "the letter": "B, the worst of its checks.",
    "a check": "it is 0.823, hardly below 0.812",
    "a contact's cost": "1.500",
    "an offer's cost": "5.250",
    "acceptance": "31.0 %",
    "others": "91.0 %",
    "worth": "41.50",
    "a budget": "777.5 spent",
    "an example": "The highest score, 0.907:",
    "a reason": "Silence raises it: no purchase for 64 days, usually every 2.4",
    "selected": "Selected are the best-scored 56.6 % of all rows",
    "limits": "It speaks of active_84d alone.",
    "no alarm": "None.",
    "run": RUN,
    "artifact": "a7f1fac7",
    "trained to": "2024-12-08",
    "commit": "c0ffee",
    "lock": "10c4",
    "versions": "numpy 2.4.6, pandas 3.1.1",
}


@pytest.mark.parametrize("what", CHURN_SAYS)
def test_a_card_says(pages: dict[str, dict[str, str]], what: str) -> None:
    for name in ("card.html", "report.html"):
        assert CHURN_SAYS[what] in Page(pages["churn"][name]).text
    assert CHURN_SAYS[what] in pages["churn"]["card.md"]


CHURN_ROWS = [
    ["2024-11-10", "11", "2024-03-26", "2024-08-10", "25,137", "2,422", "14.2 %", "32", "2,301", "14.8 %"],
    ["the model that is kept", "13", "2024-03-26", "2024-08-12", "25,139", "2,424", "18.2 %", "32", "–", "–"],
    ["sigmoid", "0.312"],
    ["1", "0.041", "0.084", "[0.064, 0.114]", "261"],
    ["best cut", "1,240", "53.7 %", "3,509.2", "2,964.8", "6,194.1"],
    ["at the budget", "310", "13.4 %", "1,609.2", "1,464.8", "776.1"],
    ["Silence", "61.4 %", "57.7 % to 65.7 %", "yes"],
    ["Tenure", "38.6 %", "34.9 % to 42.9 %", "no"],
    ["65+", "19", "17", *["–"] * 7, "fewer than 50 customers: no rates"],
]


@pytest.mark.parametrize("row", CHURN_ROWS, ids=lambda row: row[0])
def test_a_card_has_the_row(pages: dict[str, dict[str, str]], row: list[str]) -> None:
    assert row in rows(pages["churn"]["card.html"])
    assert row in rows(pages["churn"]["report.html"])


def _shown(metric: Record) -> str:
    return f"{metric['value']:.3f} [{metric['low']:.3f}, {metric['high']:.3f}]"


def test_every_metric_of_every_model_at_every_part_is_in_the_report(pages: dict[str, dict[str, str]]) -> None:
    told, found = churn(), rows(pages["churn"]["report.html"])
    for metric in ("roc_auc", "pr_auc", "brier", "log_loss", "ece", "lift_at_10", "empc"):
        for model, of in told["models"].items():
            assert [model, *(_shown(of["metrics"][part][metric]) for part in of["metrics"])] in found


def test_a_card_compares_the_models_and_shows_the_champion_part_by_part(pages: dict[str, dict[str, str]]) -> None:
    told, found = churn(), rows(pages["churn"]["card.html"])
    order = ("roc_auc", "pr_auc", "lift_at_10", "brier", "ece", "log_loss", "empc")
    for model, of in told["models"].items():
        assert [model, *(_shown(of["metrics"]["all"][metric]) for metric in order)] in found
    for part, metrics in told["models"]["boosted"]["metrics"].items():
        assert [part, *(_shown(metrics[metric]) for metric in order)] in found
    for metric in ("roc_auc", "ece"):
        for model, of in told["models"].items():
            assert [model, *(_shown(of["metrics"][part][metric]) for part in of["metrics"])] in found


def test_the_champion_the_way_used_and_all_stand_out(pages: dict[str, dict[str, str]]) -> None:
    strong = re.findall(r'<tr class="strong"><th scope="row"[^>]*>([^<]+)</th>', pages["churn"]["card.html"])
    assert strong == ["boosted", "all", "boosted", "boosted", "sigmoid", "all"]
    assert "| **boosted** | **" in pages["churn"]["card.md"]


def test_the_rule_is_that_of_the_grade(pages: dict[str, dict[str, str]]) -> None:
    kinds: dict[str, tuple[TargetKind, str, str]] = {
        "churn": ("binary", "ROC-AUC", "ECE"),
        "amount": ("amount", "norm. Gini", "agg. bias"),
    }
    for name, (kind, ranking, truth) in kinds.items():
        found, (least, off) = rows(pages[name]["card.html"]), (RANKED[kind][1], TRUE[kind][1])
        end, fall = f"low end of the interval of {ranking}", f"how far the worst part's {ranking} lies below the mean"
        few = f"up to {FALL[1]:.2f}, or fewer than {PARTS} parts, or folds"
        who = "customers who had the outcome (of two, the rarer)"
        assert ["ranking", end, *(f"from {bound:.2f}" for bound in least)] in found
        assert ["calibration", f"{truth}, either way", *(f"up to {bound:.2f}" for bound in off), "above"] in found
        assert ["stability", fall, f"up to {FALL[0]:.2f}", few, "above"] in found
        assert ["volume", who, *(f"from {bound}" for bound in EVENTS), "fewer"] in found


def test_amounts_have_means_and_no_probabilities(pages: dict[str, dict[str, str]]) -> None:
    text, found = Page(pages["amount"]["card.html"]).text, rows(pages["amount"]["card.html"])
    assert "an expected amount, in the data's currency" in text
    assert "the 91 days from when the score is made" in text
    assert found[0][-4:] == ["training mean", "features", "test rows", "test mean"]
    assert found[1][6] == "14.19"
    assert ["1", "0.041", "0.084", "261"] in found
    assert "log loss" not in text
    assert "EMPC" not in text


def test_segments_are_told_without_a_target(pages: dict[str, dict[str, str]]) -> None:
    text, found = Page(pages["segments"]["card.html"]).text, rows(pages["segments"]["card.html"])
    assert "nothing: customers are described" in text
    assert "nothing is predicted, so nothing can be refuted" in text
    assert "The model gives none" in text
    assert "The champion is segments. In brackets: the least and the greatest of refits." in text
    assert "The rule" not in text
    assert "rate" not in found[0]
    assert found[-1][:1] == ["outcome"]
    value = segments()["models"]["segments"]["metrics"]["all"]["silhouette"]["value"]
    assert any(row[:2] == ["segments", f"{value:.3f}"] for row in found)


def test_folds_have_repeats_and_no_dates(pages: dict[str, dict[str, str]]) -> None:
    text, found = Page(pages["folds"]["report.html"]).text, rows(pages["folds"]["report.html"])
    assert "The data have no dates." in text
    assert "no dates: one row a customer" in text
    assert "2000-01-01" not in text
    assert "None" not in text.replace("\nNone.", "")
    assert found[0] == ["part", "training rows", "customers", "training rate", "features", "test rows", "test rate"]
    assert found[1] == ["repeat 1", "25,137", "2,422", "14.2 %", "32", "2,301", "14.8 %"]
    assert "The study names no campaign" in text
    assert "The study names no column (`group`)" in text
    empc = folds()["models"]["boosted"]["metrics"]["all"]["empc"]
    assert f"for each customer: {_shown(empc)}." in text


def test_a_value_from_a_feature_and_other_budgets_are_told(tmp_path: Path) -> None:
    made = churn()
    made["money"] |= {"value_from": "spend_91d", "margin": 0.35, "money": None, "at_budget": None}
    text = Page(written(made, tmp_path / "none")["card.html"]).text
    assert "0.35 × spend_91d, customer by customer" in text
    assert "41.50" not in text
    assert "budget\nnone" in text
    assert "at the budget" not in text
    made["money"] |= {"customers": 4321}
    assert "4,321 customers" in Page(written(made, tmp_path / "some")["card.html"]).text


def test_alarms_that_were_overridden_are_told_with_the_reason(tmp_path: Path) -> None:
    made = churn()
    leak = {"feature": "customers.Status", "kind": "alone", "message": "ranks the label", "reason": "checked with CRM"}
    made["leaks"] = [leak]
    for text in written(made, tmp_path / "pages").values():
        assert "customers.Status (alone): ranks the label. Allowed: checked with CRM" in text


def test_a_calibration_with_a_note_says_it(tmp_path: Path) -> None:
    made = churn()
    made["models"]["boosted"] |= {"note": "the level alone was moved"}
    assert "the level alone was moved" in written(made, tmp_path / "pages")["card.md"]


def test_categories_are_listed(tmp_path: Path) -> None:
    made = churn()
    made["question"]["categories"] = ["drinks", "meat"]
    assert "2: drinks, meat" in written(made, tmp_path / "pages")["card.md"]


def test_every_metric_has_a_name_for_people() -> None:
    assert set(METRICS) <= set(NAMES)
