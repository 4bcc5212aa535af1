"""What was asked, of which data, and how the answers were judged."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from experiments.pages.blocks import Facts, Points, Section, Table, Text
from experiments.pages.numbers import count, decimal, percent

Record = Mapping[str, Any]

ANSWERS: Final = {
    "binary": "a probability",
    "count": "an expected number",
    "amount": "an expected amount, in the data's currency",
    "none": "a segment",
}
"""What a model says of a kind of target."""


def question(record: Record) -> Section:
    """Say of whom what was asked, and for when."""
    asked = record["question"]
    facts = {
        "asked about": _named(asked["population"]),
        "predicted": _named(asked["target"]) if asked["target"] else "nothing: customers are described",
        "answered with": ANSWERS[asked["kind"]],
        "when": _when(record),
    }
    if asked["categories"]:
        facts["categories"] = f"{count(len(asked['categories']))}: {', '.join(asked['categories'])}"
    return Section("Question", [Facts({name: told for name, told in facts.items() if told})])


def data(record: Record) -> Section:
    """Name the data, and what the door warned of."""
    told = record["data"]
    facts = {
        "name": told["name"],
        "tables": ", ".join(told["tables"]),
        "known up to": f"{told['end']} ({told['zone']})" if told["end"] else "no dates: one row a customer",
        "fingerprint": told["fingerprint"],
    }
    warned = Points(told["warnings"]) if told["warnings"] else Text("Nothing was warned of.")
    return Section("Data", [Facts(facts), warned])


def judged(record: Record) -> Section:
    """Say what was learned from and tested on, part by part."""
    dated, kind = record["learned"]["from"] is not None, record["question"]["kind"]
    columns = dict(_columns(dated=dated, kind=kind))
    rows = [[part["name"], *(look(part.get(name)) for name, (_, look) in columns.items())] for part in record["parts"]]
    kept = ["the model that is kept", *(look(record["learned"].get(name)) for name, (_, look) in columns.items())]
    header = ["part", *(title for title, _ in columns.values())]
    table = Table("What was learned from and tested on", header, [*rows, kept])
    return Section("How it was judged", [Text(_how(record)), table])


def _columns(*, dated: bool, kind: str) -> Iterator[tuple[str, tuple[str, Callable[[Any], str]]]]:
    """Name the columns of the parts by their names in the record: heading and look."""
    rate, mean = (percent, "rate") if kind == "binary" else (decimal, "mean")
    if dated:
        yield "cutoffs", ("training cutoffs", count)
        yield "from", ("from", str)
        yield "to", ("to", str)
    yield "rows", ("training rows", count)
    yield "customers", ("customers", count)
    if kind != "none":
        yield "rate", (f"training {mean}", rate)
    yield "features", ("features", count)
    yield "test_rows", ("test rows", count)
    if kind != "none":
        yield "test_rate", (f"test {mean}", rate)


def _how(record: Record) -> str:
    if record["judged"] == "folds":
        return (
            "The data have no dates. Each customer is predicted by models that have not seen them, once a repeat, and "
            "what is so of them is held against it."
        )
    if record["question"]["target"] is None:
        return "At each part's date customers are described anew, and the segments are compared with earlier ones."
    return (
        "At each part's date every model is fitted on earlier cutoffs whose outcomes were known by then, and predicts "
        "what came after; nothing of that has been learned from."
    )


def _when(record: Record) -> str:
    asked = record["question"]
    if not asked["horizon_days"]:
        return "now: the data have no dates" if record["judged"] == "folds" else ""
    if asked["lead_days"]:
        return f"the {asked['horizon_days']} days that begin {asked['lead_days']} days after the score is made"
    return f"the {asked['horizon_days']} days from when the score is made"


def _named(declared: Mapping[str, str]) -> str:
    return f"{declared['name']}: {' '.join(declared['meaning'].split())}"
