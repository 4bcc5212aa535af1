"""Report and model card as files: whole or not at all, of nothing else, the same of the same record."""

import json
import re
from pathlib import Path

import pytest

from experiments.pages import write_pages
from tests.experiments.pages import FILES, KINDS, RUN, Page, written
from tests.records import amount, churn


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
