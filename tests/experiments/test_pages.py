"""Report and model card: what they say is in the record, as text, and whole or not at all."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from experiments.pages import write_pages
from experiments.pages.measured import NAMES
from experiments.template import markdown
from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from models.contract import TargetKind
from models.metrics import METRICS
from models.money import Campaign
from tests.records import Record, amount, churn, folds, segments, value
from training.grade import EVENTS, FALL, PARTS, RANKED, TRUE
from training.judge import judge
from training.record import Worth, record
from training.splits import rolling
from training.task import Task

RUN = "0123abc4"
KINDS = {"churn": churn, "amount": amount, "segments": segments, "folds": folds, "value": value}
FILES = ["card.html", "card.md", "report.html"]


def written(made: Record, folder: Path) -> dict[str, str]:
    """Write the pages and give their texts by the files' names."""
    write_pages(folder, made, run_id=RUN)
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}


class Page(HTMLParser):
    """What is on a page: elements with their attributes, and the text of it, of cells, headings and list items."""

    VOID = ("meta", "img", "br", "input", "link")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.rows: list[list[str]] = []
        self.headings: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag in ("h1", "h2", "h3"):
            self.headings.append("")
        self.text += "" if tag == "small" else "\n"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"style", "title"} & set(self.open):
            return
        self.text += data
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data
        if {"h1", "h2", "h3"} & set(self.open):
            self.headings[-1] += data

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Write the pages of a record of each kind."""
    folder = tmp_path_factory.mktemp("pages")
    return {name: written(made(), folder / name) for name, made in KINDS.items()}


def rows(text: str) -> list[list[str]]:
    return Page(text).rows


# what they say


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


# nothing else


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    else:
        yield value


def _looks(value: Any) -> set[str]:
    """Give every way in which a value of the record may be written."""
    if isinstance(value, str):
        return set(NUMBER.findall(value))
    if isinstance(value, bool) or value is None:
        return set()
    digits = 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    return {f"{value:,}", str(value), f"{value:,.{digits}f}", f"{100 * value:.1f}", f"{value:.1f}"}


NUMBER = re.compile(r"-?\d[\d.,]*\d|-?\d")
OURS = {
    *("95", "2019"),  # intervals of 95 %, the paper of 2019
    *("0", "10"),  # a gain above 0, lift@10 %
    *(f"{bound:.2f}" for bounds in (*RANKED.values(), *TRUE.values()) for bound in bounds[1]),
    *(f"{bound:.2f}" for bound in FALL),
    *(str(bound) for bound in (*EVENTS, PARTS)),
    *("1", "5", "20", "50"),  # the highest so many percent
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_is_in_the_record(pages: dict[str, dict[str, str]], kind: str) -> None:
    told = KINDS[kind]()
    allowed = OURS.union(*map(_looks, _leaves(told)), NUMBER.findall(RUN), map(str, range(1, 4)))
    for text in (Page(pages[kind]["report.html"]).text, pages[kind]["card.md"].replace("\\", "")):
        assert set(NUMBER.findall(text)) <= allowed


def test_what_a_page_does_not_know_is_not_on_it(tmp_path: Path) -> None:
    """A record of a later version may hold more; customers' ids would be the worst of it."""
    made = churn()
    secret = {"customer_id": "customer-77"}
    for place in (made, made["data"], made["question"], made["parts"][0], made["money"], made["examples"][0]):
        place["scored"] = [secret]
    made["fairness"]["rows"][0] |= secret
    made["examples"][0]["reasons"][0] |= secret
    made["reliability"]["all"][0] |= secret
    for text in written(made, tmp_path / "pages").values():
        assert "customer-77" not in text
        assert "customer_id" not in text


NASTY = (
    '<script>alert("x")</script> & | `code` [link](javascript:x) *bold* _it_ <img src=x onerror=y> "quoted" {{ 7 * 7 }}'
)


def _named(value: Any, path: tuple[str, ...] = ()) -> Any:
    """Put something nasty into every text of a record but those that are looked at."""
    if isinstance(value, dict):
        return {name: _named(each, (*path, name)) for name, each in value.items()}
    if isinstance(value, list):
        return [_named(each, path) for each in value]
    kept = {
        "kind",
        "judged",
        "champion",
        "baseline",
        "level",
        "which",
        "calibration",
        "letter",
        "from",
        "to",
        "unit",
        "frequency",
    }
    if not isinstance(value, str) or path[-1] in kept or path[:2] == ("parts", "name"):
        return value
    return NASTY


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_text_in_html(tmp_path: Path, kind: str) -> None:
    found = written(_named(KINDS[kind]()), tmp_path / "pages")
    for name in ("card.html", "report.html"):
        page = Page(found[name])
        assert page.of("script") == []
        assert all("onerror" not in attributes for _, attributes in page.elements)
        assert page.text.count(NASTY) > 8
        assert page.headings[0] == NASTY


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_text_in_markdown(tmp_path: Path, kind: str) -> None:
    """Rendered as CommonMark with tables, the card shows what the card in HTML shows, row by row."""
    found = written(_named(KINDS[kind]()), tmp_path / "pages")
    rendered = Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(found["card.md"]))
    assert rendered.of("script") == rendered.of("img") == rendered.of("a") == rendered.of("code") == []
    assert rendered.rows == Page(found["card.html"]).rows
    assert rendered.text.count(NASTY) > 8


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a plain text, 0.5 [0.4, 0.6], +1.5 [-0.2, +3.1]", "a plain text, 0.5 [0.4, 0.6], +1.5 [-0.2, +3.1]"),
        ("spend_91d", "spend_91d"),
        ("-0.339", "-0.339"),
        ("two\n  lines", "two lines"),
        ("# no heading", r"\# no heading"),
        ("- no list", r"\- no list"),
        ("---", r"\---"),
        ("12. no list", r"12\. no list"),
        ("0.132", "0.132"),
        ("a|b", r"a\|b"),
        ("_it_ `c` *b* ~~s~~ $x$", r"\_it\_ \`c\` \*b\* \~\~s\~\~ \$x\$"),
        ("[x](y) ![i](j)", r"\[x](y) !\[i](j)"),
        ("[1]: http://x", r"\[1]: http://x"),
        (r"\* <b> &amp;", r"\\\* &lt;b&gt; &amp;amp;"),
    ],
)
def test_markdown_shows_a_text_as_it_is(text: str, shown: str) -> None:
    assert markdown(text) == shown
    rendered = Page(MarkdownIt("commonmark").enable("table").render(shown))
    assert rendered.text.strip() == " ".join(text.split())


# as files


def test_pages_are_written_all_or_none(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "pages"
    before = written(churn(), folder)
    broken = amount()
    del broken["limits"]
    with pytest.raises(KeyError, match="limits"):
        write_pages(folder, broken, run_id="other")
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["pages"]
    (folder / "left over").touch()
    assert list(written(amount(), folder)) == FILES


def test_the_same_record_gives_the_same_pages(tmp_path: Path, pages: dict[str, dict[str, str]]) -> None:
    """Byte for byte, after a way through JSON as well."""
    assert written(json.loads(json.dumps(churn())), tmp_path / "pages") == pages["churn"]


def test_a_record_of_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="format 99, and format 1 is read"):
        write_pages(tmp_path / "pages", churn() | {"format": 99}, run_id=RUN)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["card.html", "report.html"])
def test_a_page_needs_nothing_else_and_is_built_well(pages: dict[str, dict[str, str]], kind: str, name: str) -> None:
    text = pages[kind][name]
    page = Page(text)
    assert not re.search(r"https?:|//|@import|url\(", text.split("<main>")[0])
    addresses = [each[name] for _, each in page.elements for name in ("src", "href") if name in each]
    ids = {each["id"] for _, each in page.elements if "id" in each}
    assert all(address.startswith("data:image/svg+xml;base64,") or address[1:] in ids for address in addresses)
    assert page.of("script") == page.of("link") == []
    assert page.of("html") == [{"lang": "en"}]
    assert len(page.of("h1")) == len(page.of("main")) == len(page.of("title")) == 1
    assert len(ids) == len([each for _, each in page.elements if "id" in each])
    assert all(each.get("alt") for each in page.of("img"))
    assert all(each.get("scope") in ("row", "col") for each in page.of("th"))
    assert len(page.of("table")) == len(page.of("caption")) == text.count("<thead>")
    assert all(len(row) > 1 for row in page.rows)


def test_a_report_has_the_plots_and_a_card_has_none(pages: dict[str, dict[str, str]]) -> None:
    alts = [each["alt"] for each in Page(pages["churn"]["report.html"]).of("img")]
    assert [alt.partition(":")[0] for alt in alts] == [
        "How well it ranks",
        "Gains",
        "Calibration",
        "Profit of the campaign",
        "What the score rests on",
    ]
    assert "observed share by mean predicted probability" in alts[2]
    assert Page(pages["churn"]["card.html"]).of("img") == []


VALUE_SAYS = [
    "It fell back to what purchases tell alone. Customers are taken to buy by Pareto/NBD.",
    "Who bought once, 53.2 weeks ago, may still buy with a probability of 28.7 %.",
    "Nine times in ten a next total lies between 0.864 and 1.171 times the sum of the scores",
]


def test_lifetime_value_is_told_in_words_and_tables(pages: dict[str, dict[str, str]]) -> None:
    for name in ("card.html", "report.html"):
        page = Page(pages["value"][name])
        for told in VALUE_SAYS:
            assert told in page.text
        for row in (
            ["2024-12-08", "39,002.5", "39,502.5", "1.012"],
            ["up to the cutoff", "6", "615.0", "621.2", "0.990"],
            ["after it", "3", "336.0", "311.8", "1.078"],
            ["7+", "253", "2.987", "2.861", "82.27", "79.71"],
            ["repeat purchase days before", "customers", "mean purchase days", "expected", "mean value", "expected"],
            ["months", "BG/NBD", "MBG/NBD", "Pareto/NBD", "greatest less least, of their mean"],
        ):
            assert row in page.rows
        assert [row[0] for row in page.rows if len(row) == 5 and row[0].isdigit()][-5:] == [
            "12",
            "24",
            "36",
            "48",
            "60",
        ]
        assert "the highest 10 % hold\n57.1 %" in page.text
    assert "the highest 10 % hold**: 57.1 %" in pages["value"]["card.md"].replace("\\", "")


def test_what_is_not_known_of_value_is_said(tmp_path: Path) -> None:
    made = value()
    told = made["lifetime"]
    told["total"] |= {"low": None, "high": None, "closed": told["total"]["closed"][:2]}
    told["spread"] |= {"so_far": {}, "by_month": {}, "spread": [], "left_out": {"BG/NBD": "it did not converge"}}
    told["tracking"], told["note"] = [], ""
    for row in told["frequencies"]:
        row |= {"value": None, "expected_value": None}
    page = Page(written(made, tmp_path / "pages")["report.html"])
    assert "How far the total may be off is not known: 2 past periods have closed that do not overlap" in page.text
    assert "BG/NBD is left out: it did not converge" in page.text
    assert ["repeat purchase days before", "customers", "mean purchase days", "expected"] in page.rows
    assert not any(row[0] in ("after it", "months") for row in page.rows)
    told["total"]["closed"] = []
    assert "Totals of past periods" not in written(made, tmp_path / "none")["report.html"]


def test_lifetime_value_has_its_plots(pages: dict[str, dict[str, str]]) -> None:
    alts = [each["alt"] for each in Page(pages["value"]["report.html"]).of("img")]
    assert [alt.partition(":")[0] for alt in alts][3:] == [
        "Repeat purchases so far",
        "Purchases within the horizon",
        "How value is spread over customers",
        "Who may still buy",
        "Still to come from today's customers",
    ]
    assert not any(alt.endswith(": ") for alt in alts)


def test_every_metric_has_a_name_for_people() -> None:
    assert set(METRICS) <= set(NAMES)


# records that are real


OPEN = {"params", "calibrations", "provenance", "versions", "left_out"}


def _shape(value: Any, names: set[str]) -> Any:
    """Give the names in a record: models and parts as one, a list's as those of its first element."""
    if isinstance(value, dict):
        return {
            "*" if name in names else name: None if name in OPEN else _shape(each, names)
            for name, each in value.items()
        }
    return [_shape(value[0], names)] if isinstance(value, list) and value else None


def shape(told: Record) -> Any:
    return _shape(told, {*told["models"], *(part["name"] for part in told["parts"]), "all"})


def _real(task: Task, models: dict[str, dict[str, Any]], *, tests: list[str], worth: Worth | None = None) -> Record:
    first = pd.Timestamp("2024-10-13")
    splits = rolling(task, first=first, step_days=28, tests=[pd.Timestamp(test) for test in tests])
    judged = judge("small", task, splits, models=models, champion=list(models)[-1], baseline=next(iter(models)))
    made: Record = json.loads(json.dumps(record(judged, task, splits, title="Small", worth=worth)))
    return made


def test_records_by_hand_have_the_shape_of_real_ones(tmp_path: Path, simulated: History) -> None:
    features, known = chosen(["rfm", "days_since_last"]), POPULATIONS["known"]
    trees: dict[str, dict[str, Any]] = {"base_rate": {}, "boosted": {"rounds": 10}}
    clv: dict[str, dict[str, Any]] = {"base_rate": {}, "clv": {}}
    group = chosen(["customers.region"], simulated)[0]
    leaves = Task(simulated, known, features, TARGETS["churned"], horizon_days=28, group=group)
    worth = Worth(Campaign(1.0, 5.0, 0.3, 40.0), money=100.0)
    real = {
        churn: _real(leaves, trees, tests=["2024-12-08", "2025-01-05"], worth=worth),
        amount: _real(Task(simulated, known, features, TARGETS["future_spend"], 28), trees, tests=["2025-01-05"]),
        value: _real(Task(simulated, known, features, TARGETS["future_spend"], 28), clv, tests=["2025-01-05"]),
        segments: _real(Task(simulated, known, features), {"segments": {}}, tests=["2025-01-05"]),
    }
    for made, told in real.items():
        by_hand, found = shape(made()), shape(told)
        for optional in ("importance", "examples"):
            by_hand[optional] = by_hand[optional] or found[optional]
        by_hand["data"]["warnings"] = found["data"]["warnings"]
        assert found == by_hand
        pages = written(told, tmp_path / made.__name__)
        assert list(pages) == FILES
        assert not re.search(r"\bC\d{7}\b", "".join(pages.values()))  # as customers are called there
