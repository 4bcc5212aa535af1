"""A page with what a run found: scoreboards, plots and drift, in one file that needs no other."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from matplotlib.figure import Figure

from configs.whole import whole_file
from experiments.scoreboard import cells
from serving.drift import Report

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Section:
    """A study's part of the page: its results, its champion and the champion's plots."""

    title: str
    results: Mapping[str, Any]
    champion: str
    plots: Mapping[str, Figure]


def write_report(path: Path, sections: Iterable[Section], drifts: Sequence[Report], *, title: str, note: str) -> None:
    """Write the page, whole or not at all."""
    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(), trim_blocks=True)
    page = templates.get_template("report.html").render(
        title=title,
        note=note,
        studies=[_shown(section) for section in sections],
        drifts=[report.plain() for report in drifts],
    )
    with whole_file(path) as draft:
        draft.write_text(page, encoding="utf-8")


def _shown(section: Section) -> dict[str, Any]:
    header, rows = cells(section.results["models"])
    found = section.results
    return {
        "title": section.title,
        "note": f"tested on {', '.join(found['judged'])}; the champion, grade {found['grade']['letter']}, learned from "
        f"{found['learned']}; 95 % intervals over customers in brackets",
        "header": header,
        "rows": rows,
        "champion": section.champion,
        "plots": [{"name": name, "png": _png(figure)} for name, figure in section.plots.items()],
    }


def _png(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return base64.b64encode(buffer.getvalue()).decode()
