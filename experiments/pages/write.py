"""`write_pages`: the report and the model card of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from configs.whole import whole_folder
from experiments.pages.asked import data, judged, question
from experiments.pages.blocks import Picture, Section
from experiments.pages.lifetime import lifetime
from experiments.pages.measured import by_part, calibration, grade, metrics, names
from experiments.pages.origin import features, models, provenance
from experiments.pages.picture import picture
from experiments.pages.used import alarms, fairness, limits, profit, reasons, tenths
from experiments.template import page
from training.plots import plots
from training.record.record import FORMAT

Record = Mapping[str, Any]


def write_pages(folder: Path, record: Record, *, run_id: str) -> None:
    """Write `report.html`, `card.html` and `card.md` from the record of a back-test, all of them or none.

    The card is Mitchell et al. (2019), "Model cards for model reporting", FAT*: what the model is for, of which data it
    was made, how it was judged, for whom it works how well, and its limits. The report adds plots and what lies
    behind the card. None needs another file. Of customers there are the record's three unnamed examples alone.
    Raises `ValueError` for a record of another format.
    """
    if record.get("format") != FORMAT:
        raise ValueError(f"the record has format {record.get('format')}, and format {FORMAT} is read: train anew")
    told = {
        "title": record["title"],
        "note": f"{record['name']}, grade {record['grade']['letter']}, champion {record['champion']}",
    }
    drawn = {name: picture(name, figure) for name, figure in plots(record).items()}
    card = _card(record, {}, run_id)
    report = [*_card(record, drawn, run_id), *_behind(record)]
    with whole_folder(folder) as draft:
        for name, what, sections in (("card", "Model card", card), ("report", "Report", report)):
            made = page("model.html", **told, what=what, sections=sections)
            (draft / f"{name}.html").write_text(made, encoding="utf-8")
        (draft / "card.md").write_text(page("card.md", **told, sections=card), encoding="utf-8")


def _card(record: Record, pictures: Mapping[str, Picture], run_id: str) -> list[Section]:
    sections = (
        question(record),
        data(record),
        judged(record),
        metrics(record, pictures),
        calibration(record, pictures),
        lifetime(record, pictures),
        grade(record),
        profit(record, pictures),
        reasons(record, pictures),
        fairness(record),
        limits(record),
        alarms(record),
        provenance(record, run_id),
    )
    return [section for section in sections if section is not None]


def _behind(record: Record) -> list[Section]:
    """Give what the card is short of."""
    every = Section("Every metric", [by_part(record, metric) for metric in names(record)])
    return [section for section in (every, tenths(record), features(record), models(record)) if section is not None]
