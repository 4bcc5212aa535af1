"""`augury features catalogue`: the page of all features, targets and populations, as Markdown and as HTML."""

from pathlib import Path
from typing import Final

from configs.whole import whole_file
from experiments.template import page
from features.catalogue import catalogue, markdown

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "features.md"


def write_catalogue(*, check: bool, html: Path | None, path: Path = PAGE) -> None:
    """Write the catalogue. With `check` it is compared instead, and a difference is a `ValueError`."""
    families = catalogue()
    made = markdown(families)
    if check and (not path.is_file() or path.read_text(encoding="utf-8") != made):
        raise ValueError(f"{path} differs from the declarations; run `augury features catalogue`")
    if not check:
        _write(path, made)
    print(f"{'same as' if check else 'written:'} {path}")
    if html is not None:
        _write(html, page("features.html", families=families))
        print(f"written: {html}")


def _write(path: Path, text: str) -> None:
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8")
