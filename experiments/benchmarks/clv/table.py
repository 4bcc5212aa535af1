"""Ours beside the others', for a terminal."""

from typing import Any

from rich.table import Table

from experiments.benchmarks.clv.systems import OURS, SUMMARY

Row = dict[str, Any]


def table(found: Row) -> Table:
    """Lay out a row a case and system that ours is compared with."""
    made = Table("case", "beside", title="Lifetime value: ours beside the others", title_justify="left")
    for name in ("CPU s", "theirs", "times", "bar", "memory", "log-lik.", "held"):
        made.add_column(name, justify="right")
    rows = {(row["case"], row["system"]): row for row in found["rows"]}
    for each in found["compared"]:
        case, ours = each["case"], OURS if (each["case"], OURS) in rows else SUMMARY[0]
        made.add_row(
            case,
            each["with"],
            f"{rows[case, ours]['cpu_s']:.2f}",
            f"{rows[case, each['with']]['cpu_s']:.2f}",
            f"{each['times']:.1f}",
            f"{each['bar']:g}" if "bar" in each else "",
            f"{each['memory']:.2f}",
            f"{each['log_likelihood']:+.3f}" if "log_likelihood" in each else "",
            ", ".join(f"{name}: {'yes' if held else 'NO'}" for name, held in each.get("held", {}).items()),
        )
    return made
