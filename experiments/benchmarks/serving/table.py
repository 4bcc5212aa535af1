"""What was measured, for a terminal and for the README."""

from collections.abc import Sequence
from typing import Any, Final

from rich.console import Group
from rich.table import Table

from experiments.markdown import table as in_markdown

Row = dict[str, Any]
AT: Final = (1, 16, 64)
"""Connections that the README tells of; in bulk it tells of one."""
LATE_AT: Final = 16


def table(found: Row) -> Group:
    """Lay out a row a system, case and number of connections; and the bars."""
    made = Table("case", "system", title="What a score over HTTP costs", title_justify="left")
    for name in ("connections", "requests/s", "p50 ms", "p99 ms", "CPU µs", "rows × models/s"):
        made.add_column(name, justify="right")
    for row in sorted(found["rows"], key=lambda row: (row["case"], row["system"])):
        late = [f"{row[name]:.2f}" if name in row else "" for name in ("p50_ms", "p99_ms")]
        many = f"{row['rows_per_second']:,}" if "rows_per_second" in row else ""
        costs = f"{row['per_second']:,.0f}", *late, f"{row['cpu_us']:,.0f}", many
        made.add_row(row["case"], row["system"], str(row["connections"]), *costs)
    lacking = [f"[bold red]LEFT OUT: {name}[/]: {why}" for name, why in found["left_out"].items()]
    return Group(made, _bars(found["bars"]), *lacking)


def _bars(bars: Sequence[Row]) -> Table:
    made = Table("bar", "value", "", "by CPU", "", title="Bars", title_justify="left")
    for each in bars:
        value, bar = (f"{each[name]:.3g} {each['unit']}" for name in ("value", "bar"))
        by_cpu = "" if each["by_cpu"] is None else f"{each['by_cpu']:.3g} ×"
        met = "met" if each["met"] else "[bold red]MISSED[/]"
        made.add_row(each["name"], value, f"{each['how']} {bar}", by_cpu, met)
    return made


def markdown(found: Row) -> str:
    """Give the README's lines: a row a case and system; of cases in bulk rows × models a second."""
    cases = list(dict.fromkeys(row["case"] for row in found["rows"]))
    header = ["asked", "system", *(f"a second at {each}" for each in AT), f"p50, p99 ms at {LATE_AT}", "CPU µs"]
    lines = [_line(found["rows"], case, system) for case in cases for system in _systems(found["rows"], case)]
    text = in_markdown(header, lines)
    missed = [f"{each['name']} {each['value']:.2g}" for each in found["bars"] if not each["met"]]
    told = f"{len(found['bars']) - len(missed)} of {len(found['bars'])} bars are met"
    left = f"; left out: {', '.join(found['left_out'])}" if found["left_out"] else ""
    load = f"the machine's load was {found['load']['after']:.1f} then, this included{left}"
    return (
        f"{text}\n\nAnswers a second of one worker on one core, in bulk rows × models a second, by connections; CPU of "
        f"the server for an answer; {load}. {told}{'; not: ' * bool(missed)}{', '.join(missed)}"
    )


def _systems(rows: Sequence[Row], case: str) -> list[str]:
    return list(dict.fromkeys(row["system"] for row in rows if row["case"] == case))


def _line(rows: Sequence[Row], case: str, system: str) -> list[str]:
    mine = {row["connections"]: row for row in rows if (row["case"], row["system"]) == (case, system)}
    rates = [
        f"{mine[each].get('rows_per_second', mine[each]['per_second']):,.0f}" if each in mine else "–" for each in AT
    ]
    late = ", ".join(f"{mine[LATE_AT][name]:.1f}" for name in ("p50_ms", "p99_ms")) if LATE_AT in mine else "–"
    return [case, system, *rates, late, f"{mine[max(mine, key=lambda at: at == LATE_AT)]['cpu_us']:,.0f}"]
