"""Report and model card: nothing but what is in the record, as text."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from experiments.template import markdown
from tests.experiments.pages import KINDS, RUN, Page, written
from tests.records import churn
from training.grade import EVENTS, FALL, PARTS, RANKED, TRUE


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
