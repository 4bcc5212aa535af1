"""The pages of a model as a browser shows them: nothing missing, nothing complained of, nothing beside the screen."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from experiments.pages import write_pages
from tests.records import amount, churn, folds, segments, value

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = (360, 1200)
LOOK = """<!doctype html>
<style>iframe { border: 0; height: 900px }</style>
%s
<pre id="seen"></pre>
<script>
  function seen(frame) {
    const page = frame.contentDocument, root = page.documentElement;
    return {
      src: frame.getAttribute("src"),
      width: frame.clientWidth,
      wide: root.scrollWidth,
      high: root.scrollHeight,
      beyond: [...page.querySelectorAll("main *, header *")].filter(
        each => !each.closest(".wide table") && each.getBoundingClientRect().right > frame.clientWidth + 1).length,
      images: [...page.images].map(image => image.naturalWidth),
      fetched: frame.contentWindow.performance.getEntriesByType("resource").map(each => each.name.slice(0, 5)),
      ink: frame.contentWindow.getComputedStyle(page.querySelector("h1")).color,
      text: page.body.innerText.length,
    };
  }
  addEventListener("load", () => {
    const all = [...document.querySelectorAll("iframe")].map(seen);
    document.getElementById("seen").textContent = JSON.stringify(all);
  });
</script>"""


@pytest.fixture(scope="module")
def browser() -> str:
    """Find Chromium, or say loudly that there is none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"NO CHROMIUM HERE: none of {', '.join(BROWSERS)} is on PATH; install chromium")
    return found


def opened(browser: str, page: Path, *more: str) -> tuple[str, list[str]]:
    """Open a page without a screen. Gives its document as it is in the end, and what the console said."""
    answer = subprocess.run(
        [
            browser,
            "--headless",
            *(["--no-sandbox"] if os.getuid() == 0 else []),
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--allow-file-access-from-files",
            "--enable-logging=stderr",
            "--virtual-time-budget=10000",
            f"--user-data-dir={page.parent / 'browser'}",
            *more,
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    return answer.stdout, re.findall(r"CONSOLE.*", answer.stderr)


@pytest.fixture(scope="module")
def seen(browser: str, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Look at every page in frames as wide as a telephone and as a desk's screen."""
    folder = tmp_path_factory.mktemp("seen")
    for made in (churn, amount, segments, folds, value):
        write_pages(folder / made.__name__, made(), run_id="run")
    pages = sorted(path.relative_to(folder) for path in folder.glob("*/*.html"))
    frames = [f'<iframe src="{page}" style="width: {width}px"></iframe>' for page in pages for width in WIDTHS]
    look = folder / "look.html"
    look.write_text(LOOK % "\n".join(frames), encoding="utf-8")
    document, console = opened(browser, look)
    assert console == []
    (told,) = re.findall(r'<pre id="seen">([^<]*)</pre>', document)
    found: list[dict[str, Any]] = json.loads(html.unescape(told))
    assert [each["width"] for each in found] == list(WIDTHS) * len(pages)
    assert len(pages) == 10
    return found


def test_nothing_reaches_beyond_a_telephone_or_a_screen(seen: list[dict[str, Any]]) -> None:
    """Wide tables scroll within themselves."""
    assert [each["src"] for each in seen if each["wide"] > each["width"] or each["beyond"]] == []


def test_all_of_a_page_is_shown(seen: list[dict[str, Any]]) -> None:
    assert all(each["text"] > 1000 and each["high"] > 900 for each in seen)
    pictures = {each["src"]: each["images"] for each in seen}
    assert {src: len(images) for src, images in pictures.items() if images} == {
        "amount/report.html": 3,
        "churn/report.html": 5,
        "folds/report.html": 4,
        "value/report.html": 8,
    }
    assert all(width > 0 for images in pictures.values() for width in images)


def test_nothing_is_fetched(seen: list[dict[str, Any]]) -> None:
    assert {name for each in seen for name in each["fetched"]} <= {"data:"}


def test_nothing_runs_on_a_page_even_if_it_got_there(browser: str, tmp_path: Path) -> None:
    """What the console says is heard: the page's own policy refuses a script and a picture from elsewhere."""
    write_pages(tmp_path / "pages", churn(), run_id="run")
    page = tmp_path / "pages" / "report.html"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("<main>", '<main><script>document.title = "run"</script><img src="x.png">'))
    document, console = opened(browser, page)
    assert "<title>Report: A shop: churn</title>" in document
    assert len(console) == 2
    assert all("Content Security Policy" in said for said in console)


def test_a_page_is_dark_where_that_is_preferred(browser: str, tmp_path: Path) -> None:
    write_pages(tmp_path / "pages", segments(), run_id="run")
    look = tmp_path / "look.html"
    look.write_text(LOOK % '<iframe src="pages/card.html" style="width: 600px"></iframe>', encoding="utf-8")
    inks = []
    for scheme in ("1", "0"):
        document, _ = opened(browser, look, f"--blink-settings=preferredColorScheme={scheme}")
        inks += re.findall(r'"ink":"rgb\((\d+)', document.replace("&quot;", '"'))
    light, dark = map(int, inks)
    assert light < 100 < 200 < dark
