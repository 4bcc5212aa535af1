"""Pages of records made by hand, and a reader of them."""

from html.parser import HTMLParser
from pathlib import Path

from experiments.pages import write_pages
from tests.records import Record, amount, churn, folds, segments, value

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


def rows(text: str) -> list[list[str]]:
    return Page(text).rows
