"""`augury features catalogue`: the page of all features, targets and populations, as Markdown and as HTML."""

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, select_autoescape

from configs.whole import whole_file
from features.catalogue import catalogue, markdown

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "features.md"
TEMPLATES: Final = Path(__file__).parent / "templates"


def write_catalogue(*, check: bool, html: Path | None, path: Path = PAGE) -> None:
    """Write the catalogue. With `check` it is compared instead, and a difference is a `ValueError`."""
    families = catalogue()
    page = markdown(families)
    if check and (not path.is_file() or path.read_text(encoding="utf-8") != page):
        raise ValueError(f"{path} differs from the declarations; run `augury features catalogue`")
    if not check:
        _write(path, page)
    print(f"{'same as' if check else 'written:'} {path}")
    if html is not None:
        templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(), trim_blocks=True)
        _write(html, templates.get_template("features.html").render(families=families))
        print(f"written: {html}")


def _write(path: Path, page: str) -> None:
    with whole_file(path) as draft:
        draft.write_text(page, encoding="utf-8")
