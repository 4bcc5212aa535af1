"""The catalogue is made of the declarations alone, and the committed page is the one they give."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from features import catalogue as module
from features.catalogue import Entry, catalogue, engines, markdown, meaning_of
from features.declaration import Declaration
from features.expression import Events
from features.library import FEATURES, POPULATIONS, TARGETS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "features.md"


def entry(sort: str, name: str) -> Entry:
    (found,) = (each for family in catalogue() if family.sort == sort for each in family.entries if each.name == name)
    return found


def test_the_committed_page_is_current() -> None:
    """`augury features catalogue` writes it."""
    assert PAGE.read_text(encoding="utf-8") == markdown(catalogue())


def test_every_declaration_is_there_once() -> None:
    found = Counter((each.sort, each.name) for family in catalogue() for each in family.entries)
    expected = {"feature": FEATURES, "target": TARGETS, "population": POPULATIONS}
    assert found == Counter((sort, name) for sort, registry in expected.items() for name in registry)
    assert all(f"### `{name}`\n" in markdown(catalogue()) for _, name in found)


def test_families_are_the_files_of_the_library() -> None:
    named = {family.name: family for family in catalogue()}
    assert {family.sort for family in named.values()} == {"feature", "target", "population"}
    assert [each.name for each in named["discount"].entries] == ["discount_share", "discounted_lines_share"]
    assert named["discount"].meaning == "How much of what a customer takes is on discount."
    assert all(family.meaning for family in named.values())
    assert list(named)[-3:] == ["targets", "populations", "attributes"]
    assert list(named)[:-3] == sorted(list(named)[:-3])
    assert "customers.COLUMN=VALUE" in named["attributes"].meaning


def test_an_entry_says_what_the_declaration_does() -> None:
    found = entry("feature", "email_open_rate_182d")
    assert found.meaning == "E-mails opened per touch received within the window; nothing without a touch."
    assert found.facts == [
        "unit: ratio",
        "per: customer",
        "reads: events (kind), touches (treatment)",
        "over: last 182 days",
        "empty: nothing",
        "drift: level",
        "engines: kernel, duckdb, spark",
        f"fingerprint: {FEATURES['email_open_rate_182d'].fingerprint}",
    ]
    assert found.expression == (
        "(count of events within 182 days where kind = 'email_open') / "
        "(count of touches within 182 days where treatment)"
    )


@pytest.mark.parametrize(
    ("sort", "name", "facts"),
    [
        ("feature", "spend", ["empty: 0", "drift: elapsed", "over: all time"]),
        ("feature", "spend_decayed_14d", ["over: all time, half-life 14 days"]),
        ("feature", "spend_change", ["over: last 28 days; 91 to 28 days back"]),
        ("feature", "price_level_change", ["over: last 91 days; all but the last 91 days"]),
        ("feature", "category_spend", ["per: customer and category", "reads: purchases (amount, category)"]),
        ("feature", "median_line_amount", ["engines: duckdb, spark", "reads: purchases (amount)"]),
        ("feature", "price_level", ["unit: currency"]),
        ("target", "churned", ["kind: binary", "over: the horizon", "empty: 1"]),
        ("target", "future_spend", ["kind: amount", "unit: currency"]),
        ("population", "active_84d", ["over: last 84 days", "per: customer"]),
        ("population", "touched", ["per: row of touches", "engines: duckdb"]),
        ("feature", "lines_per_day", ["reads: purchases"]),
    ],
)
def test_facts(sort: str, name: str, facts: list[str]) -> None:
    assert set(facts) <= set(entry(sort, name).facts)


def test_drift_is_said_of_features_alone() -> None:
    for family in catalogue():
        for each in family.entries:
            assert (each.drift != "") == (each.sort == "feature")
            assert (each.kind != "") == (each.sort == "target")


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("web_share", 'Kumar and Venkatesan (2005), "Who are the multichannel shoppers and how do they perform?".'),
        ("subscribed", 'Fader and Hardie (2007), "How to project customer retention".'),
        ("weekday_entropy", "Shannon's (1948) entropy of the lines' days of the week; 0 is always the same day."),
        ("hour_mean", ""),
        ("gap_mean", ""),
    ],
)
def test_a_source_is_the_paper_that_a_declaration_or_its_file_names(name: str, source: str) -> None:
    assert entry("feature", name).source == source


def test_a_family_that_is_declared_elsewhere_has_no_meaning() -> None:
    assert meaning_of("elsewhere") == ""


def test_an_engine_is_named_for_what_it_can_compute(declared: Callable[..., Declaration]) -> None:
    def said(say: Callable[[Events], Any]) -> tuple[str, ...]:
        return engines(declared(say))

    assert said(lambda e: e.count()) == ("kernel", "duckdb", "spark")
    assert said(lambda e: e.count() / e.sql("median(amount)")) == ("duckdb", "spark")


def test_another_declaration_makes_another_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is in the page: a window, a unit, an empty value, a meaning, a fingerprint, a declaration more."""
    before = markdown(catalogue())
    spend = FEATURES["spend_28d"]
    changes: list[dict[str, Any]] = [
        {"node": FEATURES["spend_91d"].node},
        {"meaning": "Amount. Unit: euros."},
        {"empty": 1},
        {"meaning": spend.meaning.replace("Amount", "Sum")},
        {"drift": "elapsed"},
        {"name": "spend_four_weeks"},
    ]
    pages = {before}
    for change in changes:
        other = dict(FEATURES) | {"spend_28d": replace(spend, **change)}
        monkeypatch.setitem(module._REGISTRIES, "feature", other)
        pages.add(markdown(catalogue()))
    assert len(pages) == 1 + len(changes)
