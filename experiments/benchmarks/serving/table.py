"""What was measured, for a terminal and for the README."""

from typing import Any, Final

from rich.console import Group
from rich.table import Table

Row = dict[str, Any]
COLUMNS: Final = ("per_second", "p50_ms", "p99_ms", "cpu_us")
README_AT: Final = 16


def table(found: Row) -> Group:
    """Lay out a row a system, case and number of connections; and the bars."""
    made = Table("case", "system", title="What a score over HTTP costs", title_justify="left")
    for name in ("connections", "requests/s", "p50 ms", "p99 ms", "CPU µs", "rows × models/s"):
        made.add_column(name, justify="right")
    for row in sorted(found["rows"], key=lambda row: (row["case"], row["system"])):
        costs = [
            f"{row[name]:,.{0 if name in ('per_second', 'cpu_us') else 2}f}" if name in row else "" for name in COLUMNS
        ]
        many = f"{row['rows_per_second']:,}" if "rows_per_second" in row else ""
        made.add_row(row["case"], row["system"], str(row["connections"]), *costs, many)
    bars = Table("bar", "value", "", "by CPU", "", title="Bars", title_justify="left")
    for each in found["bars"]:
        value, bar = (f"{each[name]:.3g} {each['unit']}" for name in ("value", "bar"))
        by_cpu = "" if each["by_cpu"] is None else f"{each['by_cpu']:.3g} ×"
        bars.add_row(
            each["name"], value, f"{each['how']} {bar}", by_cpu, "met" if each["met"] else "[bold red]MISSED[/]"
        )
    lacking = [f"[bold red]LEFT OUT: {name}[/]: {why}" for name, why in found["left_out"].items()]
    return Group(made, bars, *lacking)


def markdown(found: Row) -> str:
    """Give the README's lines: a row a case and system, at 1, 16 and 64 connections; cases in bulk are told in rows."""
    cases = list(dict.fromkeys(row["case"] for row in found["rows"]))
    header = ["asked", "system", "requests/s at 1", "at 16", "at 64", "p99 ms at 16", "CPU µs"]
    lines = [_line(found["rows"], case, system) for case in cases for system in _systems(found["rows"], case)]
    text = "\n".join("| " + " | ".join(line) + " |" for line in [header, ["---"] * len(header), *lines])
    missed = [each["name"] for each in found["bars"] if not each["met"]]
    told = f"{len(found['bars']) - len(missed)} of {len(found['bars'])} bars are met"
    return f"{text}\n\n{told}{'; missed: ' * bool(missed)}{', '.join(missed)}"


def _systems(rows: list[Row], case: str) -> list[str]:
    return list(dict.fromkeys(row["system"] for row in rows if row["case"] == case))


def _line(rows: list[Row], case: str, system: str) -> list[str]:
    mine = {row["connections"]: row for row in rows if (row["case"], row["system"]) == (case, system)}
    rates = [f"{mine[each]['per_second']:,.0f}" if each in mine else "–" for each in (1, 16, 64)]
    at = mine.get(README_AT)
    more = ["–", f"{mine[1]['cpu_us']:,.0f}"] if at is None else [f"{at['p99_ms']:.1f}", f"{at['cpu_us']:,.0f}"]
    return [case, system, *rates, *more]
