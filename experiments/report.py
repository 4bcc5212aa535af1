"""A page with what a run found: scoreboards, plots and drift, in one file that needs no other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from configs.whole import whole_file
from experiments.pages.picture import picture
from experiments.scoreboard import cells
from experiments.template import page
from serving.drift import Report


@dataclass(frozen=True)
class Section:
    """A study's part of the page: its results, its champion and the champion's plots."""

    title: str
    results: Mapping[str, Any]
    champion: str
    plots: Mapping[str, Figure]


def write_report(path: Path, sections: Iterable[Section], drifts: Sequence[Report], *, title: str, note: str) -> None:
    """Write the page, whole or not at all."""
    made = page(
        "report.html",
        title=title,
        note=note,
        studies=[_shown(section) for section in sections],
        drifts=[report.plain() for report in drifts],
    )
    with whole_file(path) as draft:
        draft.write_text(made, encoding="utf-8")


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
        "pictures": [picture(name, figure) for name, figure in section.plots.items()],
    }
