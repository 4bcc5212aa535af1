"""`augury features explain`: a customer's own rows, and each feature taken apart, on a terminal."""

import pandas as pd
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from experiments.instant import instant
from features.datasets import load
from features.engine.own_rows import OwnRows
from features.explain import Derived, Explanation, Part, Value, explained
from features.library import available, chosen


def explain(
    customer_id: str, *, dataset: str, cutoff: str | None, features: str | None, category: str | None, last: int
) -> None:
    """Explain a customer's features at a cutoff (by default where the history ends), and print it.

    Without names, every feature that the history has the columns for; those of pairs where a category is said.
    """
    history = load(dataset)
    if features is None:
        declared = [each for each in available(history) if category is not None or not each.by]
    else:
        declared = chosen([name.strip() for name in features.split(",")], history)
    at = history.end if cutoff is None else instant(cutoff, zone=history.zone)
    found = explained(history, customer_id, at, declared, category=category, last=last)
    show(found, Console())


def show(found: Explanation, console: Console) -> None:
    """Print an explanation."""
    console.print(Text(f"{found.customer_id} at {_instant(found.cutoff)}, {found.zone} time", style="bold"))
    for view in found.views:
        console.print(rows_table(view) if len(view.rows) else Text(f"{view.view}: no rows known", style="italic"))
        if untold := _untold(view):
            console.print(Text(f"not shown: {untold}", style="dim"))
    for each in found.features:
        console.print(_derivation(each))


def rows_table(view: OwnRows) -> Table:
    """Lay a customer's rows out; columns in which nothing stands are left out."""
    title = f"{view.view}: {len(view.rows)} of {view.known} rows known"
    filled = [str(name) for name in view.rows if view.rows[name].notna().any()]
    made = Table(*map(escape, filled), title=title, title_justify="left")
    for row in view.rows[filled].itertuples(index=False):
        made.add_row(*(Text(_cell(each)) for each in row))
    return made


def _untold(view: OwnRows) -> str:
    """Count the rows that are not shown."""
    counts = {
        "earlier": view.known - len(view.rows),
        "not known yet at the cutoff": view.late,
        "at the cutoff or after it": view.later,
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def _derivation(each: Derived) -> Group:
    value = _value(each.value) + (" (its value where there is nothing)" if each.empty else "")
    head = Text.assemble((each.declared.name, "bold"), f" = {value}   [{each.declared.unit}]")
    told = [] if each.text == each.parts[0].text else [Text(f"  {each.text}", style="cyan")]
    return Group(head, *told, *(Text(f"    {_part(part)}") for part in each.parts))


def _part(part: Part) -> str:
    window = f" in [{_instant(part.since)}, {_instant(part.until)})" if part.until is not None else ""
    return f"{part.text} = {_value(part.value)}, of {part.rows} row{'' if part.rows == 1 else 's'}{window}"


def _value(value: Value) -> str:
    if value is None:
        return "nothing"
    return repr(value) if isinstance(value, str) else f"{value:.12g}"


def _cell(value: object) -> str:
    if value is None or value is pd.NaT or value != value:
        return "–"
    return (
        _instant(value)
        if isinstance(value, pd.Timestamp)
        else f"{value:.12g}"
        if isinstance(value, float)
        else str(value)
    )


def _instant(time: pd.Timestamp | None) -> str:
    """Say a time, its clock only where it is not midnight."""
    if time is None:
        return "the beginning"
    return f"{time:%Y-%m-%d}" if time == time.normalize() else time.isoformat(sep=" ")
