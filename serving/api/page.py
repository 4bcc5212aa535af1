"""The page at `/`: the routes and what they are for, for people. It loads nothing from anywhere."""

from functools import cache
from html import escape

from serving.api.routes import ROUTES


@cache
def page() -> bytes:
    """Write the page as HTML."""
    rows = "".join(
        f"<tr><td>{each.method}</td><td><code>{escape(each.path)}</code></td>"
        f"<td>{escape((each.answer.__doc__ or '').splitlines()[0])}</td></tr>"
        for each in ROUTES.values()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Augury</title>'
        f"<h1>Augury</h1><table>{rows}</table>"
        '<p><a href="/openapi.json">Description (OpenAPI)</a>, <a href="/readyz">what is served</a>, '
        '<a href="/metrics">metrics</a></p></html>'
    ).encode()
