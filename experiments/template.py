"""Pages of HTML and Markdown, from the templates."""

import re
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, select_autoescape

TEMPLATES: Final = Path(__file__).parent / "templates"
_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_MARKS: Final = re.compile(
    r"[\\`*|~$]|(?<!\w)_|_(?!\w)|\[(?![+-]?\d[\d.,]*, [+-]?\d)|^[#+-](?=[#+\s-]|$)|^\d+[.)](?=\s|$)"
)
"""What Markdown would read as its own, but for intervals such as [0.1, 0.2]."""


def page(template: str, **told: Any) -> str:
    """Fill a template. What is told is text in HTML, whatever it looks like; in Markdown where it goes through `md`."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
    )
    templates.filters["md"] = markdown
    return templates.get_template(template).render(**told)


def markdown(text: str) -> str:
    """Give a text as Markdown that shows it as it is, on one line."""
    return _MARKS.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", " ".join(text.split()).translate(_ENTITIES))
