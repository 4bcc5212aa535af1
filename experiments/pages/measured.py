"""How good the answers are: metrics, calibration, grade."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from experiments.pages.blocks import Block, Facts, Picture, Section, Table, Text
from experiments.pages.numbers import count, decimal
from experiments.scoreboard import COLUMNS, cell, cells
from training.evaluate import POOLED
from training.grade import EVENTS, FALL, PARTS, RANKED, TRUE

Record = Mapping[str, Any]
Pictures = Mapping[str, Picture]

NAMES: Final = {**COLUMNS, "log_loss": "log loss", "empc": "EMPC", "rmse": "RMSE"}
"""Metrics as they are called on pages, in order."""
FIT_FOR: Final = "A can be acted on customer by customer, B is good for ranking, C for a pilot."


def metrics(record: Record, pictures: Pictures) -> Section:
    """Put the models side by side, all parts together, and part by part by what they are chosen and graded by."""
    kind, champion, models = record["question"]["kind"], record["champion"], record["models"]
    pooled = _table(
        "All parts together, the champion in bold",
        "model",
        {model: found["metrics"][POOLED] for model, found in models.items()},
        names(record),
        strong=champion,
    )
    own = _table(f"{champion} part by part", "part", models[champion]["metrics"], names(record), strong=POOLED)
    graded = [RANKED[kind][0], TRUE[kind][0]] if kind in RANKED else []
    shown = [pictures[name] for name in ("metrics", "gains") if name in pictures]
    held = f", held against {record['baseline']}" if record["baseline"] else ""
    interval = "95 % bootstrap intervals over customers" if kind != "none" else "the least and the greatest of refits"
    told = Text(f"The champion is {champion}{held}. In brackets: {interval}.")
    return Section("Metrics", [told, pooled, own, *(by_part(record, metric) for metric in graded), *shown])


def by_part(record: Record, metric: str) -> Table:
    """Lay a metric of each model out, a column a part."""
    models = record["models"]
    parts = dict.fromkeys(part for found in models.values() for part in found["metrics"])
    told = {
        model: {part: of[metric] for part, of in found["metrics"].items() if metric in of}
        for model, found in models.items()
    }
    caption = f"{names(record)[metric]} of each model"
    return _table(caption, "model", told, {part: part for part in parts}, strong=record["champion"])


def names(record: Record) -> dict[str, str]:
    """Name the metrics of a record as they are called on pages, in order."""
    there = {metric for found in record["models"].values() for of in found["metrics"].values() for metric in of}
    known = {metric: name for metric, name in NAMES.items() if metric in there}
    return known | {metric: metric.replace("_", " ") for metric in sorted(there - set(known))}


def calibration(record: Record, pictures: Pictures) -> Section | None:
    """Say how probabilities were made true, and how true they are."""
    told = record.get("reliability")
    if not told:
        return None
    model = record["models"][record["champion"]]
    shown: list[Block] = [Facts(_method(model))]
    if model["calibrations"]:
        losses = [[way, decimal(loss)] for way, loss in model["calibrations"].items()]
        caption = "Ways to calibrate, by their mean log loss over the parts; the one used in bold"
        shown.append(Table(caption, ["way", "log loss"], losses, strong=model["calibration"]))
    shown.append(_reliability(told[POOLED]))
    return Section("Calibration", [*shown, *([pictures["calibration"]] if "calibration" in pictures else [])])


def grade(record: Record) -> Section:
    """Give the checks of the grade, and the rule that they go by."""
    told, kind = record["grade"], record["question"]["kind"]
    checks = [[check["name"], check["letter"], check["told"]] for check in told["checks"]]
    letter = Text(f"{told['letter']}, the worst of its checks. {FIT_FOR}")
    shown: list[Block] = [letter, Table("Checks", ["check", "letter", "found"], checks)]
    if kind in RANKED:
        shown.append(Table("The rule", ["check", "of", "A", "B", "C"], _rule(record)))
    return Section("Grade", shown)


def _method(model: Mapping[str, Any]) -> dict[str, str]:
    facts = {"method": model["calibration"]}
    return {**facts, "note": model["note"]} if model["note"] else facts


def _reliability(rows: Sequence[Mapping[str, Any]]) -> Table:
    band = "low" in rows[0]
    header = ["tenth of the scores", "mean predicted", "mean observed", *(["95 % interval"] if band else []), "rows"]
    lines = []
    for number, row in enumerate(rows, 1):
        span = [f"[{decimal(row['low'])}, {decimal(row['high'])}]"] if band else []
        lines.append([count(number), decimal(row["predicted"]), decimal(row["observed"]), *span, count(row["rows"])])
    return Table("What came against what was predicted, all parts together", header, lines)


def _rule(record: Record) -> list[list[str]]:
    """Write the bounds of the grade's checks."""
    kind = record["question"]["kind"]
    (ranking, least), (truth, off) = RANKED[kind], TRUE[kind]
    called = names(record)
    return [
        ["ranking", f"low end of the interval of {called[ranking]}", *(f"from {bound:.2f}" for bound in least)],
        [
            "gain over the baseline",
            f"difference in {called[ranking]}",
            "interval above 0",
            "above 0, or no other baseline",
            "else",
        ],
        ["calibration", f"{called[truth]}, either way", *(f"up to {bound:.2f}" for bound in off), "above"],
        [
            "stability",
            f"how far the worst part's {called[ranking]} lies below the mean",
            f"up to {FALL[0]:.2f}",
            f"up to {FALL[1]:.2f}, or fewer than {PARTS} parts, or folds",
            "above",
        ],
        [
            "volume",
            "customers who had the outcome (of two, the rarer)",
            *(f"from {bound:,}" for bound in EVENTS),
            "fewer",
        ],
    ]


def _table(
    caption: str,
    first: str,
    told: Mapping[str, Mapping[str, Mapping[str, Any]]],
    columns: Mapping[str, str],
    *,
    strong: str,
) -> Table:
    header, rows = cells(told, columns)
    return Table(caption, [first, *header], [[name, *row] for name, row in rows.items()], strong)


def empc(record: Record) -> str | None:
    """Write the champion's expected maximum profit, all parts together; None where it has none."""
    found = record["models"][record["champion"]]["metrics"][POOLED].get("empc")
    return None if found is None else cell(found)
