"""What whoever acts on the answers must know: money, reasons, fairness, limits, alarms."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from experiments.pages.blocks import Block, Facts, Points, Section, Table, Text
from experiments.pages.measured import NAMES, Pictures, empc
from experiments.pages.numbers import count, decimal, exact, percent

Record = Mapping[str, Any]

EXAMPLES: Final = {"highest": "The highest score", "middle": "A score in the middle", "lowest": "The lowest score"}
RATES: Final = {
    "rate": "rate",
    "score": "mean score",
    "roc_auc": NAMES["roc_auc"],
    "ece": NAMES["ece"],
    "selected": "selected",
    "true_positive_rate": "true positive rate",
    "false_positive_rate": "false positive rate",
}
CUTS: Final = {"best": "best cut", "at_budget": "at the budget"}


def profit(record: Record, pictures: Pictures) -> Section | None:
    """Say what acting on the scores would have brought."""
    if "money" not in record:
        return None
    told, earned, shown = record["money"], empc(record), list[Block]()
    if earned is not None:
        shown.append(Text(f"Expected maximum profit (EMPC, at its paper's costs) for each customer: {earned}."))
    if told is None:
        return Section("Profit", [*shown, Text("The study names no campaign: nothing can be said of its profit.")])
    cuts = [[title, *_cut(told[name])] for name, title in CUTS.items() if told[name] is not None]
    header = ["cut", "customers contacted", "of all", "expected profit", "realised profit", "expected costs"]
    caption = f"Whom to contact, and what it brings: customers of {told['part']}, in the data's currency"
    shown += [Facts(_campaign(told)), Table(caption, header, cuts)]
    return Section("Profit", [*shown, *([pictures["profit"]] if "profit" in pictures else [])])


def reasons(record: Record, pictures: Pictures) -> Section:
    """Say what the scores rest on, and what is said to three customers' scores."""
    weights = [row for row in record["importance"] if row["level"] == "concept"]
    if not weights:
        return Section("Reasons", [Text("The model gives none: its score is no sum over features.")])
    told = Text("A share is of the mean size of all that is added up to a score (of a probability: log-odds).")
    shown: list[Block] = [told, weighed("What the scores rest on", weights)]
    shown += [pictures["importance"]] if "importance" in pictures else []
    for example in record["examples"]:
        shown.append(Text(f"{EXAMPLES[example['which']]}, {decimal(example['score'])}:"))
        said = (f"{each['title']} {each['direction']} it: {each['sentence']}" for each in example["reasons"])
        shown.append(Points(list(said) or ["nothing that weighs"]))
    return Section("Reasons", shown)


def weighed(caption: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Lay out what concepts or features weigh."""
    header = ["what", "mean share", "range over the models fitted", "marketing could move it"]
    return Table(
        caption,
        header,
        [
            [
                row["title"] if row["level"] == "concept" else row["name"],
                percent(row["mean"]),
                f"{percent(row['low'])} to {percent(row['high'])}",
                "yes" if row["movable"] else "no",
            ]
            for row in rows
        ],
    )


def fairness(record: Record) -> Section | None:
    """Compare groups of customers."""
    if "fairness" not in record:
        return None
    told = record["fairness"]
    if told is None:
        return Section("Fairness", [Text("The study names no column (`group`) to look at it by: it is not known.")])
    selected = next((percent(row["selected"]) for row in told["rows"] if row["group"] == "all"), "")
    text = (
        f"By {told['column']}. Selected are the best-scored {selected} of all rows. A group is flagged where what it "
        "gets is less than four fifths, or more than five fourths, of what all get: a reason to look, and no verdict."
    )
    header = ["group", "rows", "customers", *RATES.values(), "flags"]
    rows = [
        [row["group"], count(row["rows"]), count(row["customers"]), *_rates(row), row["note"]] for row in told["rows"]
    ]
    return Section("Fairness", [Text(text), Table(f"Groups of {told['column']}", header, rows, strong="all")])


def limits(record: Record) -> Section:
    """List what the model must not be taken for."""
    return Section("Limits", [Points(record["limits"])])


def alarms(record: Record) -> Section:
    """List the alarms that were overridden, with the reasons."""
    leaks = record["leaks"]
    if not leaks:
        return Section("Alarms overridden", [Text("None.")])
    said = (
        f"{leak['feature']} ({leak['kind']}): {leak['message']}. Allowed: {leak.get('reason', '')}" for leak in leaks
    )
    return Section("Alarms overridden", [Points(list(said))])


def tenths(record: Record) -> Section | None:
    """Give what is found among the best-scored rows of the latest part, tenth by tenth."""
    if not record.get("gains"):
        return None
    header = ["best-scored share", "rate in its tenth", "lift in its tenth", "found so far", "lift so far"]
    rows = [
        [
            percent(row["share"]),
            percent(row["rate"]),
            decimal(row["lift"]),
            percent(row["found"]),
            decimal(row["lift_so_far"]),
        ]
        for row in record["gains"]
    ]
    return Section("Gains by tenths", [Table(f"Rows of {record['parts'][-1]['name']}", header, rows)])


def _campaign(told: Mapping[str, Any]) -> dict[str, str]:
    campaign = told["campaign"]
    worth = decimal(campaign["value"])
    if told["value_from"] is not None:
        worth = f"{exact(told['margin'])} × {told['value_from']}, customer by customer"
    budget = {"customers": f"{count(told['customers'])} customers", "money": f"{decimal(told['money'])} spent"}
    given = [text for name, text in budget.items() if told[name] is not None]
    return {
        "a contact costs": decimal(campaign["contact_cost"]),
        "an offer that is taken costs": decimal(campaign["offer_cost"]),
        "with the outcome, take the offer": percent(campaign["acceptance"]),
        "without it, take the offer": percent(campaign["others"]),
        "who is won or kept is worth": worth,
        "budget": " and ".join(given) or "none",
    }


def _cut(cut: Mapping[str, Any]) -> list[str]:
    money = (decimal(cut[name]) for name in ("expected", "realised", "spent"))
    return [count(cut["contacted"]), percent(cut["share"]), *money]


def _rates(row: Mapping[str, Any]) -> list[str]:
    return [(decimal if name in ("roc_auc", "ece", "score") else percent)(row[name]) for name in RATES]
